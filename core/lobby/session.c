#include <sodium.h>
#include <stdint.h>

#include "session.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "base/text.h"
#include "kept.h"
#include "keyed_hash.h" /* player keys come from outside */
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "slots.h"

#define EXPIRY_SWEEP_MS 1000
#define CREATED_LIFE_S 3600
#define LIFE_MAX_S 3155760000 /* a hundred years: for good */

static struct {
    struct slots slots;
    struct session *by_key;
    struct session *by_session_key;
    struct session *by_token;
    struct session *admins;
    struct session_hooks hooks;
    struct loop_timer *sweep;
    uint32_t connected;
} sessions;

static void sweep_expired(void *user) {
    (void)user;
    uint64_t now_ms = loop_now_ms();
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));)
        if (session->client && session_is_over(session))
            client_close(session->client, 4002, "the seat of the ticket is given up");
        else if (session->expires_ms > now_ms || session_is_seated_by_ticket(session))
            continue;
        else if (session->client)
            client_close(session->client, 4002, "the token has expired");
        else
            session_settle(session);
}

muster_status session_init(uint32_t players_max) {
    sessions.sweep = loop_timer_start(EXPIRY_SWEEP_MS, EXPIRY_SWEEP_MS, sweep_expired, NULL);
    if (!sessions.sweep) return MUSTER_NO_MEMORY;
    return slots_init(&sessions.slots, players_max, sizeof(struct session));
}

void session_deinit(void) {
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));) kept_clear(&session->kept);
    HASH_CLEAR(hh, sessions.by_key);
    HASH_CLEAR(hh_session, sessions.by_session_key);
    HASH_CLEAR(hh_token, sessions.by_token);
    sessions.admins = NULL;
    party_deinit();
    loop_timer_stop(sessions.sweep);
    slots_deinit(&sessions.slots);
    sessions.connected = 0;
}

void session_set_hooks(const struct session_hooks *hooks) {
    sessions.hooks = *hooks;
}

uint32_t session_count(void) {
    return sessions.slots.count;
}

uint32_t session_connected_count(void) {
    return sessions.connected;
}

struct session *session_find(muster_player_id id) {
    return slots_find(&sessions.slots, id.value);
}

bool session_is_seated_by_ticket(const struct session *session) {
    return session->lobby.value && MUSTER_ID_SAME(session->lobby, session->ticket_lobby);
}

bool session_is_over(const struct session *session) {
    return session->ticket_lobby.value && !session->lobby.value;
}

struct session *session_find_key(const char *player_key) {
    struct session *session = NULL;
    HASH_FIND_STR(sessions.by_key, player_key, session);
    return session;
}

struct session *session_find_session_key(const char *session_key) {
    struct session *session = NULL;
    HASH_FIND(hh_session, sessions.by_session_key, session_key, strlen(session_key), session);
    return session;
}

struct session *session_first_admin(void) {
    return sessions.admins;
}

struct session *session_next(muster_player_id *id) {
    return slots_next(&sessions.slots, &id->value);
}

static void emit(const struct session *session, uint32_t kind) {
    notices_emit(&(struct muster_notice){.size = sizeof(struct muster_notice),
                                         .kind = kind,
                                         .player = session->id,
                                         .lobby = session->lobby,
                                         .seat = MUSTER_SEAT_NONE});
}

/* What is left now. The wall clock may be set while the session lives; its life goes on. */
static uint64_t life_ms(int64_t expires_at_s) {
    int64_t now_ms = loop_unix_ms();
    if (expires_at_s <= now_ms / 1000) return 0;
    if (expires_at_s - now_ms / 1000 > LIFE_MAX_S) return LIFE_MAX_S * 1000ull;
    return (uint64_t)(expires_at_s * 1000 - now_ms);
}

static void forget_admin(struct session *session) {
    if (session->prev_admin) DL_DELETE2(sessions.admins, session, prev_admin, next_admin);
    session->prev_admin = NULL;
}

static void copy_identity(struct session *session, const struct muster_identity *identity) {
    forget_admin(session);
    snprintf(session->display_name, sizeof session->display_name, "%s", identity->display_name);
    snprintf(session->region, sizeof session->region, "%s", identity->region);
    snprintf(session->permissions, sizeof session->permissions, "%s", identity->permissions);
    session->account = identity->account;
    session->expires_at_s = identity->expires_at_s;
    session->expires_ms = loop_now_ms() + life_ms(identity->expires_at_s);
    if (session_may(session, "admin")) DL_APPEND2(sessions.admins, session, prev_admin, next_admin);
}

static void add_session_key(struct session *session) {
    HASH_ADD(hh_session, sessions.by_session_key, session_key, strlen(session->session_key),
             session);
}

/* ---- the token it was signed in with --------------------------------------------------------- */

void session_token_digest(const char *plugin, const char *token, uint8_t out[SESSION_TOKEN_BYTES]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, SESSION_TOKEN_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)plugin, strlen(plugin) + 1);
    crypto_generichash_update(&state, (const uint8_t *)token, strlen(token));
    crypto_generichash_final(&state, out, SESSION_TOKEN_BYTES);
}

void session_token_set(struct session *session, const uint8_t token[SESSION_TOKEN_BYTES]) {
    memcpy(session->token, token, SESSION_TOKEN_BYTES);
}

bool session_token_is_known(const uint8_t token[SESSION_TOKEN_BYTES]) {
    struct session *session = NULL;
    HASH_FIND(hh_token, sessions.by_token, token, SESSION_TOKEN_BYTES, session);
    return session != NULL;
}

uint32_t session_awaited_count(void) {
    return HASH_CNT(hh_token, sessions.by_token);
}

static void await_token(struct session *session, const uint8_t token[SESSION_TOKEN_BYTES]) {
    session_token_set(session, token);
    if (!sodium_is_zero(token, SESSION_TOKEN_BYTES))
        HASH_ADD(hh_token, sessions.by_token, token, SESSION_TOKEN_BYTES, session);
}

static void forget_token(struct session *session) {
    if (session->hh_token.tbl) HASH_DELETE(hh_token, sessions.by_token, session);
    session->hh_token.tbl = NULL;
    sodium_memzero(session->token, sizeof session->token);
}

static struct session *create(const struct muster_identity *identity) {
    muster_player_id id;
    struct session *session = slots_add(&sessions.slots, &id.value);
    if (!session) return NULL;
    session->id = id;
    session->created_at_ms = loop_unix_ms();
    ticket_uuid(session->session_key);
    snprintf(session->player_key, sizeof session->player_key, "%s", identity->player_key);
    session->party = party_hold_player(session->player_key);
    HASH_ADD_STR(sessions.by_key, player_key, session);
    add_session_key(session);
    return session;
}

muster_status session_create(const char *player_key, const char *display_name,
                             struct session **out) {
    struct muster_identity identity = {.size = sizeof identity};
    struct session *session = session_find_key(player_key);
    if (!session) {
        snprintf(identity.player_key, sizeof identity.player_key, "%s", player_key);
        char line[MUSTER_PLAYER_KEY_MAX];
        snprintf(line, sizeof line, "%s", player_key);
        if (!text_line_mend(line) || strcmp(line, player_key) != 0 ||
            !text_name_mend(display_name, identity.display_name))
            return MUSTER_INVALID;
        identity.expires_at_s = loop_unix_ms() / 1000 + CREATED_LIFE_S;
        session = create(&identity);
        if (!session) return MUSTER_FULL;
        copy_identity(session, &identity);
    }
    *out = session;
    return MUSTER_OK;
}

muster_status session_restore(struct session_saved *saved, struct session **out) {
    struct muster_identity identity = {.size = sizeof identity, .account = saved->account};
    *out = session_find_key(saved->player_key);
    if (*out) return MUSTER_OK;
    memcpy(identity.player_key, saved->player_key, sizeof identity.player_key);
    memcpy(identity.display_name, saved->display_name, sizeof identity.display_name);
    memcpy(identity.region, saved->region, sizeof identity.region);
    memcpy(identity.permissions, saved->permissions, sizeof identity.permissions);
    identity.expires_at_s = saved->expires_at_s;
    struct session *session = create(&identity);
    if (!session) return MUSTER_FULL;
    copy_identity(session, &identity);
    if (!session_find_session_key(saved->session_key)) {
        HASH_DELETE(hh_session, sessions.by_session_key, session);
        memcpy(session->session_key, saved->session_key, sizeof session->session_key);
        add_session_key(session);
    }
    session->created_at_ms = saved->created_at_ms;
    await_token(session, saved->token);
    kept_take_over(&session->kept, &saved->kept);
    *out = session;
    return MUSTER_OK;
}

/* The older connection is told and closed; the session goes on without it. */
static void release_client(struct session *session) {
    struct client *client = session->client;
    if (!client) return;
    client->session = NULL;
    client->payer = client->party;
    session->client = NULL;
    sessions.connected--;
    emit(session, MUSTER_NOTICE_PLAYER_DISCONNECTED);
}

static void replace_client(struct session *session) {
    struct client *older = session->client;
    if (!older) return;
    client_notify(older, "session.replaced",
                  json_pack("{s:s}", "reason", "signed in from another connection"));
    release_client(session);
    client_close(older, 4003, "replaced by a newer connection");
    if (session->lobby.value && sessions.hooks.dropped) sessions.hooks.dropped(session);
}

muster_status session_attach(struct client *client, const struct muster_identity *identity,
                             struct session **out) {
    struct session *session = session_find_key(identity->player_key);
    if (!session) session = create(identity);
    if (!session) return MUSTER_FULL;
    copy_identity(session, identity);
    forget_token(session);
    *out = session;
    if (session->client == client) {
        emit(session, MUSTER_NOTICE_PLAYER_RENEWED);
        return MUSTER_OK;
    }
    replace_client(session);
    session->client = client;
    snprintf(session->address, sizeof session->address, "%s", client->address);
    client->session = session;
    client->payer = session->party;
    sessions.connected++;
    log_fields(MUSTER_LOG_INFO, "session",
               &(struct log_fields){.player = session->player_key,
                                    .event = "player_connected",
                                    .kept = session_may(session, "admin")},
               "%s connected", session->display_name);
    emit(session, MUSTER_NOTICE_PLAYER_CONNECTED);
    return MUSTER_OK;
}

static void end(struct session *session, uint32_t reason) {
    session->ending = true;
    if (sessions.hooks.ended) sessions.hooks.ended(session, reason);
    forget_admin(session);
    forget_token(session);
    HASH_DEL(sessions.by_key, session);
    HASH_DELETE(hh_session, sessions.by_session_key, session);
    party_release(session->party);
    kept_clear(&session->kept);
    slots_remove(&sessions.slots, session->id.value);
}

void session_detach(struct client *client) {
    struct session *session = client->session;
    if (!session) return;
    log_fields(MUSTER_LOG_INFO, "session",
               &(struct log_fields){.player = session->player_key, .event = "player_disconnected"},
               "%s disconnected", session->display_name);
    release_client(session);
    if (session->lobby.value && sessions.hooks.dropped) sessions.hooks.dropped(session);
    session_settle(session);
}

void session_settle(struct session *session) {
    if (!session->client && !session->lobby.value && !session->ending)
        end(session, MUSTER_LEAVE_QUIT);
}

/* params: of session.terminated, without the reason; taken. */
static void terminate(struct session *session, const char *reason, json_t *params,
                      uint32_t leave_reason) {
    struct client *client = session->client;
    char said[MUSTER_REASON_MAX];
    snprintf(said, sizeof said, "%s", reason);
    if (!text_line_mend(said)) snprintf(said, sizeof said, "no reason was given");
    if (client) {
        json_object_set_new(params, "reason", json_string(said));
        client_notify(client, "session.terminated", json_incref(params));
        release_client(session);
        client_close(client, 4004, said);
    }
    json_decref(params);
    end(session, leave_reason);
}

void session_terminate(struct session *session, const char *reason, uint32_t leave_reason) {
    terminate(session, reason, json_object(), leave_reason);
}

void session_ban(struct session *session, json_t *facts) {
    char reason[MUSTER_REASON_MAX];
    const char *said = json_string_value(json_object_get(facts, "reason"));
    snprintf(reason, sizeof reason, "%s", said ? said : "");
    json_object_set_new(facts, "banned", json_true());
    terminate(session, reason, facts, MUSTER_LEAVE_BAN);
}

bool session_take(struct session *session, enum party_rate rate, uint32_t *wait_ms) {
    struct party *address = session->client ? session->client->party : NULL;
    return party_take_both(session->party, address, rate, wait_ms);
}

bool session_may(const struct session *session, const char *permission) {
    return muster_permitted(session->permissions, permission);
}

static json_t *permissions_to_json(const struct session *session) {
    json_t *list = json_array();
    for (const char *at = session->permissions; *at;) {
        size_t len = strcspn(at, " ");
        if (len) json_array_append_new(list, json_stringn(at, len));
        at += len + (at[len] == ' ');
    }
    return list;
}

json_t *session_to_json(const struct session *session) {
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:I,s:I}", "sessionId", session->session_key, "playerId",
                     session->player_key, "displayName", session->display_name, "region",
                     session->region, "permissions", permissions_to_json(session), "createdAt",
                     (json_int_t)session->created_at_ms, "expiresAt",
                     (json_int_t)session->expires_at_s);
}

void session_notify(struct session *session, const char *method, json_t *params) {
    if (session->client)
        client_notify(session->client, method, params);
    else
        json_decref(params);
}

uint32_t session_notify_all(const char *method, json_t *params) {
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));)
        session_notify(session, method, json_incref(params));
    json_decref(params);
    return sessions.connected;
}

uint32_t session_announce(const char *text) {
    return session_notify_all("server.announcement", json_pack("{s:s,s:I}", "text", text, "at",
                                                               (json_int_t)loop_unix_ms()));
}
