/* test.h - what every test in C begins with: cmocka, what it needs, and a directory of one's own.
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEMP_DIR_MAX 32

/* A fresh directory; false when there is none. */
static inline bool temp_dir_make(char dir[TEMP_DIR_MAX]) {
    snprintf(dir, TEMP_DIR_MAX, "/tmp/muster-test-XXXXXX");
    return mkdtemp(dir) != NULL;
}

static inline int temp_remove_one(const char *path, const struct stat *st, int kind,
                                  struct FTW *ftw) {
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

/* With all that is in it; true when nothing of it is left. */
static inline bool temp_dir_remove(const char *dir) {
    return nftw(dir, temp_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
}

#endif
