/* answers - what who has asked is told. */
#include <stdio.h>

#include "answers/answers.h"
#include "service_directory.h"

/* NOT_FOUND of the host, here and below: the client has gone. */
void refuse(const struct directory *directory, muster_request_id request, uint32_t http,
            const char *code, const char *why) {
    (void)directory->host->http->problem(directory->self, request, http, code, why);
}

void answer(const struct directory *directory, muster_request_id request, uint32_t http,
            json_t *json) {
    if (!answers_json(directory->self, directory->host, request, http, json))
        refuse(directory, request, 503, "unavailable", "out of memory");
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
    const struct muster_http_response response = {.status = 429,
                                                  .content_type = "application/problem+json",
                                                  .headers = headers,
                                                  .header_count = 3};
    if (!answers_send(directory->self, directory->host, request, response, problem))
        refuse(directory, request, 503, "unavailable", "out of memory");
}

void answer_empty(const struct directory *directory, muster_request_id request) {
    const struct muster_http_response done = {.size = sizeof done, .status = 204};
    (void)directory->host->http->respond(directory->self, request, &done);
}

void refuse_method(const struct directory *directory, muster_request_id request,
                   const char *allowed) {
    answers_bad_method(directory->self, directory->host, request, allowed);
}

bool answer_within(const struct directory *directory, muster_request_id request,
                   struct bucket *bucket, uint32_t per_minute) {
    if (bucket_take(bucket, per_minute, directory->host->loop->now_ms(directory->self)))
        return true;
    refuse_limit(directory, request, bucket, per_minute);
    return false;
}

json_t *answer_body(const struct directory *directory, const struct muster_http_request *request) {
    char why[WHY_MAX];
    json_t *body = answers_body(request, why, sizeof why);
    if (!body) refuse(directory, request->id, 400, "invalid_params", why);
    return body;
}
