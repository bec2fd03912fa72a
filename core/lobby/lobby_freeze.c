/* A lobby stands for a while, its clock and its match, and goes on. */
#include "config.h"
#include "lobby_internal.h"
#include "log.h"
#include "loop.h"

#define CROWD 64 /* people */
#define CROWD_WAIT_MS 300

static void tell(struct lobby *lobby, uint32_t notice, const char *event, const char *what) {
    log_fields(MUSTER_LOG_INFO, "lobby", &(struct log_fields){.lobby = lobby->key, .event = event},
               "%s %s", lobby->game_mode, what);
    lobby_emit(lobby, notice, (muster_player_id){0}, MUSTER_SEAT_NONE, 0);
    lobby_tell_info(lobby);
}

muster_status lobby_freeze(struct lobby *lobby) {
    if (lobby->frozen_since_ms || lobby->closing || lobby->close_leave) return MUSTER_STATE;
    lobby->frozen_since_ms = loop_now_ms();
    lobby_disturbed_settle(lobby);
    pacer_remove(&lobby->pace);
    lobby_recipients_renew(lobby);
    tell(lobby, MUSTER_NOTICE_LOBBY_FROZEN, "lobby_frozen", "frozen");
    return MUSTER_OK;
}

/* The match learns now who dropped, or came back, while it stood. */
static void tell_connections(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby->match->seats_max; i++) {
        const struct member *member = &lobby->members[i];
        if (member->state == MEMBER_ENTERED) match_connection(lobby->match, i, member->connected);
    }
}

muster_status lobby_thaw(struct lobby *lobby) {
    if (!lobby->frozen_since_ms) return MUSTER_STATE;
    uint64_t frozen_ms = loop_now_ms() - lobby->frozen_since_ms;
    lobby->behind_ms += frozen_ms;
    lobby->frozen_since_ms = lobby->recover_until_ms = 0;
    tell(lobby, MUSTER_NOTICE_LOBBY_THAWED, "lobby_thawed", "goes on");
    if (lobby->state == MUSTER_LOBBY_STARTING)
        lobby_broadcast(
            lobby, "lobby.countdown",
            json_pack("{s:I}", "startsInMs", (json_int_t)lobby_left_ms(lobby, lobby->deadline_ms)));
    lobby_votes_tell(lobby);
    if (lobby->begun_again)
        lobby_announce(lobby, "The match begins again: its game mode could not go on where it "
                              "stood. The scores are those of before.");
    lobby->begun_again = false;
    lobby_touch(lobby);
    lobby_hooks.seats_opened(lobby);
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) lobby->members[i].awaited = false;
    if (!lobby->match || lobby->match->ended) return MUSTER_OK;
    lobby_disturbed_thaw(lobby, frozen_ms);
    tell_connections(lobby);
    lobby_match_run(lobby);
    return MUSTER_OK;
}

/* Who comes back while it is frozen sees how the match stands. */
static void show_match(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++)
        if (lobby->members[i].want_full && lobby->members[i].connected) lobby_send_full(lobby, i);
}

static bool is_everybody_back(const struct lobby *lobby) {
    bool all_back = true;
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++)
        all_back = all_back && !lobby->members[i].awaited;
    return all_back;
}

/* Nobody has to wait longer for those who were here. But while a crowd is on its way to other
 * lobbies, matches that play again would take the processor from those who still see nothing. */
static bool is_recovered(struct lobby *lobby) {
    uint64_t now_ms = loop_now_ms();
    if (!lobby_is_recovering(lobby)) return false;
    if (now_ms >= lobby->recover_until_ms) return true;
    if (!is_everybody_back(lobby)) return false;
    if (!lobby->complete_since_ms) lobby->complete_since_ms = now_ms;
    return session_awaited_count() < CROWD || now_ms - lobby->complete_since_ms >= CROWD_WAIT_MS;
}

void lobby_frozen_advance(struct lobby *lobby) {
    lobby_tell_members(lobby);
    if (lobby->match) show_match(lobby);
    if (is_recovered(lobby))
        (void)lobby_thaw(lobby);
    else if (loop_now_ms() - lobby->frozen_since_ms >= config_core->lobby.frozen_max_ms)
        lobby_want_close(lobby, MUSTER_LEAVE_TIMEOUT, "it was frozen for too long");
}
