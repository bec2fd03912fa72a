/* lobby_table - all lobbies, and what can be asked of one without changing it. */
#include <string.h>

#include "config.h"
#include "kept.h"
#include "lobby_internal.h"
#include "loop.h"
#include "metrics.h"
#include "slots.h"

#include <utlist.h>

#define BUSY_MS 2000 /* within which a node is back when the load has gone */

static struct {
    struct slots slots;
    struct lobby *touched;
    struct lobby *changed;
    void (*turn)(struct lobby *lobby);
    bool turn_posted;
    bool draining;
} lobbies;

struct lobby_hooks lobby_hooks;
struct lobby_vote lobby_no_votes[VOTE_SLOTS];

struct lobby *lobby_find(muster_lobby_id id) {
    return slots_find(&lobbies.slots, id.value);
}

struct lobby *lobby_next(muster_lobby_id *id) {
    return slots_next(&lobbies.slots, &id->value);
}

struct lobby *lobby_find_key(const char *lobby_key) {
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        if (strcmp(lobby->key, lobby_key) == 0) return lobby;
    return NULL;
}

uint32_t lobby_count(void) {
    return lobbies.slots.count;
}

uint32_t lobby_count_state(uint32_t state) {
    uint32_t count = 0;
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));) count += lobby->state == state;
    return count;
}

/* Of a lobby whose people are told something all is kept first. */
static void on_told(const struct session *session) {
    struct lobby *lobby = lobby_find(session->lobby);
    if (lobby) lobby_changed(lobby);
}

muster_status lobby_table_init(uint32_t lobbies_max, void (*turn)(struct lobby *lobby)) {
    lobbies.draining = lobbies.turn_posted = false; /* a post of before may never have run */
    client_set_told(on_told);
    lobbies.turn = turn;
    return slots_init(&lobbies.slots, lobbies_max, sizeof(struct lobby));
}

void lobby_table_deinit(void) {
    slots_deinit(&lobbies.slots);
}

struct lobby *lobby_table_add(muster_lobby_id *out) {
    struct lobby *lobby = slots_add(&lobbies.slots, &out->value);
    if (!lobby) return NULL;
    lobby->epoch = loop_unix_ms();
    lobby->votes = lobby_no_votes;
    return lobby;
}

void lobby_table_remove(struct lobby *lobby) {
    if (lobby->touched) LL_DELETE2(lobbies.touched, lobby, touched_next);
    if (lobby->changed) LL_DELETE2(lobbies.changed, lobby, changed_next);
    kept_clear(&lobby->kept);
    lobby_tickets_clear(lobby);
    slots_remove(&lobbies.slots, lobby->id.value);
}

uint32_t lobby_table_size(void) {
    return lobbies.slots.cap;
}

void lobby_drain(bool on) {
    lobbies.draining = on;
}

bool lobby_draining(void) {
    return lobbies.draining;
}

int32_t lobby_check_load(struct failure *failure) {
    if (!pacer_overloaded()) return RPC_OK;
    metrics_add(METRIC_JOINS_SHED, 1);
    return failure_set_data(failure, RPC_SERVER_BUSY, json_pack("{s:i}", "retryAfterMs", BUSY_MS),
                            "the server is overloaded: nobody new gets a seat at the moment");
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void on_turn(void *user) {
    (void)user;
    lobbies.turn_posted = false;
    for (struct lobby *lobby; (lobby = lobbies.touched);) {
        LL_DELETE2(lobbies.touched, lobby, touched_next);
        lobby->touched = false;
        lobbies.turn(lobby);
    }
}

void lobby_changed(struct lobby *lobby) {
    if (lobby->match && lobby->match->stepping) return; /* what a step does is in the log */
    if (!lobby->changed) LL_PREPEND2(lobbies.changed, lobby, changed_next);
    lobby->changed = true;
}

struct lobby *lobby_table_next_changed(void) {
    struct lobby *lobby = lobbies.changed;
    if (!lobby) return NULL;
    LL_DELETE2(lobbies.changed, lobby, changed_next);
    lobby->changed = false;
    return lobby;
}

void lobby_touch(struct lobby *lobby) {
    lobby_changed(lobby);
    if (!lobby->touched) LL_PREPEND2(lobbies.touched, lobby, touched_next);
    lobby->touched = true;
    if (!lobbies.turn_posted) lobbies.turn_posted = loop_post(on_turn, NULL) == MUSTER_OK;
}

void lobby_want_close(struct lobby *lobby, uint32_t leave, const char *reason) {
    if (!lobby->close_leave) {
        lobby->close_leave = leave;
        lobby->close_reason = reason;
    }
    lobby_touch(lobby);
}

/* ---- one lobby ------------------------------------------------------------------------------- */

bool lobby_member_is_spectator(const struct lobby *lobby, uint32_t index) {
    return index >= lobby->people_max;
}

uint32_t lobby_seat(const struct lobby *lobby, uint32_t index) {
    return lobby_member_is_spectator(lobby, index) ? MUSTER_SEAT_NONE : index;
}

uint32_t lobby_players(const struct lobby *lobby) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby->players_max; i++)
        count += lobby->members[i].state != MEMBER_NONE;
    return count;
}

void lobby_note_players(struct lobby *lobby) {
    if (lobby_players(lobby) > 0)
        lobby->empty_since_ms = 0;
    else if (!lobby->empty_since_ms)
        lobby->empty_since_ms = lobby_now_ms(lobby);
}

uint32_t lobby_spectators(const struct lobby *lobby) {
    uint32_t count = 0;
    for (uint32_t i = lobby->people_max; i < lobby_members_end(lobby); i++)
        count += lobby->members[i].state != MEMBER_NONE;
    return count;
}

uint32_t lobby_connected(const struct lobby *lobby) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby->players_max; i++)
        count += lobby->members[i].state == MEMBER_ENTERED && lobby->members[i].connected;
    return count;
}

const char *lobby_map(const struct lobby *lobby) {
    const char *map = json_string_value(json_object_get(lobby->settings, "mapName"));
    if (map && map[0]) return map;
    const struct mode_entry *mode = registry_mode(lobby->game_mode);
    return mode ? mode->maps[0] : "";
}

bool lobby_visible(const struct lobby *lobby, const struct session *session) {
    return !lobby->is_private || (session && MUSTER_ID_SAME(session->lobby, lobby->id));
}

bool lobby_open(const struct lobby *lobby) {
    bool joinable = lobby->state == MUSTER_LOBBY_WAITING || lobby->state == MUSTER_LOBBY_STARTING ||
                    lobby->state == MUSTER_LOBBY_ACTIVE;
    return joinable && !lobby->closing && !lobby->locked && !lobby->frozen_since_ms &&
           !lobbies.draining && lobby_players(lobby) < lobby->players_max;
}

bool lobby_is_recovering(const struct lobby *lobby) {
    return lobby->recover_until_ms != 0;
}

uint64_t lobby_now_ms(const struct lobby *lobby) {
    uint64_t at_ms = lobby->frozen_since_ms ? lobby->frozen_since_ms : loop_now_ms();
    return at_ms - lobby->behind_ms;
}

uint64_t lobby_left_ms(const struct lobby *lobby, uint64_t deadline_ms) {
    uint64_t now_ms = lobby_now_ms(lobby);
    return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

bool lobby_region_served(const char *region) {
    return strcmp(region, config_core->server.region) == 0 ||
           config_list_has(&config_core->server.regions, region);
}

/* ---- its members ----------------------------------------------------------------------------- */

struct session *lobby_member_session(const struct member *member) {
    return session_find(member->player);
}

uint32_t lobby_find_member(const struct lobby *lobby, muster_player_id player) {
    for (uint32_t i = 0; player.value && i < lobby_members_end(lobby); i++)
        if (lobby->members[i].state != MEMBER_NONE &&
            MUSTER_ID_SAME(lobby->members[i].player, player))
            return i;
    return UINT32_MAX;
}

uint32_t lobby_find_member_key(const struct lobby *lobby, const char *player_key) {
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++)
        if (lobby->members[i].state != MEMBER_NONE &&
            strcmp(lobby->members[i].texts->player_key, player_key) == 0)
            return i;
    return UINT32_MAX;
}

uint32_t lobby_member_team(const struct lobby *lobby, uint32_t index) {
    const struct match *match = lobby->match;
    if (match && !lobby_member_is_spectator(lobby, index) && match->seats[index].used)
        return match->seats[index].team;
    return lobby->members[index].team;
}

struct member *lobby_own_member(const struct session *session, struct lobby **lobby) {
    *lobby = lobby_find(session->lobby);
    return *lobby ? &(*lobby)->members[session->member] : NULL;
}

struct member *lobby_need_entered(struct session *session, struct lobby **lobby,
                                  struct failure *failure) {
    struct member *member = lobby_own_member(session, lobby);
    if (member && member->state == MEMBER_ENTERED) return member;
    failure_set(failure, RPC_WRONG_STATE, "you are in no lobby");
    return NULL;
}
