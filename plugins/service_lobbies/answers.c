/* answers - what who has asked is told. */
#include "answers/answers.h"
#include "service_lobbies.h"

static const struct refusal {
    muster_status status;
    uint32_t http;
    const char *code;
} refusals[] = {
    {MUSTER_INVALID, 400, "invalid_params"},    {MUSTER_DENIED, 403, "denied"},
    {MUSTER_NOT_FOUND, 404, "not_found"},       {MUSTER_FULL, 409, "lobby_full"},
    {MUSTER_CONFLICT, 409, "already_in_lobby"}, {MUSTER_STATE, 409, "wrong_state"},
    {MUSTER_EXISTS, 409, "lobby_exists"},       {MUSTER_LIMIT, 503, "server_full"},
    {MUSTER_UNAVAILABLE, 503, "unavailable"},   {MUSTER_CLOSED, 503, "unavailable"},
    {MUSTER_OK, 500, "internal_error"}, /* all others */
};

/* NOT_FOUND of the host, here and below: the client has gone. */
void refuse(const struct service *service, muster_request_id request, muster_status status,
            const char *why) {
    const struct refusal *refusal = refusals;
    while (refusal->status && refusal->status != status) refusal++;
    (void)service->host->http->problem(service->self, request, refusal->http, refusal->code,
                                       why[0] ? why : muster_status_text(status));
}

void answer(const struct service *service, muster_request_id request, uint32_t http, json_t *json) {
    if (!answers_json(service->self, service->host, request, http, json))
        refuse(service, request, MUSTER_NO_MEMORY, "");
}

void refuse_method(const struct service *service, muster_request_id request, const char *allowed) {
    answers_bad_method(service->self, service->host, request, allowed);
}

void answer_lobby(const struct service *service, muster_request_id request, uint32_t http,
                  const struct muster_lobby_info *lobby, json_t *seats) {
    answer(service, request, http,
           json_pack("{s:s,s:I,s:s,s:s,s:i,s:o}", "lobbyId", lobby->lobby_key, "epoch",
                     (json_int_t)lobby->epoch, "gameMode", lobby->game_mode, "region",
                     lobby->region, "maxPlayers", (int)lobby->players_max, "seats", seats));
}

void answer_done(const struct service *service, muster_request_id request, muster_status status) {
    const struct muster_http_response done = {.size = sizeof done, .status = 204};
    if (status)
        refuse(service, request, status, "");
    else
        (void)service->host->http->respond(service->self, request, &done);
}
