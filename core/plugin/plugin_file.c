/* plugin_file - from a plugin's name to a private copy of its file that nobody else can change.
 *
 * glibc gives the old handle back for a path that is open already, and a file replaced in place
 * changes under the code that runs from it: so each generation gets a copy with a name of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "paths.h"
#include "plugin_file.h"

#define FILE_BYTES_MAX (256u << 20)
#define COPY_BLOCK 65536
#define PATH_BYTES 1024
#define LINKED_BYTES (2 * PATH_BYTES)
#define LINKS_MAX 8

/* ---- where plugins are ----------------------------------------------------------------------- */

/* The i-th folder to look in: those that are configured, then where built or installed; false at
 * the end. */
static bool directory_candidate(uint32_t i, char *out, uint32_t cap) {
    const struct config_list *configured = &config_core->server.plugins_dirs;
    if (i < configured->count) {
        snprintf(out, cap, "%s", configured->items[i]);
        return true;
    }
    i -= configured->count;
    if (i == 2) {
        snprintf(out, cap, "%s/muster/plugins", MUSTER_INSTALL_LIBDIR);
        return true;
    }
    char self[PATH_BYTES / 2];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len < 0 || len == (ssize_t)sizeof self - 1 || i > 2) return false;
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) *slash = '\0';
    snprintf(out, cap, "%s/../%s", self, i == 0 ? "plugins" : "lib/muster/plugins");
    return true;
}

/* Is it root's or this user's? */
static muster_status owned(const struct stat *st, const char *what, const char *path, char *error,
                           uint32_t cap) {
    if (st->st_uid == 0 || st->st_uid == geteuid()) return MUSTER_OK;
    snprintf(error, cap, "%s %s belongs to user %u, expected root or %u", what, path,
             (unsigned)st->st_uid, (unsigned)geteuid());
    return MUSTER_DENIED;
}

/* May nobody but root and this user change it? */
static muster_status trusted(const struct stat *st, const char *what, const char *path, char *error,
                             uint32_t cap) {
    if (owned(st, what, path, error, cap) != MUSTER_OK) return MUSTER_DENIED;
    if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        snprintf(error, cap, "%s %s is writable by others (mode %04o): chmod go-w %s", what, path,
                 (unsigned)st->st_mode & 07777, path);
        return MUSTER_DENIED;
    }
    return MUSTER_OK;
}

static muster_status file_check(int fd, const char *path, char *error, uint32_t cap) {
    struct stat st;
    if (fstat(fd, &st) != 0) return MUSTER_IO;
    if (trusted(&st, "file", path, error, cap) != MUSTER_OK) return MUSTER_DENIED;
    if (S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= FILE_BYTES_MAX) return MUSTER_OK;
    snprintf(error, cap, "%s is no regular file of 1 byte to 256 MiB", path);
    return MUSTER_DENIED;
}

/* Where the link `file` of the folder leads, in the place of path: EXISTS. */
static muster_status link_follow(int dir, const char *file, char path[LINKED_BYTES], char *error,
                                 uint32_t cap) {
    struct stat st;
    char target[PATH_BYTES];
    ssize_t len = readlinkat(dir, file, target, sizeof target);
    bool is_link = len > 0 && fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (is_link && owned(&st, "link", path, error, cap) != MUSTER_OK) return MUSTER_DENIED;
    size_t folder = target[0] == '/' ? 0 : (size_t)(file - path);
    if (!is_link || folder + (size_t)len >= LINKED_BYTES) {
        snprintf(error, cap, "%s: the link cannot be read", path);
        return MUSTER_DENIED;
    }
    memcpy(path + folder, target, (size_t)len);
    path[folder + (size_t)len] = '\0';
    return MUSTER_EXISTS;
}

/* Opens what lies at path, in a folder that nobody else may change. Of a link, which is allowed
 * when it is one's own, the target is put in the place of path: EXISTS. NOT_FOUND: nothing is
 * there. */
static muster_status path_open(char path[LINKED_BYTES], int *fd, char *error, uint32_t cap) {
    char *slash = strrchr(path, '/');
    struct stat st;
    if (!slash) return MUSTER_NOT_FOUND;
    char folder[LINKED_BYTES];
    snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return MUSTER_NOT_FOUND;
    muster_status status = MUSTER_DENIED; /* the folder */
    *fd = openat(dir, slash + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int why = errno;
    if (*fd < 0 && why == ENOENT)
        status = MUSTER_NOT_FOUND;
    else if (*fd < 0 && why != ELOOP)
        snprintf(error, cap, "%s: %s", path, strerror(why));
    else if (fstat(dir, &st) == 0 && trusted(&st, "folder", folder, error, cap) == MUSTER_OK)
        status = *fd >= 0 ? file_check(*fd, path, error, cap)
                          : link_follow(dir, slash + 1, path, error, cap);
    close(dir);
    if (status != MUSTER_OK && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

/* Opens NAME.so in one folder. NOT_FOUND: not there, look on. */
static muster_status open_in(const char *directory, const char *name, int *fd, char *error,
                             uint32_t cap) {
    char path[LINKED_BYTES];
    snprintf(path, sizeof path, "%s/%s.so", directory, name);
    muster_status status = path_open(path, fd, error, cap);
    for (int links = 1; status == MUSTER_EXISTS && links <= LINKS_MAX; links++) {
        status = path_open(path, fd, error, cap);
        if (status != MUSTER_NOT_FOUND) continue;
        snprintf(error, cap, "%s, where a link in %s leads, is not there", path, directory);
        return MUSTER_DENIED;
    }
    if (status != MUSTER_EXISTS) return status;
    snprintf(error, cap, "%s/%s.so leads through more than %d links", directory, name, LINKS_MAX);
    return MUSTER_DENIED;
}

static muster_status source_open(const char *name, int *fd, char *error, uint32_t cap) {
    char directory[PATH_BYTES + 1];
    uint32_t len = (uint32_t)snprintf(error, cap, "no %s.so in ", name);
    for (uint32_t i = 0; directory_candidate(i, directory, sizeof directory); i++) {
        char why[CONFIG_ERROR_MAX] = "";
        muster_status status = open_in(directory, name, fd, why, sizeof why);
        if (status == MUSTER_OK) return MUSTER_OK;
        if (status != MUSTER_NOT_FOUND) {
            snprintf(error, cap, "%s", why);
            return status;
        }
        if (len < cap)
            len += (uint32_t)snprintf(error + len, cap - len, "%s%s", i ? ", " : "", directory);
    }
    return MUSTER_NOT_FOUND;
}

/* ---- the private copy ------------------------------------------------------------------------ */

/* Copies of processes that are gone: their name carries the process id. */
static void stale_remove(int dir) {
    int walk_fd = dup(dir);
    DIR *walk = walk_fd >= 0 ? fdopendir(walk_fd) : NULL;
    if (!walk) {
        if (walk_fd >= 0) close(walk_fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(walk));) {
        int pid = 0;
        int end = 0;
        if (sscanf(entry->d_name, "%*[a-z0-9_].%d.%*u.so%n", &pid, &end) != 1 || end == 0) continue;
        if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) unlinkat(dir, entry->d_name, 0);
    }
    closedir(walk);
}

/* A folder that is ours alone, or -1. */
static int private_dir_open(const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 077)) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* <data dir>/run, 0700, of who keeps data. */
static int run_dir_open(char *path, uint32_t cap) {
    if (!paths_keeps_data()) return -1;
    if ((uint32_t)snprintf(path, cap, "%s/run", config_core->server.data_dir) >= cap) return -1;
    bool made = mkdir(path, 0700) == 0;
    int fd = private_dir_open(path);
    if (fd >= 0 && !made) stale_remove(fd);
    return fd;
}

/* For those who keep no data (--check-config, --replay) or check as another user: a folder that is
 * gone with the last copy in it. */
static char temporary_dir[PATH_BYTES / 4];

static int temporary_dir_open(char *path, uint32_t cap) {
    const char *root = getenv("TMPDIR");
    if (!temporary_dir[0]) {
        snprintf(temporary_dir, sizeof temporary_dir, "%.200s/musterd-XXXXXX",
                 root ? root : "/tmp");
        if (!mkdtemp(temporary_dir)) temporary_dir[0] = '\0';
    }
    snprintf(path, cap, "%s", temporary_dir);
    return temporary_dir[0] ? private_dir_open(path) : -1;
}

void plugin_file_remove(const char *path) {
    unlink(path);
    if (temporary_dir[0] && rmdir(temporary_dir) == 0) temporary_dir[0] = '\0';
}

static bool write_all(int fd, const uint8_t *data, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Copies, and hashes what was copied. */
static muster_status copy_bytes(int from, int to, uint8_t hash[crypto_hash_sha256_BYTES]) {
    static uint8_t block[COPY_BLOCK];
    crypto_hash_sha256_state state;
    uint64_t total = 0;
    crypto_hash_sha256_init(&state);
    for (;;) {
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return MUSTER_IO;
        if (n == 0) break;
        total += (uint64_t)n;
        if (total > FILE_BYTES_MAX) return MUSTER_LIMIT;
        crypto_hash_sha256_update(&state, block, (size_t)n);
        if (!write_all(to, block, (size_t)n)) return MUSTER_IO;
    }
    crypto_hash_sha256_final(&state, hash);
    return MUSTER_OK;
}

static muster_status pin_check(const char *name, const uint8_t *hash, char *error, uint32_t cap) {
    const char *pin = config_plugin_pin(name);
    char hex[crypto_hash_sha256_BYTES * 2 + 1];
    if (!pin) return MUSTER_OK;
    sodium_bin2hex(hex, sizeof hex, hash, crypto_hash_sha256_BYTES);
    if (strcasecmp(pin, hex) == 0) return MUSTER_OK;
    snprintf(error, cap, "its sha256 is %s, the configuration pins %s", hex, pin);
    return MUSTER_DENIED;
}

/* errno says why not. */
static muster_status copy_to(int source, const char *path, uint8_t *hash) {
    int copy = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
    bool is_at_start = copy >= 0 && lseek(source, 0, SEEK_SET) == 0;
    muster_status status = is_at_start ? copy_bytes(source, copy, hash) : MUSTER_IO;
    int error = errno;
    if (status != MUSTER_OK && copy >= 0) plugin_file_remove(path);
    if (copy >= 0) close(copy);
    errno = error;
    return status;
}

/* Into the first folder that takes it: a full disk keeps no node from starting. */
static muster_status copy_somewhere(int source, const char *name, char *path, uint32_t cap,
                                    uint8_t *hash, char *error, uint32_t error_cap) {
    static int (*const folders[])(char *, uint32_t) = {run_dir_open, temporary_dir_open};
    static uint32_t counter;
    char directory[480];
    muster_status status = MUSTER_IO;
    snprintf(error, error_cap, "there is no folder for its private copy");
    for (size_t i = 0; i < 2 && status == MUSTER_IO; i++) {
        int dir = folders[i](directory, sizeof directory);
        if (dir < 0) continue;
        snprintf(path, cap, "%s/%s.%d.%u.so", directory, name, (int)getpid(), ++counter);
        status = copy_to(source, path, hash);
        if (status) snprintf(error, error_cap, "cannot copy it to %s: %s", path, strerror(errno));
        close(dir);
    }
    return status;
}

muster_status plugin_file_copy(const char *name, char *path, uint32_t cap, char *error,
                               uint32_t error_cap) {
    uint8_t hash[crypto_hash_sha256_BYTES];
    int source = -1;
    path[0] = '\0';
    muster_status status = source_open(name, &source, error, error_cap);
    if (status != MUSTER_OK) return status;
    status = copy_somewhere(source, name, path, cap, hash, error, error_cap);
    close(source);
    if (status != MUSTER_OK) return status;
    status = pin_check(name, hash, error, error_cap);
    if (status != MUSTER_OK) plugin_file_remove(path);
    return status;
}
