/* place - where this node is reached, and whether a directory may be sent a key. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_registrar.h"

#define EXPECTED "net.publicUrl: expected ws://HOST:PORT/ws or wss://HOST/ws, found \"%.120s\""

static bool read_port(const char *text, const char *end, uint32_t *out) {
    char *stop;
    if (!isdigit((unsigned char)*text)) return false;
    unsigned long port = strtoul(text, &stop, 10);
    *out = (uint32_t)port;
    return stop == end && port > 0 && port <= UINT16_MAX;
}

/* HOST, HOST:PORT or [ADDRESS]:PORT. */
static bool read_authority(const char *text, size_t len, struct place *out) {
    const char *end = text + len, *host = text, *host_end = end;
    if (*text == '[') {
        host++;
        host_end = memchr(host, ']', len - 1);
        if (!host_end) return false;
        text = host_end + 1;
    } else {
        host_end = memchr(text, ':', len);
        if (!host_end) host_end = end;
        text = host_end;
    }
    size_t host_len = (size_t)(host_end - host);
    if (host_len == 0 || host_len >= sizeof out->address) return false;
    for (size_t i = 0; i < host_len; i++) out->address[i] = (char)tolower((unsigned char)host[i]);
    out->address[host_len] = '\0';
    return text == end || (*text == ':' && read_port(text + 1, end, &out->port));
}

bool place_parse(const char *public_url, struct place *out, char why[WHY_MAX]) {
    *out = (struct place){.tls = strncmp(public_url, "wss://", 6) == 0};
    out->port = out->tls ? 443 : 80;
    const char *at = out->tls                               ? public_url + 6
                     : strncmp(public_url, "ws://", 5) == 0 ? public_url + 5
                                                            : NULL;
    size_t len = at ? strcspn(at, "/?#@") : 0;
    if (len > 0 && strcmp(at + len, "/ws") == 0 && read_authority(at, len, out)) return true;
    snprintf(why, WHY_MAX, EXPECTED, public_url);
    return false;
}

bool place_is_safe(const char *directory_url) {
    static const char *const here[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    if (strncmp(directory_url, "https://", 8) == 0) return directory_url[8] != '\0';
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        size_t len = strlen(here[i]);
        if (strncmp(directory_url, here[i], len) != 0) continue;
        if (!directory_url[len] || directory_url[len] == ':') return true;
    }
    return false;
}
