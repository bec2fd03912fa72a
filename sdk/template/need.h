/* need.h - for the tests: what has to hold, or the test ends with a sentence. */
#ifndef NEED_H
#define NEED_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void need(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

#endif
