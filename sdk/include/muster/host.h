/* muster/host.h - what the host does for a plugin: a table of group tables.
 *
 * Every function takes the plugin's `self` first: it owns what the function creates. Whatever is
 * still open after stop is closed by the host and logged as a fault of the plugin.
 *
 * Thread: all functions are legal on the loop thread only, except those of log, loop->post and
 * loop->random, which are legal on any. From a wrong thread the others return MUSTER_THREAD (those
 * without a status: 0, "", null or REJECT), do nothing, and the fault is logged with the plugin's
 * name.
 *
 * Phase: from init on unless said otherwise. [start]: from start until stop returns. [open]: it
 * opens or registers something, and is legal until stop is called: what would be opened then has
 * no time to live. Elsewhere both answer STATE, do nothing, and it is a fault.
 *
 * Ends: what is begun here and ends later (work, a query, a request for a key, a fetch, a
 * WebSocket, a TCP connection, a command, a vote) has one callback that tells its end, and that is
 * called exactly once, always: so what `user` points to can be freed there, and nowhere else. A
 * function that did not answer OK has begun nothing and calls nothing. What is cancelled or closed
 * by the plugin ends with CLOSED, in a later turn of the loop. What is still open when stop
 * returns, or when start has failed, is told CLOSED right then, before fini; work that runs on the
 * pool, when it has ended. By then the plugin's functions that need start or open something answer
 * STATE, as always after stop.
 * Posts have no end but their turn: those that wait when stop returns are run right then, before
 * all that, and those that come later are CLOSED and run never, so `user` is freed in `fn`, or by
 * who was not answered OK. When init has failed, what it posted is dropped.
 *
 * Statuses: OK, and what each function names. These any of them may answer, and they are not named
 * again: THREAD and STATE as above; INVALID for a null where none is allowed, and for a struct
 * whose size is too small; NOT_FOUND for an id (lobby, match, seat, player, handle) of nothing, or
 * of a handle that another plugin has opened; NO_MEMORY; of what is queued for the loop, FULL when
 * 4096 posts wait. Text that has to be JSON and is none is INVALID and does nothing; where no
 * reason can be given back it is a fault as well, whose line says what was expected.
 *
 * Null is allowed where that is said, for a `reason`, and for the id (`out`) of a route and of what
 * ends by itself: work, a query, a request for a key, a fetch, a command.
 *
 * Lifetimes: what is handed in is copied before the function returns, with all that it leads to,
 * but for `user`. What a callback is given is borrowed for the call, with all that it leads to.
 * What a function returns or fills in says how long it lives; "borrowed" alone means until the
 * call of the plugin in which it was asked for returns, whatever that call changes but a mode that
 * it removes itself. Out-structs begin with `size`, set by the caller; the host writes no field
 * past it.
 */
#ifndef MUSTER_HOST_H
#define MUSTER_HOST_H

#include <stdarg.h>

#include "roles.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- log ----------------------------------------------------------------------------------- */

enum {
    MUSTER_LOG_TEXT = 1,
    MUSTER_LOG_INTEGER = 2,
    MUSTER_LOG_NUMBER = 3, /* one that is none (NAN) is null */
    MUSTER_LOG_BOOLEAN = 4,
};

/* What a line says beside its message. Frozen. */
struct muster_log_field {
    const char *name; /* [a-zA-Z][a-zA-Z0-9_]*, at most 31 bytes */
    uint32_t type;    /* MUSTER_LOG_... */
    uint32_t reserved;
    union {
        int64_t integer; /* INTEGER, BOOLEAN */
        double number;
        const char *text; /* of a longer one the first 128 bytes, and " ..."; null is "" */
    };
};

static inline struct muster_log_field muster_log_integer(const char *name, int64_t integer) {
    struct muster_log_field field = {name, MUSTER_LOG_INTEGER, 0, {integer}};
    return field;
}

static inline struct muster_log_field muster_log_boolean(const char *name, bool boolean) {
    struct muster_log_field field = {name, MUSTER_LOG_BOOLEAN, 0, {boolean}};
    return field;
}

static inline struct muster_log_field muster_log_number(const char *name, double number) {
    struct muster_log_field field = {name, MUSTER_LOG_NUMBER, 0, {0}};
    field.number = number;
    return field;
}

/* The text is borrowed, for the call that logs it. */
static inline struct muster_log_field muster_log_text(const char *name, const char *text) {
    struct muster_log_field field = {name, MUSTER_LOG_TEXT, 0, {0}};
    field.text = text;
    return field;
}

#define MUSTER_LOG_FIELDS_MAX 8

/* All on any thread. Each is one line, at most 1024 bytes of message, whatever bytes it is made of;
 * the plugin's name is added. Of those with one format, or message, at one address more than 20 a
 * second are left out; a line tells how many. Never log a secret. */
struct muster_host_log {
    uint32_t size;
    uint32_t reserved;
    void (*write)(muster_self *self, uint32_t level, const char *format, ...) MUSTER_PRINTF(3, 4);
    /* The same for a function of the plugin's own that takes a format. */
    void (*write_va)(muster_self *self, uint32_t level, const char *format, va_list args)
        MUSTER_PRINTF(3, 0);
    /* A message and fields: members of the line as JSON, name=value behind it on a terminal. What
     * people look for stands in fields of the same names everywhere: "player" (player_key),
     * "lobby" (lobby_key), "match", "event" (a snake_case word). Not written, and a fault, the line
     * without it: a name that is none, or one of "time", "level", "msg", "component" and "plugin",
     * which the host writes; one that stands there already; an unknown type; what is more than
     * MUSTER_LOG_FIELDS_MAX. */
    void (*write_fields)(muster_self *self, uint32_t level, const char *message,
                         const struct muster_log_field *fields, uint32_t field_count);
};

/* ---- config: the plugin's own section, already checked against its config_schema ------------ */

struct muster_host_config {
    uint32_t size;
    uint32_t reserved;
    /* Value of a key that the schema declares; a key that it does not declare, or as another type,
     * gives 0, 0.0, false or "" and is logged as a fault. integer has durations, number both and
     * integers, string enums. A duration is in its unit. Strings, all of this group, live until
     * fini returns. */
    int64_t (*integer)(muster_self *self, const char *key);
    double (*number)(muster_self *self, const char *key);
    bool (*boolean)(muster_self *self, const char *key);
    const char *(*string)(muster_self *self, const char *key);
    uint32_t (*list_count)(muster_self *self, const char *key);
    const char *(*list_item)(muster_self *self, const char *key, uint32_t index);
    /* Name of this instance and the directories it may use (absolute, no trailing slash). The data
     * directory is created with mode 0700 on first use. */
    const char *(*instance_name)(muster_self *self);
    const char *(*data_dir)(muster_self *self);
    const char *(*share_dir)(muster_self *self); /* installed read-only files: maps, web assets */
};

/* ---- loop: time, timers, threads, descriptors ----------------------------------------------- */

typedef void (*muster_timer_fn)(void *user);
typedef void (*muster_post_fn)(void *user);
typedef void (*muster_work_fn)(void *user);
typedef void (*muster_poll_fn)(void *user, uint32_t events, muster_status status);

#define MUSTER_POLL_READ 1u
#define MUSTER_POLL_WRITE 2u

struct muster_host_loop {
    uint32_t size;
    uint32_t reserved;
    uint64_t (*now_ms)(muster_self *self); /* monotonic, the time of this loop turn */
    int64_t (*unix_ms)(muster_self *self); /* wall clock */
    /* [open] fn after delay_ms, then every repeat_ms (0 = once; a once timer is gone after it ran).
     * LIMIT: 65536 handles are open on this node. */
    muster_status (*timer_start)(muster_self *self, uint32_t delay_ms, uint32_t repeat_ms,
                                 muster_timer_fn fn, void *user, muster_timer_id *out);
    muster_status (*timer_stop)(muster_self *self, muster_timer_id id);
    /* fn on the loop thread, in the order posted. Any thread. FULL above 4096 waiting posts. CLOSED
     * after stop has returned. */
    muster_status (*post)(muster_self *self, muster_post_fn fn, void *user);
    /* [start] work on a pool thread, then done, which may be null, on the loop thread. LIMIT when
     * server.workQueueMax jobs of this plugin wait. */
    muster_status (*work)(muster_self *self, muster_work_fn work,
                          void (*done)(void *user, muster_status status), void *user,
                          muster_work_id *out);
    /* [start] [open] Watch a descriptor that the plugin owns. Stop polling before closing it.
     * INVALID: it cannot be watched, or is watched already. LIMIT: as timer_start. */
    muster_status (*poll_start)(muster_self *self, int32_t fd, uint32_t events, muster_poll_fn fn,
                                void *user, muster_poll_id *out);
    muster_status (*poll_stop)(muster_self *self, muster_poll_id id);
    /* Fill with cryptographically random bytes. Any thread. */
    void (*random)(muster_self *self, void *out, uint32_t len);
    /* done comes with CLOSED: soon, when work has not begun, which is never called then; else when
     * it has ended. */
    muster_status (*work_cancel)(muster_self *self, muster_work_id id);
};

/* ---- net: plain sockets for services [start] ------------------------------------------------ */

/* address: numeric, IPv4 or IPv6. The two that open answer INVALID for an address or a port that is
 * none, EXISTS for one in use, DENIED for one that the process may not have, UNAVAILABLE for one of
 * another machine, LIMIT when no descriptor or handle is free, IO for the rest. */

struct muster_udp_packet {
    uint32_t size;
    uint32_t from_len; /* length of the sockaddr */
    const void *from;  /* struct sockaddr, to be handed back to udp_send */
    struct muster_bytes data;
};

/* All three are needed. */
struct muster_tcp_handler {
    uint32_t size;
    uint32_t reserved;
    void (*open)(void *user, muster_socket_id conn, const char *address);
    void (*data)(void *user, muster_socket_id conn, struct muster_bytes data);
    void (*close)(void *user, muster_socket_id conn); /* the end of each that was told open */
};

struct muster_host_net {
    uint32_t size;
    uint32_t reserved;
    /* [open] */
    muster_status (*udp_open)(muster_self *self, const char *address, uint32_t port,
                              void (*fn)(void *user, const struct muster_udp_packet *packet),
                              void *user, muster_socket_id *out);
    /* INVALID above 65507 bytes; FULL: the socket takes no more now; else as udp_open. */
    muster_status (*udp_send)(muster_self *self, muster_socket_id id, const void *to,
                              uint32_t to_len, struct muster_bytes data);
    /* [open] */
    muster_status (*tcp_listen)(muster_self *self, const char *address, uint32_t port,
                                const struct muster_tcp_handler *handler, void *user,
                                muster_socket_id *out);
    /* Queued whole, sent in order. FULL above 256 KiB unsent. CLOSED: it is being closed. */
    muster_status (*tcp_send)(muster_self *self, muster_socket_id conn, struct muster_bytes data);
    /* Close a UDP socket, a listener (its connections go on) or a connection (after what is queued
     * has been sent). */
    muster_status (*close)(muster_self *self, muster_socket_id id);
};

/* ---- http: routes and a client ----------------------------------------------------------------
 */

#define MUSTER_ROUTE_ADMIN 1u  /* on the admin address instead of the public one */
#define MUSTER_ROUTE_PREFIX 2u /* the path and everything below it */
/* With ADMIN: 401 for who does not present admin.token; when that changes, the host ends requests,
 * streams and WebSockets that came with the one before, as if their clients had gone. */
#define MUSTER_ROUTE_TOKEN 4u
#define MUSTER_ROUTE_BYTES 8u         /* bodies are application/octet-stream in place of JSON */
#define MUSTER_ROUTE_BODY_MAX 1048576 /* bytes: what a route may ask for at most */

struct muster_http_header {
    const char *name; /* lower case */
    const char *value;
};

struct muster_route {
    uint32_t size;
    uint32_t flags;     /* MUSTER_ROUTE_... */
    const char *method; /* "GET", which answers HEAD as well, "POST", "PUT", "PATCH", "DELETE",
                           "OPTIONS" */
    const char *path;
    /* Longest body; a longer one is answered 413 before it is read. 0: http.bodyMaxBytes. On the
     * public address each 4 KiB of a body above http.bodyMaxBytes costs its sender a request
     * (net.strangerPerSecond). */
    uint32_t body_max_bytes;
    uint32_t reserved;
};

struct muster_http_request {
    uint32_t size;
    uint32_t reserved;
    muster_request_id id; /* its headers are asked with it: http->header */
    const char *method;   /* the route's */
    const char *path;     /* decoded, normalised, no query */
    const char *query;    /* raw, "" when there is none */
    const char *address;
    struct muster_bytes body; /* at most what the route takes */
};

struct muster_http_response {
    uint32_t size;
    uint32_t status;
    const char *content_type; /* null with an empty body */
    struct muster_bytes body;
    const struct muster_http_header *headers; /* further headers */
    uint32_t header_count;                    /* at most 8 */
    uint32_t reserved;
};

/* For a URL that players can choose: the name must stand for an address of the public internet, and
 * that one is connected to; else it ends with DENIED. */
#define MUSTER_FETCH_PUBLIC 1u

struct muster_http_fetch {
    uint32_t size;
    uint32_t timeout_ms; /* 1 to 60000, the whole exchange */
    const char *method;
    const char *url; /* http or https; certificates are verified */
    const struct muster_http_header *headers;
    uint32_t header_count;
    uint32_t response_max_bytes; /* a longer answer fails with LIMIT */
    struct muster_bytes body;
    uint32_t flags; /* MUSTER_FETCH_... */
    uint32_t reserved;
};

struct muster_http_result {
    uint32_t size;
    muster_status status; /* OK when an HTTP answer came, whatever its code */
    uint32_t http_status;
    uint32_t reserved;
    struct muster_bytes body;
};

typedef void (*muster_http_fn)(void *user, const struct muster_http_request *request);

struct muster_host_http {
    uint32_t size;
    uint32_t reserved;
    /* [open] EXISTS when the method and path are taken; INVALID: a method or path that is none,
     * unknown flags, a body limit above MUSTER_ROUTE_BODY_MAX; FULL: the node has no place for
     * another route. Web pages of other servers may call routes of the public address when the
     * operator lists them (net.allowedOrigins): the host asks and answers what browsers want for
     * that. */
    muster_status (*route_add)(muster_self *self, const struct muster_route *route,
                               muster_http_fn fn, void *user, muster_route_id *out);
    /* Until fini returns. */
    muster_status (*route_remove)(muster_self *self, muster_route_id id);
    /* Exactly once per request, in the handler or later (504 is answered after
     * http.handlerTimeoutMs). NOT_FOUND when the client has gone: not an error; and when it has its
     * answer, which right after that is a fault. INVALID: the response is none (a status below 200,
     * a header that cannot be sent); the client is answered 500. */
    muster_status (*respond)(muster_self *self, muster_request_id id,
                             const struct muster_http_response *response);
    /* Like respond, as application/problem+json (RFC 9457). code: snake_case word; detail: UTF-8.
     */
    muster_status (*problem)(muster_self *self, muster_request_id id, uint32_t status,
                             const char *code, const char *detail);
    /* [start] [open] STATE while the network is not up: it comes with SERVER_READY and goes before
     * stop, when what is open is told CLOSED, a fetch a second later at most, so that a farewell
     * can be sent in SERVER_STOPPING or drain; a process that runs one command has none. INVALID:
     * no http url, no time, a header that cannot be sent; LIMIT: more than 16 headers, 8 KiB of
     * them or 1 MiB of body; DENIED: a node of players' scripts may not ask there. Why it did not
     * come to an answer is in the result. The addresses of a name are tried in their order until
     * one is connected to; redirects are not followed. */
    muster_status (*fetch)(muster_self *self, const struct muster_http_fetch *request,
                           void (*fn)(void *user, const struct muster_http_result *result),
                           void *user, muster_fetch_id *out);
    /* The connection ends now; fn comes with CLOSED. */
    muster_status (*fetch_cancel)(muster_self *self, muster_fetch_id id);
    /* A header of a request that is not answered yet, by its name in lower case: "" when it has
     * none, or the request is over. Valid until the request is answered. The head of a request has
     * at most 8 KiB. What comes more than once is told as its values with commas between, or as the
     * first: do not build on it. */
    const char *(*header)(muster_self *self, muster_request_id id, const char *name);
    /* [start] [open] As respond, for an answer that has no end yet: sends its head, and response's
     * body (at most 256 KiB) as the first piece. closed comes once: with IO when the client has
     * gone, or took nothing for 30 s while something waited for it; with CLOSED after stream_end,
     * or when the plugin stops, which cuts the answer short. While it lasts it takes one of the
     * node's connections, and is closed first when those run out, unless the route has
     * MUSTER_ROUTE_TOKEN; on the public address what is sent costs the client as whole answers do.
     * NOT_FOUND: as respond. INVALID: the response is none, or its status has no body (204, 304);
     * the request is still to be answered. */
    muster_status (*stream_begin)(muster_self *self, muster_request_id id,
                                  const struct muster_http_response *response,
                                  void (*closed)(void *user, muster_status status), void *user,
                                  muster_stream_id *out);
    /* Queued whole, sent in order. FULL above 256 KiB unsent: nothing is sent; wait, leave it out,
     * or end it. */
    muster_status (*stream_send)(muster_self *self, muster_stream_id id, struct muster_bytes piece);
    /* Ends the answer after what was sent. */
    muster_status (*stream_end)(muster_self *self, muster_stream_id id);
};

/* ---- ws: WebSockets to other servers, and of clients ------------------------------------------
 */

#define MUSTER_WS_PUBLIC 1u /* as MUSTER_FETCH_PUBLIC */

/* A connection to another server. All functions are needed. */
struct muster_ws_client {
    uint32_t size;
    uint32_t header_count;
    const char *url;                          /* ws or wss; certificates are verified */
    const char *subprotocol;                  /* null: none */
    const struct muster_http_header *headers; /* of the handshake, as for http->fetch */
    void (*open)(void *user);
    void (*message)(void *user, uint32_t binary, struct muster_bytes data);
    /* The end, also when open never came. CLOSED: by this side, or as the protocol says, with the
     * server's code or 0. */
    void (*close)(void *user, muster_status status, uint32_t code);
    uint32_t flags;             /* MUSTER_WS_... */
    uint32_t message_max_bytes; /* a longer one ends it with LIMIT; 0, and at most: 1 MiB */
};

/* A path at which a plugin serves WebSockets. All functions are needed. */
struct muster_ws_server {
    uint32_t size;
    uint32_t flags;          /* MUSTER_ROUTE_ADMIN, MUSTER_ROUTE_TOKEN */
    const char *path;        /* exactly; not "/ws" */
    const char *subprotocol; /* that clients must name; null: they name none */
    /* A client's handshake, as a request without a body; http->header answers for it until this
     * returns. 0: it is let in, and ws is its WebSocket from now on; or the HTTP status to refuse
     * it with: 401, 403, 404, 429, 503, else 500. What is sent here comes right behind the
     * handshake; close answers STATE. Of pages of other servers those in net.allowedOrigins come
     * this far, on the admin address none. */
    uint32_t (*open)(void *user, muster_ws_id ws, const struct muster_http_request *request);
    /* At most net.messageMaxBytes; text is valid UTF-8. On the public address each message costs
     * its sender a request (net.strangerPerSecond); who sends more is closed with 4005. */
    void (*message)(void *user, muster_ws_id ws, uint32_t binary, struct muster_bytes data);
    /* The end of each that was let in. CLOSED: by this side, or as the protocol says, with the
     * client's code or 0; IO: the connection is lost; LIMIT: too many messages. */
    void (*close)(void *user, muster_ws_id ws, muster_status status, uint32_t code);
};

struct muster_host_ws {
    uint32_t size;
    uint32_t reserved;
    /* [start] [open] To another server, while the network is up, as for http->fetch. INVALID: no ws
     * url, a header that cannot be sent, unknown flags, a message_max_bytes above 1 MiB. STATE and
     * DENIED: as fetch. LIMIT: as loop->timer_start, or headers of more than 8 KiB, or more
     * than 16. */
    muster_status (*open)(muster_self *self, const struct muster_ws_client *client, void *user,
                          muster_ws_id *out);
    /* STATE: it is not open yet, or not any more. FULL above 256 KiB unsent. CLOSED: a client's
     * that is being closed. Text must be UTF-8. */
    muster_status (*send)(muster_self *self, muster_ws_id id, uint32_t binary,
                          struct muster_bytes data);
    /* To another server the connection ends now. A client is sent what is queued, then a close
     * frame with the code: 1000, 1001, 1008, 1011, 1013, or 3000 to 4999, else INVALID. The
     * handler's close comes with CLOSED. */
    muster_status (*close)(muster_self *self, muster_ws_id id, uint32_t code);
    /* [open] Serves a path from now on, until the plugin stops. INVALID: a path that is none, a
     * subprotocol that is no token of at most 63 bytes or is the core's, unknown flags; EXISTS: the
     * path is taken; LIMIT: the node speaks 16 other subprotocols; FULL: the node has no place for
     * another path. A client is closed first when the node's connections run out, unless
     * flags has MUSTER_ROUTE_TOKEN. */
    muster_status (*serve)(muster_self *self, const struct muster_ws_server *server, void *user);
};

/* ---- lobby -------------------------------------------------------------------------------------
 */

struct muster_lobby_info {
    uint32_t size;
    uint32_t state; /* MUSTER_LOBBY_... */
    muster_lobby_id lobby;
    muster_match_id match;                 /* 0 when none runs */
    char lobby_key[MUSTER_PLAYER_KEY_MAX]; /* the lobbyId of the wire */
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
    uint32_t players_current; /* people seated or with a reserved seat */
    uint32_t players_max;
    uint32_t team_count;
    uint32_t is_private;
    uint32_t spectators;
    uint32_t reserved;
    muster_player_id host; /* 0: the lobby has none */
    uint32_t is_locked;
    uint32_t is_unmatched; /* matchmaking puts nobody here: private, locked, frozen, matched_set */
    char join_code[16];    /* "" when the lobby has no host */
    int64_t epoch;         /* of this life of the lobby: a ticket for another one is void */
};

/* One who has a seat, a reservation or a spectator's place. */
struct muster_member_info {
    uint32_t size;
    uint32_t seat; /* MUSTER_SEAT_NONE: a spectator */
    muster_player_id player;
    uint32_t team;
    uint32_t is_spectator;
    uint32_t has_entered; /* 0: a reservation */
    uint32_t is_connected;
    uint32_t is_ready;
    uint32_t reserved;
    uint64_t since_ms; /* host->loop->now_ms clock */
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
};

#define MUSTER_VOTE_OPTIONS_MAX 16
#define MUSTER_VOTE_NONE 0xFFFFFFFFu
#define MUSTER_VOTE_MAJORITY 0xFFFFFFFFu /* as `needed` */

/* A vote of a lobby's players. One at a time, beside the host's own for another match. */
struct muster_vote {
    uint32_t size;
    uint32_t option_count;      /* 1 to MUSTER_VOTE_OPTIONS_MAX */
    const char *key;            /* "kick", "map": what is voted on, below MUSTER_NAME_MAX bytes */
    const char *subject;        /* whom or what it concerns, or "" */
    const char *const *options; /* names, below MUSTER_NAME_MAX bytes each */
    uint32_t duration_ms;       /* 1000 to 300000 */
    uint32_t needed;            /* votes that an option needs to win, and with which it wins at
                                   once; 0: the most votes when time is up or all have voted.
                                   MUSTER_VOTE_MAJORITY: more than half of those who may
                                   vote, as they come and go, and at least two */
    uint32_t caller_seat;       /* votes for option 0 by calling, or MUSTER_SEAT_NONE */
    uint32_t excluded_seat;     /* may not vote, or MUSTER_SEAT_NONE */
};

struct muster_vote_result {
    uint32_t size;
    uint32_t winner; /* option, or MUSTER_VOTE_NONE; of equals the first */
    muster_lobby_id lobby;
    const char *option; /* the winner's name, or "" */
    const uint32_t *counts;
    uint32_t option_count;
    muster_status status; /* OK; CLOSED: there is no result, no winner and no options, as the vote
                             was cancelled or the lobby has closed */
};

typedef void (*muster_vote_fn)(void *user, const struct muster_vote_result *result);

#define MUSTER_LOBBY_STATE_MAX 1048576 /* bytes */

/* A lobby to be made. */
struct muster_lobby_plan {
    uint32_t size;
    uint32_t is_private; /* the setting isPrivate */
    const char *game_mode;
    const char *region;        /* null or "": the node's */
    const char *settings_json; /* one JSON object, or null: none */
};

/* lobby: 0 unless status is OK; reason: a sentence, "" then. */
typedef void (*muster_lobby_made_fn)(void *user, muster_status status, muster_lobby_id lobby,
                                     const char *reason);

/* state: borrowed, none unless status is OK; reason: a sentence, "" then. */
typedef void (*muster_lobby_saved_fn)(void *user, muster_status status, struct muster_bytes state,
                                      const char *reason);

/* A seat to be held for a player. */
struct muster_seat_wish {
    uint32_t size;
    uint32_t team;          /* it counts whatever others wish; MUSTER_TEAM_NONE: theirs to choose */
    const char *player_key; /* who it is when they sign in: the playerId */
    const char *display_name; /* until then; null or "": the player_key */
    uint32_t hold_ms;         /* 1000 to 3600000; then the seat is free again. At least as long as
                                 lobby.seatTicketMs */
    uint32_t ticket_issue;    /* a number of the signed ticket that was made for it, which no other
                                 has; of all that were made, it leads in alone. 0: none was made */
};

struct muster_seat_ticket {
    uint32_t size;
    uint32_t seat;
    muster_player_id player;
    char ticket[32]; /* a secret: never log it */
};

struct muster_host_lobby {
    uint32_t size;
    uint32_t reserved;
    /* Walk all lobbies: previous 0 gives the first; NOT_FOUND at the end. */
    muster_status (*next)(muster_self *self, muster_lobby_id previous,
                          struct muster_lobby_info *out);
    muster_status (*get)(muster_self *self, muster_lobby_id id, struct muster_lobby_info *out);
    /* [open] Add keys to the lobby settings schema (JSON text, docs/plugin-guide.md "Schemas");
     * they belong to every lobby of every mode. In init: lobbies that are there already have none
     * of what is added later. EXISTS when a key is taken; INVALID: no schema. The log says what is
     * wrong with it. STATE: a newer generation is in force. */
    muster_status (*settings_add)(muster_self *self, const char *schema_json);
    /* 0, false or "" where there is no such lobby or setting of that type. Texts are borrowed. */
    int64_t (*setting_integer)(muster_self *self, muster_lobby_id id, const char *key);
    bool (*setting_boolean)(muster_self *self, muster_lobby_id id, const char *key);
    const char *(*setting_string)(muster_self *self, muster_lobby_id id, const char *key);
    /* Queued, done after the current callback. An empty seat: nothing happens. */
    muster_status (*kick)(muster_self *self, muster_lobby_id id, uint32_t seat, const char *reason);
    muster_status (*close)(muster_self *self, muster_lobby_id id, const char *reason);
    muster_status (*chat)(muster_self *self, muster_lobby_id id, const char *text);

    /* ---- For plugins that decide about lobbies. Not inside a match step. These do what is asked,
     * at once unless said otherwise; who may ask for it is the plugin's question, which it puts to
     * the other rules with `ask`. NOT_FOUND: no such lobby, seat or player. ---- */

    /* Walk the members: index 0 first, then *index as it was left. NOT_FOUND at the end. */
    muster_status (*member_next)(muster_self *self, muster_lobby_id id, uint32_t *index,
                                 struct muster_member_info *out);
    /* Would the lobby's other rules allow this? ACCEPT or REJECT with reason (and
     * action->refusal, where given). The asking plugin is not asked itself. REJECT, too, when one
     * of them waits for an answer itself. */
    muster_verdict (*ask)(muster_self *self, const struct muster_action *action, char *reason,
                          uint32_t cap);
    /* All settings but the secret ones as one JSON object. LIMIT: out is too small. */
    muster_status (*settings_get)(muster_self *self, muster_lobby_id id, struct muster_writer *out);
    /* Change settings (a JSON object), all or none: checked against the schema and the state, then
     * against the other rules, which are told with `changed`. On failure reason says why: INVALID,
     * STATE, DENIED. `by`: the player it is done for, or 0. */
    muster_status (*settings_set)(muster_self *self, muster_lobby_id id, muster_player_id by,
                                  const char *settings_json, char *reason, uint32_t cap);
    /* Names of the maps of the lobby's mode, borrowed; null past the last. */
    const char *(*map_name)(muster_self *self, muster_lobby_id id, uint32_t index);
    /* Name of a team of the lobby's mode, 1 to info.team_count; "none" for others. Lives until the
     * lobby is gone. */
    const char *(*team_name)(muster_self *self, muster_lobby_id id, uint32_t team);
    /* STATE while a match runs. INVALID: no team. FULL: it has as many as the mode lets in. */
    muster_status (*team_set)(muster_self *self, muster_lobby_id id, uint32_t seat, uint32_t team);
    /* player must be an entered member; 0: nobody is host. Emits LOBBY_HOST. */
    muster_status (*host_set)(muster_self *self, muster_lobby_id id, muster_player_id player);
    /* No more players or spectators come in. */
    muster_status (*lock_set)(muster_self *self, muster_lobby_id id, uint32_t locked);
    /* May matchmaking put players here? It never does into a private or locked lobby. */
    muster_status (*matched_set)(muster_self *self, muster_lobby_id id, uint32_t matched);
    /* A new join code; the old one leads nowhere. */
    muster_status (*code_renew)(muster_self *self, muster_lobby_id id);
    /* Queued: the player loses the seat, reservation or place. leave: MUSTER_LEAVE_..., else
     * INVALID.
     */
    muster_status (*remove)(muster_self *self, muster_lobby_id id, muster_player_id player,
                            uint32_t leave, const char *reason);
    /* A notification to all who are in; params is one JSON object, else INVALID. */
    muster_status (*notify)(muster_self *self, muster_lobby_id id, const char *method,
                            const char *params_json);
    /* [start] [open] EXISTS while another vote runs; INVALID: the vote is none. fn is called when
     * it has ended. When the lobby closes, that is before the rules' state of it is destroyed.
     * Where the lobby goes on in another process the vote has ended as one that is CLOSED; there is
     * no fn there to be told, so who keeps the lobby (rules.lobby_save) ends in lobby_load what
     * waited for it. */
    muster_status (*vote_start)(muster_self *self, muster_lobby_id id,
                                const struct muster_vote *vote, muster_vote_fn fn, void *user);
    /* NOT_FOUND: no vote of this plugin runs there. It is over for the players at once. */
    muster_status (*vote_cancel)(muster_self *self, muster_lobby_id id);

    /* A setting of any type as JSON text. NOT_FOUND: no such lobby or key, or a secret one. LIMIT:
     * out is too small. */
    muster_status (*setting_json)(muster_self *self, muster_lobby_id id, const char *key,
                                  struct muster_writer *out);
    /* All settings but the secret ones that a new lobby of this mode has when it is made
     * with these (a JSON object, or null for none), as one JSON object. INVALID: a value is not
     * what its schema says, or no JSON object. NOT_FOUND: no setting of that name, or, with an
     * empty reason, no such mode. LIMIT: out is too small. Nothing is made. */
    muster_status (*settings_check)(muster_self *self, const char *game_mode,
                                    const char *settings_json, struct muster_writer *out,
                                    char *reason, uint32_t cap);

    /* ---- From outside: lobbies that nobody in them has made, seats for people who are yet to
     * come. ---- */

    /* The lobby of that lobbyId. */
    muster_status (*find)(muster_self *self, const char *lobby_key, muster_lobby_id *out);
    /* [start] [open] Make a lobby without a host, in the next turn of the loop; fn is told its id,
     * or with a reason why there is none. All rules are asked, the plugin's own too: LOBBY_CREATE,
     * and SETTING for each key that is given, with player 0. An empty one is closed after
     * lobby.emptyCloseMs: seat_reserve in fn. INVALID, also told to fn: no such mode, region,
     * setting or value. Told to fn: DENIED, by a rule; LIMIT: the node takes no more lobbies;
     * UNAVAILABLE: it is overloaded, ask again in a moment. */
    muster_status (*create)(muster_self *self, const struct muster_lobby_plan *plan,
                            muster_lobby_made_fn fn, void *user);
    /* [start] Reserve a seat for a player, who need not have signed in, and take what lets this
     * player alone in: the seatTicket of lobby.enter, once. One who has a seat there already keeps
     * it and gets a new ticket; the one before is void. The other rules are asked as for a JOIN
     * without a secret. It ends a search. On failure nothing has changed and reason says why:
     * INVALID: no key, name, team or time that is one; DENIED: a rule, a lock, a ban, the
     * whitelist; FULL: the lobby or the team is; LIMIT: the node is; CONFLICT: the player has a
     * seat in another lobby; STATE: the lobby is not joined any more, or stands, or the player is
     * there in another team. */
    muster_status (*seat_reserve)(muster_self *self, muster_lobby_id id,
                                  const struct muster_seat_wish *wish,
                                  struct muster_seat_ticket *out, char *reason, uint32_t cap);

    /* ---- Lobbies that stand for a while, and that go on on another node. ---- */

    /* Queued: the lobby's clock stands, and its match between two ticks, until it is thawed or,
     * after lobby.frozenMaxMs, closed. Nobody gets a seat meanwhile; who drops may come back. One
     * that stands already, or closes: nothing happens. */
    muster_status (*freeze)(muster_self *self, muster_lobby_id id);
    /* Queued: it goes on where it stood. One that does not stand: nothing happens. */
    muster_status (*thaw)(muster_self *self, muster_lobby_id id);
    /* [start] [open] All of the lobby as bytes, written in the next turn of the loop; fn is told
     * them. It goes on here: freeze it before, for what is to go on elsewhere. They hold the tokens
     * that open its seats: keep them secret. Told to fn: NOT_FOUND: it is gone, or its mode is;
     * STATE: it closes; LIMIT: it would be larger than MUSTER_LOBBY_STATE_MAX. */
    muster_status (*save)(muster_self *self, muster_lobby_id id, muster_lobby_saved_fn fn,
                          void *user);
    /* [start] [open] Make the lobby that was saved as these bytes, with its lobbyId, in the next
     * turn of the loop; fn is told its id, or with a reason why there is none, and then nothing is
     * left of it. It stands; its members have dropped, and resume with the tokens they have; it
     * goes on when all who were there are back, after lobby.recoverMs, or thawed. LIMIT: more bytes
     * than MUSTER_LOBBY_STATE_MAX. Told to fn: INVALID: these bytes are no lobby; NOT_FOUND: its
     * mode is not loaded; CONFLICT: a plugin is another one here, or its match has ended since;
     * EXISTS: it is here; FULL: the node is; UNAVAILABLE: the node drains. */
    muster_status (*load)(muster_self *self, struct muster_bytes state, muster_lobby_made_fn fn,
                          void *user);
};

/* ---- match: the one door out of a match step
 * ------------------------------------------------------ */

/* Every lobby has the settings mapName (one of maps) and maxPlayers (to people_max), made of what
 * the mode says here. */
struct muster_mode_info {
    uint32_t size;
    uint32_t players_max; /* default of the setting maxPlayers, 1 to people_max */
    const char *game_mode;
    const char *title;
    const char *settings_json;   /* schema of this mode's settings, or null */
    const char *const *maps;     /* map names; the first is the default */
    uint32_t map_count;          /* at least 1 */
    uint32_t tick_rate_hz;       /* default, 1 to MUSTER_TICK_RATE_MAX; the host may allow less */
    uint32_t view_count;         /* 1 to MUSTER_VIEWS_MAX */
    uint32_t snapshot_max_bytes; /* 64 to 16384, per view */
    /* Another mode, already declared, that steps and encodes matches of this one; or
     * null. This one's settings are added to the base's. What decides the difference is a rules
     * role. What of players_max, maps, tick_rate_hz, view_count, snapshot_max_bytes, people_max,
     * players_min, teams, victories and stats is 0 or null is the base's. */
    const char *base;
    /* Other defaults for lobby settings in this mode, whoever declares these: one JSON
     * object, or null. Unknown keys are ignored: their plugin may not be loaded. */
    const char *defaults_json;
    uint32_t people_max;  /* most that maxPlayers may be, to MUSTER_PEOPLE_MAX; 0: 16 */
    uint32_t players_min; /* so many start a match; 0: the node's lobby.playersMin */
    /* Null: none, everybody plays for themselves. Where each has a players_max, those together
     * should be no fewer than people_max. */
    const struct muster_team *teams;
    uint32_t team_count; /* to MUSTER_TEAMS_MAX */
    uint32_t victory_count;
    /* Plugins with the role victory that decide matches of this mode; settings of the others are
     * none of its lobbies'. Null: all that there are; none: not null, with victory_count 0. */
    const char *const *victories;
    /* Statistics of its own beside the four: names like reasons, each once, to
     * MUSTER_STATS_OWN_MAX. */
    const char *const *stats;
    uint32_t stat_count;
    uint32_t reserved;
};

/* One row of the scoreboard. */
struct muster_seat_info {
    uint32_t size;
    uint32_t seat;
    uint32_t team;
    uint32_t is_bot;
    uint32_t connected;
    uint32_t alive;
    int32_t kills;
    int32_t deaths;
    int32_t assists;
    int32_t score;
    uint32_t ping_ms;
    uint32_t reserved;
    char display_name[MUSTER_DISPLAY_MAX];
};

struct muster_host_match {
    uint32_t size;
    uint32_t reserved;
    /* [open] Declare a game mode that this plugin's mode vtable plays. EXISTS when the name, or a
     * key of its settings, is taken; NOT_FOUND: no such base; INVALID: it is not what
     * muster_mode_info says; STATE: a newer generation is in force. The log says which and why. */
    muster_status (*mode_add)(muster_self *self, const struct muster_mode_info *info);
    /* DENIED: another plugin's. */
    muster_status (*mode_remove)(muster_self *self, const char *game_mode);

    /* Settings of the match's lobby, frozen for the match, but for those with "when": "always",
     * which change at the begin of a step. Otherwise as the lobby's. */
    int64_t (*setting_integer)(muster_self *self, muster_match_id match, const char *key);
    bool (*setting_boolean)(muster_self *self, muster_match_id match, const char *key);
    const char *(*setting_string)(muster_self *self, muster_match_id match, const char *key);

    /* Scoreboard. NOT_FOUND for an empty seat. ping_ms is 0 inside a match step. Those that change
     * it are legal in the step alone, as are bot_add, bot_remove, random, event, adjust and tell:
     * elsewhere STATE (adjust: the value as it was, random: 0) and a fault. INVALID: no team, no
     * stat of that number. */
    muster_status (*seat_get)(muster_self *self, muster_match_id match, uint32_t seat,
                              struct muster_seat_info *out);
    muster_status (*team_set)(muster_self *self, muster_match_id match, uint32_t seat,
                              uint32_t team);
    muster_status (*alive_set)(muster_self *self, muster_match_id match, uint32_t seat,
                               uint32_t alive);
    muster_status (*stat_add)(muster_self *self, muster_match_id match, uint32_t seat,
                              uint32_t stat, int32_t delta);
    muster_status (*team_score_add)(muster_self *self, muster_match_id match, uint32_t team,
                                    int32_t delta);
    int32_t (*team_score)(muster_self *self, muster_match_id match, uint32_t team);
    /* A MUSTER_STAT_..., one of the mode's own included; 0 where there is none. */
    int32_t (*stat)(muster_self *self, muster_match_id match, uint32_t seat, uint32_t stat);
    /* "none" for MUSTER_TEAM_NONE and for what is no team. Lives as long as the match. */
    const char *(*team_name)(muster_self *self, muster_match_id match, uint32_t team);
    /* The word for a MUSTER_STAT_..., one of the mode's own included; null past the last. Lives as
     * long as the match. */
    const char *(*stat_name)(muster_self *self, muster_match_id match, uint32_t stat);

    /* Bots take seats like people and stand on the scoreboard; the mode moves them. Not announced
     * to the mode through join and leave, but to the match's rules. FULL when no seat is free;
     * STATE when a rule asks; INVALID: no team. bot_remove: NOT_FOUND: no bot sits there. */
    muster_status (*bot_add)(muster_self *self, muster_match_id match, const char *display_name,
                             uint32_t team, uint32_t *seat);
    muster_status (*bot_remove)(muster_self *self, muster_match_id match, uint32_t seat);

    /* Uniform random number from the match's own generator (xoshiro256**, seeded with the match's
     * seed, part of the saved state). bound 0: all 64 bits; else 0 to bound - 1. */
    uint64_t (*random)(muster_self *self, muster_match_id match, uint64_t bound);

    /* A reliable event for all members, 1 to MUSTER_EVENT_MAX bytes, else INVALID, sent inside the
     * tick's message. 64 and 8 KiB per tick, LIMIT above. */
    muster_status (*event)(muster_self *self, muster_match_id match, const void *data,
                           uint32_t len);
    /* Run a number through the rules chain. */
    int64_t (*adjust)(muster_self *self, muster_match_id match, const struct muster_param *param,
                      int64_t value);
    /* Tell the anticheat plugins. */
    void (*fact)(muster_self *self, muster_match_id match, uint32_t seat, const char *kind,
                 int64_t value);
    /* Queued for the mode's command, applied at the start of the next tick, recorded. INVALID: no
     * name, one of 48 bytes or more, a text of 128 or more, more than 8 args. LIMIT: 64 wait. */
    muster_status (*command)(muster_self *self, muster_match_id match,
                             const struct muster_command *command);
    /* End the match after this tick; between two ticks, after the next. Outside of the step: in the
     * loop's next turn. INVALID: it is not what muster_match_end says. STATE: it has ended, or
     * will. */
    muster_status (*end)(muster_self *self, muster_match_id match,
                         const struct muster_match_end *end);

    /* Tell the match's rules, then the anticheat plugins, what happened: inside the step. size,
     * seat and kind are needed; the host fills in the tick. From a call of the rules: STATE, and a
     * fault. INVALID: no kind, a seat that there is none of. */
    muster_status (*tell)(muster_self *self, muster_match_id match, const struct muster_fact *fact);
    /* For providers of rules: write at most MUSTER_NOTE_MAX bytes into the match's log. Everything
     * that steers a match and is neither input nor setting nor command enters this way.
     *   Outside of a step, and in match_begin: match_note is called with it, at once (in
     *     match_begin: when all rules have begun; at most 256 KiB). A replay ignores the call and
     *     brings the log's notes at the same place.
     *   Inside a step: only written. It says something about this step that a replay has to know
     *     before (an answer that was read, where a script was stopped): a replay brings all notes
     *     of this kind right after match_begin, before those of the first kind, in order.
     * STATE: in save, load and match_end, and when the match is over. DENIED: the plugin has no
     * rules with match_note in this match. INVALID: no bytes or too many; LIMIT: as said. */
    muster_status (*note)(muster_self *self, muster_match_id match, const void *data, uint32_t len);
    /* Name what took part beside the plugins ("mod:koth", "1.2.0+3f2a91c0"): MatchResults.versions
     * lists it. The same name again replaces its version. At most 32 names, else LIMIT; visible
     * ASCII, names of at most 47, versions of at most 63 bytes, else INVALID. */
    muster_status (*version_set)(muster_self *self, muster_match_id match, const char *name,
                                 const char *version);
    /* A setting of any type as JSON text. NOT_FOUND: no such match or key. LIMIT: out is too small.
     */
    muster_status (*setting_json)(muster_self *self, muster_match_id match, const char *key,
                                  struct muster_writer *out);
    /* Names of the plugins with the role victory, borrowed; null past the last. */
    const char *(*victory_name)(muster_self *self, uint32_t index);
    /* The plugin has nothing to do in this match, until it says otherwise (0): its victory is not
     * asked, and its rules are not asked (adjust) and not told of ticks, facts, and who comes and
     * goes. For those whose calls would do nothing: they are the dearest part of a tick. Legal
     * whenever the match is there, from match_begin and the victory's create on. Not saved: say it
     * in load as well. NOT_FOUND: no such match. DENIED: the plugin has neither role in it. */
    muster_status (*idle_set)(muster_self *self, muster_match_id match, uint32_t idle);
    /* Tell the anticheat plugins alone, with all that a fact has; as tell, but rules hear nothing
     * of it, and a replay has nobody to tell it to: what it is made of may be no part of the state.
     */
    muster_status (*observe)(muster_self *self, muster_match_id match,
                             const struct muster_fact *fact);
    /* Does any of them hear facts of this match? What costs something to find out is found out for
     * them alone. Nothing that steers the match may depend on it. */
    bool (*is_observed)(muster_self *self, muster_match_id match);
};

/* ---- player
 * --------------------------------------------------------------------------------------- */

struct muster_player_info {
    uint32_t size;
    uint32_t connected;
    muster_player_id player;
    muster_lobby_id lobby; /* 0 when in none */
    uint32_t seat;         /* MUSTER_SEAT_NONE when in none or spectating */
    uint32_t ping_ms;
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
    char region[MUSTER_NAME_MAX];
    char permissions[256];
};

struct muster_host_player {
    uint32_t size;
    uint32_t reserved;
    muster_status (*get)(muster_self *self, muster_player_id id, struct muster_player_info *out);
    /* NOT_FOUND: nobody of that key is signed in. */
    muster_status (*find)(muster_self *self, const char *player_key, muster_player_id *out);
    /* As lobby->next. */
    muster_status (*next)(muster_self *self, muster_player_id previous,
                          struct muster_player_info *out);
    /* A JSON-RPC notification to the player's connection; params is one JSON object, else INVALID.
     */
    muster_status (*notify)(muster_self *self, muster_player_id id, const char *method,
                            const char *params_json);
    /* End the session. Queued. */
    muster_status (*kick)(muster_self *self, muster_player_id id, const char *reason);
    /* Complete an auth PENDING: ACCEPT, REJECT or PASS; another verdict lets nobody in and is a
     * fault. NOT_FOUND, DENIED or INVALID, and a fault: the ticket is not open, another plugin's,
     * or one of something else. */
    muster_status (*auth_complete)(muster_self *self, muster_auth_ticket_id ticket,
                                   muster_verdict verdict, const struct muster_identity *identity);
    /* A limit that holds whatever the player renews. Takes one try of `name` (the
     * plugin's own word) from the player and from the player's address, who have so many a minute,
     * all of them at once if they like; the host remembers both beyond connection, session and
     * lobby. LIMIT: one of them has none left, nothing was taken, and *wait_ms says when to come
     * back. INVALID: no name, one too long, or a limit of 0. NOT_FOUND: no such player. */
    muster_status (*try_take)(muster_self *self, muster_player_id id, const char *name,
                              uint32_t player_per_minute, uint32_t address_per_minute,
                              uint32_t *wait_ms);
};

/* ---- db
 * -------------------------------------------------------------------------------------------- */

typedef void (*muster_db_fn)(void *user, muster_status status, const struct muster_db_rows *rows);

struct muster_host_db {
    uint32_t size;
    uint32_t reserved;
    /* [start] fn may be null. rows is null unless status is OK. UNAVAILABLE when no database plugin
     * is loaded, or none of the request's name, which is logged; INVALID: not 1 to 64 statements,
     * bits that are unknown or do not go together, or what cannot be kept; LIMIT: more than can be
     * kept; FULL: too much waits; else what submit answers (LIMIT: its queue is full). Told to fn:
     * CONFLICT when a unique or foreign key refused it, or a statement changed another number of
     * rows than it demands; DENIED: it is READ_ONLY and would change something; TIMEOUT; CLOSED;
     * others. */
    muster_status (*query)(muster_self *self, const struct muster_db_request *request,
                           muster_db_fn fn, void *user, muster_query_id *out);
    /* [start] What is asked for in start is done before the node takes players; when it fails, the
     * node does not start. database: as a request's. fn may be null. Statuses: as query. */
    muster_status (*migrate)(muster_self *self, const char *database, const char *component,
                             const char *const *steps, uint32_t step_count, muster_db_fn fn,
                             void *user, muster_query_id *out);
    /* For database plugins: the answer to submit, migrate or backup. Statuses: as
     * player->auth_complete. */
    muster_status (*complete)(muster_self *self, muster_db_ticket_id ticket, muster_status status,
                              const struct muster_db_rows *rows);
    /* Of a query or a migration. fn, if there is one, comes with CLOSED; the database does it all
     * the same, but the node's start does not wait for it. */
    muster_status (*query_cancel)(muster_self *self, muster_query_id id);
};

/* ---- kv: values by key, for a while, and messages ------------------------------------------- */

/* answer is null unless status is OK. */
typedef void (*muster_kv_fn)(void *user, muster_status status,
                             const struct muster_kv_answer *answer);
typedef void (*muster_kv_message_fn)(void *user, const char *channel, struct muster_bytes message);

struct muster_host_kv {
    uint32_t size;
    uint32_t reserved;
    /* [start] fn, which may be null, comes in a later turn. UNAVAILABLE: no plugin provides it: do
     * without. INVALID: not as the role says, or too long; LIMIT: 4096 requests of the node are
     * open; else what the provider's submit answers, for UNAVAILABLE CLOSED. Told to fn: what the
     * role names; LIMIT: there is no room for the value; TIMEOUT; CLOSED; what the provider says.
     */
    muster_status (*request)(muster_self *self, const struct muster_kv_request *request,
                             muster_kv_fn fn, void *user, muster_kv_request_id *out);
    /* fn comes with CLOSED; it is done all the same. */
    muster_status (*cancel)(muster_self *self, muster_kv_request_id id);
    /* [start] [open] fn with each message of the channel that comes from now on, also with those
     * that the plugin publishes itself, in order. Ends by itself with the plugin. A message may be
     * missed when a store is out of reach for a while. UNAVAILABLE, INVALID: as request; LIMIT: the
     * node has 1024 subscriptions; else what the provider's subscribe answers. */
    muster_status (*subscribe)(muster_self *self, const char *channel, muster_kv_message_fn fn,
                               void *user, muster_kv_subscription_id *out);
    muster_status (*unsubscribe)(muster_self *self, muster_kv_subscription_id id);
    /* For providers: the answer to submit. Statuses: as player->auth_complete. */
    muster_status (*complete)(muster_self *self, muster_kv_ticket_id ticket, muster_status status,
                              const struct muster_kv_answer *answer);
    /* For the provider: a message of a channel; those who listen hear it in a later turn. INVALID:
     * no channel, or too long. DENIED: the node asks another one. FULL: 16 MiB of messages wait. */
    muster_status (*deliver)(muster_self *self, const char *channel, struct muster_bytes message);
};

/* ---- report
 * ----------------------------------------------------------------------------------------- */

struct muster_host_report {
    uint32_t size;
    uint32_t reserved;
    /* [start] A suspicion about a seat: one JSON object with at least "detector" and "severity" (1
     * to 10), else INVALID and a fault. "family", a word, says which detectors see the same thing:
     * "movement", "timing", "aim", "information". The host decides what follows from it (section
     * anticheat of the configuration), adds id, match, lobby, player, tick, ping, the place in the
     * recording and the step taken, and hands it to the reporters. NOT_FOUND: no such match, or
     * nobody sits there. */
    muster_status (*suspicion)(muster_self *self, muster_match_id match, uint32_t seat,
                               const char *json);
    /* For reporter plugins: the answer to a PENDING deliver; ACCEPT or REJECT, another is a fault
     * and rejects. Statuses: as player->auth_complete. */
    muster_status (*complete)(muster_self *self, muster_report_ticket_id ticket,
                              muster_verdict verdict);
};

/* ---- watchdog
 * --------------------------------------------------------------------------------------- */

struct muster_host_watchdog {
    uint32_t size;
    uint32_t reserved;
    /* fn is called from a signal handler on the loop thread, each ms or more often from the moment
     * a call into this plugin has lasted limit_us, until the call ends. It must be
     * async-signal-safe. Null clears it, at any time; another is [open]. Cleared before the plugin
     * is unloaded. INVALID: a limit of 0. With no anticheat a tick's inputs are one call. */
    muster_status (*overrun)(muster_self *self, uint32_t limit_us, void (*fn)(void *user),
                             void *user);
};

/* ---- metrics
 * ---------------------------------------------------------------------------------------- */

enum {
    MUSTER_METRIC_COUNTER = 1,
    MUSTER_METRIC_GAUGE = 2,
    MUSTER_METRIC_HISTOGRAM = 3,
};

/* One sample. Samples of one metric come one after another. */
struct muster_metric {
    uint32_t size;
    uint32_t type;
    const char *name; /* full Prometheus name, for histograms without _bucket, _sum, _count */
    const char *help;
    const char *labels;            /* `state="waiting",mode="arena"`, or "" */
    double value;                  /* counter, gauge */
    const double *bounds;          /* histogram: bucket_count upper bounds */
    const uint64_t *bucket_counts; /* cumulative, bucket_count of them */
    uint32_t bucket_count;
    uint32_t reserved;
    uint64_t count; /* histogram: observations */
    double sum;     /* histogram */
};

struct muster_host_metrics {
    uint32_t size;
    uint32_t reserved;
    /* [open] Own counter or gauge; name must begin with "muster_". Never a label with a player or
     * lobby. A reload does not begin a counter anew: both generations count into it while both are
     * there. *out is for set and increase, and untouched unless OK. INVALID: no type of the two, a
     * name of other than a-z, 0-9 and _ or of 96 bytes or more; EXISTS: the name is taken;
     * LIMIT: the node has no place for another. */
    muster_status (*add)(muster_self *self, uint32_t type, const char *name, const char *help,
                         uint32_t *out);
    /* Of another plugin or of nobody: not done, and a fault. */
    void (*set)(muster_self *self, uint32_t metric, double value);
    void (*increase)(muster_self *self, uint32_t metric,
                     double by); /* a counter: not by less than 0 */
    /* All metrics of the node, the plugin's own included. */
    void (*visit)(muster_self *self, void (*fn)(void *user, const struct muster_metric *metric),
                  void *user);
};

/* ---- admin
 * ------------------------------------------------------------------------------------------ */

/* One run of a command whose answer may come later. */
struct muster_command_call {
    uint32_t size;
    uint32_t reserved;
    muster_command_call_id id; /* to be answered with command_answer, exactly once */
    const char *arguments;     /* "" when there are none; borrowed until it is answered */
};

struct muster_host_admin {
    uint32_t size;
    uint32_t reserved;
    /* [open] A console command. fn writes its answer as text. A last line that begins with FAILED
     * says that nothing was done: 400 over HTTP, invalid_params for players, exit code 1 of --run.
     * Where it is no more than FAILED, or FAILED with one of the codes not_found, conflict and
     * wrong_state in place of invalid_params, it is not shown below the lines that say why.
     * name: one word of at most 47 bytes, else INVALID; EXISTS: it is taken. help: at most 127
     * bytes, or null, else LIMIT, as when the node has no place for another command. */
    muster_status (*command_add)(muster_self *self, const char *name, const char *help,
                                 void (*fn)(void *user, const char *arguments,
                                            struct muster_writer *answer),
                                 void *user);
    /* [start] Run a command line of at most 1000 bytes, else INVALID, as `actor`; fn, which may be
     * null, gets the answer, and with the status whether it was done. LIMIT: as
     * loop->timer_start. */
    muster_status (*execute)(muster_self *self, const char *actor, const char *line,
                             void (*fn)(void *user, muster_status status, const char *answer),
                             void *user, muster_execution_id *out);
    /* [open] As command_add, for a command that has to ask others first (the database). After a
     * minute without an answer the host says so. */
    muster_status (*command_add_late)(muster_self *self, const char *name, const char *help,
                                      void (*fn)(void *user,
                                                 const struct muster_command_call *call),
                                      void *user);
    /* In the command or later. status: OK, or why nothing was done, which text says in a sentence:
     * INVALID (the arguments), NOT_FOUND, CONFLICT, UNAVAILABLE, ... Answers NOT_FOUND for a call
     * that is answered already, else as player->auth_complete. */
    muster_status (*command_answer)(muster_self *self, muster_command_call_id call,
                                    muster_status status, const char *text);
    /* fn comes with CLOSED; a command that has begun goes on. */
    muster_status (*execute_cancel)(muster_self *self, muster_execution_id id);
};

/* ---- events: facts, read-only
 * ------------------------------------------------------------------------ */

#define MUSTER_NOTICE_MAP(X)                                                                       \
    X(SERVER_READY, 1, "server_ready")                                                             \
    X(SERVER_STOPPING, 2, "server_stopping")                                                       \
    X(PLAYER_CONNECTED, 3, "player_connected")                                                     \
    X(PLAYER_DISCONNECTED, 4, "player_disconnected")                                               \
    X(LOBBY_CREATED, 5, "lobby_created")                                                           \
    X(LOBBY_STATE, 6, "lobby_state")                                                               \
    X(LOBBY_CLOSED, 7, "lobby_closed")                                                             \
    X(SEAT_TAKEN, 8, "seat_taken")                                                                 \
    X(SEAT_LEFT, 9, "seat_left")                                                                   \
    X(MATCH_STARTED, 10, "match_started")                                                          \
    X(MATCH_ENDED, 11, "match_ended")                                                              \
    X(PLUGIN_RELOADED, 12, "plugin_reloaded")                                                      \
    X(LOBBY_HOST, 13, "lobby_host")                                                                \
    X(PLAYER_RENEWED, 14, "player_renewed")                                                        \
    X(LOBBY_FROZEN, 15, "lobby_frozen")                                                            \
    X(LOBBY_THAWED, 16, "lobby_thawed")                                                            \
    X(SERVER_RESTARTING, 17, "server_restarting")
#define MUSTER_NOTICE_ENUM(name, code, text) MUSTER_NOTICE_##name = (code),
enum { MUSTER_NOTICE_MAP(MUSTER_NOTICE_ENUM) MUSTER_NOTICE_END = 18 };
#undef MUSTER_NOTICE_ENUM

/* PLAYER_RENEWED: signed in again on the same connection, with a new token; name, region and
 * permissions may be others than before. MATCH_ENDED: the result is with the reporters.
 * LOBBY_CREATED: value 1, it goes on with what was saved (members, a match), of which nothing is
 * told anew. LOBBY_FROZEN: its match stands between two ticks, its countdowns and deadlines stand,
 * nobody gets a seat there, until LOBBY_THAWED. SERVER_RESTARTING: a restart is set or has come
 * nearer, and all players have been told; time to keep what is to be kept. With value 0 another
 * process takes the node over (`upgrade`): what is handed to the database now, it will find there;
 * what comes later, maybe not. */
#define MUSTER_RESTART_CANCELLED UINT32_MAX
struct muster_notice {
    uint32_t size;
    uint32_t kind; /* MUSTER_NOTICE_... */
    muster_lobby_id lobby;
    muster_match_id match;
    muster_player_id player; /* LOBBY_HOST: the new host, 0: the host is gone */
    uint32_t seat;
    uint32_t value; /* LOBBY_STATE: the new state; SEAT_LEFT: MUSTER_LEAVE_...; SERVER_RESTARTING:
                     * in so many seconds, 0: now, or MUSTER_RESTART_CANCELLED; MATCH_ENDED: the bit
                     * 1 << MUSTER_DISTURBED_... of each fault of the server's that it was played
                     * through */
};

struct muster_host_events {
    uint32_t size;
    uint32_t reserved;
    /* [open] fn for every kind whose bit (1 << kind) is set in mask. Never inside another call of a
     * plugin: what happens there is told in the loop's next turn, in order, and may be past by
     * then. INVALID: no kind. FULL: the node has 256 listeners. */
    muster_status (*subscribe)(muster_self *self, uint64_t mask,
                               void (*fn)(void *user, const struct muster_notice *notice),
                               void *user);
};

/* ---- rpc: methods for clients ---------------------------------------------------------------- */

struct muster_rpc_call {
    uint32_t size;
    uint32_t reserved;
    muster_rpc_call_id id; /* to be answered with answer or refuse, exactly once */
    muster_player_id player;
    muster_lobby_id lobby; /* the player's, or 0 */
    const char *method;
    struct muster_bytes params; /* one JSON object, NUL-terminated behind len */
};

typedef void (*muster_rpc_fn)(void *user, const struct muster_rpc_call *call);

/* Methods of docs/protocol.md that a plugin brings. They pass the same gate as the host's own: the
 * player is signed in and within its limits, the message is bounded, its params are an object. */
struct muster_host_rpc {
    uint32_t size;
    uint32_t reserved;
    /* [open] name: "area.verb", letters, digits and one dot, below 64 bytes, else INVALID. EXISTS
     * when it is taken; LIMIT: the node has 256. While lobbies keep an older generation of a
     * reloaded plugin as their rules, that one goes on serving their members. */
    muster_status (*method_add)(muster_self *self, const char *name, muster_rpc_fn fn, void *user);
    /* In the handler or later; "unavailable" is answered after net.answerTimeoutMs. result is one
     * JSON object. NOT_FOUND for a call that is answered already, else as player->auth_complete;
     * INVALID for a result that is none: the client is answered with an internal error. */
    muster_status (*answer)(muster_self *self, muster_rpc_call_id call, const char *result_json);
    /* code: a word of docs/protocol.md section 7 ("denied", "not_found", "invalid_params",
     * "wrong_state", ...); text: the sentence; refusal: data.reason and data.retryAfterMs, or
     * null. Statuses: as answer. */
    muster_status (*refuse)(muster_self *self, muster_rpc_call_id call, const char *code,
                            const char *text, const struct muster_refusal *refusal);
};

/* ---- engine: lobbies and matches without clients --------------------------------------------- */

/* For a process that runs one console command and ends (musterd --run): there is no listener, and
 * time passes only through advance. Everywhere else all functions answer UNSUPPORTED, before they
 * look at their arguments: player_add with nulls asks, at any time, whether this is such a process
 * (INVALID) or not. Legal within that command only: elsewhere STATE, and a fault. Where anything is
 * waited for, TIMEOUT: it did not come. For tests of what runs on the server, with the real
 * server. */
struct muster_host_engine {
    uint32_t size;
    uint32_t reserved;
    /* A player who is signed in, without a connection. INVALID: no name; FULL: the server is. */
    muster_status (*player_add)(muster_self *self, const char *display_name, muster_player_id *out);
    void (*player_remove)(muster_self *self, muster_player_id player);
    /* A request as a client sends it (docs/protocol.md sections 2 and 10), with the limits of
     * requests lifted. answer: {"result": ...} or {"error": {code, message, data}}. A method that
     * is answered later is waited for. INVALID: params_json is no JSON (null and "": there are
     * none); LIMIT: longer than a message may be, or than answer; CLOSED: the player was
     * disconnected. */
    muster_status (*request)(muster_self *self, muster_player_id player, const char *method,
                             const char *params_json, struct muster_writer *answer);
    /* The oldest notification for the player that has not been taken: {"method", "params"}.
     * NOT_FOUND: there is none. LIMIT: out is too small. */
    muster_status (*notification)(muster_self *self, muster_player_id player,
                                  struct muster_writer *out);
    /* Into the seat's ring, as from the wire. STATE: the player plays no match. */
    muster_status (*input)(muster_self *self, muster_player_id player,
                           const struct muster_input *input);
    /* A message to the mode, as from the wire. STATE: the player plays no match; UNSUPPORTED: the
     * mode takes none; INVALID: no bytes or too many; LIMIT: too many for one tick. */
    muster_status (*message)(muster_self *self, muster_player_id player, const void *data,
                             uint32_t len);
    /* The newest snapshot frame for the player (docs/protocol.md section 4), full. STATE: the
     * player watches no match. LIMIT: out is too small. */
    muster_status (*snapshot)(muster_self *self, muster_player_id player,
                              struct muster_writer *out);
    /* Let virtual time pass: ticks, timers, deadlines, in order. */
    muster_status (*advance)(muster_self *self, uint32_t ms);
    /* Seed of matches that are created from now on. */
    muster_status (*seed)(muster_self *self, uint64_t seed);
    /* State hash of the match of a lobby. STATE, as of the next two: it plays none. */
    muster_status (*hash)(muster_self *self, muster_lobby_id lobby, uint64_t *out);
    /* Run fn as a part of the step of the lobby's match: what it does is done by a rule of it. */
    muster_status (*steer)(muster_self *self, muster_lobby_id lobby,
                           void (*fn)(void *user, muster_match_id match), void *user);
    /* Save the match's state and load it into a match that is made anew: what recovery does. Else
     * what a plugin's create or load answers, and the match is gone. */
    muster_status (*reincarnate)(muster_self *self, muster_lobby_id lobby);
    /* connected 0: the player's connection is lost. Nothing is told it any more; its seat is held
     * for lobby.reconnectMs, and with the seat, or without one at once, its session ends. 1: it has
     * signed in again, and may take the seat with lobby.resume. STATE: it is so already. NOT_FOUND:
     * its session has ended. */
    muster_status (*connection_set)(muster_self *self, muster_player_id player, uint32_t connected);
};

/* ---- moderation: who keeps sanctions --------------------------------------------------------- */

/* The host knows who is banned, muted, warned or on the list while it runs, and acts by
 * it; a keeper knows it from one run to the next. Without one sanctions are kept in moderation.json
 * of the data directory. */

#define MUSTER_SANCTION_MAP(X)                                                                     \
    X(BAN, 0, "ban")                                                                               \
    X(MUTE, 1, "mute")                                                                             \
    X(WARN, 2, "warn")                                                                             \
    X(ALLOW, 3, "allow")   /* an entry of the whitelist */                                         \
    X(CLOSED, 4, "closed") /* the whitelist counts */
#define MUSTER_SANCTION_ENUM(name, code, text) MUSTER_SANCTION_##name = (code),
enum { MUSTER_SANCTION_MAP(MUSTER_SANCTION_ENUM) MUSTER_SANCTION_END = 5 };
#undef MUSTER_SANCTION_ENUM

/* No string is null; what there is none of is "". */
struct muster_sanction {
    uint32_t size;
    uint32_t kind;           /* MUSTER_SANCTION_... */
    uint32_t guests_only;    /* the address counts for guests and for new accounts alone */
    uint32_t reserved;       /* 0 */
    int64_t created_ms;      /* Unix */
    int64_t expires_ms;      /* Unix; 0: for good */
    const char *key;         /* 12 hex digits, no other's */
    const char *player_key;  /* "": the address alone */
    const char *player_name; /* when it was said, for people */
    const char *address;     /* one, or ADDRESS/BITS; "": the player alone */
    const char *reason;      /* told to the player */
    const char *note;        /* told to admins */
    const char *actor;       /* who said it */
};

#define MUSTER_SANCTIONS_ENDED_MAX 32

/* What one command does. */
struct muster_sanction_change {
    uint32_t size;
    uint32_t ended_count;                /* at most MUSTER_SANCTIONS_ENDED_MAX */
    const struct muster_sanction *added; /* or null */
    const char *const *ended;            /* their keys; one that has run out is in none */
};

/* Loop thread, from start to stop. All three are needed. */
struct muster_keeper {
    uint32_t size;
    uint32_t reserved;
    /* Once, when the tables that plugins asked for in start stand and before anybody comes in: put
     * all that are in force, then loaded. When it is not within 40 seconds, or failed, the node
     * does not start. */
    void (*load)(void *user, muster_load_ticket_id ticket);
    /* It is in force already. OK: it will be kept; others: whoever gave the command is told that it
     * is not. */
    muster_status (*keep)(void *user, const struct muster_sanction_change *change);
    /* Whom does a word mean, a playerId or user name, of those who have been here? Answered with
     * player_found, now or within 40 seconds. */
    void (*find_player)(void *user, muster_find_ticket_id ticket, const char *word);
};

struct muster_host_moderation {
    uint32_t size;
    uint32_t reserved;
    /* [open] In init. INVALID: a function is missing. EXISTS: there is a keeper. */
    muster_status (*keeper_set)(muster_self *self, const struct muster_keeper *keeper, void *user);
    /* Between load and loaded: one of those that are kept. After that: one that was made on another
     * node; from the next turn on it is in force as if it had been said here, but `keep` is not
     * called; one whose key is known changes nothing. Copied; text that is too long is cut.
     * INVALID: an unknown kind, an address that is none. STATE: the plugin is not the keeper, or
     * nothing was loaded yet. */
    muster_status (*put)(muster_self *self, const struct muster_sanction *sanction);
    /* Statuses: as player->auth_complete. */
    muster_status (*loaded)(muster_self *self, muster_load_ticket_id ticket, muster_status status);
    /* status OK with both texts; NOT_FOUND: nobody; others: it is not known. As loaded. */
    muster_status (*player_found)(muster_self *self, muster_find_ticket_id ticket,
                                  muster_status status, const char *player_key,
                                  const char *display_name);
    /* One has ended on another node, by its key: so it does here, from the next turn on, if it is
     * in force then. STATE: as put. */
    muster_status (*end)(muster_self *self, const char *key);
};

/* ---- interfaces: what plugins offer each other ----------------------------------------------- */

/* A plugin publishes a table of functions by name and major version; others ask for it and call it
 * through the host: the call is named and charged as one of who published it, who is not unloaded
 * meanwhile. Both include the header that says what the functions are (interfaces.h has those of
 * the SDK). The table begins with its size and grows at its end; who calls gets one that is as long
 * as its own headers have it, in which functions that the publisher does not know are null. At
 * any time one plugin offers a name and major: the generation in force, from the end of its start
 * to the begin of its stop. */

#define MUSTER_INTERFACE_BYTES_MAX 512 /* of a table */

struct muster_interface {
    uint32_t size;
    uint32_t major; /* not 0. Another one: a table that older callers cannot use */
    uint32_t minor;
    uint32_t reserved;
    const char *name;   /* [a-z][a-z0-9_.]*; "muster." begins those of the SDK */
    const void *vtable; /* copied; its size first, as uint32_t: 8 to MUSTER_INTERFACE_BYTES_MAX */
    void *instance;     /* what its functions are called with */
};

enum {
    MUSTER_INTERFACE_CAME = 1,
    MUSTER_INTERFACE_RELOADED =
        2, /* another generation or plugin offers it: keep nothing of before */
    MUSTER_INTERFACE_GONE = 3,
};

/* What a plugin asks for. */
struct muster_interface_wish {
    uint32_t size;
    uint32_t major;
    const char *name;
    /* What it is now, if it is another than at the last call; one of MUSTER_INTERFACE_..., unknown
     * ones are to be ignored. Called from start to stop, in a turn of the loop of its own. Null:
     * not told. */
    void (*changed)(void *user, uint32_t change);
    uint32_t vtable_size; /* sizeof the table in the headers of who asks; as muster_interface's */
    uint32_t reserved;
};

/* vtable and instance are borrowed for the call. */
typedef void (*muster_interface_fn)(void *user, const void *vtable, void *instance);

struct muster_host_interfaces {
    uint32_t size;
    uint32_t reserved;
    /* [open] INVALID: not as described above. EXISTS: another plugin offers it. LIMIT: the node has
     * 256. */
    muster_status (*publish)(muster_self *self, const struct muster_interface *interface);
    /* [open] It need not be there: `changed` tells, in the next turn when it is. INVALID, LIMIT: as
     * publish. */
    muster_status (*subscribe)(muster_self *self, const struct muster_interface_wish *wish,
                               void *user, muster_interface_id *out);
    /* [start] fn, at once, in which alone the table may be used: for one question or for many.
     * UNAVAILABLE: nobody offers it now. CONFLICT: a call of who offers it is on the stack (it
     * waits for what this plugin does just now), so its state may be half changed. LIMIT: calls of
     * plugins are nested too deep. Inside a match step only what a replay repeats may be asked. */
    muster_status (*call)(muster_self *self, muster_interface_id id, muster_interface_fn fn,
                          void *user);
};

/* ---- data: what a plugin keeps with a player, a lobby, a match ------------------------------- */

/* One run of bytes for each, of the plugin's own: no other one sees it. It goes with its object,
 * after the last that is told of it. All generations of an instance have the same, so that a reload
 * finds it, and may find what another version wrote: begin it with a number that says which. */

#define MUSTER_DATA_BYTES_MAX 4096

struct muster_host_data {
    uint32_t size;
    uint32_t reserved;
    /* set: copied; without bytes there is none any more. INVALID: longer than
     * MUSTER_DATA_BYTES_MAX. No longer than before, it allocates nothing. get: lives until the next
     * set of it, or its object's end; len 0: there is none. */
    muster_status (*player_set)(muster_self *self, muster_player_id player,
                                struct muster_bytes bytes);
    muster_status (*player_get)(muster_self *self, muster_player_id player,
                                struct muster_bytes *out);
    muster_status (*lobby_set)(muster_self *self, muster_lobby_id lobby, struct muster_bytes bytes);
    muster_status (*lobby_get)(muster_self *self, muster_lobby_id lobby, struct muster_bytes *out);
    /* Neither saved nor hashed: nothing that a step reads. */
    muster_status (*match_set)(muster_self *self, muster_match_id match, struct muster_bytes bytes);
    muster_status (*match_get)(muster_self *self, muster_match_id match, struct muster_bytes *out);
    /* A part of the match's state: saved, loaded and hashed with it, before the states of its
     * parts. set: STATE, and a fault, outside of its step. */
    muster_status (*state_set)(muster_self *self, muster_match_id match, struct muster_bytes bytes);
    muster_status (*state_get)(muster_self *self, muster_match_id match, struct muster_bytes *out);
};

/* ---- node: what this node is, and plays ------------------------------------------------------ */

/* Texts live until fini returns; where a reload of the configuration sets another one, the next
 * call of info has it. */
struct muster_node_info {
    uint32_t size;
    uint32_t port;       /* that players connect to, as it is bound; 0: the network is not up */
    uint32_t admin_port; /* likewise */
    uint32_t has_tls;
    const char *node_id;
    const char *name; /* that people see */
    const char *region;
    const char *version;    /* of muster */
    const char *public_url; /* told with seat tickets, or "" */
    int64_t started_unix_ms;
    uint32_t players; /* signed in, those who are away from a seat that is kept for them included */
    uint32_t players_max;
    uint32_t lobbies_waiting;
    uint32_t lobbies_starting;
    uint32_t lobbies_active;
    uint32_t lobbies_ending;
    uint32_t lobbies_max; /* of all states together */
    uint32_t is_draining; /* it stops: no new lobbies, and nobody comes in */
    double stretch; /* of the time from tick to tick: 1.0 is on time; above 1.1 the node has too
                       much to do, and soon nobody new gets a seat */
    uint64_t ticks_late; /* since the start, begun more than 10 ms after their time */
    uint64_t ticks_skipped;
    /* Started with --untrusted: scripts of players may run. When the server is ready, it can open
     * no more files outside of the data and share directories, make no threads, sockets or
     * processes, and load no code; a plugin gets all it needs in start. */
    uint32_t is_untrusted;
    /* Started with --watch: a plugin that reads files which people edit reads them again when they
     * change. */
    uint32_t is_watching;
};

/* A game mode that can be played here, with what its base fills in. */
struct muster_node_mode {
    uint32_t size;
    uint32_t players_max; /* default of the setting maxPlayers */
    uint32_t people_max;  /* and the most it can be */
    uint32_t players_min; /* so many start a match */
    uint32_t team_count;  /* 0: everybody plays for themselves */
    uint32_t tick_rate_hz;
    char game_mode[MUSTER_NAME_MAX];
    char title[MUSTER_DISPLAY_MAX];
    char base[MUSTER_NAME_MAX]; /* or "" */
};

struct muster_host_node {
    uint32_t size;
    uint32_t reserved;
    muster_status (*info)(muster_self *self, struct muster_node_info *out);
    /* Walk the game modes: index 0 first, then *index as it was left. NOT_FOUND at the end. */
    muster_status (*mode_next)(muster_self *self, uint32_t *index, struct muster_node_mode *out);
    /* Of team 1 to team_count; "none" for others, and of what is no mode. Borrowed. */
    const char *(*team_name)(muster_self *self, const char *game_mode, uint32_t team);
};

/* ---- the table of tables
 * ------------------------------------------------------------------------------ */

struct muster_host {
    uint32_t size;
    uint32_t abi_minor; /* the host's */
    const struct muster_host_log *log;
    const struct muster_host_config *config;
    const struct muster_host_loop *loop;
    const struct muster_host_net *net;
    const struct muster_host_http *http;
    const struct muster_host_ws *ws;
    const struct muster_host_lobby *lobby;
    const struct muster_host_match *match;
    const struct muster_host_player *player;
    const struct muster_host_db *db;
    const struct muster_host_report *report;
    const struct muster_host_watchdog *watchdog;
    const struct muster_host_metrics *metrics;
    const struct muster_host_admin *admin;
    const struct muster_host_events *events;
    const struct muster_host_rpc *rpc;
    const struct muster_host_engine *engine;
    const struct muster_host_moderation *moderation;
    const struct muster_host_interfaces *interfaces;
    const struct muster_host_data *data;
    const struct muster_host_kv *kv;
    const struct muster_host_node *node;
};

#ifdef __cplusplus
}
#endif
#endif
