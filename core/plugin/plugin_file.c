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
#include "plugin_file.h"

#define FILE_BYTES_MAX (256u << 20)
#define COPY_BLOCK 65536
#define PATH_BYTES 1024

/* ---- where plugins are ----------------------------------------------------------------------- */

/* The folder's i-th candidate; false at the end. */
static bool directory_candidate(uint32_t i, char *out, uint32_t cap) {
    const char *configured = config_core->server.plugins_dir;
    if (configured[0]) {
        snprintf(out, cap, "%s", configured);
        return i == 0;
    }
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

/* May nobody but root and this user change it? */
static muster_status trusted(const struct stat *st, const char *what, const char *path, char *error,
                             uint32_t cap) {
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        snprintf(error, cap, "%s %s belongs to user %u, expected root or %u", what, path,
                 (unsigned)st->st_uid, (unsigned)geteuid());
        return MUSTER_DENIED;
    }
    if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        snprintf(error, cap, "%s %s is writable by others (mode %04o): chmod go-w %s", what, path,
                 (unsigned)st->st_mode & 07777, path);
        return MUSTER_DENIED;
    }
    return MUSTER_OK;
}

/* Opens NAME.so in one folder. NOT_FOUND: not there, look on. */
static muster_status open_in(const char *directory, const char *name, int *fd, char *error,
                             uint32_t cap) {
    char file[MUSTER_NAME_MAX + 4];
    char path[PATH_BYTES + sizeof file];
    struct stat st;
    muster_status status = MUSTER_NOT_FOUND;
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return MUSTER_NOT_FOUND;
    snprintf(file, sizeof file, "%s.so", name);
    snprintf(path, sizeof path, "%s/%s", directory, file);
    *fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 && errno == ENOENT) goto done;
    status = MUSTER_DENIED;
    if (*fd < 0) {
        snprintf(error, cap, "%s: %s", path,
                 errno == ELOOP ? "a symbolic link is not taken" : strerror(errno));
        goto done;
    }
    if (fstat(dir, &st) != 0 || trusted(&st, "folder", directory, error, cap) != MUSTER_OK)
        goto done;
    if (fstat(*fd, &st) != 0 || trusted(&st, "file", path, error, cap) != MUSTER_OK) goto done;
    if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > FILE_BYTES_MAX) {
        snprintf(error, cap, "%s is no regular file of 1 byte to 256 MiB", path);
        goto done;
    }
    status = MUSTER_OK;
done:
    if (status != MUSTER_OK && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    close(dir);
    return status;
}

static muster_status source_open(const char *name, int *fd, char *error, uint32_t cap) {
    char directory[PATH_BYTES];
    char looked[4 * PATH_BYTES] = "";
    for (uint32_t i = 0; directory_candidate(i, directory, sizeof directory); i++) {
        muster_status status = open_in(directory, name, fd, error, cap);
        if (status != MUSTER_NOT_FOUND) return status;
        if (i > 0) strcat(looked, ", ");
        strcat(looked, directory); /* at most 3 folders of PATH_BYTES */
    }
    snprintf(error, cap, "no %s.so in %s", name, looked);
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

/* <data dir>/run, 0700. */
static int run_dir_open(char *path, uint32_t cap) {
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

muster_status plugin_file_copy(const char *name, char *path, uint32_t cap, char *error,
                               uint32_t error_cap) {
    static uint32_t counter;
    char directory[480];
    uint8_t hash[crypto_hash_sha256_BYTES];
    int source = -1;
    int dir = -1;
    int copy = -1;
    path[0] = '\0';
    muster_status status = source_open(name, &source, error, error_cap);
    if (status != MUSTER_OK) goto done;
    dir = run_dir_open(directory, sizeof directory);
    if (dir < 0) dir = temporary_dir_open(directory, sizeof directory);
    if (dir < 0) {
        snprintf(error, error_cap, "there is no folder for its private copy: %s", strerror(errno));
        status = MUSTER_IO;
        goto done;
    }
    snprintf(path, cap, "%s/%s.%d.%u.so", directory, name, (int)getpid(), ++counter);
    copy = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
    status = copy >= 0 ? copy_bytes(source, copy, hash) : MUSTER_IO;
    if (status != MUSTER_OK) {
        snprintf(error, error_cap, "cannot copy it to %s: %s", path, strerror(errno));
        goto done;
    }
    status = pin_check(name, hash, error, error_cap);
done:
    if (status != MUSTER_OK && copy >= 0) plugin_file_remove(path);
    if (copy >= 0) close(copy);
    if (dir >= 0) close(dir);
    if (source >= 0) close(source);
    return status;
}
