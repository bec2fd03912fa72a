#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "protocol.h"

static void (*told)(const struct session *session);

void client_set_told(void (*fn)(const struct session *session)) {
    told = fn;
}

/* The frame that it is in when deflated; null: it gets no smaller, or there is no memory. */
static const uint8_t *deflated(struct client_text *text) {
    static uint8_t frame[PROTOCOL_INFLATE_MAX];
    uint32_t room = sizeof frame - 2;
    if (text->was_deflated) return text->frame;
    text->was_deflated = true;
    if (text->len < PROTOCOL_DEFLATE_MIN || text->len > PROTOCOL_INFLATE_MAX ||
        protocol_deflate(text->text, text->len, frame + 2, &room) != MUSTER_OK)
        return NULL;
    frame[0] = FRAME_JSON_OUT;
    frame[1] = FRAME_FLAG_DEFLATE;
    text->frame_len = room + 2;
    text->frame = malloc(text->frame_len);
    if (text->frame) memcpy(text->frame, frame, text->frame_len);
    return text->frame;
}

void client_send_shared(struct client *client, struct client_text *text) {
    if (client->closing) return;
    if (client->session && told) told(client->session);
    const uint8_t *frame = client->compress && !client->sink ? deflated(text) : NULL;
    if (client->sink)
        client->sink->text(client, text->text, text->len);
    else if (frame)
        net_send_binary(client->conn, frame, text->frame_len);
    else
        net_send_text(client->conn, text->text, text->len);
}

void client_text_free(struct client_text *text) {
    free(text->frame);
    *text = (struct client_text){.text = NULL};
}

void client_send_text(struct client *client, const char *text, uint32_t len) {
    struct client_text shared = {.text = text, .len = len};
    client_send_shared(client, &shared);
    client_text_free(&shared);
}

enum net_sent client_send_snapshot(struct client *client, uint8_t *data, uint32_t len) {
    return client->sink ? NET_SENT : net_send_snapshot(client->conn, data, len);
}

static void send_json(struct client *client, json_t *value, bool is_plain) {
    struct client_text shared = {.was_deflated = is_plain};
    char *text = client->closing ? NULL : rpc_dump(value, &shared.len);
    shared.text = text;
    if (text) client_send_shared(client, &shared);
    client_text_free(&shared);
    free(text);
    json_decref(value);
}

void client_send(struct client *client, json_t *value) {
    send_json(client, value, false);
}

void client_send_plain(struct client *client, json_t *value) {
    send_json(client, value, true);
}

void client_notify(struct client *client, const char *method, json_t *params) {
    client_send(client, rpc_notification(method, params));
}

void client_close(struct client *client, uint16_t code, const char *reason) {
    if (client->closing) return;
    client->closing = true;
    if (client->sink)
        client->sink->closed(client, code, reason);
    else
        net_close(client->conn, code, reason);
}
