/* keyfile - look, read, parse. */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static muster_status fail(struct keyfile *file, muster_status status, const char *what) {
    snprintf(file->why, sizeof file->why, "%.300s: %.160s", file->path, what);
    return status;
}

static struct keyfile_stamp stamp_of(const struct stat *info) {
    return (struct keyfile_stamp){info->st_mtim, (uint64_t)info->st_size, (uint64_t)info->st_ino};
}

static bool same_stamp(const struct keyfile_stamp *a, const struct keyfile_stamp *b) {
    return a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->bytes == b->bytes && a->inode == b->inode;
}

static muster_status read_all(int fd, char *text, size_t cap, size_t *len) {
    *len = 0;
    while (*len < cap) {
        ssize_t n = read(fd, text + *len, cap - *len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return MUSTER_IO;
        if (n == 0) return MUSTER_OK;
        *len += (size_t)n;
    }
    return MUSTER_LIMIT;
}

static muster_status read_open(struct keyfile *file, int fd) {
    char text[KEYS_TEXT_BYTES_MAX + 1];
    char why[KEYS_WHY_MAX] = "";
    size_t len = 0;
    struct stat info;
    if (fstat(fd, &info) != 0) return fail(file, MUSTER_IO, strerror(errno));
    struct keyfile_stamp stamp = stamp_of(&info);
    if (same_stamp(&stamp, &file->stamp)) return MUSTER_EXISTS;
    file->stamp = stamp;
    if (!S_ISREG(info.st_mode)) return fail(file, MUSTER_INVALID, "is not a regular file");
    /* Who can write it can sign in as anybody; who can read a secret, too. */
    mode_t open_to = file->alg == TOKEN_HS256 ? 0077 : 0022;
    if (info.st_mode & open_to)
        return fail(file, MUSTER_DENIED, "other accounts have access to it, mend with chmod 600");
    muster_status status = read_all(fd, text, sizeof text, &len);
    if (status != MUSTER_OK) return fail(file, status, "cannot be read, or is over 64 KiB");
    status = keys_parse(text, len, file->alg, file->kid, &file->keys, why);
    sodium_memzero(text, len);
    return status == MUSTER_OK ? MUSTER_OK : fail(file, status, why);
}

muster_status keyfile_read(struct keyfile *file) {
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool known = file->missing;
    file->missing = fd < 0;
    if (fd < 0) return known ? MUSTER_EXISTS : fail(file, MUSTER_IO, strerror(errno));
    muster_status status = read_open(file, fd);
    close(fd);
    return status;
}
