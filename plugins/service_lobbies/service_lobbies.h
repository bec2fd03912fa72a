/* service_lobbies - what the files of the plugin share. Loop thread. */
#ifndef SERVICE_LOBBIES_H
#define SERVICE_LOBBIES_H

#include <jansson.h>
#include <muster/host.h>

struct service {
    muster_self *self;
    const struct muster_host *host;
    muster_interface_id seat_tickets;
    uint32_t hold_ms;
};

/* answers.c. why: a sentence, or "": the status's own. */
void refuse(const struct service *service, muster_request_id request, muster_status status,
            const char *why);
void refuse_method(const struct service *service, muster_request_id request, const char *allowed);
/* json: taken. */
void answer(const struct service *service, muster_request_id request, uint32_t http, json_t *json);
/* seats: taken. */
void answer_lobby(const struct service *service, muster_request_id request, uint32_t http,
                  const struct muster_lobby_info *lobby, json_t *seats);
/* 204, or why not. */
void answer_done(const struct service *service, muster_request_id request, muster_status status);

/* saved.c */
void saved_freeze(const struct service *service, const struct muster_http_request *request,
                  const struct muster_lobby_info *lobby);
void saved_thaw(const struct service *service, const struct muster_http_request *request,
                const struct muster_lobby_info *lobby);
void saved_get(const struct service *service, const struct muster_http_request *request,
               const struct muster_lobby_info *lobby);
/* user: the service. */
void saved_post(void *user, const struct muster_http_request *request);

#endif
