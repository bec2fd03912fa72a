/* Votes of a lobby's players: one primitive, used for another match and by plugins. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "lobby_internal.h"
#include "loop.h"
#include "registration.h"
#include "status.h"

#define VOTE_MS_MIN 1000
#define VOTE_MS_MAX 300000
#define CALLED_VOTES_MAX 65536 /* more than there are lobbies */

#define IDS_PER_S 10 /* more than all lobbies call votes */

static uint32_t newest_id; /* of all lobbies' votes, so that an old one is never meant */

/* A vote that a plugin has called, until the plugin was told its end. It goes on at a reload: the
 * lobby keeps the plugin's generation. */
struct called_vote {
    struct registration head;
    muster_lobby_id lobby;
    muster_vote_fn fn;
    void *user;
};

static void drop(void *entry);

static struct registrations called_votes = {.cap = CALLED_VOTES_MAX,
                                            .entry_size = sizeof(struct called_vote),
                                            .when_full = MUSTER_LIMIT,
                                            .outlives_swap = true,
                                            .drop = drop};

void lobby_vote_clear(struct lobby *lobby, enum lobby_vote_slot slot) {
    if (lobby->votes[slot].id) lobby->votes[slot] = (struct lobby_vote){0};
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Who is here now: a vote belongs to its seat, and counts while its player is connected. */
static bool may_vote(const struct lobby *lobby, const struct lobby_vote *vote, uint32_t seat) {
    const struct member *member = &lobby->members[seat];
    return seat < lobby->players_max && member->state == MEMBER_ENTERED && member->connected &&
           strcmp(member->texts->player_key, vote->excluded_key) != 0;
}

struct tally {
    uint32_t counts[MUSTER_VOTE_OPTIONS_MAX];
    uint32_t voters; /* who may vote */
    uint32_t voted;  /* of these */
    uint32_t needed; /* 0: the most */
};

static uint32_t needed_now(const struct lobby *lobby, const struct lobby_vote *vote,
                           uint32_t voters) {
    if (vote->needed == MUSTER_VOTE_MAJORITY) return voters > 2 ? voters / 2 + 1 : 2;
    bool is_restart = vote == &lobby->votes[VOTE_RESTART];
    return is_restart && voters && voters < vote->needed ? voters : vote->needed;
}

static struct tally take_tally(const struct lobby *lobby, const struct lobby_vote *vote) {
    struct tally tally = {.voters = 0};
    for (uint32_t i = 0; i < lobby->players_max; i++) {
        if (!may_vote(lobby, vote, i)) continue;
        tally.voters++;
        if (!vote->cast[i]) continue;
        tally.voted++;
        tally.counts[vote->cast[i] - 1]++;
    }
    tally.needed = needed_now(lobby, vote, tally.voters);
    return tally;
}

static uint32_t winner_of(const struct lobby_vote *vote, const struct tally *tally) {
    uint32_t winner = MUSTER_VOTE_NONE, most = tally->needed ? tally->needed - 1 : 0;
    for (uint32_t i = 0; i < vote->option_count; i++) {
        if (tally->counts[i] <= most) continue;
        winner = i;
        most = tally->counts[i];
    }
    return winner;
}

bool lobby_vote_again(const struct lobby *lobby) {
    const struct lobby_vote *vote = &lobby->votes[VOTE_RESTART];
    struct tally tally = take_tally(lobby, vote);
    return tally.counts[0] >= tally.needed;
}

bool lobby_vote_again_now(const struct lobby *lobby) {
    struct tally tally = take_tally(lobby, &lobby->votes[VOTE_RESTART]);
    return tally.voters > 0 && tally.voted == tally.voters && lobby_vote_again(lobby);
}

/* ---- telling --------------------------------------------------------------------------------- */

static json_t *vote_json(const struct lobby_vote *vote, const struct tally *tally) {
    json_t *options = json_array(), *counts = json_array();
    for (uint32_t i = 0; i < vote->option_count; i++) {
        json_array_append_new(options, json_string(vote->options[i]));
        json_array_append_new(counts, json_integer(tally->counts[i]));
    }
    return json_pack("{s:s,s:i,s:s,s:o,s:o}", "vote", vote->key, "voteId", (int)vote->id, "subject",
                     vote->subject, "options", options, "counts", counts);
}

static json_t *tally_json(const struct lobby *lobby, const struct lobby_vote *vote,
                          const struct tally *tally) {
    json_t *json = vote_json(vote, tally);
    if (vote->option_count == 2) { /* yes and no by themselves: what most votes are */
        json_object_set_new(json, "yes", json_integer(tally->counts[0]));
        json_object_set_new(json, "no", json_integer(tally->counts[1]));
    }
    json_object_set_new(json, "needed", json_integer(tally->needed));
    json_object_set_new(json, "endsInMs",
                        json_integer((json_int_t)lobby_left_ms(lobby, vote->deadline_ms)));
    return json;
}

static void tell_tally(struct lobby *lobby, struct lobby_vote *vote, const struct tally *tally) {
    vote->told_needed = tally->needed;
    memcpy(vote->told_counts, tally->counts, sizeof vote->told_counts);
    lobby_broadcast(lobby, "lobby.vote", tally_json(lobby, vote, tally));
}

static void tell_if_changed(struct lobby *lobby, struct lobby_vote *vote) {
    struct tally tally = take_tally(lobby, vote);
    if (tally.needed != vote->told_needed ||
        memcmp(tally.counts, vote->told_counts, sizeof tally.counts) != 0)
        tell_tally(lobby, vote, &tally);
}

json_t *lobby_votes_json(const struct lobby *lobby, uint32_t index) {
    json_t *list = json_array();
    for (int slot = 0; slot < VOTE_SLOTS; slot++) {
        const struct lobby_vote *vote = &lobby->votes[slot];
        if (!vote->id) continue;
        struct tally tally = take_tally(lobby, vote);
        uint32_t cast = lobby_member_is_spectator(lobby, index) ? 0 : vote->cast[index];
        json_t *json = tally_json(lobby, vote, &tally);
        json_object_set_new(json, "choice",
                            cast ? json_string(vote->options[cast - 1]) : json_null());
        json_array_append_new(list, json);
    }
    return list;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Exactly once: it is forgotten with it. */
static void tell_result(const struct called_vote *called, struct muster_vote_result *result) {
    struct called_vote done = *called;
    registration_remove(&called_votes, done.head.id);
    result->size = sizeof *result;
    result->lobby = done.lobby;
    plugin_enter((struct muster_self *)done.head.owner, "lobby.vote");
    done.fn(done.user, result);
    plugin_leave();
}

static void tell_no_result(const struct called_vote *called) {
    static const uint32_t counts[MUSTER_VOTE_OPTIONS_MAX];
    struct muster_vote_result result = {
        .winner = MUSTER_VOTE_NONE, .option = "", .counts = counts, .status = MUSTER_CLOSED};
    tell_result(called, &result);
}

/* Players are told; called: who else, or null. */
static void finish(struct lobby *lobby, enum lobby_vote_slot slot,
                   const struct called_vote *called) {
    struct tally tally = take_tally(lobby, &lobby->votes[slot]);
    struct lobby_vote vote = lobby->votes[slot];
    lobby_vote_clear(lobby, slot);
    uint32_t winner = winner_of(&vote, &tally);
    bool won = winner != MUSTER_VOTE_NONE;
    json_t *json = vote_json(&vote, &tally);
    json_object_set_new(json, "winner", won ? json_string(vote.options[winner]) : json_null());
    lobby_broadcast(lobby, "lobby.voteEnded", json);
    if (!called) return;
    struct muster_vote_result result = {
        .winner = winner,
        .option = won ? vote.options[winner] : "",
        .counts = tally.counts,
        .option_count = vote.option_count,
    };
    tell_result(called, &result);
}

static bool is_decided(const struct lobby *lobby, const struct lobby_vote *vote) {
    struct tally tally = take_tally(lobby, vote);
    bool enough = tally.needed && winner_of(vote, &tally) != MUSTER_VOTE_NONE;
    return enough || tally.voted == tally.voters;
}

/* The vote for another match ends with the scoreboard: lobby_match.c. */
void lobby_vote_settle(struct lobby *lobby) {
    const struct lobby_vote *called = &lobby->votes[VOTE_CALLED];
    uint64_t now_ms = lobby_now_ms(lobby);
    for (int slot = 0; slot < VOTE_SLOTS; slot++)
        if (lobby->votes[slot].id) tell_if_changed(lobby, &lobby->votes[slot]);
    if (called->id && !lobby->frozen_since_ms &&
        (now_ms >= called->deadline_ms || is_decided(lobby, called)))
        finish(lobby, VOTE_CALLED, registration_get(&called_votes, called->registration));
}

void lobby_votes_tell(struct lobby *lobby) {
    for (int slot = 0; slot < VOTE_SLOTS; slot++) {
        if (!lobby->votes[slot].id) continue;
        struct tally tally = take_tally(lobby, &lobby->votes[slot]);
        tell_tally(lobby, &lobby->votes[slot], &tally);
    }
}

/* ---- begin, cast ----------------------------------------------------------------------------- */

/* Beginning with the time, so that one of a server before is not meant either. */
static uint32_t next_id(void) {
    if (!newest_id) newest_id = (uint32_t)(loop_unix_ms() / (1000 / IDS_PER_S) % INT32_MAX);
    newest_id = newest_id % INT32_MAX + 1;
    return newest_id;
}

static bool votes_made(struct lobby *lobby) {
    if (lobby->votes != lobby_no_votes) return true;
    struct lobby_vote *votes = calloc(VOTE_SLOTS, sizeof *votes);
    if (votes) lobby->votes = votes;
    return votes != NULL;
}

/* False: out of memory. */
static bool begin(struct lobby *lobby, enum lobby_vote_slot slot, const struct muster_vote *wanted,
                  uint64_t deadline_ms) {
    if (!votes_made(lobby)) return false;
    struct lobby_vote *vote = &lobby->votes[slot];
    *vote = (struct lobby_vote){
        .id = next_id(),
        .option_count = wanted->option_count,
        .needed = wanted->needed,
        .deadline_ms = deadline_ms,
    };
    snprintf(vote->key, sizeof vote->key, "%s", wanted->key);
    snprintf(vote->subject, sizeof vote->subject, "%s", wanted->subject);
    for (uint32_t i = 0; i < wanted->option_count; i++)
        snprintf(vote->options[i], sizeof vote->options[i], "%s", wanted->options[i]);
    const struct member_texts *excluded = wanted->excluded_seat < lobby->players_max
                                              ? lobby->members[wanted->excluded_seat].texts
                                              : NULL;
    if (excluded) memcpy(vote->excluded_key, excluded->player_key, sizeof vote->excluded_key);
    if (wanted->caller_seat < lobby->players_max) vote->cast[wanted->caller_seat] = 1;
    struct tally tally = take_tally(lobby, vote);
    tell_tally(lobby, vote, &tally);
    return true;
}

static const char *const restart_options[] = {"yes", "no"};
static const struct muster_vote restart_vote = {
    .size = sizeof restart_vote,
    .option_count = 2,
    .key = "restart",
    .subject = "",
    .options = restart_options,
    .caller_seat = MUSTER_SEAT_NONE,
    .excluded_seat = MUSTER_SEAT_NONE,
};

void lobby_vote_restart(struct lobby *lobby) {
    struct muster_vote vote = restart_vote;
    vote.needed = config_core->lobby.restart_votes_min;
    (void)begin(lobby, VOTE_RESTART, &vote, lobby->deadline_ms);
}

void lobby_vote_load(struct lobby *lobby, const struct lobby_vote *saved) {
    struct muster_vote vote = restart_vote;
    if (!saved->id) return;
    vote.needed = saved->needed;
    if (!begin(lobby, VOTE_RESTART, &vote, lobby->deadline_ms)) return;
    lobby->votes[VOTE_RESTART].id = saved->id; /* as clients know it */
    memcpy(lobby->votes[VOTE_RESTART].cast, saved->cast, sizeof saved->cast);
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
    void *entry;
    muster_status status = registration_add(&called_votes, owner, NULL, &entry);
    if (status) return status;
    struct called_vote *called = entry;
    called->lobby = lobby->id;
    called->fn = fn;
    called->user = user;
    if (!begin(lobby, VOTE_CALLED, vote, lobby_now_ms(lobby) + vote->duration_ms)) {
        registration_remove(&called_votes, called->head.id);
        return MUSTER_NO_MEMORY;
    }
    lobby->votes[VOTE_CALLED].registration = called->head.id;
    return MUSTER_OK;
}

/* The vote is over without a result, for the players. */
static void end_early(struct lobby *lobby) {
    struct lobby_vote *vote = &lobby->votes[VOTE_CALLED];
    if (vote->id) memset(vote->cast, 0, sizeof vote->cast);
    finish(lobby, VOTE_CALLED, NULL);
}

static void on_cancelled(void *user) {
    const struct called_vote *called = registration_get(&called_votes, (uintptr_t)user);
    if (called) tell_no_result(called);
}

muster_status lobby_vote_cancel(struct lobby *lobby, const struct muster_self *owner) {
    const struct called_vote *called =
        registration_get(&called_votes, lobby->votes[VOTE_CALLED].registration);
    if (!called || called->head.owner != owner) return MUSTER_NOT_FOUND;
    muster_status status = loop_post(on_cancelled, (void *)(uintptr_t)called->head.id);
    if (!status) end_early(lobby);
    return status;
}

/* Its plugin stops. */
static void drop(void *entry) {
    const struct called_vote *called = entry;
    struct lobby *lobby = lobby_find(called->lobby);
    if (lobby && lobby->votes[VOTE_CALLED].registration == called->head.id) end_early(lobby);
    tell_no_result(called);
}

void lobby_votes_drop(struct lobby *lobby) {
    uint64_t id = 0;
    for (const struct called_vote *called; (called = registration_next(&called_votes, &id));)
        if (MUSTER_ID_SAME(called->lobby, lobby->id)) tell_no_result(called);
}

void lobby_vote_forget(struct lobby *lobby, uint32_t index) {
    if (lobby_member_is_spectator(lobby, index)) return;
    for (int slot = 0; slot < VOTE_SLOTS; slot++)
        if (lobby->votes[slot].id) lobby->votes[slot].cast[index] = 0;
}

static int32_t cast(struct session *session, struct lobby *lobby, struct lobby_vote *vote,
                    uint32_t option, struct failure *failure) {
    uint32_t seat = session->member;
    if (!may_vote(lobby, vote, seat))
        return failure_set(failure, RPC_DENIED, "you have no vote in this");
    char value[MUSTER_NAME_MAX + 2];
    snprintf(value, sizeof value, "\"%s\"", vote->options[option]);
    struct muster_action action = lobby_action(lobby, session, MUSTER_ACTION_VOTE);
    action.target_seat = MUSTER_SEAT_NONE;
    action.key = vote->key;
    action.value = value;
    if (lobby_allow(lobby, &action, failure)) return failure->code;
    vote->cast[seat] = (uint8_t)(option + 1);
    lobby_vote_settle(lobby);
    return RPC_OK;
}

int32_t lobby_cast_restart(struct session *session, bool choice, struct failure *failure) {
    struct lobby *lobby;
    if (!lobby_need_entered(session, &lobby, failure)) return failure->code;
    if (lobby->state != MUSTER_LOBBY_ENDING || lobby_member_is_spectator(lobby, session->member))
        return failure_set_data(failure, RPC_WRONG_STATE,
                                json_pack("{s:s}", "state", lobby_state_text(lobby->state)),
                                "players vote while the scoreboard is shown");
    return cast(session, lobby, &lobby->votes[VOTE_RESTART], choice ? 0 : 1, failure);
}

int32_t lobby_cast(struct session *session, uint32_t vote_id, const char *option,
                   struct failure *failure) {
    struct lobby *lobby;
    if (!lobby_need_entered(session, &lobby, failure)) return failure->code;
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
