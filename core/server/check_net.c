/* check_net - addresses, origins and times of the section net that no connection could come by. */
#include <string.h>

#include "address.h"
#include "check.h"
#include "config.h"
#include "net_url.h"

static void check_address(const char *key, const char *address, char *error) {
    uint8_t bytes[ADDRESS_BYTES];
    if (!address_bytes(address, bytes))
        config_fail(error,
                    "%s: expected an IP address of this machine, or 0.0.0.0 or ::, found \"%s\"",
                    config_place("net", key), address);
}

/* scheme://host[:port] as browsers send it, "null" of a page without one, or "*". */
static bool is_origin(const char *text) {
    struct net_url url;
    const char *authority = strstr(text, "://");
    if (strcmp(text, "*") == 0 || strcmp(text, "null") == 0) return true;
    return authority && !strpbrk(authority + 3, "/?#") && !net_url_parse(text, "http", &url);
}

static void check_origins(char *error) {
    for (uint32_t i = 0; i < config_core->net.allowed_origins.count; i++) {
        const char *item = config_core->net.allowed_origins.items[i];
        if (!is_origin(item))
            config_fail(
                error,
                "%s: expected an origin like https://play.example.org, without a path, or *, "
                "found \"%s\"",
                config_place("net", "allowedOrigins"), item);
    }
}

static void check_proxies(char *error) {
    struct address_prefix range;
    for (uint32_t i = 0; i < config_core->net.trusted_proxies.count; i++) {
        const char *item = config_core->net.trusted_proxies.items[i];
        if (address_prefix_read(item, &range)) continue;
        config_fail(error,
                    "%s: expected ADDRESS or ADDRESS/BITS with 1 bit at least, found \"%.120s\"",
                    config_place("net", "trustedProxies"), item);
    }
}

static void check_public_url(char *error) {
    struct net_url url;
    const char *text = config_core->net.public_url;
    if (text[0] && net_url_parse(text, "ws", &url))
        config_fail(error, "%s: expected a URL like wss://play.example.org/ws, found \"%s\"",
                    config_place("net", "publicUrl"), text);
}

static void check_silence(char *error) {
    long long ping = config_core->net.idle_ping_s, hangup = config_core->net.idle_hangup_s;
    if (hangup <= ping)
        config_fail(
            error,
            "%s: expected more than net.idlePingS, %lld s, or nobody could answer the ping, "
            "found %lld s",
            config_place("net", "idleHangupS"), ping, hangup);
}

muster_status check_net(char *error) {
    size_t before = strlen(error);
    check_address("address", config_core->net.address, error);
    check_address("adminAddress", config_core->net.admin_address, error);
    check_origins(error);
    check_proxies(error);
    check_public_url(error);
    check_silence(error);
    return strlen(error) > before ? MUSTER_INVALID : MUSTER_OK;
}
