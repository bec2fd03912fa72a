/* Tokens of strangers: no text may verify against a key whose private half nobody has. */
#include <sodium.h>
#include <string.h>

#include "fuzz.h"
#include "jwt/keys.h"

static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                          "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUiEOXmMRjnZYN4KhAClC5bGCRlUn\n"
                          "3x7y+l3wyfhy4yULVTB1ICIzVzR2YADYWNAADHI9AhvQ938gV5yJc5Lp8w==\n"
                          "-----END PUBLIC KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct token_policy policy = {.issuer = "muster", .audience = "muster"};
    static struct token_keys keys;
    char wrong[KEYS_WHY_MAX];
    struct token_peek peek;
    const char *why = NULL;
    json_t *claims = NULL;
    char *text = malloc(size + 1);
    if (!text || sodium_init() < 0) return 0;
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    FUZZ_CHECK(keys.count ||
               keys_parse(pem, sizeof pem - 1, TOKEN_ES256, "", &keys, wrong) == MUSTER_OK);
    if (token_peek(text, &peek) == MUSTER_OK) {
        FUZZ_CHECK(memchr(peek.kid, 0, sizeof peek.kid));
        FUZZ_CHECK(memchr(peek.issuer, 0, sizeof peek.issuer));
    }
    FUZZ_CHECK(token_verify(text, &keys.items[0], &policy, 1700000000, &claims, &why) != MUSTER_OK);
    FUZZ_CHECK(why);
    free(text);
    return 0;
}
