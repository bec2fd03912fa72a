/* books_rig - sessions, lobbies, the queue and the fake game without sockets and without waiting.
 *
 * What net would send is kept as text by connection; time is rig_now_ms; the lobbies' timer is
 * rig_settle. Programs that include this are linked with the wraps of
 * tests/unit/core/CMakeLists.txt.
 */
#ifndef BOOKS_RIG_H
#define BOOKS_RIG_H

#include "fake_game.h"

#include "lobby.h"
#include "lobby_internal.h"
#include "notices.h"
#include "queue.h"
#include "session.h"

#define RIG_CLIENTS 64
#define RIG_TEXT_BYTES 65536

static uint64_t rig_now_ms;
static uint64_t rig_stalled_ms; /* never less */

static struct {
    struct client clients[RIG_CLIENTS]; /* connection i + 1 */
    char told[RIG_CLIENTS][RIG_TEXT_BYTES];
    uint16_t close_code[RIG_CLIENTS];
    uint32_t snapshots[RIG_CLIENTS];
    bool full[RIG_CLIENTS]; /* takes no snapshots */
    uint32_t client_count;
    uint32_t created, seat_taken, match_ended, seats_opened;
    struct match_results results;
} rig;

/* ---- what the linker puts in the place of net and of the clock ---- */

uint64_t __wrap_loop_now_ms(void);
uint64_t __wrap_loop_stalled_ms(void);
void __wrap_net_send_text(conn_id conn, const char *data, uint32_t len);
void __wrap_net_close(conn_id conn, uint16_t code, const char *reason);
enum net_sent __wrap_net_send_snapshot(conn_id conn, uint8_t *data, uint32_t len);

uint64_t __wrap_loop_now_ms(void) {
    return rig_now_ms;
}

uint64_t __wrap_loop_stalled_ms(void) {
    return rig_stalled_ms;
}

void __wrap_net_send_text(conn_id conn, const char *data, uint32_t len) {
    char *told = rig.told[conn - 1];
    size_t used = strlen(told);
    if (used + len + 2 > RIG_TEXT_BYTES) return;
    memcpy(told + used, data, len);
    memcpy(told + used + len, "\n", 2);
}

void __wrap_net_close(conn_id conn, uint16_t code, const char *reason) {
    (void)reason;
    rig.close_code[conn - 1] = code;
}

enum net_sent __wrap_net_send_snapshot(conn_id conn, uint8_t *data, uint32_t len) {
    (void)data;
    if (len == 0 || rig.full[conn - 1]) return NET_SKIPPED;
    rig.snapshots[conn - 1]++;
    return NET_SENT;
}

/* ---- what server wires ---- */

static inline void rig_dropped(struct session *session) {
    queue_cancel(session);
    lobby_member_dropped(session);
}

static inline void rig_ended(struct session *session, uint32_t reason) {
    queue_cancel(session);
    lobby_leave(session, reason);
}

static inline void rig_noticed(void *user, const struct muster_notice *notice) {
    (void)user;
    rig.created += notice->kind == MUSTER_NOTICE_LOBBY_CREATED;
    rig.seat_taken += notice->kind == MUSTER_NOTICE_SEAT_TAKEN;
}

static inline void rig_match_ended(struct lobby *lobby, const struct match_results *results) {
    (void)lobby;
    rig.match_ended++;
    rig.results = *results;
}

static inline void rig_seats_opened(struct lobby *lobby) {
    rig.seats_opened++;
    queue_backfill(lobby);
}

static inline int rig_open(void **state) {
    static const struct lobby_hooks hooks = {.match_ended = rig_match_ended,
                                             .seats_opened = rig_seats_opened};
    const char *sections = *state ? *state : "\"match\":{\"recordEnabled\":false}";
    memset(&rig, 0, sizeof rig);
    rig_now_ms = 1000000;
    static bool declared; /* core's settings and listeners stay for the life of the process */
    uint64_t heard = 1u << MUSTER_NOTICE_LOBBY_CREATED | 1u << MUSTER_NOTICE_SEAT_TAKEN;
    if (!declared &&
        (lobby_settings_declare() || notices_subscribe(NULL, heard, rig_noticed, NULL)))
        return -1;
    declared = true;
    if (game_open(sections)) return -1;
    session_set_hooks(&(struct session_hooks){.dropped = rig_dropped, .ended = rig_ended});
    return session_init(32) || pacer_start() || lobby_init(4, &hooks) || queue_init(32) ? -1 : 0;
}

static inline int rig_close(void **state) {
    (void)state;
    queue_deinit();
    lobby_deinit();
    session_deinit();
    pacer_stop();
    return game_close();
}

/* ---- acts ---- */

static inline struct session *rig_sign_in(const char *player_key, struct client **out) {
    struct muster_identity identity = {.size = sizeof identity,
                                       .expires_at_s = loop_unix_ms() / 1000 + 3600};
    struct session *session = NULL;
    assert_true(rig.client_count < RIG_CLIENTS);
    struct client *client = &rig.clients[rig.client_count++];
    *client = (struct client){.conn = rig.client_count};
    snprintf(identity.player_key, sizeof identity.player_key, "%s", player_key);
    snprintf(identity.display_name, sizeof identity.display_name, "%s", player_key);
    assert_int_equal(session_attach(client, &identity, &session), MUSTER_OK);
    if (out) *out = client;
    return session;
}

static inline struct client *rig_client(struct session *session) {
    assert_non_null(session->client);
    return session->client;
}

/* The connection is gone, as dispatch tells it. */
static inline void rig_drop(struct client *client) {
    client->closing = true;
    session_detach(client);
}

static inline bool rig_told(const struct client *client, const char *text) {
    return strstr(rig.told[client->conn - 1], text) != NULL;
}

static inline void rig_forget(const struct client *client) {
    rig.told[client->conn - 1][0] = '\0';
}

/* What was touched has its turn. */
static inline void rig_turn(void) {
    (void)loop_turn();
}

/* Lets time pass as the lobbies see it. */
static inline void rig_settle(uint32_t ms) {
    for (uint32_t passed = 0; passed < ms; passed += 100) {
        muster_lobby_id id = {0};
        rig_now_ms += 100;
        for (struct lobby *lobby; (lobby = lobby_next(&id));) lobby_touch(lobby);
        rig_turn();
    }
}

static inline struct lobby *rig_lobby(void) {
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    const struct lobby_wish wish = {.game_mode = "fake", .region = ""};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_OK);
    return lobby;
}

static inline int32_t rig_reserve(struct lobby *lobby, struct session *session,
                                  char ticket[TICKET_TEXT_SIZE]) {
    struct failure failure = {0};
    int32_t code = lobby_reserve(lobby, session, MUSTER_TEAM_NONE, false, "", ticket, &failure);
    json_decref(failure.data);
    return code;
}

/* token: the resume token of the entry; null: not wanted. */
static inline int32_t rig_take_entry(int32_t code, json_t *entry, struct failure *failure,
                                     char token[TICKET_TEXT_SIZE]) {
    const char *text = json_string_value(json_object_get(entry, "resumeToken"));
    if (token) snprintf(token, TICKET_TEXT_SIZE, "%s", text ? text : "");
    json_decref(entry);
    json_decref(failure->data);
    return code;
}

static inline int32_t rig_enter(struct session *session, const char *ticket,
                                char token[TICKET_TEXT_SIZE]) {
    struct failure failure = {0};
    json_t *entry = NULL;
    int32_t code = lobby_enter(session, ticket, &entry, &failure);
    return rig_take_entry(code, entry, &failure, token);
}

static inline int32_t rig_resume(struct session *session, const char *with,
                                 char token[TICKET_TEXT_SIZE]) {
    struct failure failure = {0};
    json_t *entry = NULL;
    int32_t code = lobby_resume(session, with, &entry, &failure);
    return rig_take_entry(code, entry, &failure, token);
}

static inline struct session *rig_join(struct lobby *lobby, const char *player_key,
                                       char token[TICKET_TEXT_SIZE]) {
    char ticket[TICKET_TEXT_SIZE];
    struct session *session = rig_sign_in(player_key, NULL);
    assert_int_equal(rig_reserve(lobby, session, ticket), RPC_OK);
    assert_int_equal(rig_enter(session, ticket, token), RPC_OK);
    return session;
}

/* Through the countdown, into the match. */
static inline void rig_play(struct lobby *lobby) {
    for (int i = 0; i < 100 && lobby->state != MUSTER_LOBBY_ACTIVE; i++) rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
}

static inline void rig_tick(struct lobby *lobby) {
    assert_true(lobby->pace.armed);
    lobby->pace.fn(lobby->pace.user);
}

#endif
