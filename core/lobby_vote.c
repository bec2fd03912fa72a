/* Votes of a lobby's players: one primitive, used for another match and by plugins. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "lobby_internal.h"
#include "loop.h"
#include "status.h"

#define VOTE_MS_MIN 1000
#define VOTE_MS_MAX 300000

static uint32_t newest_id; /* of all lobbies' votes, so that an old one is never meant */

/* ---- counting -------------------------------------------------------------------------------- */

static bool may_vote(const struct lobby *lobby, const struct lobby_vote *vote, uint32_t seat) {
    const struct member *member = &lobby->members[seat];
    return seat < lobby->players_max && seat != vote->excluded_seat &&
           member->state == MEMBER_ENTERED && member->connected;
}

static void count_all(const struct lobby_vote *vote, uint32_t counts[MUSTER_VOTE_OPTIONS_MAX]) {
    memset(counts, 0, MUSTER_VOTE_OPTIONS_MAX * sizeof counts[0]);
    for (uint32_t i = 0; i < MUSTER_SEATS_MAX / 2; i++)
        if (vote->cast[i]) counts[vote->cast[i] - 1]++;
}

uint32_t lobby_vote_count(const struct lobby *lobby, enum lobby_vote_slot slot, uint32_t option) {
    uint32_t counts[MUSTER_VOTE_OPTIONS_MAX];
    count_all(&lobby->votes[slot], counts);
    return counts[option];
}

static bool all_have_voted(const struct lobby *lobby, const struct lobby_vote *vote) {
    for (uint32_t i = 0; i < lobby->players_max; i++)
        if (may_vote(lobby, vote, i) && !vote->cast[i]) return false;
    return true;
}

/* ---- telling --------------------------------------------------------------------------------- */

static json_t *vote_json(const struct lobby_vote *vote) {
    uint32_t counts[MUSTER_VOTE_OPTIONS_MAX];
    json_t *options = json_array(), *tally = json_array();
    count_all(vote, counts);
    for (uint32_t i = 0; i < vote->option_count; i++) {
        json_array_append_new(options, json_string(vote->options[i]));
        json_array_append_new(tally, json_integer(counts[i]));
    }
    return json_pack("{s:s,s:i,s:s,s:o,s:o}", "vote", vote->key, "voteId", (int)vote->id, "subject",
                     vote->subject, "options", options, "counts", tally);
}

static void tell_tally(struct lobby *lobby, const struct lobby_vote *vote) {
    uint32_t counts[MUSTER_VOTE_OPTIONS_MAX];
    json_t *json = vote_json(vote);
    count_all(vote, counts);
    if (vote->option_count == 2) { /* yes and no by themselves: what most votes are */
        json_object_set_new(json, "yes", json_integer(counts[0]));
        json_object_set_new(json, "no", json_integer(counts[1]));
    }
    json_object_set_new(json, "needed", json_integer(vote->needed));
    json_object_set_new(json, "endsInMs",
                        json_integer((json_int_t)lobby_left_ms(vote->deadline_ms)));
    lobby_broadcast(lobby, "lobby.vote", json);
}

/* ---- the end --------------------------------------------------------------------------------- */

static uint32_t winner_of(const struct lobby_vote *vote, const uint32_t *counts) {
    uint32_t winner = MUSTER_VOTE_NONE, most = vote->needed ? vote->needed - 1 : 0;
    for (uint32_t i = 0; i < vote->option_count; i++) {
        if (counts[i] <= most) continue;
        winner = i;
        most = counts[i];
    }
    return winner;
}

static void finish(struct lobby *lobby, enum lobby_vote_slot slot) {
    struct lobby_vote vote = lobby->votes[slot];
    uint32_t counts[MUSTER_VOTE_OPTIONS_MAX];
    lobby->votes[slot] = (struct lobby_vote){0};
    count_all(&vote, counts);
    uint32_t winner = winner_of(&vote, counts);
    bool won = winner != MUSTER_VOTE_NONE;
    json_t *json = vote_json(&vote);
    json_object_set_new(json, "winner", won ? json_string(vote.options[winner]) : json_null());
    lobby_broadcast(lobby, "lobby.voteEnded", json);
    if (!vote.fn) return;
    struct muster_vote_result result = {
        .size = sizeof result,
        .winner = winner,
        .lobby = lobby->id,
        .option = won ? vote.options[winner] : "",
        .counts = counts,
        .option_count = vote.option_count,
    };
    plugin_enter(vote.owner, "lobby.vote");
    vote.fn(vote.user, &result);
    plugin_leave();
}

/* The vote for another match ends with the scoreboard, not before. */
static bool is_decided(const struct lobby *lobby, const struct lobby_vote *vote) {
    uint32_t counts[MUSTER_VOTE_OPTIONS_MAX];
    count_all(vote, counts);
    bool enough = vote->needed && winner_of(vote, counts) != MUSTER_VOTE_NONE;
    return enough || all_have_voted(lobby, vote);
}

void lobby_vote_settle(struct lobby *lobby, uint64_t now_ms) {
    const struct lobby_vote *vote = &lobby->votes[VOTE_CALLED];
    if (vote->id && (now_ms >= vote->deadline_ms || is_decided(lobby, vote)))
        finish(lobby, VOTE_CALLED);
}

/* ---- begin, cast ----------------------------------------------------------------------------- */

static void begin(struct lobby *lobby, enum lobby_vote_slot slot, const struct muster_vote *wanted,
                  uint64_t deadline_ms) {
    struct lobby_vote *vote = &lobby->votes[slot];
    *vote = (struct lobby_vote){
        .id = ++newest_id,
        .option_count = wanted->option_count,
        .needed = wanted->needed,
        .excluded_seat = wanted->excluded_seat,
        .deadline_ms = deadline_ms,
    };
    if (vote->id == 0) vote->id = newest_id = 1;
    snprintf(vote->key, sizeof vote->key, "%s", wanted->key);
    snprintf(vote->subject, sizeof vote->subject, "%s", wanted->subject);
    for (uint32_t i = 0; i < wanted->option_count; i++)
        snprintf(vote->options[i], sizeof vote->options[i], "%s", wanted->options[i]);
    if (wanted->caller_seat < lobby->players_max) vote->cast[wanted->caller_seat] = 1;
}

void lobby_vote_restart(struct lobby *lobby) {
    static const char *const options[] = {"yes", "no"};
    const struct muster_vote vote = {
        .size = sizeof vote,
        .option_count = 2,
        .key = "restart",
        .subject = "",
        .options = options,
        .needed = (uint32_t)config_int("lobby", "restartVotesMin"),
        .caller_seat = MUSTER_SEAT_NONE,
        .excluded_seat = MUSTER_SEAT_NONE,
    };
    begin(lobby, VOTE_RESTART, &vote, lobby->deadline_ms);
}

static bool is_name(const char *text) {
    if (!text || !text[0] || strlen(text) >= MUSTER_NAME_MAX) return false;
    char line[MUSTER_NAME_MAX];
    memcpy(line, text, strlen(text) + 1);
    return text_line_mend(line) && strcmp(line, text) == 0;
}

static bool is_good(const struct muster_vote *vote) {
    if (vote->option_count < 1 || vote->option_count > MUSTER_VOTE_OPTIONS_MAX || !vote->options ||
        !is_name(vote->key) || !vote->subject || strlen(vote->subject) >= MUSTER_PLAYER_KEY_MAX ||
        vote->duration_ms < VOTE_MS_MIN || vote->duration_ms > VOTE_MS_MAX)
        return false;
    for (uint32_t i = 0; i < vote->option_count; i++)
        if (!is_name(vote->options[i])) return false;
    return true;
}

muster_status lobby_vote_start(struct lobby *lobby, struct muster_self *owner,
                               const struct muster_vote *vote, muster_vote_fn fn, void *user) {
    if (!is_good(vote) || !fn) return MUSTER_INVALID;
    if (lobby->votes[VOTE_CALLED].id) return MUSTER_EXISTS;
    begin(lobby, VOTE_CALLED, vote, loop_now_ms() + vote->duration_ms);
    lobby->votes[VOTE_CALLED].owner = owner;
    lobby->votes[VOTE_CALLED].fn = fn;
    lobby->votes[VOTE_CALLED].user = user;
    tell_tally(lobby, &lobby->votes[VOTE_CALLED]);
    return MUSTER_OK;
}

muster_status lobby_vote_cancel(struct lobby *lobby, const struct muster_self *owner) {
    struct lobby_vote *vote = &lobby->votes[VOTE_CALLED];
    if (!vote->id || vote->owner != owner) return MUSTER_NOT_FOUND;
    vote->fn = NULL;
    memset(vote->cast, 0, sizeof vote->cast);
    finish(lobby, VOTE_CALLED);
    return MUSTER_OK;
}

void lobby_vote_drop_owner(const struct muster_self *owner) {
    if (owner->phase < PLUGIN_STOPPED && owner->pins > 0) return; /* lobbies still have it */
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        if (lobby->votes[VOTE_CALLED].owner == owner) (void)lobby_vote_cancel(lobby, owner);
}

void lobby_vote_forget(struct lobby *lobby, uint32_t index) {
    if (member_is_spectator(index)) return;
    for (int slot = 0; slot < VOTE_SLOTS; slot++) lobby->votes[slot].cast[index] = 0;
}

static int32_t cast(struct session *session, struct lobby *lobby, struct lobby_vote *vote,
                    uint32_t option, struct failure *failure) {
    uint32_t seat = session->member;
    if (member_is_spectator(seat) || seat == vote->excluded_seat)
        return failure_set(failure, RPC_DENIED, "you have no vote in this");
    char value[MUSTER_NAME_MAX + 2];
    snprintf(value, sizeof value, "\"%s\"", vote->options[option]);
    struct muster_action action = lobby_action(lobby, session, MUSTER_ACTION_VOTE);
    action.target_seat = MUSTER_SEAT_NONE;
    action.key = vote->key;
    action.value = value;
    if (lobby_allow(lobby, &action, failure)) return failure->code;
    bool changed = vote->cast[seat] != option + 1;
    vote->cast[seat] = (uint8_t)(option + 1);
    if (changed) tell_tally(lobby, vote);
    lobby_vote_settle(lobby, loop_now_ms());
    return RPC_OK;
}

int32_t lobby_cast_restart(struct session *session, bool choice, struct failure *failure) {
    struct lobby *lobby;
    if (!need_entered(session, &lobby, failure)) return failure->code;
    if (lobby->state != MUSTER_LOBBY_ENDING || member_is_spectator(session->member))
        return failure_set_data(failure, RPC_WRONG_STATE,
                                json_pack("{s:s}", "state", lobby_state_text(lobby->state)),
                                "players vote while the scoreboard is shown");
    return cast(session, lobby, &lobby->votes[VOTE_RESTART], choice ? 0 : 1, failure);
}

int32_t lobby_cast(struct session *session, uint32_t vote_id, const char *option,
                   struct failure *failure) {
    struct lobby *lobby;
    if (!need_entered(session, &lobby, failure)) return failure->code;
    for (int slot = 0; slot < VOTE_SLOTS; slot++) {
        struct lobby_vote *vote = &lobby->votes[slot];
        if (vote->id != vote_id || !vote_id) continue;
        for (uint32_t i = 0; i < vote->option_count; i++)
            if (strcmp(vote->options[i], option) == 0)
                return cast(session, lobby, vote, i, failure);
        return failure_set(failure, RPC_INVALID_PARAMS, "option: \"%.40s\" cannot be voted for",
                           option);
    }
    return failure_set(failure, RPC_NOT_FOUND, "no such vote: it may have ended");
}
