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
#include <zlib.h>

#define NEVER UINT64_MAX
#define INPUT_INTERVAL_US 50000u
/* As sdk/js has them (policy.js, client.js). */
#define BACKOFF_FIRST_MS 250u
#define BACKOFF_MAX_MS 10000u
#define HELD_US 5000000u
#define STOPPED_PAUSE_MS 3000u
#define TEXT_MAX 65536u

static void end_connection(struct player *player) {
    if (player->fd >= 0) close(player->fd);
    player->fd = -1;
    player->in_match = false;
    player->due_us = NEVER;
}

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
    end_connection(player);
}

/* Half of it is random; the first has no other half. */
static uint64_t backoff_ms(uint32_t tries) {
    uint32_t full = BACKOFF_FIRST_MS << (tries < 6 ? tries : 6);
    if (full > BACKOFF_MAX_MS) full = BACKOFF_MAX_MS;
    return (tries ? full / 2 : 0) + (uint32_t)random() % (full / 2 + 1);
}

/* Of 4101, whose reason says when; else by the back-off. */
static uint64_t pause_ms(struct player *player, uint32_t code, const char *reason) {
    unsigned after_ms = 0;
    uint64_t ms = backoff_ms(player->tries++);
    if (code == 4101 && sscanf(reason, "{\"resumeAfterMs\":%u}", &after_ms) == 1) return after_ms;
    return code == 1001 && ms < STOPPED_PAUSE_MS ? STOPPED_PAUSE_MS : ms;
}

/* code 0: it ended without one. */
static void lose(struct player *player, uint32_t code, const char *how) {
    bool may_return = code == 0 || code == 1001 || code == 1012 || code == 4101;
    if (!player->world->comes_back || !player->resume[0] || !may_return) {
        fail(player, "%s, code %u", how, code);
        return;
    }
    end_connection(player);
    if (player->world->now_us - player->online_us >= HELD_US) player->tries = 0;
    player->due_us = player->world->now_us + pause_ms(player, code, how) * 1000;
    player->phase = PLAYER_AWAY;
}

/* Handshake texts are small and the socket is empty then: a short write is a failure. */
static void send_all(struct player *player, const void *data, uint32_t len) {
    if (send(player->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len) lose(player, 0, strerror(errno));
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

/* What is to be said is said when it is connected. */
static void open_socket(struct player *player, enum player_phase phase) {
    const int one = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = player};
    player->phase = phase;
    player->in.len = 0;
    player->connecting = true;
    player->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (player->fd < 0 ||
        epoll_ctl(player->world->epoll_fd, EPOLL_CTL_ADD, player->fd, &event) != 0) {
        fail(player, "no socket: %s", strerror(errno));
        return;
    }
    setsockopt(player->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(player->fd, (const struct sockaddr *)&player->world->to,
                sizeof player->world->to) != 0 &&
        errno != EINPROGRESS)
        lose(player, 0, strerror(errno));
}

static void say_guest(struct player *player) {
    char request[512], body[64];
    int len = snprintf(body, sizeof body, "{\"displayName\":\"Load %u\"}", player->number);
    snprintf(request, sizeof request,
             "POST /v1/auth/guest HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
             "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
             len, body);
    send_all(player, request, (uint32_t)strlen(request));
}

static void say_upgrade(struct player *player) {
    static const char request[] =
        "GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: bXVzdGVyIGJlbmNobWFyaw==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: muster.v1\r\n\r\n";
    send_all(player, request, sizeof request - 1);
}

static void on_connected(struct player *player) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(player->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    player->connecting = false;
    epoll_ctl(player->world->epoll_fd, EPOLL_CTL_MOD, player->fd, &event);
    if (error)
        lose(player, 0, strerror(error));
    else if (player->phase == PLAYER_SIGNING_IN)
        say_guest(player);
    else
        say_upgrade(player);
}

void player_init(struct player *player, struct player_world *world, uint32_t number) {
    *player = (struct player){.world = world, .number = number, .fd = -1, .due_us = NEVER};
}

void player_start(struct player *player) {
    open_socket(player, PLAYER_SIGNING_IN);
}

static void on_signed_in(struct player *player, int status, const char *body, uint32_t len) {
    json_t *answer = json_loadb(body, len, 0, NULL);
    const char *token = json_string_value(json_object_get(answer, "accessToken"));
    if (status / 100 != 2 || !token) {
        fail(player, "guest sign-in: HTTP %d: %.*s", status, (int)len, body);
    } else {
        player->token = strdup(token);
        close(player->fd);
        open_socket(player, PLAYER_UPGRADING);
    }
    json_decref(answer);
}

static void on_upgraded(struct player *player, int status) {
    char text[8192], seat[PLAYER_TOKEN_MAX + 20] = "";
    if (status != 101) {
        fail(player, "upgrade: HTTP %d", status);
        return;
    }
    player->phase = PLAYER_AUTHENTICATING;
    if (player->resume[0]) snprintf(seat, sizeof seat, ",\"resumeToken\":\"%s\"", player->resume);
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.authenticate\","
             "\"params\":{\"token\":\"%s\",\"compress\":%s%s}}",
             player->token, player->world->comes_back ? "true" : "false", seat);
    send_text(player, text);
}

static void take_seat(struct player *player, uint32_t seat, const char *token) {
    if (player->resume[0]) {
        player->resumed++;
        player->refused += seat != player->seat;
    }
    snprintf(player->resume, sizeof player->resume, "%s", token ? token : "");
    player->seat = seat;
    player->phase = PLAYER_SEATED;
    player->online_us = player->world->now_us;
}

static void on_refused(struct player *player, const uint8_t *payload, uint32_t len) {
    if (player->resume[0]) player->refused++;
    fail(player, "refused: %.*s", (int)len, (const char *)payload);
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* Without reading all of it: what a browser does elsewhere is not to be paid for here. */
static void on_back(struct player *player, const uint8_t *payload, uint32_t len) {
    static char text[TEXT_MAX + 1];
    char token[PLAYER_TOKEN_MAX];
    unsigned seat;
    snprintf(text, sizeof text, "%.*s", (int)len, (const char *)payload);
    if (begins(text, "{\"jsonrpc\":\"2.0\",\"error\"")) on_refused(player, payload, len);
    if (!begins(text, "{\"jsonrpc\":\"2.0\",\"result\"")) return;
    const char *entry = strstr(text, "\"entry\":{");
    const char *at = entry ? strstr(entry, "\"seat\":") : NULL;
    const char *newer = entry ? strstr(entry, "\"resumeToken\":") : NULL;
    if (at && newer && sscanf(at, "\"seat\":%u", &seat) == 1 &&
        sscanf(newer, "\"resumeToken\":\"%127[^\"]", token) == 1) {
        take_seat(player, seat, token);
        return;
    }
    player->refused++;
    fail(player, "the seat is gone");
}

static void on_entered(struct player *player, const json_t *entry) {
    take_seat(player, (uint32_t)json_integer_value(json_object_get(entry, "seat")),
              json_string_value(json_object_get(entry, "resumeToken")));
}

static void find_match(struct player *player) {
    char text[256];
    player->phase = PLAYER_FINDING;
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"match.find\","
             "\"params\":{\"gameMode\":\"%s\"}}",
             player->world->game_mode);
    send_text(player, text);
}

static void on_answer(struct player *player, const json_t *message) {
    int64_t id = json_integer_value(json_object_get(message, "id"));
    if (id == 1 && player->phase == PLAYER_AUTHENTICATING) {
        find_match(player);
    } else if (id == 3 && player->phase == PLAYER_ENTERING) {
        on_entered(player, json_object_get(message, "result"));
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
    if (player->resume[0]) {
        on_back(player, payload, len);
        return;
    }
    json_t *message = json_loadb((const char *)payload, len, 0, NULL);
    const char *method = json_string_value(json_object_get(message, "method"));
    if (json_object_get(message, "error"))
        on_refused(player, payload, len);
    else if (method && strcmp(method, "match.found") == 0)
        on_found(player, json_object_get(message, "params"));
    else if (!method)
        on_answer(player, message);
    json_decref(message);
}

/* A text that came deflated. */
static void on_packed(struct player *player, const uint8_t *payload, uint32_t len) {
    static uint8_t text[TEXT_MAX];
    z_stream z = {.next_in = (uint8_t *)payload + 2, .avail_in = len - 2};
    z.next_out = text;
    z.avail_out = sizeof text;
    if (player->phase == PLAYER_SEATED || inflateInit2(&z, -15) != Z_OK) return;
    int code = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    if (code == Z_STREAM_END)
        on_text(player, text, (uint32_t)z.total_out);
    else
        fail(player, "a text that cannot be inflated");
}

static uint32_t u32_at(const uint8_t *data) {
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
           (uint32_t)data[3] << 24;
}

static void note_interval(struct player *player, uint32_t tick, uint32_t len) {
    struct player_world *world = player->world;
    uint64_t interval_us = world->now_us - player->last_snapshot_us;
    world->interval_histogram[interval_us < 1000000 ? interval_us / 1000 : 999]++;
    world->snapshots++;
    world->snapshot_bytes += len;
    world->gaps += tick != player->last_tick + 1;
}

static void note_gap(struct player *player, uint32_t tick) {
    uint64_t now_us = player->world->now_us;
    uint64_t gap_us = now_us - player->last_snapshot_us;
    uint64_t stood_us = now_us - player->newest_us;
    if (player->last_snapshot_us && gap_us > player->gap_us) player->gap_us = gap_us;
    player->last_tick = tick;
    player->last_snapshot_us = now_us;
    if (tick <= player->newest_tick) return;
    if (player->newest_us && stood_us > player->stood_us) player->stood_us = stood_us;
    player->newest_tick = tick;
    player->newest_us = now_us;
}

static void on_snapshot(struct player *player, const uint8_t *payload, uint32_t len) {
    struct player_world *world = player->world;
    if (len < 16) return;
    uint32_t tick = u32_at(payload + 4);
    if (world->measuring && player->in_match) note_interval(player, tick, len);
    if (!player->in_match) player->due_us = world->now_us + (uint64_t)(player->number % 50) * 1000;
    player->in_match = true;
    note_gap(player, tick);
}

static void on_binary(struct player *player, const uint8_t *payload, uint32_t len) {
    if (len > 2 && payload[0] == 0x81) on_snapshot(player, payload, len);
    if (len > 2 && payload[0] == 0x82) on_packed(player, payload, len);
}

static void on_close(struct player *player, const uint8_t *payload, uint32_t len) {
    char reason[124] = "";
    uint32_t code = len >= 2 ? (uint32_t)payload[0] << 8 | payload[1] : 0;
    if (len > 2 && len - 2 < sizeof reason) memcpy(reason, payload + 2, len - 2);
    lose(player, code, reason);
}

static void on_frame(struct player *player, int opcode, const uint8_t *payload, uint32_t len) {
    uint8_t frame[256];
    switch (opcode) {
    case FRAME_BINARY: on_binary(player, payload, len); break;
    case FRAME_TEXT: on_text(player, payload, len); break;
    case FRAME_PING:
        if (len < 126) send_all(player, frame, frame_encode(frame, FRAME_PONG, payload, len));
        break;
    case FRAME_CLOSE: on_close(player, payload, len); break;
    default: break;
    }
}

/* Takes one whole message off the buffer; false when there is none. */
static bool take_message(struct player *player) {
    const uint8_t *payload;
    const char *body;
    int kind;
    uint32_t len, size;
    if (player->fd < 0) return false;
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
    return true;
}

static void read_some(struct player *player) {
    struct frame_buffer *in = &player->in;
    if (!frame_buffer_grow(in)) {
        fail(player, "a message over %u bytes", FRAME_BUFFER_MAX);
        return;
    }
    ssize_t n = recv(player->fd, in->data + in->len, in->cap - in->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        lose(player, 0, "connection lost");
        return;
    }
    in->len += (uint32_t)n;
    while (take_message(player)) {
    }
}

void player_on_events(struct player *player, uint32_t events) {
    if (player->fd >= 0 && player->connecting) on_connected(player);
    if (player->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(player);
}

static void put_u16(uint8_t *out, uint32_t value) {
    out[0] = (uint8_t)value;
    out[1] = (uint8_t)(value >> 8);
}

/* Walks in changing directions, turns, and fires now and then. */
static void send_input(struct player *player) {
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
        lose(player, 0, sent < 0 ? strerror(errno) : "an input was cut short");
}

void player_on_due(struct player *player) {
    uint64_t now_us = player->world->now_us;
    if (player->phase == PLAYER_AWAY) {
        player->due_us = NEVER;
        open_socket(player, PLAYER_UPGRADING);
        return;
    }
    player->due_us += INPUT_INTERVAL_US;
    if (player->due_us < now_us) player->due_us = now_us + INPUT_INTERVAL_US; /* no burst */
    send_input(player);
}

void player_forget(struct player *player) {
    player->gap_us = player->stood_us = 0;
    player->resumed = player->refused = 0;
}

void player_end(struct player *player) {
    end_connection(player);
    free(player->token);
    frame_buffer_free(&player->in);
}
