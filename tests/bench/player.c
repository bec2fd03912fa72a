/* player - see player.h. */
#include "player.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void fail(struct player *player, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct player *player, const char *format, ...) {
    char *out = player->world->failure;
    if (!out[0]) {
        int at = snprintf(out, 64, "player %u, phase %d: ", player->number, (int)player->phase);
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(out + at, sizeof player->world->failure - (size_t)at, format, arguments);
        va_end(arguments);
    }
    player->phase = PLAYER_FAILED;
    player->in_match = false;
    if (player->fd >= 0) close(player->fd);
    player->fd = -1;
}

/* Handshake texts are small and the socket is empty then: a short write is a failure. */
static void send_all(struct player *player, const void *data, uint32_t len) {
    if (send(player->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
        fail(player, "send: %s", strerror(errno));
}

static void send_text(struct player *player, const char *text) {
    uint8_t frame[8192 + 16];
    uint32_t len = (uint32_t)strlen(text);
    if (FRAME_ROOM(len) > sizeof frame) {
        fail(player, "text too long");
        return;
    }
    send_all(player, frame, frame_encode(frame, FRAME_TEXT, text, len));
}

/* Connecting blocks: on the loopback that is no wait, and it spares a phase. */
static bool open_socket(struct player *player) {
    const int one = 1;
    player->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (player->fd < 0 || connect(player->fd, (const struct sockaddr *)&player->world->to,
                                  sizeof player->world->to) != 0) {
        fail(player, "connect: %s", strerror(errno));
        return false;
    }
    setsockopt(player->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
    if (epoll_ctl(player->world->epoll_fd, EPOLL_CTL_ADD, player->fd, &event) != 0) {
        fail(player, "epoll_ctl: %s", strerror(errno));
        return false;
    }
    player->in.len = 0;
    return true;
}

void player_start(struct player *player) {
    char request[512], body[64];
    player->phase = PLAYER_SIGNING_IN;
    if (!open_socket(player)) return;
    int len = snprintf(body, sizeof body, "{\"displayName\":\"Load %u\"}", player->number);
    snprintf(request, sizeof request,
             "POST /v1/auth/guest HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
             "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
             len, body);
    send_all(player, request, (uint32_t)strlen(request));
}

static void upgrade(struct player *player) {
    static const char request[] =
        "GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: bXVzdGVyIGJlbmNobWFyaw==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: muster.v1\r\n\r\n";
    close(player->fd);
    player->phase = PLAYER_UPGRADING;
    if (open_socket(player)) send_all(player, request, sizeof request - 1);
}

static void on_signed_in(struct player *player, int status, const char *body, uint32_t len) {
    json_t *answer = json_loadb(body, len, 0, NULL);
    const char *token = json_string_value(json_object_get(answer, "accessToken"));
    if (status / 100 != 2 || !token) {
        fail(player, "guest sign-in: HTTP %d: %.*s", status, (int)len, body);
    } else {
        player->token = strdup(token);
        upgrade(player);
    }
    json_decref(answer);
}

static void on_upgraded(struct player *player, int status) {
    char text[8192];
    if (status != 101) {
        fail(player, "upgrade: HTTP %d", status);
        return;
    }
    player->phase = PLAYER_AUTHENTICATING;
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.authenticate\","
             "\"params\":{\"token\":\"%s\"}}",
             player->token);
    free(player->token);
    player->token = NULL;
    send_text(player, text);
}

static void on_answer(struct player *player, int64_t id) {
    if (id == 1 && player->phase == PLAYER_AUTHENTICATING) {
        player->phase = PLAYER_FINDING;
        send_text(player, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"match.find\","
                          "\"params\":{\"gameMode\":\"arena\"}}");
    } else if (id == 3 && player->phase == PLAYER_ENTERING) {
        player->phase = PLAYER_SEATED;
    }
}

static void on_found(struct player *player, const json_t *params) {
    char text[1024];
    const char *ticket = json_string_value(json_object_get(params, "seatTicket"));
    if (!ticket || player->phase != PLAYER_FINDING) return;
    player->phase = PLAYER_ENTERING;
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"lobby.enter\","
             "\"params\":{\"seatTicket\":\"%s\"}}",
             ticket);
    send_text(player, text);
}

static void on_text(struct player *player, const uint8_t *payload, uint32_t len) {
    if (player->phase == PLAYER_SEATED) return; /* chat, members: of no interest under load */
    json_t *message = json_loadb((const char *)payload, len, 0, NULL);
    const char *method = json_string_value(json_object_get(message, "method"));
    if (json_object_get(message, "error"))
        fail(player, "refused: %.*s", (int)len, (const char *)payload);
    else if (method && strcmp(method, "match.found") == 0)
        on_found(player, json_object_get(message, "params"));
    else if (!method)
        on_answer(player, json_integer_value(json_object_get(message, "id")));
    json_decref(message);
}

static uint32_t u32_at(const uint8_t *data) {
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
           (uint32_t)data[3] << 24;
}

static void on_snapshot(struct player *player, const uint8_t *payload, uint32_t len) {
    struct player_world *world = player->world;
    if (len < 16 || payload[0] != 0x81) return;
    uint32_t tick = u32_at(payload + 4);
    if (world->measuring && player->in_match) {
        uint64_t interval_ms = (world->now_us - player->last_snapshot_us) / 1000;
        world->interval_histogram[interval_ms < 1000 ? interval_ms : 999]++;
        world->snapshots++;
        world->snapshot_bytes += len;
        world->gaps += tick != player->last_tick + 1;
    }
    if (!player->in_match)
        player->next_input_us = world->now_us + (uint64_t)(player->number % 50) * 1000;
    player->in_match = true;
    player->last_tick = tick;
    player->last_snapshot_us = world->now_us;
}

static void on_frame(struct player *player, int opcode, const uint8_t *payload, uint32_t len) {
    uint8_t frame[256];
    switch (opcode) {
    case FRAME_BINARY: on_snapshot(player, payload, len); break;
    case FRAME_TEXT: on_text(player, payload, len); break;
    case FRAME_PING:
        if (len < 126) send_all(player, frame, frame_encode(frame, FRAME_PONG, payload, len));
        break;
    case FRAME_CLOSE:
        fail(player, "closed with %d", len >= 2 ? payload[0] << 8 | payload[1] : 0);
        break;
    default: break;
    }
}

/* Takes one whole message off the buffer; false when there is none. */
static bool take_message(struct player *player) {
    const uint8_t *payload;
    const char *body;
    int kind;
    uint32_t len, size;
    if (player->phase == PLAYER_SIGNING_IN || player->phase == PLAYER_UPGRADING) {
        bool signing_in = player->phase == PLAYER_SIGNING_IN;
        size = frame_http_answer(&player->in, &kind, &body, &len);
        if (!size) return false;
        if (signing_in) {
            on_signed_in(player, kind, body, len);
            return false; /* another socket now, its buffer is empty */
        }
        on_upgraded(player, kind);
    } else {
        size = frame_decode(&player->in, &kind, &payload, &len);
        if (!size) return false;
        on_frame(player, kind, payload, len);
    }
    frame_buffer_consume(&player->in, size);
    return player->phase != PLAYER_FAILED;
}

void player_on_readable(struct player *player) {
    struct frame_buffer *in = &player->in;
    if (player->phase == PLAYER_FAILED || player->phase == PLAYER_IDLE) return;
    if (!frame_buffer_grow(in)) {
        fail(player, "a message over %u bytes", FRAME_BUFFER_MAX);
        return;
    }
    ssize_t n = recv(player->fd, in->data + in->len, in->cap - in->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        fail(player, "connection lost");
        return;
    }
    in->len += (uint32_t)n;
    while (take_message(player)) {
    }
}

static void put_u16(uint8_t *out, uint32_t value) {
    out[0] = (uint8_t)value;
    out[1] = (uint8_t)(value >> 8);
}

/* Walks in changing directions, turns, and fires now and then. */
void player_input(struct player *player) {
    static const int8_t ways[8][2] = {{127, 0},  {90, 90},   {0, 127},  {-90, 90},
                                      {-127, 0}, {-90, -90}, {0, -127}, {90, -90}};
    uint8_t input[14] = {1}, frame[FRAME_ROOM(sizeof input)];
    uint32_t sequence = ++player->sequence;
    const int8_t *way = ways[(sequence / 13 + player->number) % 8];
    uint32_t fire = sequence / 40 % 3 == 0;
    put_u16(input + 2, sequence);
    put_u16(input + 4, sequence >> 16);
    put_u16(input + 6, fire);
    put_u16(input + 8, fire && sequence % 40 == 0);
    put_u16(input + 10, sequence * 331 + player->number * 8192);
    input[12] = (uint8_t)way[0];
    input[13] = (uint8_t)way[1];
    uint32_t len = frame_encode(frame, FRAME_BINARY, input, sizeof input);
    ssize_t sent = send(player->fd, frame, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)len)
        player->world->inputs += player->world->measuring;
    else if (sent < 0 && errno == EAGAIN)
        player->world->inputs_blocked++;
    else
        fail(player, "input: %s", sent < 0 ? strerror(errno) : "cut short");
}

void player_end(struct player *player) {
    if (player->fd >= 0) close(player->fd);
    player->fd = -1;
    free(player->token);
    frame_buffer_free(&player->in);
}
