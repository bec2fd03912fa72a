#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "memory.h"

#define DIR_MAX 400 /* with what lies in it a path stays below 512 bytes */

static struct {
    char data[DIR_MAX];
    char share[DIR_MAX];
    char node_id[64];
    bool keeps_data;
    bool is_lent;
    int lock_fd; /* 0: not locked */
} paths;

const char *paths_data(void) {
    return paths.data;
}

const char *paths_share(void) {
    return paths.share;
}

const char *paths_node_id(void) {
    return paths.node_id;
}

int paths_sync_data(void) {
    int fd = open(paths.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || syncfs(fd) ? errno : 0;
    if (fd >= 0) close(fd);
    return error;
}

muster_status paths_make_dir(const char *path) {
    char part[512];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) return MUSTER_LIMIT;
    for (char *at = part + 1; *at; at++) {
        if (*at != '/') continue;
        *at = '\0';
        if (mkdir(part, 0700) && errno != EEXIST) return MUSTER_IO;
        *at = '/';
    }
    return mkdir(part, 0700) && errno != EEXIST ? MUSTER_IO : MUSTER_OK;
}

static bool is_dir(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void executable_dir(char *out, size_t cap) {
    ssize_t len = readlink("/proc/self/exe", out, cap - 1);
    bool whole = len > 0 && (size_t)len < cap - 1; /* else it may have been cut */
    out[whole ? len : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) *slash = '\0';
}

static muster_status too_long(const char *key, char *error) {
    snprintf(error, PATHS_ERROR_MAX, "%s: the whole path must stay below %d bytes", key, DIR_MAX);
    return MUSTER_LIMIT;
}

static muster_status find_share(char *error) {
    char exe[300];
    const char *configured = config_core->server.share_dir;
    if (configured[0]) {
        int len = snprintf(paths.share, sizeof paths.share, "%s", configured);
        return len < DIR_MAX ? MUSTER_OK : too_long("server.shareDir", error);
    }
    executable_dir(exe, sizeof exe);
    snprintf(paths.share, sizeof paths.share, "%s/../share/muster", exe);
    if (is_dir(paths.share)) return MUSTER_OK;
    snprintf(paths.share, sizeof paths.share, "%s/../share", exe);
    if (is_dir(paths.share)) return MUSTER_OK;
    snprintf(paths.share, sizeof paths.share, "%s/muster", MUSTER_INSTALL_DATADIR);
    return MUSTER_OK;
}

static muster_status make_data(char *error) {
    char records[DIR_MAX + 20];
    snprintf(records, sizeof records, "%s/records", paths.data);
    muster_status status = paths_make_dir(records);
    if (status) snprintf(error, PATHS_ERROR_MAX, "server.dataDir: cannot create %s: %m", records);
    return status;
}

static muster_status find_data(char *error) {
    const char *configured = config_core->server.data_dir;
    char cwd[DIR_MAX] = "";
    bool absolute = configured[0] == '/';
    if (!configured[0]) {
        snprintf(error, PATHS_ERROR_MAX, "server.dataDir: expected a directory, found nothing");
        return MUSTER_INVALID;
    }
    if (!absolute && !getcwd(cwd, sizeof cwd)) return too_long("server.dataDir", error);
    int len =
        snprintf(paths.data, sizeof paths.data, "%s%s%s", cwd, absolute ? "" : "/", configured);
    return len < DIR_MAX ? MUSTER_OK : too_long("server.dataDir", error);
}

/* ---- the lock: one process per data directory ---- */

static void read_pid(int fd, char *pid) {
    ssize_t len = pread(fd, pid, PATHS_PID_MAX - 1, 0);
    pid[len > 0 ? len : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    if (!pid[0]) snprintf(pid, PATHS_PID_MAX, "?");
}

static muster_status in_use(int fd, char *error) {
    char pid[PATHS_PID_MAX];
    read_pid(fd, pid);
    snprintf(error, PATHS_ERROR_MAX,
             "server.dataDir: %s is in use by process %s; each server needs a data directory of "
             "its own",
             paths.data, pid);
    return MUSTER_EXISTS;
}

bool paths_in_use(char *pid) {
    char path[DIR_MAX + 20];
    snprintf(path, sizeof path, "%s/lock", paths.data);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool taken = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (taken) read_pid(fd, pid);
    if (fd >= 0) close(fd);
    return taken;
}

/* For people; a full disk takes it not. */
static void write_pid(int fd) {
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    (void)!pwrite(fd, pid, (size_t)len, 0);
}

/* Held until paths_deinit or the end of the process, however that comes. */
static muster_status lock(int fd, char *error) {
    bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (locked && ftruncate(fd, 0) == 0) {
        write_pid(fd);
        return MUSTER_OK;
    }
    if (!locked && errno == EWOULDBLOCK) return in_use(fd, error);
    snprintf(error, PATHS_ERROR_MAX, "server.dataDir: cannot lock %s/lock: %m", paths.data);
    return MUSTER_IO;
}

muster_status paths_lock(char *error) {
    char path[DIR_MAX + 20];
    snprintf(path, sizeof path, "%s/lock", paths.data);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        snprintf(error, PATHS_ERROR_MAX, "server.dataDir: cannot lock %s: %m", path);
        return MUSTER_IO;
    }
    muster_status status = lock(fd, error);
    if (status)
        close(fd);
    else
        paths.lock_fd = fd;
    return status;
}

void paths_lend(void) {
    paths.is_lent = true;
    if (paths.lock_fd > 0) (void)flock(paths.lock_fd, LOCK_UN);
}

muster_status paths_take_back(char *error) {
    paths.is_lent = false;
    return lock(paths.lock_fd, error);
}

bool paths_keeps_data(void) {
    return paths.keeps_data;
}

/* What is there already, or above it, decides whether the rest can be made. */
muster_status paths_look(char *error) {
    char part[DIR_MAX];
    snprintf(part, sizeof part, "%s", paths.data);
    for (char *slash; access(part, F_OK) != 0 && (slash = strrchr(part, '/')) && slash > part;)
        *slash = '\0';
    bool whole = strcmp(part, paths.data) == 0;
    if (is_dir(part) && access(part, R_OK | W_OK | X_OK) == 0) return MUSTER_OK;
    snprintf(error, PATHS_ERROR_MAX,
             "server.dataDir: cannot %s %s: expected a directory that this account may write to, "
             "found %.120s",
             whole ? "use" : "create", paths.data, part);
    return MUSTER_INVALID;
}

void paths_move_data(const char *dir) {
    snprintf(paths.data, sizeof paths.data, "%s", dir);
}

void paths_deinit(void) {
    memory_close(paths.is_lent);
    if (paths.lock_fd > 0) close(paths.lock_fd);
    paths.lock_fd = 0;
}

/* ---- the node's id ---- */

static void make_node_id(void) {
    unsigned char bytes[6];
    char hex[13];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    snprintf(paths.node_id, sizeof paths.node_id, "node-%s", hex);
}

/* The configured one, or the one that was made on first start. */
static bool read_node_id(const char *path) {
    const char *configured = config_core->server.node_id;
    if (configured[0]) {
        snprintf(paths.node_id, sizeof paths.node_id, "%s", configured);
        return true;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t len = read(fd, paths.node_id, sizeof paths.node_id - 1);
    close(fd);
    paths.node_id[len > 0 ? len : 0] = '\0';
    paths.node_id[strcspn(paths.node_id, "\n")] = '\0';
    return paths.node_id[0] != '\0';
}

static muster_status find_node_id(char *error) {
    char path[DIR_MAX + 20];
    snprintf(path, sizeof path, "%s/node-id", paths.data);
    if (read_node_id(path) || !paths.keeps_data) return MUSTER_OK;
    make_node_id();
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && dprintf(fd, "%s\n", paths.node_id) > 0;
    if (fd >= 0) close(fd);
    if (!written) snprintf(error, PATHS_ERROR_MAX, "cannot write %s: %m", path);
    return written ? MUSTER_OK : MUSTER_IO;
}

muster_status paths_take(char *error) {
    paths.keeps_data = true;
    muster_status status = make_data(error);
    if (!status) status = paths_lock(error);
    if (!status) status = find_node_id(error);
    if (!status) memory_open();
    return status;
}

muster_status paths_init(bool create, char *error) {
    muster_status status = find_share(error);
    if (!status) status = find_data(error);
    paths.keeps_data = false;
    if (status) return status;
    return create ? paths_take(error) : find_node_id(error);
}
