/* signer - a private P-256 key that signs tokens with ES256, read once: OpenSSL takes fifteen times
 * as long to read the text of one as to sign. It has one owner; a thread of the pool gets a copy.
 */
#ifndef MUSTER_JWT_SIGNER_H
#define MUSTER_JWT_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNER_BYTES 64u /* of a signature */

struct signer;

/* pem: PKCS#8. Null: it is no such key, or there is no memory. */
struct signer *signer_create(const char *pem);
/* Quick. Takes null, and is null when there is no memory. */
struct signer *signer_copy(const struct signer *signer);
/* Takes null. */
void signer_destroy(struct signer *signer);

bool signer_sign(const struct signer *signer, const char *text, size_t len,
                 uint8_t out[SIGNER_BYTES]);

#endif
