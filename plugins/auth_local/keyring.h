/* keyring - the keys that access tokens are signed with: files of a private directory, the newest
 * signs, older ones stay published until no token of theirs can be alive. Loop thread; owned by
 * the plugin instance.
 */
#ifndef AUTH_LOCAL_KEYRING_H
#define AUTH_LOCAL_KEYRING_H

#include <sodium.h>

#include "jwt/keys.h"

#define KEYRING_MAX 16u
#define KEYRING_PEM_MAX 512u
#define KEYRING_WHY_MAX 320u

struct keyring_entry {
    char kid[TOKEN_KID_MAX];
    int64_t created_s;
    char pem[KEYRING_PEM_MAX]; /* private; wiped when dropped, as the next two */
    struct signer *signer;     /* the same */
    uint8_t ticket_secret[crypto_sign_SECRETKEYBYTES]; /* follows from it */
};

struct keyring {
    char dir[512];
    int64_t rotate_s; /* a key older than this gets a successor */
    int64_t keep_s;   /* how long a replaced key stays: the longest life of a token or ticket */
    struct keyring_entry entries[KEYRING_MAX]; /* oldest first */
    uint32_t count;
    struct token_keys keys; /* public halves, and those of the ticket keys */
    char *jwks;             /* the document for /.well-known/jwks.json */
};

/* Would keyring_open do? Reads what is there, writes nothing. dir must be set. */
muster_status keyring_look(struct keyring *keyring, char *why) MUSTER_MUST_USE;
/* Reads the keys below dir (made with mode 0700 when missing), makes the first. dir, rotate_s and
 * keep_s must be set. On failure why says what a person must mend. */
muster_status keyring_open(struct keyring *keyring, int64_t now_s, char *why) MUSTER_MUST_USE;
/* Takes a zeroed one. */
void keyring_close(struct keyring *keyring);
/* Rotate when due and drop what has outlived its tokens. */
muster_status keyring_tend(struct keyring *keyring, int64_t now_s, char *why) MUSTER_MUST_USE;
/* A new signing key now. FULL: too many still have living tokens. */
muster_status keyring_rotate(struct keyring *keyring, int64_t now_s, char *why) MUSTER_MUST_USE;
/* A ticket for a seat, signed with the key that follows from the active one. LIMIT: out is too
 * small. STATE: there is no key. */
muster_status keyring_sign_ticket(const struct keyring *keyring, const json_t *claims, char *out,
                                  uint32_t cap) MUSTER_MUST_USE;
/* The one that signs. */
const struct keyring_entry *keyring_active(const struct keyring *keyring);

#endif
