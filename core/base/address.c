#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool address_is_mapped(const uint8_t bytes[ADDRESS_BYTES]) {
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(bytes, prefix, sizeof prefix) == 0;
}

bool address_bytes(const char *text, uint8_t out[ADDRESS_BYTES]) {
    memset(out, 0, ADDRESS_BYTES);
    if (inet_pton(AF_INET, text, out + 12) == 1) {
        out[10] = out[11] = 0xff;
        return true;
    }
    return inet_pton(AF_INET6, text, out) == 1;
}

bool address_party(const char *text, uint8_t out[ADDRESS_BYTES]) {
    if (!address_bytes(text, out)) return false;
    if (!address_is_mapped(out)) memset(out + 8, 0, 8);
    return true;
}

void address_text(const uint8_t bytes[ADDRESS_BYTES], char out[ADDRESS_TEXT_MAX]) {
    if (address_is_mapped(bytes))
        inet_ntop(AF_INET, bytes + 12, out, ADDRESS_TEXT_MAX);
    else
        inet_ntop(AF_INET6, bytes, out, ADDRESS_TEXT_MAX);
}

/* ---- ranges ---- */

static bool is_v4(const struct address_prefix *prefix) {
    return prefix->bits >= 96 && address_is_mapped(prefix->bytes);
}

static bool read_bits(const char *text, uint32_t max, uint32_t *out) {
    size_t len = strlen(text);
    if (len < 1 || len > 3 || strspn(text, "0123456789") != len) return false;
    *out = (uint32_t)strtoul(text, NULL, 10);
    return *out >= 1 && *out <= max;
}

static void clear_behind(struct address_prefix *prefix) {
    for (uint32_t i = 0; i < ADDRESS_BYTES; i++) {
        uint32_t kept = prefix->bits > i * 8 ? prefix->bits - i * 8 : 0;
        if (kept < 8) prefix->bytes[i] &= (uint8_t)(0xFF00u >> kept);
    }
}

void address_prefix_cut(struct address_prefix *prefix, uint32_t bits) {
    prefix->bits = bits;
    clear_behind(prefix);
}

bool address_prefix_read(const char *text, struct address_prefix *out) {
    char address[ADDRESS_TEXT_MAX];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    *out = (struct address_prefix){.bits = 128};
    if (len >= sizeof address) return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (!address_bytes(address, out->bytes)) return false;
    bool dotted = !strchr(address, ':');
    if (slash && !read_bits(slash + 1, dotted ? 32 : 128, &out->bits)) return false;
    if (slash && dotted) out->bits += 96;
    clear_behind(out);
    return true;
}

bool address_in(const char *text, const struct address_prefix *prefix) {
    struct address_prefix own = {.bits = prefix->bits};
    if (!prefix->bits || !address_bytes(text, own.bytes)) return false;
    if (address_is_mapped(own.bytes) != is_v4(prefix)) return false;
    clear_behind(&own);
    return memcmp(own.bytes, prefix->bytes, ADDRESS_BYTES) == 0;
}

void address_prefix_text(const struct address_prefix *prefix, char out[ADDRESS_PREFIX_TEXT_MAX]) {
    char address[ADDRESS_TEXT_MAX];
    address_text(prefix->bytes, address);
    if (prefix->bits == 128)
        snprintf(out, ADDRESS_PREFIX_TEXT_MAX, "%s", address);
    else
        snprintf(out, ADDRESS_PREFIX_TEXT_MAX, "%s/%u", address,
                 is_v4(prefix) ? prefix->bits - 96 : prefix->bits);
}

/* ---- public or not ---- */

/* An IPv4 address that is mapped counts as itself. What translates or tunnels to IPv4
 * (64:ff9b::/96, 2002::/16, 2001::/32) is left out with the ranges that are set aside. */
bool address_is_public(const char *text) {
    static const char *const reserved[] = {
        "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",    "2001::/23",
        "2001:db8::/32", "2002::/16",       "3fff::/20",
    };
    struct address_prefix global, range;
    uint8_t bytes[ADDRESS_BYTES];
    if (!address_prefix_read("2000::/3", &global) || !address_bytes(text, bytes)) return false;
    if (!address_is_mapped(bytes) && !address_in(text, &global)) return false;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (!address_prefix_read(reserved[i], &range) || address_in(text, &range)) return false;
    return true;
}
