/* answers - JSON over HTTP, as services with routes of their own read and write it. Linked into
 * service_directory and service_lobbies. Loop thread. That a client has gone is no error here.
 */
#ifndef ANSWERS_ANSWERS_H
#define ANSWERS_ANSWERS_H

#include <jansson.h>
#include <muster/host.h>
#include <stdbool.h>

/* As the response says, with json, which is taken, for its body. False: out of memory, and the
 * request is still to be answered. */
bool answers_send(muster_self *self, const struct muster_host *host, muster_request_id request,
                  struct muster_http_response response, json_t *json);
/* The same as application/json that nobody keeps. */
bool answers_json(muster_self *self, const struct muster_host *host, muster_request_id request,
                  uint32_t http, json_t *json);
/* 405; allowed: "GET, HEAD". */
void answers_bad_method(muster_self *self, const struct muster_host *host,
                        muster_request_id request, const char *allowed);
/* The object that is the request's body, to be released. Null: it is none, and `why` a sentence. */
json_t *answers_body(const struct muster_http_request *request, char *why, size_t cap);

#endif
