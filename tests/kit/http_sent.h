/* http_sent.h - what net would send, and the headers it would have. Included by one file of a
 * program, which the linker gives --wrap=net_http_respond and --wrap=net_http_header. */
#ifndef HTTP_SENT_H
#define HTTP_SENT_H

#include <muster/plugin.h>

#include <stdio.h>
#include <string.h>

static struct {
    uint32_t count;
    muster_request_id id;
    uint32_t status;
    char type[64];
    char headers[1024]; /* "name: value\n" */
    char body[4096];
    size_t body_len;
} sent;

muster_status __wrap_net_http_respond(muster_request_id id,
                                      const struct muster_http_response *response);

muster_status __wrap_net_http_respond(muster_request_id id,
                                      const struct muster_http_response *response) {
    memset(sent.headers, 0, sizeof sent.headers);
    sent.count++;
    sent.id = id;
    sent.status = response->status;
    snprintf(sent.type, sizeof sent.type, "%s",
             response->content_type ? response->content_type : "");
    for (uint32_t i = 0; i < response->header_count; i++) {
        size_t used = strlen(sent.headers);
        snprintf(sent.headers + used, sizeof sent.headers - used, "%s: %s\n",
                 response->headers[i].name, response->headers[i].value);
    }
    sent.body_len = response->body.len < sizeof sent.body ? response->body.len : 0;
    if (sent.body_len) memcpy(sent.body, response->body.data, sent.body_len);
    sent.body[sent.body_len] = '\0';
    return MUSTER_OK;
}

/* Of all requests from now on; null: none any more. */
static struct muster_http_header asked_with[4];

static inline void ask_with(const char *name, const char *value) {
    size_t at = 0;
    if (!name) memset(asked_with, 0, sizeof asked_with);
    if (!name) return;
    while (asked_with[at].name && strcmp(asked_with[at].name, name) != 0) at++;
    asked_with[at] = (struct muster_http_header){name, value};
}

const char *__wrap_net_http_header(muster_request_id id, const char *name);

const char *__wrap_net_http_header(muster_request_id id, const char *name) {
    (void)id;
    for (size_t i = 0; i < sizeof asked_with / sizeof asked_with[0] && asked_with[i].name; i++)
        if (strcmp(asked_with[i].name, name) == 0) return asked_with[i].value;
    return "";
}

#endif
