/* internal.h - what the files of the testkit share: the kit, a plugin, and the lists they own. */
#ifndef TESTKIT_INTERNAL_H
#define TESTKIT_INTERNAL_H

#include "muster_testkit.h"

#include "schema.h"

#include <jansson.h>
#include <pthread.h>
#include <utlist.h>

/* One key of a schema with its value; a list of them is a configuration. */
struct value {
    struct schema_entry entry; /* its json is owned */
    json_t *value;             /* owned */
    const char *key;
    struct value *prev, *next;
};

struct line {
    char *text;
    struct line *prev, *next;
};

struct timer {
    muster_timer_id id;
    muster_self *owner;
    uint64_t due_ms;
    uint32_t repeat_ms;
    muster_timer_fn fn;
    void *user;
    struct timer *prev, *next;
};

struct job { /* a post (work null) or a piece of work */
    muster_self *owner;
    muster_work_fn work;
    void (*done)(void *user, muster_status status);
    muster_post_fn post;
    void *user;
    bool threaded;
    pthread_t thread;
    struct job *prev, *next;
};

struct watch {
    muster_poll_id id;
    muster_self *owner;
    int fd;
    uint32_t events;
    muster_poll_fn fn;
    void *user;
    struct watch *prev, *next;
};

struct route {
    muster_route_id id;
    muster_self *owner;
    char *method;
    char *path;
    uint32_t flags;
    muster_http_fn fn;
    void *user;
    struct route *prev, *next;
};

struct answer { /* queued for fetch */
    uint32_t http_status;
    char *body;
    struct answer *prev, *next;
};

enum ticket_kind { TICKET_FETCH = 1, TICKET_DB, TICKET_AUTH, TICKET_REPORT, TICKET_COMMAND };

struct ticket {
    muster_ticket_id id;
    enum ticket_kind kind;
    muster_self *owner;
    void (*fetch)(void *user, const struct muster_http_result *result);
    muster_db_fn db;
    void *user;
    struct answer *answer; /* fetch: null = none was queued */
    muster_verdict verdict;
    struct muster_identity *identity;
    struct ticket *prev, *next;
};

enum socket_kind { SOCKET_UDP = 1, SOCKET_LISTENER, SOCKET_TCP, SOCKET_WS };

struct socket {
    muster_socket_id id;
    enum socket_kind kind;
    muster_self *owner;
    uint32_t port;
    char *url;
    bool is_open; /* ws: its open has come */
    void (*udp)(void *user, const struct muster_udp_packet *packet);
    struct muster_tcp_handler tcp;
    struct muster_ws_handler ws;
    void *user;
    uint8_t *sent;
    uint32_t sent_len;
    uint8_t *taken; /* what testkit_socket_sent handed out */
    struct socket *prev, *next;
};

#define LOBBY_MEMBERS_MAX 48
struct lobby {
    struct muster_lobby_info info;
    struct muster_member_info members[LOBBY_MEMBERS_MAX];
    uint32_t member_count;
    muster_vote_fn vote_fn; /* null: no vote */
    void *vote_user;
    muster_self *vote_owner;
    uint32_t vote_option_count;
    char vote_options[MUSTER_VOTE_OPTIONS_MAX][MUSTER_NAME_MAX];
    struct lobby *prev, *next;
};

/* What is left of a player's tries of one name. */
struct tries {
    char name[128];
    uint64_t updated_ms;
    double left;
};

#define PLAYER_TRIES_MAX 32

struct player {
    struct muster_player_info info;
    struct tries tries[PLAYER_TRIES_MAX];
    struct player *prev, *next;
};

struct mode_name {
    muster_self *owner;
    char name[MUSTER_NAME_MAX];
    bool has_base;
    struct mode_name *prev, *next;
};

struct fact {
    char kind[64];
    int64_t sum;
    struct fact *prev, *next;
};

struct queued_command {
    char name[64];
    char text[256];
    int64_t args[8];
    struct muster_command command;
    struct queued_command *prev, *next;
};

#define MATCH_EVENTS_MAX 4096
#define MATCH_COMMANDS_MAX 64
#define MATCH_VERSIONS_MAX 32
#define RULINGS_MAX 8

/* A plugin's rules with the state they have in the matches. */
struct ruling {
    muster_self *plugin;
    const struct muster_rules *rules;
    void *state;
};

struct match {
    muster_match_id id;
    muster_lobby_id lobby;
    struct muster_match_info info;
    char game_mode[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
    json_t *settings;               /* owned: as they were when it began */
    json_t *settings_waiting;       /* owned: changed since, for the next tick */
    const struct muster_mode *mode; /* null: none */
    muster_self *plugin;
    void *state;
    uint32_t tick;
    bool teams_met;
    uint32_t events_in_tick;
    int32_t team_score[MUSTER_TEAM_COUNT];
    struct muster_seat_info seats[MUSTER_SEATS_MAX]; /* seat NONE: empty */
    uint64_t rng[4];
    struct testkit_event *events;
    uint32_t event_count;
    struct fact *facts;
    struct queued_command *commands;
    struct ruling rulings[RULINGS_MAX];
    uint32_t ruling_count;
    uint32_t rulings_begun; /* the first of them know of the match */
    struct testkit_note *notes;
    uint32_t note_count;
    uint32_t note_cap;
    uint32_t begin_note_bytes;
    char versions[MATCH_VERSIONS_MAX][MUSTER_NAME_MAX]; /* the names */
    uint32_t version_count;
    bool ending; /* a part of the step wants the end */
    bool ended;
    bool steering;  /* in a call that is a part of the step */
    bool in_rules;  /* ... or another one of its rules */
    bool beginning; /* ... of match_begin */
    struct match *prev, *next;
};

struct metric {
    muster_self *owner;
    uint32_t id;
    uint32_t type;
    char *name;
    char *help;
    double value;
    struct metric *prev, *next;
};

struct admin_command {
    muster_self *owner;
    char *name;
    void (*fn)(void *user, const char *arguments, struct muster_writer *answer); /* or late */
    void (*late)(void *user, const struct muster_command_call *call);
    void *user;
    struct admin_command *prev, *next;
};

struct rpc_method {
    muster_self *owner;
    char *name;
    muster_rpc_fn fn;
    void *user;
    struct rpc_method *prev, *next;
};

struct subscription {
    muster_self *owner;
    uint64_t mask;
    void (*fn)(void *user, const struct muster_notice *notice);
    void *user;
    struct subscription *prev, *next;
};

enum phase {
    PHASE_LOADED,
    PHASE_INIT, /* has returned */
    PHASE_STARTING,
    PHASE_STARTED,
    PHASE_STOPPING,
    PHASE_STOPPED,
    PHASE_ENDED,
};

struct muster_self {
    struct testkit *kit;
    struct muster_plugin plugin; /* copy of the descriptor */
    void *library;               /* dlopen handle, or null */
    void *instance;
    enum phase phase;
    struct value *config;
    void *roles[MUSTER_ROLE_END]; /* owned copies of the vtables */
    void (*overrun)(void *user);
    void *overrun_user;
    struct muster_self *prev, *next;
};

struct testkit {
    pthread_t thread;
    pthread_mutex_t lock; /* guards lines, posts, finished */
    int wake_fd;
    uint64_t now_ms;
    int64_t unix_base_ms;
    uint64_t next_id;
    bool threads;
    uint32_t running;
    uint32_t faults;
    char error[512];
    char *data_dir;
    bool data_dir_own;
    char *share_dir;
    bool untrusted;
    bool watch;
    muster_self *plugins;
    muster_self *database;
    struct line *lines;
    struct line *acts;
    struct timer *timers;
    struct job *posts;
    struct job *works;
    struct watch *watches;
    struct route *routes;
    struct answer *answers;
    struct ticket *tickets;
    struct socket *sockets;
    struct lobby *lobbies;
    struct player *players;
    struct match *matches;
    struct ruling rulings[RULINGS_MAX];
    uint32_t ruling_count;
    struct mode_name *modes;
    struct value *settings;
    struct metric *metrics;
    struct admin_command *commands;
    struct subscription *subscriptions;
    struct rpc_method *methods;
    struct testkit_rpc rpc; /* the answer to rpc_call */
    muster_ticket_id rpc_call;
    const char *const *maps;
    uint32_t map_count;
    muster_verdict (*ask)(void *user, const struct muster_action *action, char *reason,
                          uint32_t cap);
    void *ask_user;
    int64_t (*adjust)(void *user, const struct muster_param *param, int64_t value);
    void *adjust_user;
    void (*tell)(void *user, const struct muster_fact *fact);
    void *tell_user;
    bool telling;
    char *fetch_last;
    char *command_answer;
    struct pending *pending; /* the request that testkit_http waits for */
    char *response_body;
    char response_type[128];
    char response_code[64];
};

/* testkit.c */
void *kit_alloc(size_t bytes); /* zeroed, aborts when out of memory */
char *kit_copy(const char *text);
void kit_fault(muster_self *self, const char *format, ...) MUSTER_PRINTF(2, 3);
void kit_act(struct testkit *kit, const char *format, ...) MUSTER_PRINTF(2, 3);
void kit_lines_free(struct line **lines);
/* True (and a fault) from a thread that is not the kit's. */
bool kit_wrong_thread(muster_self *self, const char *function);
/* True (and a fault) before start or after stop. */
bool kit_not_started(muster_self *self, const char *function);
#define KIT_ON_LOOP(self)                                                                          \
    do {                                                                                           \
        if (kit_wrong_thread((self), __func__)) return MUSTER_THREAD;                              \
    } while (0)
#define KIT_STARTED(self)                                                                          \
    do {                                                                                           \
        KIT_ON_LOOP(self);                                                                         \
        if (kit_not_started((self), __func__)) return MUSTER_STATE;                                \
    } while (0)
/* The first bytes of an out-struct, which every version of the ABI has. */
#define KIT_INFO_BYTES_MIN 16u
extern const struct muster_host_log kit_log;
extern const struct muster_host_config kit_config;

/* values.c */
muster_status values_add(struct value **table, const char *schema_json, char *error, size_t cap);
struct value *values_find(struct value *table, const char *key);
bool values_set(struct value *table, const char *key, const char *text, char *error, size_t cap);
/* Are the values of an object those keys may have? Unknown keys are passed over. */
muster_status values_check(struct value *table, const char *object_json, char *error, size_t cap);
/* The same; an unknown key is NOT_FOUND. */
muster_status values_check_all(struct value *table, const json_t *object, char *error, size_t cap);
/* Each of an object that values_check_all found good. */
void values_put(struct value *table, const json_t *object);
json_t *values_object(struct value *table);
/* As JSON text; null: NOT_FOUND. */
muster_status values_write(const json_t *value, struct muster_writer *out);
/* Is the text one JSON object? */
bool values_is_object(const char *text);
void values_free(struct value **table);

/* loop.c; close functions return how many the plugin had left open */
extern const struct muster_host_loop kit_loop;
uint32_t loop_close(muster_self *self);
/* http.c */
extern const struct muster_host_http kit_http;
uint32_t http_close(muster_self *self);
void http_free(struct testkit *kit);
bool fetch_run(struct testkit *kit); /* answer one open fetch */
/* net.c */
extern const struct muster_host_net kit_net;
extern const struct muster_host_ws kit_ws;
uint32_t net_close(muster_self *self);
/* scheme "http" or "ws", each with an s behind it or not */
bool net_url_ok(const char *url, const char *scheme);
/* match.c */
extern const struct muster_host_match kit_match;
struct match *match_find(struct testkit *kit, muster_match_id id);
struct muster_seat_info *match_seat(struct match *match, uint32_t seat); /* null: empty */
void match_seat_fill(struct match *match, uint32_t seat, uint32_t team, bool bot, const char *name);
void match_seat_clear(struct match *match, uint32_t seat);
void match_rng_seed(uint64_t rng[4], uint64_t seed);
/* modes.c: of kit_match */
muster_status kit_mode_add(muster_self *self, const struct muster_mode_info *given);
muster_status kit_mode_remove(muster_self *self, const char *game_mode);
/* A mode that is in force: its plugin's init has returned. */
bool mode_known(struct testkit *kit, const char *game_mode);
void modes_close(muster_self *self);
/* driver.c */
void match_close(muster_self *self);
void match_free(struct testkit *kit);
/* ruling.c */
void rulings_close(muster_self *self);
muster_status rulings_begin(struct match *match);
void rulings_end(struct match *match);
void rulings_join(struct match *match, uint32_t seat);
void rulings_leave(struct match *match, uint32_t seat, uint32_t reason);
void rulings_connection(struct match *match, uint32_t seat, bool connected);
void rulings_setting(struct match *match, const char *key);
void rulings_tick(struct match *match, const struct muster_tick *tick);
void rulings_fact(struct match *match, const struct muster_fact *fact);
int64_t rulings_adjust(struct match *match, const struct muster_param *param, int64_t value);
muster_status rulings_note(muster_self *self, struct match *match, const void *data, uint32_t len);
/* lobby.c */
extern const struct muster_host_lobby kit_lobby;
extern const struct muster_host_player kit_player;
void lobby_free(struct testkit *kit);
void player_unseat(struct testkit *kit, muster_player_id id); /* in no lobby any more */
/* rules.c: of kit_lobby, and methods */
extern const struct muster_host_rpc kit_rpc;
void rules_close(muster_self *self);
muster_status kit_member_next(muster_self *self, muster_lobby_id id, uint32_t *index,
                              struct muster_member_info *out);
muster_verdict kit_ask(muster_self *self, const struct muster_action *action, char *reason,
                       uint32_t cap);
muster_status kit_settings_get(muster_self *self, muster_lobby_id id, struct muster_writer *out);
muster_status kit_settings_check(muster_self *self, const char *game_mode,
                                 const char *settings_json, struct muster_writer *out, char *reason,
                                 uint32_t cap);
muster_status kit_settings_set(muster_self *self, muster_lobby_id id, muster_player_id by,
                               const char *settings_json, char *reason, uint32_t cap);
const char *kit_map_name(muster_self *self, muster_lobby_id id, uint32_t index);
muster_status kit_team_set(muster_self *self, muster_lobby_id id, uint32_t seat, uint32_t team);
muster_status kit_host_set(muster_self *self, muster_lobby_id id, muster_player_id player);
muster_status kit_lock_set(muster_self *self, muster_lobby_id id, uint32_t locked);
muster_status kit_matched_set(muster_self *self, muster_lobby_id id, uint32_t matched);
muster_status kit_code_renew(muster_self *self, muster_lobby_id id);
muster_status kit_remove(muster_self *self, muster_lobby_id id, muster_player_id player,
                         uint32_t leave, const char *reason);
muster_status kit_notify(muster_self *self, muster_lobby_id id, const char *method,
                         const char *params_json);
muster_status kit_vote_start(muster_self *self, muster_lobby_id id, const struct muster_vote *vote,
                             muster_vote_fn fn, void *user);
muster_status kit_vote_cancel(muster_self *self, muster_lobby_id id);
/* services.c */
extern const struct muster_host_db kit_db;
extern const struct muster_host_report kit_report;
extern const struct muster_host_watchdog kit_watchdog;
extern const struct muster_host_metrics kit_metrics;
extern const struct muster_host_admin kit_admin;
extern const struct muster_host_events kit_events;
void services_close(muster_self *self);
struct ticket *ticket_add(muster_self *self, enum ticket_kind kind);
struct ticket *ticket_find(struct testkit *kit, muster_ticket_id id);
void ticket_free(struct testkit *kit, struct ticket *ticket);
/* OK and the ticket, when the plugin may complete it now; else a fault. */
muster_status ticket_take(muster_self *self, enum ticket_kind kind, muster_ticket_id id,
                          struct ticket **out);
/* engine.c */
extern const struct muster_host_engine kit_engine;

#endif
