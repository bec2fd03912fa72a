#include "lobby.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "events.h"
#include "lobby_internal.h"
#include "log.h"
#include "loop.h"
#include "slots.h"
#include "status.h"

#define SETTLE_EVERY_MS 100
#define LINE_BYTES 1024      /* of what the server says */
#define MEMBERS_EVERY_MS 100 /* some kilobytes to each of 32 members */

static struct {
    struct slots slots;
    struct loop_timer *timer;
    bool draining;
} lobbies;

struct lobby_hooks lobby_hooks;

/* ---- the table ------------------------------------------------------------------------------- */

struct lobby *lobby_find(muster_lobby_id id) {
    return slots_find(&lobbies.slots, id);
}

struct lobby *lobby_next(muster_lobby_id *id) {
    return slots_next(&lobbies.slots, id);
}

struct lobby *lobby_find_key(const char *lobby_key) {
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        if (strcmp(lobby->key, lobby_key) == 0) return lobby;
    return NULL;
}

uint32_t lobby_count(void) {
    return lobbies.slots.count;
}

uint32_t lobby_count_state(uint32_t state) {
    uint32_t count = 0;
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));) count += lobby->state == state;
    return count;
}

static void on_timer(void *user) {
    (void)user;
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));) lobby_settle(lobby);
}

muster_status lobby_init(uint32_t lobbies_max, const struct lobby_hooks *hooks) {
    lobby_hooks = *hooks;
    lobbies.draining = false;
    lobbies.timer = loop_timer_start(SETTLE_EVERY_MS, SETTLE_EVERY_MS, on_timer, NULL);
    if (!lobbies.timer) return MUSTER_NO_MEMORY;
    muster_status status = match_table_init(lobbies_max);
    return status ? status : slots_init(&lobbies.slots, lobbies_max, sizeof(struct lobby));
}

void lobby_deinit(void) {
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "the server stops");
    loop_timer_stop(lobbies.timer);
    slots_deinit(&lobbies.slots);
    match_table_deinit();
}

void lobby_drain(bool on) {
    lobbies.draining = on;
}

bool lobby_draining(void) {
    return lobbies.draining;
}

/* ---- telling --------------------------------------------------------------------------------- */

uint64_t lobby_left_ms(uint64_t deadline_ms) {
    uint64_t now_ms = loop_now_ms();
    return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

struct session *member_session(const struct member *member) {
    return session_find(member->player);
}

void lobby_broadcast(struct lobby *lobby, const char *method, json_t *params) {
    if (!params) return;
    json_t *message = rpc_notification(method, params);
    uint32_t len = 0;
    char *text = rpc_dump(message, &len);
    for (uint32_t i = 0; text && i < LOBBY_MEMBERS_MAX; i++) {
        const struct member *member = &lobby->members[i];
        if (member->state != MEMBER_ENTERED || !member->connected) continue;
        struct session *session = member_session(member);
        if (session && session->client) client_send_text(session->client, text, len);
    }
    free(text);
    json_decref(message);
}

void lobby_tell_members(struct lobby *lobby) {
    uint64_t now_ms = loop_now_ms();
    if (!lobby->members_changed || now_ms - lobby->members_told_ms < MEMBERS_EVERY_MS) return;
    lobby->members_changed = false;
    lobby->members_told_ms = now_ms;
    lobby_broadcast(lobby, "lobby.members",
                    json_pack("{s:o}", "members", lobby_members_json(lobby)));
}

void lobby_broadcast_members(struct lobby *lobby) {
    lobby->members_changed = true;
    lobby_tell_members(lobby);
}

void lobby_emit(const struct lobby *lobby, uint32_t kind, muster_player_id player, uint32_t seat,
                uint32_t value) {
    const struct muster_notice notice = {
        .size = sizeof notice,
        .kind = kind,
        .lobby = lobby->id,
        .match = lobby->match ? lobby->match->id : 0,
        .player = player,
        .seat = seat,
        .value = value,
    };
    events_emit(&notice);
    lobby_rules_notice(lobby, &notice);
}

void lobby_state_set(struct lobby *lobby, uint32_t state) {
    lobby->state = state;
    log_fields(MUSTER_LOG_INFO, "lobby",
               &(struct log_fields){.lobby = lobby->key, .event = "lobby_state"}, "%s %s",
               lobby->game_mode, lobby_state_text(state));
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_STATE, 0, MUSTER_SEAT_NONE, state);
    lobby_hooks.state_changed(lobby);
    lobby_tell_info(lobby);
}

void lobby_tell_info(struct lobby *lobby) {
    lobby_broadcast(lobby, "lobby.updated", json_pack("{s:o}", "lobby", lobby_info_json(lobby)));
}

void lobby_announce(struct lobby *lobby, const char *text) {
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "%s", text);
    if (!text_line_mend(line)) return;
    lobby_broadcast(lobby, "lobby.chat",
                    json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:I}", "playerId", "", "displayName", "",
                              "seat", MUSTER_SEAT_NONE, "team", "none", "text", line, "channel",
                              "all", "at", (json_int_t)loop_unix_ms()));
}

/* ---- create, close --------------------------------------------------------------------------- */

static int32_t allow_create(const struct lobby_wish *wish, struct failure *failure) {
    struct muster_action action = {.size = sizeof action,
                                   .kind = MUSTER_ACTION_LOBBY_CREATE,
                                   .player = wish->creator,
                                   .seat = MUSTER_SEAT_NONE,
                                   .target_seat = MUSTER_SEAT_NONE,
                                   .key = wish->game_mode,
                                   .value = ""};
    return lobby_allow_create(&action, failure);
}

/* What the creator sets is asked as if it were changed. */
static int32_t allow_settings(const struct lobby_wish *wish, struct failure *failure) {
    const char *key;
    json_t *value;
    int32_t code = RPC_OK;
    json_object_foreach(wish->settings, key, value) {
        char *text = code ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!text) continue;
        struct muster_action action = {.size = sizeof action,
                                       .kind = MUSTER_ACTION_SETTING,
                                       .player = wish->creator,
                                       .seat = MUSTER_SEAT_NONE,
                                       .target_seat = MUSTER_SEAT_NONE,
                                       .key = key,
                                       .value = text};
        code = lobby_allow_create(&action, failure);
        free(text);
    }
    return code;
}

bool lobby_region_served(const char *region) {
    if (strcmp(region, config_string("server", "region")) == 0) return true;
    for (uint32_t i = 0; i < config_list_count("server", "regions"); i++)
        if (strcmp(region, config_list_item("server", "regions", i)) == 0) return true;
    return false;
}

static void fill(struct lobby *lobby, const struct lobby_wish *wish) {
    const struct mode_entry *mode = registry_mode(wish->game_mode);
    lobby->tick_rate_hz = mode->tick_rate_hz;
    lobby->state = MUSTER_LOBBY_WAITING;
    lobby->empty_since_ms = loop_now_ms();
    ticket_uuid(lobby->key);
    snprintf(lobby->game_mode, sizeof lobby->game_mode, "%s", wish->game_mode);
    lobby_settings_apply(lobby); /* asks the mode what its settings do not say */
    const char *region =
        lobby_region_served(wish->region) ? wish->region : config_string("server", "region");
    snprintf(lobby->region, sizeof lobby->region, "%s", region);
    const struct session *creator = session_find(wish->creator);
    if (!creator) return;
    lobby->host = creator->id;
    memcpy(lobby->host_key, creator->player_key, sizeof lobby->host_key);
    lobby_code_renew(lobby);
}

/* A lobby that nobody is in makes room for one that somebody wants. */
static struct lobby *add_lobby(muster_lobby_id *out) {
    struct lobby *lobby = slots_add(&lobbies.slots, out);
    struct lobby *longest = NULL;
    muster_lobby_id id = 0;
    if (lobby) return lobby;
    for (struct lobby *other; (other = lobby_next(&id));)
        if (other->empty_since_ms && !other->closing &&
            (!longest || other->empty_since_ms < longest->empty_since_ms))
            longest = other;
    if (!longest) return NULL;
    lobby_close(longest, MUSTER_LEAVE_TIMEOUT, "empty, and its place is needed");
    return slots_add(&lobbies.slots, out);
}

int32_t lobby_create(const struct lobby_wish *wish, struct lobby **out, struct failure *failure) {
    json_t *settings = NULL, *secrets = NULL;
    if (wish->creator && wish->region[0] && !lobby_region_served(wish->region))
        return failure_set(failure, RPC_INVALID_PARAMS, "region: \"%s\" is not served here",
                           wish->region);
    if (lobby_settings_check(wish, &settings, &secrets, failure)) return failure->code;
    if (allow_create(wish, failure) || allow_settings(wish, failure)) goto fail;
    if (lobbies.draining || pacer_stretch() > 1.1) {
        failure_set(failure, RPC_SERVER_FULL, "the server %s: it takes no new lobbies",
                    lobbies.draining ? "is draining" : "is overloaded");
        goto fail;
    }
    muster_lobby_id id;
    struct lobby *lobby = add_lobby(&id);
    if (!lobby) {
        failure_set(failure, RPC_SERVER_FULL, "the server is full: %u of %u lobbies",
                    lobbies.slots.count, lobbies.slots.cap);
        goto fail;
    }
    lobby->id = id;
    lobby->settings = settings;
    fill(lobby, wish);
    lobby_rules_create(lobby);
    json_object_update_missing(secrets, wish->settings);
    lobby_settings_tell(lobby, secrets);
    json_decref(secrets);
    lobby_note_host(lobby);
    lobby_hooks.created(lobby);
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_CREATED, wish->creator, MUSTER_SEAT_NONE, 0);
    *out = lobby;
    return RPC_OK;
fail:
    json_decref(secrets);
    json_decref(settings);
    return failure->code;
}

void lobby_close(struct lobby *lobby, uint32_t leave_reason, const char *reason) {
    char said[MUSTER_REASON_MAX];
    snprintf(said, sizeof said, "%s", reason);
    if (lobby->closing) return;
    if (!text_line_mend(said)) said[0] = '\0';
    lobby->closing = true;
    log_fields(MUSTER_LOG_INFO, "lobby",
               &(struct log_fields){.lobby = lobby->key, .event = "lobby_closed"}, "%s closed: %s",
               lobby->game_mode, said);
    lobby_match_stop(lobby);
    lobby_state_set(lobby, MUSTER_LOBBY_COMPLETED);
    for (uint32_t i = 0; i < LOBBY_MEMBERS_MAX; i++)
        if (lobby->members[i].state != MEMBER_NONE) member_remove(lobby, i, leave_reason, said);
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_CLOSED, 0, MUSTER_SEAT_NONE, 0);
    lobby_rules_destroy(lobby);
    json_decref(lobby->settings);
    free(lobby->listed.text);
    free(lobby->results);
    slots_remove(&lobbies.slots, lobby->id);
}

/* ---- questions ------------------------------------------------------------------------------- */

bool member_is_spectator(uint32_t index) {
    return index >= LOBBY_SPECTATOR_FIRST;
}

uint32_t lobby_players(const struct lobby *lobby) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby->players_max; i++)
        count += lobby->members[i].state != MEMBER_NONE;
    return count;
}

uint32_t lobby_spectators(const struct lobby *lobby) {
    uint32_t count = 0;
    for (uint32_t i = LOBBY_SPECTATOR_FIRST; i < LOBBY_MEMBERS_MAX; i++)
        count += lobby->members[i].state != MEMBER_NONE;
    return count;
}

const char *lobby_map(const struct lobby *lobby) {
    const char *map = json_string_value(json_object_get(lobby->settings, "mapName"));
    if (map && map[0]) return map;
    const struct mode_entry *mode = registry_mode(lobby->game_mode);
    return mode ? mode->maps[0] : "";
}

bool lobby_visible(const struct lobby *lobby, const struct session *session) {
    return !lobby->is_private || (session && session->lobby == lobby->id);
}

bool lobby_open(const struct lobby *lobby) {
    bool joinable = lobby->state == MUSTER_LOBBY_WAITING || lobby->state == MUSTER_LOBBY_STARTING ||
                    lobby->state == MUSTER_LOBBY_ACTIVE;
    return joinable && !lobby->closing && !lobby->locked && !lobbies.draining &&
           lobby_players(lobby) < lobby->players_max;
}
