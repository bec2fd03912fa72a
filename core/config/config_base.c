/* config_base - what the files of config stand on: the configuration in force, errors, files. */
#include "config_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct config *config_now;
const struct config_core *config_core;

void config_put_in_force(struct config *config) {
    config_now = config;
    config_core = config ? &config->core : NULL;
}

muster_status config_worse(muster_status a, muster_status b) {
    if (a == MUSTER_NO_MEMORY || b == MUSTER_NO_MEMORY) return MUSTER_NO_MEMORY;
    return a != MUSTER_OK ? a : b;
}

static const char more_mistakes[] = " ...\nthere are more mistakes than fit here";

muster_status config_fail(char *error, const char *format, ...) {
    va_list args;
    size_t used = strlen(error);
    if (used > 0 && used + 2 < CONFIG_ERROR_MAX) memcpy(error + used++, "\n", 2);
    va_start(args, format);
    int len = vsnprintf(error + used, CONFIG_ERROR_MAX - used, format, args);
    va_end(args);
    if (len >= (int)(CONFIG_ERROR_MAX - used))
        strcpy(error + CONFIG_ERROR_MAX - sizeof more_mistakes, more_mistakes);
    return MUSTER_INVALID;
}

static muster_status read_up_to(int fd, char *data, size_t max_bytes, size_t *len) {
    *len = 0;
    while (*len < max_bytes) {
        ssize_t got = read(fd, data + *len, max_bytes - *len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return MUSTER_IO;
        if (got == 0) break;
        *len += (size_t)got;
    }
    return MUSTER_OK;
}

muster_status config_slurp(const char *path, size_t max_bytes, char **out, size_t *len,
                           char *error) {
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return config_fail(error, "%s: %s", path, strerror(errno));
    char *data = malloc(max_bytes + 2u);
    muster_status status = data ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (data && read_up_to(fd, data, max_bytes + 1u, len) != MUSTER_OK)
        status = config_fail(error, "%s: %s", path, strerror(errno));
    else if (data && *len > max_bytes)
        status = config_fail(error, "%s: over %zu bytes", path, max_bytes);
    close(fd);
    if (status != MUSTER_OK) {
        free(data);
        return status;
    }
    data[*len] = '\0';
    *out = data;
    return MUSTER_OK;
}
