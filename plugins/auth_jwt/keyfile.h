/* keyfile - an issuer's keys in a file that an operator may replace at any time. Reading is for the
 * pool or for start; the result is swapped in on the loop thread by the plugin.
 */
#ifndef AUTH_JWT_KEYFILE_H
#define AUTH_JWT_KEYFILE_H

#include <time.h>

#include "jwt/keys.h"

#define KEYFILE_WHY_MAX 512u

/* Which version of the file was read. */
struct keyfile_stamp {
    struct timespec modified;
    uint64_t bytes;
    uint64_t inode;
};

struct keyfile {
    char path[1024];
    char kid[TOKEN_KID_MAX]; /* for a PEM or a secret */
    uint32_t alg;            /* the only algorithm, or 0 */
    struct keyfile_stamp stamp;
    bool missing; /* at the last look */
    struct token_keys keys;
    char why[KEYFILE_WHY_MAX];
};

/* OK: keys are new. EXISTS: nothing has changed since the last look. Else why says what to mend; a
 * broken or missing file is complained about once. */
muster_status keyfile_read(struct keyfile *file) MUSTER_MUST_USE;

#endif
