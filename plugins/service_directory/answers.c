/* answers - what who has asked is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_directory.h"

/* NOT_FOUND of the host, here and below: the client has gone. */
void refuse(const struct directory *directory, muster_request_id request, uint32_t http,
            const char *code, const char *why) {
    (void)directory->host->http->problem(directory->self, request, http, code, why);
}

/* json: taken. */
static void respond(const struct directory *directory, muster_request_id request, uint32_t http,
                    const char *type, json_t *json, const struct muster_http_header *headers,
                    uint32_t header_count) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    const struct muster_http_response response = {.size = sizeof response,
                                                  .status = http,
                                                  .content_type = type,
                                                  .body = {text, text ? strlen(text) : 0},
                                                  .headers = headers,
                                                  .header_count = header_count};
    if (text)
        (void)directory->host->http->respond(directory->self, request, &response);
    else
        refuse(directory, request, 503, "unavailable", "out of memory");
    free(text);
}

void answer(const struct directory *directory, muster_request_id request, uint32_t http,
            json_t *json) {
    static const struct muster_http_header fresh = {"cache-control", "no-store"};
    respond(directory, request, http, "application/json", json, &fresh, 1);
}

void refuse_limit(const struct directory *directory, muster_request_id request,
                  const struct bucket *bucket, uint32_t per_minute) {
    char policy[64], left[64], wait[16];
    uint32_t wait_s = bucket_wait_s(bucket, per_minute);
    snprintf(policy, sizeof policy, "\"key\";q=%u;w=60", per_minute);
    snprintf(left, sizeof left, "\"key\";r=0;t=%u", wait_s);
    snprintf(wait, sizeof wait, "%u", wait_s);
    const struct muster_http_header headers[] = {
        {"retry-after", wait}, {"ratelimit-policy", policy}, {"ratelimit", left}};
    json_t *problem =
        json_pack("{s:s,s:s,s:i,s:s,s:s,s:i}", "type", "about:blank", "title", "Too Many Requests",
                  "status", 429, "detail", "too many requests of this kind", "code", "rate_limited",
                  "retryAfterMs", (int)wait_s * 1000);
    respond(directory, request, 429, "application/problem+json", problem, headers, 3);
}

void answer_empty(const struct directory *directory, muster_request_id request) {
    const struct muster_http_response done = {.size = sizeof done, .status = 204};
    (void)directory->host->http->respond(directory->self, request, &done);
}

void refuse_method(const struct directory *directory, muster_request_id request,
                   const char *allowed) {
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
    (void)directory->host->http->respond(directory->self, request, &response);
}

bool answer_within(const struct directory *directory, muster_request_id request,
                   struct bucket *bucket, uint32_t per_minute) {
    if (bucket_take(bucket, per_minute, directory->host->loop->now_ms(directory->self)))
        return true;
    refuse_limit(directory, request, bucket, per_minute);
    return false;
}

json_t *answer_body(const struct directory *directory, const struct muster_http_request *request) {
    json_error_t error;
    char why[WHY_MAX];
    json_t *body =
        json_loadb(request->body.data, request->body.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(body)) return body;
    snprintf(why, sizeof why, "expected a JSON object%s%.160s", body ? "" : ": ",
             body ? "" : error.text);
    json_decref(body);
    refuse(directory, request->id, 400, "invalid_params", why);
    return NULL;
}
