/* answers - see answers.h. */
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool answers_send(muster_self *self, const struct muster_host *host, muster_request_id request,
                  struct muster_http_response response, json_t *json) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text) return false;
    response.size = sizeof response;
    response.body = (struct muster_bytes){text, strlen(text)};
    (void)host->http->respond(self, request, &response);
    free(text);
    return true;
}

bool answers_json(muster_self *self, const struct muster_host *host, muster_request_id request,
                  uint32_t http, json_t *json) {
    static const struct muster_http_header fresh = {"cache-control", "no-store"};
    return answers_send(self, host, request,
                        (struct muster_http_response){.status = http,
                                                      .content_type = "application/json",
                                                      .headers = &fresh,
                                                      .header_count = 1},
                        json);
}

void answers_bad_method(muster_self *self, const struct muster_host *host,
                        muster_request_id request, const char *allowed) {
    static const char body[] = "{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\","
                               "\"status\":405,\"detail\":\"the path does not take this method\","
                               "\"code\":\"method_not_allowed\"}";
    const struct muster_http_header allow = {"allow", allowed};
    const struct muster_http_response response = {.size = sizeof response,
                                                  .status = 405,
                                                  .content_type = "application/problem+json",
                                                  .body = {body, sizeof body - 1},
                                                  .headers = &allow,
                                                  .header_count = 1};
    (void)host->http->respond(self, request, &response);
}

json_t *answers_body(const struct muster_http_request *request, char *why, size_t cap) {
    json_error_t error;
    json_t *body =
        json_loadb(request->body.data, request->body.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(body)) return body;
    snprintf(why, cap, "expected a JSON object%s%.160s", body ? "" : ": ", body ? "" : error.text);
    json_decref(body);
    return NULL;
}
