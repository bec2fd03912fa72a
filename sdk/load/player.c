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

#include "play.h"
#include "talk.h"

/* As sdk/js has them (policy.js, client.js). */
#define BACKOFF_FIRST_MS 250u
#define BACKOFF_MAX_MS 10000u
#define HELD_US 5000000u
#define STOPPED_PAUSE_MS 3000u
#define FLOOD_PAUSE_MS 10000u

void player_hang_up(struct player *player) {
    wire_close(&player->wire);
    player->in_match = false;
    player->due_us = PLAYER_NEVER;
}

void player_fail(struct player *player, const char *format, ...) {
    static const char *const doing[] = {
        [PLAYER_IDLE] = "idle",         [PLAYER_SIGNING_IN] = "signing in",
        [PLAYER_AWAY] = "away",         [PLAYER_UPGRADING] = "connecting",
        [PLAYER_FINDING] = "searching", [PLAYER_AUTHENTICATING] = "authenticating",
        [PLAYER_ENTERING] = "entering", [PLAYER_SEATED] = "playing",
        [PLAYER_LEAVING] = "leaving",   [PLAYER_FAILED] = "gone",
    };
    struct player_world *world = player->world;
    char *out = world->failure;
    world->failed++;
    if (!out[0]) {
        int at = snprintf(out, 64, "player %u, %s: ", player->number, doing[player->phase]);
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(out + at, sizeof world->failure - (size_t)at, format, arguments);
        va_end(arguments);
    }
    player->phase = PLAYER_FAILED;
    player_hang_up(player);
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
    uint64_t least_ms = code == 1001                   ? STOPPED_PAUSE_MS
                        : code == 4005 || code == 4008 ? FLOOD_PAUSE_MS
                                                       : 0;
    if (code == 4101 && sscanf(reason, "{\"resumeAfterMs\":%u}", &after_ms) == 1) return after_ms;
    return ms > least_ms ? ms : least_ms;
}

static bool may_return(const struct player *player, uint32_t code) {
    static const uint32_t never[] = {1000, 1002, 1003, 1007, 1009, 4002, 4003, 4004, 4007};
    for (uint32_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (code == never[i]) return false;
    return player->world->stays && player->token;
}

void player_lose(struct player *player, uint32_t code, const char *how) {
    if (player->phase == PLAYER_LEAVING) {
        player_hang_up(player);
        return;
    }
    struct player_world *world = player->world;
    char why[sizeof world->loss];
    snprintf(why, sizeof why, code ? "%s (code %u)" : "%s", how, code);
    if (!may_return(player, code)) {
        player_fail(player, "%s", why);
        return;
    }
    strcpy(world->loss, why);
    player_hang_up(player);
    world->connections_lost += player->online_us != 0;
    if (player->online_us && world->now_us - player->online_us >= HELD_US) player->tries = 0;
    player->online_us = 0;
    player->due_us = world->now_us + pause_ms(player, code, how) * 1000;
    player->phase = PLAYER_AWAY;
}

/* Handshake texts are small and the socket is empty then: a short write is a failure. */
static void send_all(struct player *player, const void *data, uint32_t len) {
    if (wire_send(&player->wire, data, len) != (ssize_t)len)
        player_lose(player, 0, strerror(errno));
}

void player_send_text(struct player *player, const char *text) {
    uint8_t frame[8192 + 16];
    uint32_t len = (uint32_t)strlen(text);
    if (FRAME_ROOM(len) > sizeof frame)
        player_fail(player, "text too long");
    else
        send_all(player, frame, frame_encode(frame, FRAME_TEXT, text, len));
}

/* The address that the player comes from: a server's limits are each address's. */
static bool come_from(const struct player *player) {
    const struct player_world *world = player->world;
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(world->from + player->number / PLAYERS_PER_ADDRESS);
    return !world->from || bind(player->wire.fd, (struct sockaddr *)&from, sizeof from) == 0;
}

static bool make_socket(struct player *player) {
    const struct player_world *world = player->world;
    const int one = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = player};
    int fd = socket(world->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !wire_open(&player->wire, fd, world->tls, world->host)) return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return come_from(player) && epoll_ctl(world->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* What is to be said is said when it is connected. */
static void open_socket(struct player *player, enum player_phase phase) {
    const struct sockaddr *to = (const struct sockaddr *)&player->world->to;
    player->phase = phase;
    player->in.len = 0;
    player->connecting = true;
    if (!make_socket(player))
        player_fail(player, "no socket: %s", strerror(errno));
    else if (connect(player->wire.fd, to, sizeof player->world->to) != 0 && errno != EINPROGRESS)
        player_lose(player, 0, strerror(errno));
}

static void say_guest(struct player *player) {
    char request[512], body[64];
    int len = snprintf(body, sizeof body, "{\"displayName\":\"Load %u\"}", player->number);
    snprintf(request, sizeof request,
             "POST /v1/auth/guest HTTP/1.1\r\nHost: load\r\nContent-Type: application/json\r\n"
             "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
             len, body);
    send_all(player, request, (uint32_t)strlen(request));
}

static void say_upgrade(struct player *player) {
    static const char request[] =
        "GET /ws HTTP/1.1\r\nHost: load\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: bXVzdGVyIGJlbmNobWFyaw==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: muster.v1\r\n\r\n";
    send_all(player, request, sizeof request - 1);
}

/* The socket can be written to, or with TLS there is something to go on with. */
static void on_connected(struct player *player) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
    int fd = player->wire.fd, error = 0, made = -1;
    socklen_t len = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    epoll_ctl(player->world->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    if (error)
        errno = error;
    else
        made = wire_shake_hands(&player->wire);
    player->connecting = made == 0;
    if (made < 0)
        player_lose(player, 0, strerror(errno));
    else if (made && player->phase == PLAYER_SIGNING_IN)
        say_guest(player);
    else if (made)
        say_upgrade(player);
}

void player_init(struct player *player, struct player_world *world, uint32_t number) {
    *player =
        (struct player){.world = world, .number = number, .wire.fd = -1, .due_us = PLAYER_NEVER};
}

void player_start(struct player *player) {
    player->world->connections_tried++;
    open_socket(player, PLAYER_SIGNING_IN);
}

static void on_signed_in(struct player *player, int status, const char *body, uint32_t len) {
    json_t *answer = json_loadb(body, len, 0, NULL);
    const char *token = json_string_value(json_object_get(answer, "accessToken"));
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    if (status / 100 != 2 || !token) {
        player_fail(player, "HTTP %d: %s", status, detail ? detail : "no guest's token came");
    } else {
        player->token = strdup(token);
        wire_close(&player->wire);
        open_socket(player, PLAYER_UPGRADING);
    }
    json_decref(answer);
}

static void on_upgraded(struct player *player, int status) {
    char how[32];
    snprintf(how, sizeof how, "upgrade: HTTP %d", status);
    if (status == 101)
        talk_authenticate(player);
    else
        player_lose(player, 0, how);
}

static void on_binary(struct player *player, const uint8_t *payload, uint32_t len) {
    if (len > 2 && payload[0] == 0x81) play_on_snapshot(player, payload, len);
    if (len > 2 && payload[0] == 0x82) talk_on_packed(player, payload, len);
}

static void on_close(struct player *player, const uint8_t *payload, uint32_t len) {
    char reason[124] = "";
    uint32_t code = len >= 2 ? (uint32_t)payload[0] << 8 | payload[1] : 0;
    if (len > 2 && len - 2 < sizeof reason) memcpy(reason, payload + 2, len - 2);
    player_lose(player, code, reason);
}

static void on_frame(struct player *player, int opcode, const uint8_t *payload, uint32_t len) {
    uint8_t frame[256];
    switch (opcode) {
    case FRAME_BINARY: on_binary(player, payload, len); break;
    case FRAME_TEXT: talk_on_text(player, payload, len); break;
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
    if (player->wire.fd < 0) return false;
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
        player_fail(player, "a message over %u bytes", FRAME_BUFFER_MAX);
        return;
    }
    ssize_t n = wire_recv(&player->wire, in->data + in->len, in->cap - in->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        player_lose(player, 0, "connection lost");
        return;
    }
    in->len += (uint32_t)n;
    while (take_message(player)) {
    }
}

void player_on_events(struct player *player, uint32_t events) {
    if (player->wire.fd >= 0 && player->connecting) on_connected(player);
    if (player->wire.fd < 0 || player->connecting) return;
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    do read_some(player);
    while (wire_has_more(&player->wire));
}

void player_on_due(struct player *player) {
    switch (player->phase) {
    case PLAYER_AWAY:
        player->due_us = PLAYER_NEVER;
        player->world->connections_tried++;
        open_socket(player, PLAYER_UPGRADING);
        break;
    case PLAYER_AUTHENTICATING: talk_authenticate(player); break;
    case PLAYER_FINDING: talk_find(player); break;
    default: play_send_input(player);
    }
}

void player_forget(struct player *player) {
    player->gap_us = player->stood_us = 0;
    player->resumed = player->refused = 0;
}

void player_end(struct player *player) {
    player_hang_up(player);
    free(player->token);
    frame_buffer_free(&player->in);
}
