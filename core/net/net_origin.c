/* net_origin - which web page a request comes from, and whether it may.
 *
 * A browser names the page's origin in each WebSocket handshake and each request that changes
 * something; other clients name none. Called by net_http and net_ws.
 */
#include "net_internal.h"

#include <string.h>
#include <strings.h>

#include "config.h"

/* The authority of an origin without its scheme's usual port; null: an origin has another form. */
static const char *authority_of(const char *origin, size_t *len) {
    const char *at = strstr(origin, "://");
    if (!at) return NULL;
    bool secure = strncasecmp(origin, "https://", 8) == 0;
    const char *port = secure ? ":443" : ":80";
    at += 3;
    *len = strlen(at);
    if (*len > strlen(port) && strcasecmp(at + *len - strlen(port), port) == 0)
        *len -= strlen(port);
    return at;
}

/* The page's scheme is not compared: a proxy in front may have taken TLS off. */
static bool is_of_host(const char *origin, const char *host) {
    size_t len = 0;
    const char *authority = authority_of(origin, &len);
    if (!authority || len == 0 || strncasecmp(authority, host, len) != 0) return false;
    const char *rest = host + len;
    return *rest == '\0' || strcmp(rest, ":80") == 0 || strcmp(rest, ":443") == 0;
}

static bool is_listed(const char *origin) {
    for (uint32_t i = 0; i < config_core->net.allowed_origins.count; i++) {
        const char *item = config_core->net.allowed_origins.items[i];
        if (strcmp(item, "*") == 0 || strcasecmp(item, origin) == 0) return true;
    }
    return false;
}

enum net_origin net_origin_judge(const char *origin, const char *host) {
    if (origin[0] == '\0') return NET_ORIGIN_NONE;
    if (is_of_host(origin, host)) return NET_ORIGIN_SAME;
    return is_listed(origin) ? NET_ORIGIN_LISTED : NET_ORIGIN_FOREIGN;
}

const char *net_origin_refusal(bool admin) {
    return admin ? "pages of other origins never reach the admin address, whatever "
                   "net.allowedOrigins says"
                 : "pages of this origin are not on the list net.allowedOrigins";
}

enum net_origin net_origin_of(const struct conn *conn) {
    struct lws *wsi = conn->wsi;
    char origin[NET_ORIGIN_MAX];
    char host[NET_ORIGIN_MAX];
    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) <= 0) return NET_ORIGIN_NONE;
    bool whole = lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN) > 0 &&
                 lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST) >= 0;
    enum net_origin judged = whole ? net_origin_judge(origin, host) : NET_ORIGIN_FOREIGN;
    return conn->admin && judged == NET_ORIGIN_LISTED ? NET_ORIGIN_FOREIGN : judged;
}
