/* States of a lobby and the match it plays: countdown, start, tick, scoreboard, restart. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "crash_page.h"
#include "disk.h"
#include "lobby_internal.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "paths.h"
#include "status.h"

#define PHASE_SLOTS 50

static const char drained[] = "the server is draining: it begins no more matches";

/* ---- start ----------------------------------------------------------------------------------- */

static struct record *open_record(const struct match_setup *setup) {
    if (!config_core->match.record_enabled) return NULL;
    char directory[400], path[RECORD_PATH_BYTES];
    snprintf(directory, sizeof directory, "%s/records", paths_data());
    record_path(setup->match_key, path);
    char *header = match_record_header(setup);
    struct record *record = NULL;
    uint32_t segment_bytes = config_core->match.record_segment_kib << 10;
    muster_status status = disk_has_room() ? MUSTER_OK : MUSTER_FULL;
    if (!status)
        status = header ? record_open(path, header, segment_bytes, &record) : MUSTER_NO_MEMORY;
    free(header);
    if (status) {
        metrics_add(METRIC_RECORD_FAILURES, 1);
        log_write(disk_has_room() ? MUSTER_LOG_WARN : MUSTER_LOG_INFO, "record",
                  "%s: %s; the match is played unrecorded", path, status_text(status));
    } else {
        record_prune(directory, config_core->match.record_keep_max);
    }
    return record;
}

static struct {
    bool given;
    uint64_t next;
} seeds;

void lobby_seed(uint64_t seed) {
    seeds.given = true;
    seeds.next = seed;
}

static uint64_t take_seed(void) {
    uint64_t seed;
    if (seeds.given) return seeds.next++;
    randombytes_buf(&seed, sizeof seed);
    return seed;
}

static muster_status create_match(struct lobby *lobby) {
    char match_key[TICKET_UUID_SIZE];
    ticket_uuid(match_key);
    struct match_setup setup = {
        .lobby = lobby->id,
        .match_key = match_key,
        .lobby_key = lobby->key,
        .game_mode = lobby->game_mode,
        .map_name = lobby_map(lobby),
        .settings = lobby_settings_json(lobby),
        .seed = take_seed(),
        .tick_rate_hz = lobby->tick_rate_hz,
        .seats_max = lobby->players_max,
        .rules = lobby->rules,
        .rules_count = lobby->rules_count,
    };
    setup.record = open_record(&setup);
    muster_status status = match_create(&setup, &lobby->match);
    json_decref(setup.settings);
    return status;
}

/* Teams that were given before those that are wished, and those before what the mode decides. */
static uint32_t seat_order(const struct member *member) {
    if (member->team == MUSTER_TEAM_NONE) return 2;
    return member->team_set ? 0 : 1;
}

static void turn_away(struct lobby *lobby, uint32_t index, muster_status status) {
    char told[64];
    snprintf(told, sizeof told, "the game mode refused: %s", status_text(status));
    lobby_member_remove(lobby, index, MUSTER_LEAVE_KICK, told);
}

static void seat_players(struct lobby *lobby, uint32_t order) {
    uint32_t players = 0;
    for (uint32_t i = 0; i < lobby->players_max; i++)
        players += lobby->members[i].state == MEMBER_ENTERED;
    for (uint32_t i = 0; i < lobby->players_max; i++) {
        struct member *member = &lobby->members[i];
        bool seated = lobby->match->seats[i].used;
        if (member->state != MEMBER_ENTERED || seated || seat_order(member) != order) continue;
        member->ready = false;
        muster_status status = lobby_seat_member(lobby, i, players);
        if (status) turn_away(lobby, i, status);
    }
}

void lobby_match_seat(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        struct member *member = &lobby->members[i];
        if (member->state != MEMBER_ENTERED) continue;
        member->want_full = true;
        member->untold_cause = 0;
        member->event_cursor = lobby->match->event_tick_begin;
    }
    for (uint32_t order = 0; order < 3; order++) seat_players(lobby, order);
}

/* A reload may have brought others. */
static void renew_teams(struct lobby *lobby) {
    lobby->teams = lobby->match->teams;
    for (uint32_t i = 0; i < lobby->people_max; i++)
        if (lobby->members[i].team > lobby->teams.count) lobby->members[i].team = MUSTER_TEAM_NONE;
}

static void start_match(struct lobby *lobby) {
    muster_status status = create_match(lobby);
    if (status) {
        lobby_want_close(lobby, MUSTER_LEAVE_KICK, "the match could not be started");
        return;
    }
    renew_teams(lobby);
    lobby_state_set(lobby, MUSTER_LOBBY_ACTIVE);
    lobby_match_seat(lobby);
    metrics_add(METRIC_MATCHES_STARTED, 1);
    uint32_t every_ms = config_core->match.checkpoint_ms; /* the first not later, nor all at once */
    lobby->checkpoint_due_ms =
        loop_now_ms() + every_ms - slots_index(lobby->id.value) * 7 % every_ms;
    lobby_emit(lobby, MUSTER_NOTICE_MATCH_STARTED, (muster_player_id){0}, MUSTER_SEAT_NONE, 0);
    lobby_broadcast(lobby, "match.started", lobby_match_json(lobby));
    lobby->members_told_ms = 0; /* everybody's team, in the same turn */
    lobby_broadcast_members(lobby);
    lobby_match_run(lobby);
}

/* ---- run ------------------------------------------------------------------------------------- */

static void note_time(struct lobby *lobby) {
    uint64_t now_ms = loop_now_ms();
    if (now_ms < lobby->checkpoint_due_ms) return;
    lobby->checkpoint_due_ms = now_ms + config_core->match.checkpoint_ms;
    lobby_changed(lobby);
}

static json_t *ended_json(const struct lobby *lobby) {
    return json_pack("{s:s,s:o,s:I}", "matchId", lobby->match->key, "results",
                     lobby_results_json(lobby->results), "scoreboardMs",
                     (json_int_t)lobby_left_ms(lobby, lobby->deadline_ms));
}

/* Who comes while the scoreboard is shown is told after the answer to the entry, and sees how the
 * match stood at its end: no tick comes any more. */
static void tell_results(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        struct member *member = &lobby->members[i];
        if (!member->want_results) continue;
        member->want_results = false;
        struct session *session = lobby_member_session(member);
        lobby_send_full(lobby, i);
        if (session) session_notify(session, "match.ended", ended_json(lobby));
    }
}

/* Faults of the server's, as the notice has them. */
static uint32_t causes_of(const struct match_results *results) {
    uint32_t causes = 0;
    for (uint32_t i = 0; i < MATCH_CAUSES; i++)
        causes |= results->disturbed[i].times ? 1u << (i + 1) : 0;
    return causes;
}

/* Final results, told to the books; false: out of memory. */
static bool tell_books(struct lobby *lobby) {
    free(lobby->results);
    lobby->results = match_results(lobby->match);
    if (!lobby->results) return false;
    lobby_hooks.match_ended(lobby, lobby->results);
    lobby_emit(lobby, MUSTER_NOTICE_MATCH_ENDED, (muster_player_id){0}, MUSTER_SEAT_NONE,
               causes_of(lobby->results));
    return true;
}

/* Kept before it is told: after a crash from here on the same end is told again, and no other. */
static void finish(struct lobby *lobby) {
    pacer_remove(&lobby->pace);
    lobby_disturbed_settle(lobby);
    match_finish(lobby->match);
    metrics_add(METRIC_MATCHES_ENDED, 1);
    lobby_journal_write(lobby);
}

static void show_results(struct lobby *lobby) {
    lobby_state_set(lobby, MUSTER_LOBBY_ENDING);
    lobby_broadcast(lobby, "match.ended", ended_json(lobby));
    if (!lobby_draining()) lobby_vote_restart(lobby);
}

void lobby_match_tell_end(struct lobby *lobby) {
    lobby->deadline_ms = lobby_now_ms(lobby) + config_core->lobby.scoreboard_ms;
    if (tell_books(lobby))
        show_results(lobby);
    else
        lobby_want_close(lobby, MUSTER_LEAVE_KICK, "out of memory");
}

static void end_match(struct lobby *lobby) {
    finish(lobby);
    lobby_match_tell_end(lobby);
}

static void on_tick(void *user) {
    struct lobby *lobby = user;
    lobby_disturbed_look_ahead();
    if (lobby->close_leave || !lobby->pace.armed) return;
    crash_page_enter("lobby.tick");
    crash_page_call_of(lobby->key);
    lobby_recipients_expect(lobby);
    match_step(lobby->match);
    if (!lobby->match->ended) lobby_journal_step(lobby);
    lobby_send_snapshots(lobby);
    match_sent(lobby->match);
    if (lobby->match->ended)
        end_match(lobby);
    else
        note_time(lobby);
    crash_page_leave();
}

static void expect_tick(const void *user) {
    const struct lobby *lobby = user;
    __builtin_prefetch(lobby->members);
    __builtin_prefetch(lobby->recipients);
    match_expect_step(lobby->match);
}

void lobby_match_run(struct lobby *lobby) {
    lobby_recipients_renew(lobby);
    lobby->pace.expect = expect_tick;
    pacer_add(&lobby->pace, 1000000 / lobby->tick_rate_hz,
              slots_index(lobby->id.value) % PHASE_SLOTS, on_tick, lobby);
}

void lobby_match_end(struct lobby *lobby, struct match_decision decision) {
    if (!lobby->match || lobby->match->ended) return;
    match_end(lobby->match, decision);
    end_match(lobby);
}

muster_status lobby_match_reincarnate(struct lobby *lobby) {
    muster_status status = match_reincarnate(lobby->match, &lobby->match);
    lobby_recipients_renew(lobby);
    if (status) lobby_want_close(lobby, MUSTER_LEAVE_KICK, "the match could not be loaded");
    for (uint32_t i = 0; !status && i < lobby_members_end(lobby); i++)
        lobby->members[i].want_full = true; /* the new one has no tick before to compare with */
    return status;
}

void lobby_match_stop(struct lobby *lobby) {
    if (!lobby->match) return;
    if (!lobby->match->ended) {
        match_end(lobby->match, match_decide(MUSTER_TEAM_NONE, MUSTER_END_ABORTED));
        finish(lobby);
        if (!tell_books(lobby)) log_error("lobby", "a result was lost: out of memory");
    }
    match_destroy(lobby->match);
    lobby->match = NULL;
    lobby_recipients_renew(lobby);
}

/* ---- after the scoreboard -------------------------------------------------------------------- */

void lobby_begin_countdown(struct lobby *lobby, bool forced) {
    lobby->forced = forced;
    uint32_t countdown_ms = config_core->lobby.countdown_ms;
    lobby->deadline_ms = lobby_now_ms(lobby) + countdown_ms;
    lobby_state_set(lobby, MUSTER_LOBBY_STARTING);
    lobby_broadcast(lobby, "lobby.countdown", json_pack("{s:i}", "startsInMs", (int)countdown_ms));
    if (!countdown_ms) lobby_touch(lobby);
}

/* Those who voted to stay, and those who did not vote but are there, play again. */
static void restart(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby->players_max; i++) {
        struct member *member = &lobby->members[i];
        if (member->state != MEMBER_ENTERED) continue;
        if (lobby->votes[VOTE_RESTART].cast[i] == 2)
            lobby_member_remove(lobby, i, MUSTER_LEAVE_QUIT, "");
    }
    lobby_vote_clear(lobby, VOTE_RESTART);
    lobby_begin_countdown(lobby, true);
}

static void restart_or_close(struct lobby *lobby) {
    bool again = lobby_vote_again(lobby) && !lobby_draining();
    lobby_match_stop(lobby);
    if (again)
        restart(lobby);
    else
        lobby_want_close(lobby, MUSTER_LEAVE_QUIT,
                         lobby_draining() ? drained : "the match is over");
}

/* ---- timers ---------------------------------------------------------------------------------- */

/* True: while draining no match begins any more, and this lobby waited for one. */
static bool close_if_drained(struct lobby *lobby) {
    bool waits = lobby->state == MUSTER_LOBBY_WAITING || lobby->state == MUSTER_LOBBY_STARTING;
    if (!waits || !lobby_draining()) return false;
    lobby_want_close(lobby, MUSTER_LEAVE_QUIT, drained);
    return true;
}

/* True: the lobby had no player for too long. */
static bool close_if_empty(struct lobby *lobby) {
    lobby_note_players(lobby);
    if (!lobby->empty_since_ms) return false;
    if (lobby_now_ms(lobby) - lobby->empty_since_ms < config_core->lobby.empty_close_ms)
        return false;
    lobby_want_close(lobby, MUSTER_LEAVE_TIMEOUT, "no player is left");
    return true;
}

static bool may_start(struct lobby *lobby) {
    struct failure failure = {0};
    struct muster_action action = lobby_action(lobby, NULL, MUSTER_ACTION_START);
    int32_t code = lobby_allow(lobby, &action, &failure);
    json_decref(failure.data);
    return code == RPC_OK;
}

static bool host_is_away(const struct lobby *lobby) {
    uint32_t index = lobby_find_member(lobby, lobby->host);
    return lobby->host.value && (index == UINT32_MAX || !lobby->members[index].connected);
}

void lobby_note_host(struct lobby *lobby) {
    lobby->awaits_host =
        lobby->state == MUSTER_LOBBY_WAITING && host_is_away(lobby) && !may_start(lobby);
}

void lobby_advance(struct lobby *lobby) {
    uint64_t now_ms = lobby_now_ms(lobby);
    lobby_expire_members(lobby);
    if (close_if_drained(lobby) || close_if_empty(lobby)) return;
    lobby_tell_members(lobby);
    lobby_vote_settle(lobby);
    lobby_note_host(lobby);
    bool enough = lobby_connected(lobby) >= lobby->players_min;
    switch (lobby->state) {
    case MUSTER_LOBBY_WAITING:
        if (enough && may_start(lobby)) lobby_begin_countdown(lobby, false);
        break;
    case MUSTER_LOBBY_STARTING:
        if (!enough || (!lobby->forced && !may_start(lobby)))
            lobby_state_set(lobby, MUSTER_LOBBY_WAITING);
        else if (now_ms >= lobby->deadline_ms)
            start_match(lobby);
        break;
    case MUSTER_LOBBY_ENDING:
        tell_results(lobby);
        if (now_ms >= lobby->deadline_ms || lobby_vote_again_now(lobby)) restart_or_close(lobby);
        break;
    default: break;
    }
}
