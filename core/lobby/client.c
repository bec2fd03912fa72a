#include "client.h"

#include <stdlib.h>

#include "protocol.h"

static void (*told)(muster_player_id player);

void client_set_told(void (*fn)(muster_player_id player)) {
    told = fn;
}

void client_send_text(struct client *client, const char *text, uint32_t len) {
    static uint8_t frame[PROTOCOL_INFLATE_MAX];
    if (client->closing) return;
    if (client->player.value && told) told(client->player);
    if (client->sink) {
        client->sink->text(client, text, len);
        return;
    }
    uint32_t room = sizeof frame - 2;
    if (client->compress && len >= PROTOCOL_DEFLATE_MIN && len <= PROTOCOL_INFLATE_MAX &&
        protocol_deflate(text, len, frame + 2, &room) == MUSTER_OK) {
        frame[0] = FRAME_JSON_OUT;
        frame[1] = FRAME_FLAG_DEFLATE;
        net_send_binary(client->conn, frame, room + 2);
        return;
    }
    net_send_text(client->conn, text, len);
}

enum net_sent client_send_snapshot(struct client *client, uint8_t *data, uint32_t len) {
    return client->sink ? NET_SENT : net_send_snapshot(client->conn, data, len);
}

void client_send(struct client *client, json_t *value) {
    uint32_t len = 0;
    char *text = client->closing ? NULL : rpc_dump(value, &len);
    if (text) client_send_text(client, text, len);
    free(text);
    json_decref(value);
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
