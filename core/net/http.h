/* http - the route table, problem answers, and the deadline of answers. Loop thread. */
#ifndef HTTP_H
#define HTTP_H

#include <jansson.h>

#include "net.h"

/* Forgets routes, waiting requests and limits. */
void http_deinit(void);

/* owner: who added the route (a plugin), or null for core's. Exact paths win over prefixes, longer
 * prefixes over shorter. HEAD is answered by GET's route without the body. */
muster_status http_route_add(const void *owner, const struct muster_route *route, muster_http_fn fn,
                             void *user, muster_route_id *out) MUSTER_MUST_USE;
muster_status http_route_remove(const void *owner, muster_route_id id);

/* Called around a handler that belongs to an owner; set by the layer above (watchdog, pins). */
void http_set_call_guard(void (*enter)(const void *owner), void (*leave)(const void *owner));

/* net_handlers.http_body_max, http_request and http_closed point here. 404 and 405 are answered by
 * http; a request not answered within http.handlerTimeoutMs gets 504. */
uint32_t http_body_max(const char *method, const char *path, bool admin);
void http_dispatch(const struct net_http_request *request);
void http_closed(muster_request_id id);

/* Asked before a request below /v1/auth/ is worked on: null, or why it is refused, with *data (may
 * be null) as further members of the problem. Set by the layer above. */
typedef const char *(*http_door_fn)(const char *address, const char *path, json_t **data);
void http_set_door(http_door_fn fn);

/* All requests on the public address come from the bucket of strangers of their address (party.h),
 * those below /v1/auth/ also from http.authPerMinute: 429 with Retry-After. What changes something
 * below /v1/ must be JSON, or bytes where the route takes them (415), and not come from the page of
 * a foreign origin (403). OPTIONS of a path is answered to pages of listed origins (CORS). */

muster_status http_respond(muster_request_id id, const struct muster_http_response *response);
/* Does the request present the admin token? Then it is admitted (net_admit). */
bool http_admit(muster_request_id id);

/* An answer piece by piece, as net_stream_begin, _send and _end have it. closed: the client has
 * gone before the end; not called otherwise. */
muster_status http_stream_begin(muster_request_id id, const struct muster_http_response *response,
                                void (*closed)(void *user), void *user) MUSTER_MUST_USE;
muster_status http_stream_send(muster_request_id id, struct muster_bytes piece);
void http_stream_end(muster_request_id id, bool whole);
/* For http alone. */
void http_stream_closed(muster_request_id id);
void http_stream_deinit(void);
/* The request waits for no answer any more: who pays for it (null: nobody), to be released. */
struct party *http_hand_over(muster_request_id id);

/* An answer that is the same for many; zeroed at first. */
struct http_shared {
    char *text;
    uint32_t len;
    uint32_t gzip_len;
    uint8_t *gzip; /* made when it is asked for */
    char etag[36];
};
void http_shared_deinit(struct http_shared *shared);
/* Answers JSON text with a tag, compressed when that is accepted, or with 304. What was made for
 * the same text before is used again. Null text: 500. */
muster_status http_respond_shared(const struct muster_http_request *request,
                                  struct http_shared *shared, const char *text, uint32_t len);
/* Takes json's reference. */
muster_status http_respond_json(muster_request_id id, uint32_t status, json_t *json);
muster_status http_problem(muster_request_id id, uint32_t status, const char *code,
                           const char *detail);

#endif
