/* http_token - who presents the admin token. Part of http.
 *
 * In a header (Authorization: Bearer), or, since a page cannot set headers of a WebSocket's
 * handshake, as one of the subprotocols that it names: "bearer." and the token in base64url.
 * Neither is part of the URL, which proxies and browsers write down.
 */
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "http.h"

#define TOKEN_MAX_BYTES 256
#define SCHEME "Bearer "
#define PREFIX "bearer."

static bool fits(const void *presented, size_t len) {
    const char *token = config_core->admin.token;
    unsigned char held[crypto_generichash_BYTES], given[crypto_generichash_BYTES];
    crypto_generichash(held, sizeof held, (const unsigned char *)token, strlen(token), NULL, 0);
    crypto_generichash(given, sizeof given, presented, len, NULL, 0);
    return token[0] && sodium_memcmp(held, given, sizeof held) == 0;
}

static bool named_fits(const char *name, size_t len) {
    unsigned char token[TOKEN_MAX_BYTES];
    size_t token_len = 0;
    if (len < strlen(PREFIX) || memcmp(name, PREFIX, strlen(PREFIX)) != 0) return false;
    int code = sodium_base642bin(token, sizeof token, name + strlen(PREFIX), len - strlen(PREFIX),
                                 NULL, &token_len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return code == 0 && fits(token, token_len);
}

static bool token_given(muster_request_id id) {
    const char *header = net_http_header(id, "authorization");
    if (strncasecmp(header, SCHEME, strlen(SCHEME)) == 0)
        return fits(header + strlen(SCHEME), strlen(header + strlen(SCHEME)));
    for (const char *at = net_http_header(id, "sec-websocket-protocol"); *at;) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, " \t,");
        if (named_fits(at, len)) return true;
        at += len;
    }
    return false;
}

bool http_admit(muster_request_id id) {
    bool given = token_given(id);
    if (given) net_admit(id);
    return given;
}
