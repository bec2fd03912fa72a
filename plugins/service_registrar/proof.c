/* proof - the path at which the directory asks whether this node is where it says it is. */
#include <stdio.h>
#include <string.h>

#include "service_registrar.h"

static uint32_t on_open(void *user, muster_ws_id ws, const struct muster_http_request *request) {
    const struct registrar *registrar = user;
    (void)ws, (void)request;
    return registrar->server_id[0] ? 0 : 503;
}

static bool is_nonce(const char *text) {
    return text && strlen(text) == DIRECTORY_HEX_MAX - 1 &&
           strspn(text, "0123456789abcdef") == DIRECTORY_HEX_MAX - 1;
}

static void on_message(void *user, muster_ws_id ws, uint32_t binary, struct muster_bytes data) {
    const struct registrar *registrar = user;
    char proof[DIRECTORY_HEX_MAX], text[DIRECTORY_HEX_MAX + 16];
    json_t *said = binary ? NULL : json_loadb(data.data, data.len, JSON_REJECT_DUPLICATES, NULL);
    const char *nonce = json_string_value(json_object_get(said, "nonce"));
    if (registrar->server_id[0] && is_nonce(nonce)) {
        directory_proof(registrar->secret, nonce, registrar->server_id, registrar->place.address,
                        registrar->place.port, proof);
        int len = snprintf(text, sizeof text, "{\"proof\":\"%s\"}", proof);
        (void)registrar->host->ws->send(registrar->self, ws, 0,
                                        (struct muster_bytes){text, (uint64_t)len});
    }
    json_decref(said);
    (void)registrar->host->ws->close(registrar->self, ws, 1000);
}

static void on_close(void *user, muster_ws_id ws, muster_status status, uint32_t code) {
    (void)user, (void)ws, (void)status, (void)code;
}

muster_status proof_serve(struct registrar *registrar) {
    const struct muster_ws_server server = {.size = sizeof server,
                                            .path = DIRECTORY_PROOF_PATH,
                                            .subprotocol = DIRECTORY_SUBPROTOCOL,
                                            .open = on_open,
                                            .message = on_message,
                                            .close = on_close};
    return registrar->host->ws->serve(registrar->self, &server, registrar);
}
