#include "jwt/signer.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES 32 /* a signature is two of them */
#define DER_BYTES_MAX 80

struct signer {
    EVP_PKEY *pkey;
};

/* Without it OpenSSL would ask for the passphrase of an encrypted one on the terminal. */
static char no_passphrase[] = "";

/* Takes the key. */
static struct signer *signer_of(EVP_PKEY *pkey) {
    struct signer *signer = pkey ? malloc(sizeof *signer) : NULL;
    if (!signer) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    signer->pkey = pkey;
    return signer;
}

static bool is_p256(const EVP_PKEY *pkey) {
    char name[32] = "";
    size_t len = 0;
    return pkey && EVP_PKEY_is_a(pkey, "EC") &&
           EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) == 1 &&
           (strcmp(name, "prime256v1") == 0 || strcmp(name, "P-256") == 0);
}

struct signer *signer_create(const char *pem) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, no_passphrase) : NULL;
    BIO_free(bio);
    if (is_p256(pkey)) return signer_of(pkey);
    EVP_PKEY_free(pkey);
    return NULL;
}

struct signer *signer_copy(const struct signer *signer) {
    return signer ? signer_of(EVP_PKEY_dup(signer->pkey)) : NULL;
}

void signer_destroy(struct signer *signer) {
    if (!signer) return;
    EVP_PKEY_free(signer->pkey);
    free(signer);
}

/* Two numbers of a fixed length, where OpenSSL has them in DER. */
static bool numbers_of(const uint8_t *der, size_t len, uint8_t out[SIGNER_BYTES]) {
    const uint8_t *at = der;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
    if (!numbers) return false;
    bool fits =
        BN_bn2binpad(ECDSA_SIG_get0_r(numbers), out, NUMBER_BYTES) == NUMBER_BYTES &&
        BN_bn2binpad(ECDSA_SIG_get0_s(numbers), out + NUMBER_BYTES, NUMBER_BYTES) == NUMBER_BYTES;
    ECDSA_SIG_free(numbers);
    return fits;
}

bool signer_sign(const struct signer *signer, const char *text, size_t len,
                 uint8_t out[SIGNER_BYTES]) {
    uint8_t der[DER_BYTES_MAX];
    size_t der_len = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_signed = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, signer->pkey) == 1 &&
                     EVP_DigestSign(ctx, der, &der_len, (const uint8_t *)text, len) == 1 &&
                     numbers_of(der, der_len, out);
    EVP_MD_CTX_free(ctx);
    return is_signed;
}
