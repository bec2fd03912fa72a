/* One snapshot per member and tick: written once per view, patched per player, newest wins. */
#include <string.h>

#include "config.h"
#include "lobby_internal.h"
#include "loop.h"
#include "metrics.h"

/* Deflated copy of a frame's body behind its header, or null when that gains nothing. */
static uint8_t *deflate_frame(const uint8_t *frame, uint32_t *len) {
    static uint8_t buffer[NET_HEADROOM + PROTOCOL_INFLATE_MAX];
    uint8_t *out = buffer + NET_HEADROOM;
    uint32_t room = PROTOCOL_INFLATE_MAX - FRAME_SNAPSHOT_HEADER;
    if (*len < FRAME_SNAPSHOT_HEADER + PROTOCOL_DEFLATE_MIN) return NULL;
    if (protocol_deflate(frame + FRAME_SNAPSHOT_HEADER, *len - FRAME_SNAPSHOT_HEADER,
                         out + FRAME_SNAPSHOT_HEADER, &room))
        return NULL;
    memcpy(out, frame, FRAME_SNAPSHOT_HEADER);
    out[1] |= FRAME_FLAG_DEFLATE;
    *len = room + FRAME_SNAPSHOT_HEADER;
    return out;
}

static uint8_t *member_frame(struct lobby *lobby, uint32_t index, uint32_t tick_length_us,
                             uint32_t *len) {
    struct member *member = &lobby->members[index];
    struct match *match = lobby->match;
    uint32_t view =
        match_view(match, lobby_member_is_spectator(lobby, index) ? MUSTER_SEAT_NONE : index);
    if (member->event_cursor != match->event_tick_begin)
        return match_frame_since(match, view, member->event_cursor, tick_length_us, len);
    return match_frame(match, view, member->want_full, tick_length_us, len);
}

/* Back-pressure: a tick is skipped, the next one sent is full; who lags too long is let go. */
static void note_skipped(struct member *member, struct client *client) {
    uint64_t now_ms = loop_now_ms();
    metrics_add(METRIC_SNAPSHOTS_SKIPPED, 1);
    member->want_full = true;
    if (!member->lag_since_ms) member->lag_since_ms = now_ms;
    if (now_ms - member->lag_since_ms < config_core->net.lag_close_ms) return;
    client_close(client, 4006, "too slow: did not read");
}

static void patch(struct lobby *lobby, uint32_t index, uint8_t *frame) {
    bool spectator = lobby_member_is_spectator(lobby, index);
    protocol_snapshot_patch(frame, lobby_seat(lobby, index),
                            spectator ? 0 : lobby->match->seats[index].ring.ack);
}

static void send_to(struct lobby *lobby, const struct recipient *to, uint32_t tick_length_us) {
    struct member *member = &lobby->members[to->index];
    struct client *client = to->client;
    uint32_t len = 0;
    if (client->closing) return;
    uint8_t *frame = member_frame(lobby, to->index, tick_length_us, &len);
    if (!frame) { /* more events missed than are kept */
        client_close(client, 4006, "too slow: missed too much");
        return;
    }
    patch(lobby, to->index, frame);
    bool deflates = client->compress && member->want_full && !lobby_is_recovering(lobby);
    uint8_t *smaller = deflates ? deflate_frame(frame, &len) : NULL;
    switch (client_send_snapshot(client, smaller ? smaller : frame, len)) {
    case NET_SENT:
        metrics_add(METRIC_SNAPSHOTS_SENT, 1);
        member->want_full = false;
        member->lag_since_ms = 0;
        member->event_cursor = lobby->match->event_end;
        break;
    case NET_SKIPPED: note_skipped(member, client); break;
    case NET_GONE: break;
    }
}

static uint32_t tick_length(const struct lobby *lobby) {
    return (uint32_t)(1000000 / lobby->tick_rate_hz * pacer_stretch());
}

void lobby_send_snapshots(struct lobby *lobby) {
    uint32_t tick_length_us = tick_length(lobby);
    lobby_recipients_check(lobby);
    for (uint32_t i = 0; i < lobby->recipient_count; i++)
        net_expect_snapshot(lobby->recipients[i].client->conn);
    for (uint32_t i = 0; i < lobby->recipient_count; i++)
        send_to(lobby, &lobby->recipients[i], tick_length_us);
}

void lobby_send_full(struct lobby *lobby, uint32_t index) {
    lobby->members[index].want_full = true;
    for (uint32_t i = 0; i < lobby->recipient_count; i++)
        if (lobby->recipients[i].index == index)
            send_to(lobby, &lobby->recipients[i], tick_length(lobby));
}

uint8_t *lobby_frame(struct lobby *lobby, uint32_t index, uint64_t *event_cursor, uint32_t *len) {
    struct match *match = lobby->match;
    uint32_t view = match_view(match, lobby_seat(lobby, index));
    uint8_t *frame = match_frame_since(match, view, *event_cursor, tick_length(lobby), len);
    if (!frame) frame = match_frame_since(match, view, match->event_end, tick_length(lobby), len);
    *event_cursor = match->event_end;
    patch(lobby, index, frame);
    return frame;
}
