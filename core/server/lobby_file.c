#include "lobby_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "paths.h"

bool lobby_file_path(const char *folder, const char *name, char out[LOBBY_FILE_PATH_BYTES]) {
    if (!name[0] || name[0] == '.' || strchr(name, '/')) return false;
    int len = snprintf(out, LOBBY_FILE_PATH_BYTES, "%s/%s", paths_data(), folder);
    if (len >= LOBBY_FILE_PATH_BYTES) return false;
    int left = LOBBY_FILE_PATH_BYTES - len;
    return snprintf(out + len, (size_t)left, "/%s", name) < left;
}

/* If it cannot be made, the file cannot, either, and says so. */
void lobby_file_folder(const char *path) {
    char folder[LOBBY_FILE_PATH_BYTES];
    const char *slash = strrchr(path, '/');
    if (!slash || slash - path >= LOBBY_FILE_PATH_BYTES) return;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (paths_make_dir(folder)) (void)disk_failed(errno);
}

int lobby_file_write(const char *path, const void *data, uint32_t len) {
    lobby_file_folder(path);
    int error = 0, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        (void)disk_failed(errno);
        return errno;
    }
    ssize_t written = write(fd, data, len);
    if (written != (ssize_t)len || fsync(fd)) error = written < 0 ? errno : ENOSPC;
    close(fd);
    if (error) unlink(path);
    if (error) (void)disk_failed(error);
    return error;
}

static int read_regular(int fd, void *out, uint32_t cap, uint32_t *len) {
    struct stat st;
    if (fstat(fd, &st)) return errno;
    if (!S_ISREG(st.st_mode)) return LOBBY_FILE_ODD;
    if (st.st_size > (off_t)cap) return EFBIG;
    ssize_t got = read(fd, out, cap);
    if (got < 0) return errno;
    *len = (uint32_t)got;
    return 0;
}

int lobby_file_read(const char *path, void *out, uint32_t cap, uint32_t *len) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ELOOP || errno == ENXIO ? LOBBY_FILE_ODD : errno;
    int error = read_regular(fd, out, cap, len);
    close(fd);
    return error;
}

const char *lobby_file_error(int error) {
    return error == LOBBY_FILE_ODD ? "no regular file" : strerror(error);
}
