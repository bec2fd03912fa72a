/* saved - lobbies that stand, and lobbies as bytes, on their way to another node. */
#include <stdlib.h>

#include "service_lobbies.h"

/* Who waits for what the host does in the next turn. */
struct asked {
    const struct service *service;
    muster_request_id request;
};

/* Null: it is answered. */
static struct asked *keep(const struct service *service, muster_request_id request) {
    struct asked *asked = malloc(sizeof *asked);
    if (asked)
        *asked = (struct asked){service, request};
    else
        refuse(service, request, MUSTER_NO_MEMORY, "");
    return asked;
}

/* ---- POST /v1/admin/lobbies/ID/freeze, /thaw ------------------------------------------------- */

void saved_freeze(const struct service *service, const struct muster_http_request *request,
                  const struct muster_lobby_info *lobby) {
    answer_done(service, request->id, service->host->lobby->freeze(service->self, lobby->lobby));
}

void saved_thaw(const struct service *service, const struct muster_http_request *request,
                const struct muster_lobby_info *lobby) {
    answer_done(service, request->id, service->host->lobby->thaw(service->self, lobby->lobby));
}

/* ---- GET /v1/admin/lobbies/ID/state ---------------------------------------------------------- */

static void saved(void *user, muster_status status, struct muster_bytes state, const char *reason) {
    static const struct muster_http_header fresh = {"cache-control", "no-store"};
    struct asked *asked = user;
    const struct service *service = asked->service;
    const struct muster_http_response response = {.size = sizeof response,
                                                  .status = 200,
                                                  .content_type = "application/octet-stream",
                                                  .body = state,
                                                  .headers = &fresh,
                                                  .header_count = 1};
    if (status == MUSTER_LIMIT) status = MUSTER_STATE; /* of the lobby: the node is not full */
    if (status)
        refuse(service, asked->request, status, reason);
    else
        (void)service->host->http->respond(service->self, asked->request, &response);
    free(asked);
}

void saved_get(const struct service *service, const struct muster_http_request *request,
               const struct muster_lobby_info *lobby) {
    struct asked *asked = keep(service, request->id);
    if (!asked) return;
    muster_status status = service->host->lobby->save(service->self, lobby->lobby, saved, asked);
    if (status == MUSTER_OK) return;
    refuse(service, request->id, status, "");
    free(asked);
}

/* ---- POST /v1/admin/lobbies/state ------------------------------------------------------------ */

/* What is wrong with the bytes, or with this node for them, is said in one way. */
static muster_status refusal_of(muster_status status) {
    switch (status) {
    case MUSTER_NOT_FOUND:
    case MUSTER_CONFLICT:
    case MUSTER_LIMIT: return MUSTER_INVALID;
    case MUSTER_FULL: return MUSTER_LIMIT; /* the node is, not the lobby */
    default: return status;
    }
}

static void loaded(void *user, muster_status status, muster_lobby_id id, const char *reason) {
    struct asked *asked = user;
    const struct service *service = asked->service;
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    if (status)
        refuse(service, asked->request, refusal_of(status), reason);
    else if ((status = service->host->lobby->get(service->self, id, &lobby)))
        refuse(service, asked->request, status, "");
    else
        answer_lobby(service, asked->request, 201, &lobby, json_array());
    free(asked);
}

void saved_post(void *user, const struct muster_http_request *request) {
    const struct service *service = user;
    struct asked *asked = keep(service, request->id);
    if (!asked) return;
    muster_status status = service->host->lobby->load(service->self, request->body, loaded, asked);
    if (status == MUSTER_OK) return;
    refuse(service, request->id, refusal_of(status), "");
    free(asked);
}
