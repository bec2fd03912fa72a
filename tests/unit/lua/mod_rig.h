/* mod_rig - folders of mods for tests: a fresh temporary one for each test, removed by its
 * teardown.
 */
#ifndef SCRIPT_MOD_RIG_H
#define SCRIPT_MOD_RIG_H

#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mod.h"

static char root[TEMP_DIR_MAX];

static inline int rig_setup(void **unused) {
    (void)unused;
    return temp_dir_make(root) ? 0 : -1;
}

static inline int rig_teardown(void **unused) {
    (void)unused;
    return temp_dir_remove(root) ? 0 : -1;
}

/* Absolute; valid until the next but seven calls. */
static inline const char *rig_path(const char *format, ...) MUSTER_PRINTF(1, 2);
static inline const char *rig_path(const char *format, ...) {
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];
    int used = snprintf(path, PATH_MAX, "%s/", root);
    va_list args;
    va_start(args, format);
    vsnprintf(path + used, (size_t)(PATH_MAX - used), format, args);
    va_end(args);
    return path;
}

/* With the folders above it. */
static inline void rig_write_bytes(const char *path, const void *bytes, size_t len) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *at = folder + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(folder, 0700);
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static inline void rig_write(const char *path, const char *text) {
    rig_write_bytes(path, text, strlen(text));
}

/* A rule; more: further keys of its mod.json, each with a comma before it. */
static inline void rig_rule(const char *folder, const char *id, const char *version,
                            const char *more) {
    char text[2048];
    snprintf(text, sizeof text,
             "{\"id\":\"%s\",\"name\":\"%s\",\"version\":\"%s\",\"api\":\"1\",\"kind\":\"rule\"%s}",
             id, id, version, more);
    rig_write(rig_path("%s/%s/mod.json", folder, id), text);
    rig_write(rig_path("%s/%s/init.lua", folder, id), "hooks.on('tick', 'x', print)\n");
}

#endif
