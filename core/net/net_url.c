/* net_url - takes apart the URLs that plugins and configuration hand to the clients. */
#include "net_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_plain(const char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text <= 0x20 || *text == 0x7f) return false;
    }
    return true;
}

static const char *scheme_skip(const char *text, const char *scheme, struct net_url *out) {
    size_t len = strlen(scheme);
    if (strncasecmp(text, scheme, len) != 0) return NULL;
    text += len;
    out->tls = *text == 's' || *text == 'S';
    if (out->tls) text++;
    return strncmp(text, "://", 3) == 0 ? text + 3 : NULL;
}

static muster_status port_parse(const char *text, const char *end, struct net_url *out) {
    out->port = out->tls ? 443 : 80;
    if (text == end) return MUSTER_OK;
    if (*text != ':' || text[1] < '0' || text[1] > '9') return MUSTER_INVALID;
    char *last = NULL;
    unsigned long port = strtoul(text + 1, &last, 10);
    if (last != end || port == 0 || port > UINT16_MAX) return MUSTER_INVALID;
    out->port = (uint16_t)port;
    return MUSTER_OK;
}

static muster_status host_parse(const char *text, const char *end, struct net_url *out) {
    bool bracketed = *text == '[';
    const char *host = text + bracketed;
    const char *host_end = bracketed ? memchr(host, ']', (size_t)(end - host))
                                     : memchr(host, ':', (size_t)(end - host));
    if (bracketed && !host_end) return MUSTER_INVALID;
    if (!host_end) host_end = end;
    size_t len = (size_t)(host_end - host);
    if (len == 0) return MUSTER_INVALID;
    if (len >= sizeof out->host) return MUSTER_LIMIT;
    memcpy(out->host, host, len);
    muster_status status = port_parse(host_end + bracketed, end, out);
    if (status != MUSTER_OK) return status;
    bool usual = out->port == (out->tls ? 443 : 80);
    int written = snprintf(out->authority, sizeof out->authority, "%s%s%s", bracketed ? "[" : "",
                           out->host, bracketed ? "]" : "");
    if (!usual && written > 0 && (size_t)written < sizeof out->authority) {
        snprintf(out->authority + written, sizeof out->authority - (size_t)written, ":%u",
                 (unsigned)out->port);
    }
    return MUSTER_OK;
}

muster_status net_url_parse(const char *text, const char *scheme, struct net_url *out) {
    *out = (struct net_url){0};
    if (!text || !is_plain(text)) return MUSTER_INVALID;
    const char *authority = scheme_skip(text, scheme, out);
    if (!authority) return MUSTER_INVALID;
    const char *end = authority + strcspn(authority, "/?#");
    if (memchr(authority, '@', (size_t)(end - authority))) return MUSTER_INVALID;
    muster_status status = host_parse(authority, end, out);
    if (status != MUSTER_OK) return status;
    size_t len = strcspn(end, "#");
    if (len + 2 > sizeof out->path) return MUSTER_LIMIT;
    snprintf(out->path, sizeof out->path, "%s%.*s", *end == '/' ? "" : "/", (int)len, end);
    return MUSTER_OK;
}
