/* net_header - headers of a request by their names.
 *
 * libwebsockets keeps a request's head until it is answered; what somebody asks for is copied from
 * there once. Called through net.h by whoever has a request, and by net_http.
 */
#include "net_internal.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64

/* libwebsockets has numbers for the names that it knows, with a colon behind them; others it finds
 * by their name. */
static int token_of(const char *name_and_colon) {
    for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
        const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)i);
        if (known && strcmp(known, name_and_colon) == 0) return i;
    }
    return -1;
}

static int value_length(struct lws *wsi, const char *name_and_colon, int token) {
    return token < 0 ? lws_hdr_custom_length(wsi, name_and_colon, (int)strlen(name_and_colon))
                     : lws_hdr_total_length(wsi, (enum lws_token_indexes)token);
}

static int value_copy(struct lws *wsi, const char *name_and_colon, int token, char *out, int cap) {
    return token < 0
               ? lws_hdr_custom_copy(wsi, out, cap, name_and_colon, (int)strlen(name_and_colon))
               : lws_hdr_copy(wsi, out, cap, (enum lws_token_indexes)token);
}

static const char *keep(struct exchange *exchange, struct lws *wsi, const char *name) {
    char with_colon[NAME_MAX_BYTES + 2];
    size_t name_size = strlen(name) + 1;
    memcpy(with_colon, name, name_size);
    strcat(with_colon, ":");
    int token = token_of(with_colon);
    int len = value_length(wsi, with_colon, token);
    if (len <= 0) return NULL;
    struct net_header *header = malloc(sizeof *header + name_size + (size_t)len + 2);
    if (!header) return NULL;
    char *value = memcpy(header->text, name, name_size);
    value += name_size;
    if (value_copy(wsi, with_colon, token, value, len + 2) < 0) value[0] = '\0';
    header->value = value;
    header->next = exchange->headers;
    exchange->headers = header;
    return value;
}

const char *net_header_read(struct exchange *exchange, struct lws *wsi, const char *name) {
    for (const struct net_header *header = exchange->headers; header; header = header->next)
        if (strcmp(header->text, name) == 0) return header->value;
    bool fits = *name && strlen(name) <= NAME_MAX_BYTES && !strchr(name, ':');
    return fits ? keep(exchange, wsi, name) : NULL;
}

const char *net_http_header(muster_request_id id, const char *name) {
    struct exchange *exchange = slots_find(&net_state.exchanges, id.value);
    const struct conn *conn = exchange ? slots_find(&net_state.conns, exchange->conn) : NULL;
    bool readable = conn && conn->wsi && !conn->dead && !exchange->answered;
    const char *value = readable ? net_header_read(exchange, conn->wsi, name) : NULL;
    return value ? value : "";
}
