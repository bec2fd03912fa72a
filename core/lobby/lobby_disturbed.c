/* Faults of the server's that a match is played through: they enter its log, its people are told,
 * and who loses the connection by one has left nothing.
 */
#include "lobby_internal.h"
#include "log.h"
#include "loop.h"
#include "status.h"

#define DROP_MS 5000 /* so long after it a connection that is lost was lost by it */
#define STRETCH_EVERY_MS 100

static uint64_t stalled_ms; /* up to which all lobbies know of it */
static uint64_t stretch_due_ms;

/* Up to the end of its log. */
static bool plays(const struct lobby *lobby) {
    return lobby->match && !lobby->match->finished;
}

static json_t *notification_json(const struct lobby *lobby, uint32_t cause, uint32_t ms) {
    return json_pack("{s:s,s:s,s:I}", "matchId", lobby->match->key, "cause", disturbed_text(cause),
                     "ms", (json_int_t)ms);
}

static void tell(struct lobby *lobby, uint32_t cause, uint32_t ms) {
    lobby_broadcast(lobby, "match.disturbed", notification_json(lobby, cause, ms));
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        struct member *member = &lobby->members[i];
        if (member->state != MEMBER_ENTERED || member->connected) continue;
        member->untold_cause = cause;
        member->untold_ms = ms;
    }
}

void lobby_disturbed_tell(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        struct member *member = &lobby->members[i];
        if (!member->untold_cause || !member->connected) continue;
        struct session *session = lobby_member_session(member);
        if (session && plays(lobby))
            session_notify(session, "match.disturbed",
                           notification_json(lobby, member->untold_cause, member->untold_ms));
        member->untold_cause = 0;
    }
}

void lobby_disturb(struct lobby *lobby, uint32_t cause, uint64_t ms) {
    if (!plays(lobby)) return;
    uint32_t counted_ms = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
    match_disturb(lobby->match, cause, counted_ms);
    lobby->disturbed_until_ms = lobby_now_ms(lobby) + DROP_MS;
    log_fields(MUSTER_LOG_INFO, "lobby",
               &(struct log_fields){.lobby = lobby->key, .event = "match_disturbed"},
               "%s disturbed: %s, %u ms", lobby->game_mode, disturbed_text(cause), counted_ms);
    tell(lobby, cause, counted_ms);
}

int64_t lobby_stands_since(const struct lobby *lobby) {
    if (!lobby->loaded_by) return loop_unix_ms();
    return lobby->began_unix_ms + match_elapsed_ms(lobby->match);
}

static uint64_t stood_ms(const struct lobby *lobby) {
    int64_t ms = loop_unix_ms() - lobby_stands_since(lobby);
    return ms > 0 ? (uint64_t)ms : 0;
}

void lobby_disturbed_settle(struct lobby *lobby) {
    uint64_t since_ms = lobby->overloaded_since_ms;
    lobby->overloaded_since_ms = 0;
    if (!plays(lobby)) return;
    if (lobby->loaded_by) lobby_disturb(lobby, lobby->loaded_by, stood_ms(lobby));
    lobby->loaded_by = 0;
    if (since_ms) lobby_disturb(lobby, MUSTER_DISTURBED_OVERLOAD, loop_now_ms() - since_ms);
}

/* How well somebody plays then says nothing. Not recorded: in a replay nobody watches. */
static void tell_anticheats(const struct lobby *lobby, uint64_t ms) {
    if (match_is_observed(lobby->match))
        match_fact(lobby->match, MUSTER_SEAT_NONE, MUSTER_FACT_DISTURBED, (int64_t)ms);
}

void lobby_disturbed_thaw(struct lobby *lobby, uint64_t frozen_ms) {
    lobby_disturbed_settle(lobby);
    if (plays(lobby)) tell_anticheats(lobby, frozen_ms);
}

static void look_at(struct lobby *lobby, uint64_t stall_ms, bool is_stretched) {
    if (!plays(lobby) || lobby->frozen_since_ms) return;
    if (is_stretched) tell_anticheats(lobby, 0);
    if (stall_ms) lobby_disturb(lobby, MUSTER_DISTURBED_STALL, stall_ms);
    if (lobby->overloaded_since_ms && !pacer_overloaded())
        lobby_disturbed_settle(lobby);
    else if (!lobby->overloaded_since_ms && pacer_overloaded())
        lobby->overloaded_since_ms = loop_now_ms();
}

void lobby_disturbed_look(void) {
    uint64_t all_ms = loop_stalled_ms();
    uint64_t stall_ms = all_ms > stalled_ms ? all_ms - stalled_ms : 0;
    muster_lobby_id id = {0};
    bool is_stretched = pacer_stretch() > 1.0 && loop_now_ms() >= stretch_due_ms;
    stalled_ms = all_ms;
    if (is_stretched) stretch_due_ms = loop_now_ms() + STRETCH_EVERY_MS;
    for (struct lobby *lobby; (lobby = lobby_next(&id));) look_at(lobby, stall_ms, is_stretched);
}

void lobby_disturbed_look_ahead(void) {
    if (loop_stalled_ms() > stalled_ms) lobby_disturbed_look();
}

bool lobby_disturbed_now(const struct lobby *lobby) {
    return lobby->loaded_by || lobby->overloaded_since_ms ||
           lobby_now_ms(lobby) < lobby->disturbed_until_ms;
}
