#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "paths.h"

#define LINK_NAME "memory"
#define OWNER_NAME "owner" /* a link to the data directory */
#define FOLDER_NAME "muster-"
#define ROOM_BYTES_MIN (32u << 20)
#define YOUNG_S 600 /* may be one that is just being made */
#define FOLDER_BYTES 300

static struct {
    bool is_wanted;
    char folder[FOLDER_BYTES]; /* "": there is none */
} memory;

/* "": the files at the top that is_mirrored names. */
static const char *const mirrored[] = {"", "live"};
static const char *const made[] = {"live", "records"};

void memory_want(void) {
    memory.is_wanted = true;
}

const char *memory_folder(void) {
    return memory.folder[0] ? memory.folder : NULL;
}

const char *memory_place(const char *path, char out[MEMORY_PATH_BYTES]) {
    size_t len = strlen(paths_data());
    if (!memory.folder[0] || strncmp(path, paths_data(), len) != 0 || path[len] != '/') return path;
    int size = snprintf(out, MEMORY_PATH_BYTES, "%s%s", memory.folder, path + len);
    return size < MEMORY_PATH_BYTES ? out : path;
}

/* False: it is longer. */
static bool read_link(const char *path, char *out, size_t cap) {
    ssize_t len = readlink(path, out, cap - 1);
    out[len > 0 ? len : 0] = '\0';
    return len > 0 && (size_t)len < cap - 1;
}

/* ---- what lies in it ------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end) {
    size_t len = strlen(name), end_len = strlen(end);
    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_mirrored(const char *folder, const char *name) {
    if (name[0] == '.' || ends_with(name, ".new")) return false;
    return folder[0] || ends_with(name, ".live") || strcmp(name, "crash.page") == 0;
}

static bool copy_bytes(int from, int to) {
    static char block[64 << 10];
    ssize_t len;
    while ((len = read(from, block, sizeof block)) > 0)
        if (write(to, block, (size_t)len) != len) return false;
    return len == 0;
}

static bool copy_file(int from_dir, int to_dir, const char *name) {
    struct stat st;
    int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from < 0) return true; /* a link, or gone */
    bool is_file = fstat(from, &st) == 0 && S_ISREG(st.st_mode);
    int to = -1;
    if (is_file)
        to = openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool is_copied = !is_file || (to >= 0 && copy_bytes(from, to));
    if (to >= 0) close(to);
    close(from);
    return is_copied;
}

static DIR *open_folder(const char *root, const char *folder) {
    char path[MEMORY_PATH_BYTES];
    snprintf(path, sizeof path, "%.400s/%s", root, folder);
    (void)mkdir(path, 0700);
    return opendir(path);
}

/* Afterwards `to` has what `from` has. */
static bool mirror_folder(DIR *from, DIR *to, const char *folder) {
    bool is_copied = true;
    for (struct dirent *entry; is_copied && (entry = readdir(from));)
        if (is_mirrored(folder, entry->d_name))
            is_copied = copy_file(dirfd(from), dirfd(to), entry->d_name);
    for (struct dirent *entry; is_copied && (entry = readdir(to));)
        if (is_mirrored(folder, entry->d_name) && faccessat(dirfd(from), entry->d_name, F_OK, 0))
            (void)unlinkat(dirfd(to), entry->d_name, 0);
    return is_copied;
}

static bool mirror(const char *from_root, const char *to_root) {
    bool is_mirrored = true;
    for (size_t i = 0; is_mirrored && i < sizeof mirrored / sizeof *mirrored; i++) {
        DIR *from = open_folder(from_root, mirrored[i]);
        DIR *to = open_folder(to_root, mirrored[i]);
        is_mirrored = from && to && mirror_folder(from, to, mirrored[i]);
        if (from) closedir(from);
        if (to) closedir(to);
    }
    return is_mirrored;
}

static void remove_files(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    (void)rmdir(path);
}

static void remove_folder(const char *root) {
    char path[MEMORY_PATH_BYTES];
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        snprintf(path, sizeof path, "%.300s/%s", root, made[i]);
        remove_files(path);
    }
    remove_files(root);
}

/* ---- begin ----------------------------------------------------------------------------------- */

/* Of this user alone, and made for this data directory. */
static bool is_of(const char *root, const char *data) {
    struct stat st;
    char owner_path[MEMORY_PATH_BYTES], owner[MEMORY_PATH_BYTES];
    snprintf(owner_path, sizeof owner_path, "%.300s/" OWNER_NAME, root);
    return lstat(root, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           !(st.st_mode & 077) && read_link(owner_path, owner, sizeof owner) &&
           strcmp(owner, data) == 0;
}

static void link_path(const char *data, const char *suffix, char out[MEMORY_PATH_BYTES]) {
    snprintf(out, MEMORY_PATH_BYTES, "%.400s/" LINK_NAME "%.8s", data, suffix);
}

/* Those that are not there. */
static bool make_folders(const char *root) {
    char path[MEMORY_PATH_BYTES];
    bool are_there = true;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        snprintf(path, sizeof path, "%.300s/%s", root, made[i]);
        are_there = (mkdir(path, 0700) == 0 || errno == EEXIST) && are_there;
    }
    return are_there;
}

/* What a process has left, perhaps in the middle of its end. */
static bool find(void) {
    char path[MEMORY_PATH_BYTES], root[FOLDER_BYTES];
    link_path(paths_data(), "", path);
    if (!read_link(path, root, sizeof root) || !is_of(root, paths_data())) return false;
    memcpy(memory.folder, root, sizeof root);
    (void)make_folders(root);
    return true;
}

/* Has nobody a link to it, and is it not just being made? */
static bool is_forgotten(const char *root) {
    struct stat st;
    char path[MEMORY_PATH_BYTES], data[MEMORY_PATH_BYTES], root_there[FOLDER_BYTES];
    if (lstat(root, &st) || st.st_uid != geteuid() || time(NULL) - st.st_ctime < YOUNG_S)
        return false;
    snprintf(path, sizeof path, "%.300s/" OWNER_NAME, root);
    if (!read_link(path, data, sizeof data)) return true;
    if (strlen(data) + sizeof "/" LINK_NAME > sizeof path) return false;
    link_path(data, "", path);
    return !read_link(path, root_there, sizeof root_there) || strcmp(root_there, root) != 0;
}

/* What servers have left whose data directories have gone. */
static void sweep(const char *parent) {
    char path[MEMORY_PATH_BYTES];
    DIR *folder = opendir(parent);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strncmp(entry->d_name, FOLDER_NAME, strlen(FOLDER_NAME)) != 0) continue;
        snprintf(path, sizeof path, "%.200s/%s", parent, entry->d_name);
        if (is_forgotten(path)) remove_folder(path);
    }
    closedir(folder);
}

/* Null: it is, and has room. */
static const char *why_not_memory(const char *parent) {
    struct statfs fs;
    if (statfs(parent, &fs)) return strerror(errno);
    if (fs.f_type != TMPFS_MAGIC) return "it is not in memory (tmpfs)";
    bool has_room = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= ROOM_BYTES_MIN;
    return has_room ? NULL : "it has less than 32 MiB free";
}

/* The link comes last: while it is there, the folder is whole. */
static bool fill(const char *root) {
    char path[MEMORY_PATH_BYTES], path_new[MEMORY_PATH_BYTES];
    snprintf(path, sizeof path, "%.300s/" OWNER_NAME, root);
    if (!make_folders(root) || symlink(paths_data(), path) || !mirror(paths_data(), root))
        return false;
    link_path(paths_data(), "", path);
    link_path(paths_data(), ".new", path_new);
    (void)unlink(path_new);
    return symlink(root, path_new) == 0 && rename(path_new, path) == 0;
}

static const char *make(const char *parent) {
    char root[FOLDER_BYTES];
    const char *why = why_not_memory(parent);
    if (why) return why;
    sweep(parent);
    snprintf(root, sizeof root, "%.200s/" FOLDER_NAME "XXXXXX", parent);
    if (!mkdtemp(root)) return strerror(errno);
    if (!fill(root)) {
        int error = errno;
        remove_folder(root);
        return strerror(error);
    }
    memcpy(memory.folder, root, sizeof root);
    return NULL;
}

void memory_open(void) {
    char path[MEMORY_PATH_BYTES];
    const char *parent = config_core->server.memory_dir;
    if (find()) return;
    link_path(paths_data(), "", path);
    (void)unlink(path); /* it leads to what is gone, or another's */
    if (!memory.is_wanted || !parent[0]) return;
    const char *why = make(parent);
    if (why)
        log_warn("server", "server.memoryDir: %s: %s; matches wait whenever the disk does", parent,
                 why);
}

/* ---- end ------------------------------------------------------------------------------------- */

static bool bring_back(void) {
    char records[MEMORY_PATH_BYTES], path[MEMORY_PATH_BYTES];
    snprintf(records, sizeof records, "%s/records", memory.folder);
    link_path(paths_data(), "", path);
    if (rmdir(records)) return false; /* what lies there is written by the next process */
    if (mirror(memory.folder, paths_data()) && paths_sync_data() == 0) return unlink(path) == 0;
    (void)mkdir(records, 0700);
    return false;
}

void memory_close(bool is_left) {
    if (!memory.folder[0]) return;
    if (!is_left && bring_back()) remove_folder(memory.folder);
    memory.folder[0] = '\0';
}
