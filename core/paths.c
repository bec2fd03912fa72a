#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

static struct {
    char data[400];
    char share[400];
    char node_id[64];
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
    out[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) *slash = '\0';
}

static void find_share(void) {
    char exe[300];
    const char *configured = config_string("server", "shareDir");
    if (configured[0]) {
        snprintf(paths.share, sizeof paths.share, "%s", configured);
        return;
    }
    executable_dir(exe, sizeof exe);
    snprintf(paths.share, sizeof paths.share, "%s/../share/muster", exe);
    if (is_dir(paths.share)) return;
    snprintf(paths.share, sizeof paths.share, "%s/../share", exe);
    if (is_dir(paths.share)) return;
    snprintf(paths.share, sizeof paths.share, "%s/muster", MUSTER_INSTALL_DATADIR);
}

static muster_status find_data(bool create, char *error) {
    const char *configured = config_string("server", "dataDir");
    char cwd[256] = "";
    bool absolute = configured[0] == '/';
    if (!absolute && !getcwd(cwd, sizeof cwd)) return MUSTER_IO;
    snprintf(paths.data, sizeof paths.data, "%s%s%s", cwd, absolute ? "" : "/", configured);
    if (!create) return MUSTER_OK;
    char records[420];
    snprintf(records, sizeof records, "%s/records", paths.data);
    muster_status status = paths_make_dir(records);
    if (status) snprintf(error, 512, "server.dataDir: cannot create %s: %m", records);
    return status;
}

static void make_node_id(void) {
    unsigned char bytes[6];
    char hex[13];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    snprintf(paths.node_id, sizeof paths.node_id, "node-%s", hex);
}

/* The configured one, else the one made on first start and kept. */
static muster_status find_node_id(char *error) {
    const char *configured = config_string("server", "nodeId");
    if (configured[0]) {
        snprintf(paths.node_id, sizeof paths.node_id, "%s", configured);
        return MUSTER_OK;
    }
    char path[420];
    snprintf(path, sizeof path, "%s/node-id", paths.data);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t len = read(fd, paths.node_id, sizeof paths.node_id - 1);
        close(fd);
        paths.node_id[len > 0 ? len : 0] = '\0';
        paths.node_id[strcspn(paths.node_id, "\n")] = '\0';
        if (paths.node_id[0]) return MUSTER_OK;
    }
    make_node_id();
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && dprintf(fd, "%s\n", paths.node_id) > 0;
    if (fd >= 0) close(fd);
    if (!written) snprintf(error, 512, "cannot write %s: %m", path);
    return written ? MUSTER_OK : MUSTER_IO;
}

muster_status paths_init(bool create, char *error) {
    find_share();
    muster_status status = find_data(create, error);
    return status || !create ? status : find_node_id(error);
}
