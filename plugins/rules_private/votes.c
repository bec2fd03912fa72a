/* votes.c - votes that players call: who is thrown out, which map is next. */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t count_voters(const struct request *request) {
    const struct instance *instance = request->instance;
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0, count = 0;
    while (instance->host->lobby->member_next(instance->self, request->lobby->id, &index,
                                              &member) == MUSTER_OK)
        count += !member.is_spectator && member.has_entered && member.is_connected;
    return count;
}

/* Who called the newest vote waits for a while after it, so that others get their turn. */
static uint32_t caller_wait_ms(const struct request *request) {
    struct instance *instance = request->instance;
    const struct lobby *lobby = request->lobby;
    uint64_t now_ms = instance->host->loop->now_ms(instance->self);
    uint64_t next_ms = lobby->vote_ended_ms + instance->limits.vote_every_ms;
    bool again =
        lobby->vote_ended_ms && strcmp(lobby->vote_caller, request->member.player_key) == 0;
    return again && next_ms > now_ms ? (uint32_t)(next_ms - now_ms) : 0;
}

static bool may_call(const struct request *request, const char *switch_key) {
    const struct instance *instance = request->instance;
    if (request->member.is_spectator) {
        refuse(instance, request->call, "denied", "spectator", "spectators have no vote");
        return false;
    }
    if (!lobby_bool(request->lobby, switch_key)) {
        refuse(instance, request->call, "denied", "vote_off",
               "the host has switched this vote off");
        return false;
    }
    uint32_t wait_ms = caller_wait_ms(request);
    if (wait_ms) refuse_wait(instance, request->call, wait_ms, "you called a vote a moment ago");
    return wait_ms == 0;
}

static void note_end(struct lobby *lobby) {
    lobby->vote_ended_ms = lobby->instance->host->loop->now_ms(lobby->instance->self);
}

/* False: it was refused, and nothing has changed. */
static bool start(struct request *request, struct muster_vote *vote, muster_vote_fn fn) {
    const struct instance *instance = request->instance;
    vote->size = sizeof *vote;
    vote->duration_ms = instance->limits.vote_ms;
    muster_status status = instance->host->lobby->vote_start(instance->self, request->lobby->id,
                                                             vote, fn, request->lobby);
    if (status == MUSTER_OK) {
        request->lobby->vote_ended_ms = 0;
        memcpy(request->lobby->vote_caller, request->member.player_key,
               sizeof request->lobby->vote_caller);
        answer(instance, request->call, NULL);
    } else if (status == MUSTER_EXISTS) {
        refuse(instance, request->call, "wrong_state", "vote_running", "another vote is running");
    } else {
        refuse(instance, request->call, "internal_error", "", "the vote could not be started");
    }
    return status == MUSTER_OK;
}

/* ---- kick ------------------------------------------------------------------------------------ */

static void on_kick_ended(void *user, const struct muster_vote_result *result) {
    struct lobby *lobby = user;
    const struct instance *instance = lobby->instance;
    struct muster_lobby_info info = {.size = sizeof info};
    struct muster_member_info member;
    uint32_t ban_s = instance->limits.vote_ban_s;
    bool is_here = find_member(lobby, lobby->vote_target, &member);
    note_end(lobby);
    (void)instance->host->lobby->get(instance->self, lobby->id, &info);
    if (result->winner != 0 || (is_here && MUSTER_ID_SAME(member.player, info.host))) return;
    if (ban_s && !access_ban(lobby, lobby->vote_target, "voted out", ban_s))
        (void)instance->host->lobby->chat(instance->self, lobby->id,
                                          "The list of bans is full: nobody is kept out by it.");
    if (is_here)
        (void)instance->host->lobby->remove(instance->self, lobby->id, member.player,
                                            MUSTER_LEAVE_KICK, "voted out");
}

static void call_kick(struct request *request) {
    static const char *const options[] = {"yes", "no"};
    const struct instance *instance = request->instance;
    struct muster_member_info target;
    if (!find_member(request->lobby, text_of(request, "playerId"), &target) ||
        target.is_spectator) {
        refuse(instance, request->call, "not_found", "", "that player is not in this lobby");
        return;
    }
    if (MUSTER_ID_SAME(target.player, request->info.host) ||
        MUSTER_ID_SAME(target.player, request->member.player)) {
        refuse(instance, request->call, "denied", "not_this_one",
               MUSTER_ID_SAME(target.player, request->info.host) ? "the host cannot be voted out"
                                                                 : "leave instead");
        return;
    }
    uint32_t voters = count_voters(request);
    if (voters < 3) {
        refuse(instance, request->call, "denied", "too_few", "a vote needs three players");
        return;
    }
    if (!others_allow(request, MUSTER_ACTION_VOTE_CALL, "kick", target.player_key, target.player,
                      target.seat))
        return;
    struct muster_vote vote = {
        .key = "kick",
        .subject = target.player_key,
        .options = options,
        .option_count = 2,
        .needed = MUSTER_VOTE_MAJORITY,
        .caller_seat = request->member.seat,
        .excluded_seat = target.seat,
    };
    if (start(request, &vote, on_kick_ended)) /* the vote before may still run until then */
        memcpy(request->lobby->vote_target, target.player_key, sizeof target.player_key);
}

/* ---- map ------------------------------------------------------------------------------------- */

static void on_map_ended(void *user, const struct muster_vote_result *result) {
    struct lobby *lobby = user;
    const struct instance *instance = lobby->instance;
    char reason[MUSTER_REASON_MAX] = "";
    note_end(lobby);
    if (result->winner == MUSTER_VOTE_NONE) return;
    struct reply reply;
    muster_json_put_text(reply_begin(&reply), "mapName", result->option);
    const char *text = reply_end(&reply);
    if (text && instance->host->lobby->settings_set(
                    instance->self, lobby->id, (muster_player_id){0}, text, reason, sizeof reason))
        (void)instance->host->lobby->chat(instance->self, lobby->id, reason);
}

static void call_map(struct request *request) {
    const struct instance *instance = request->instance;
    const char *options[MUSTER_VOTE_OPTIONS_MAX];
    uint32_t count = 0;
    if (request->info.state == MUSTER_LOBBY_ACTIVE) {
        refuse(instance, request->call, "wrong_state", "",
               "the map cannot be changed while a match runs");
        return;
    }
    for (const char *name; count < MUSTER_VOTE_OPTIONS_MAX; options[count++] = name) {
        name = instance->host->lobby->map_name(instance->self, request->lobby->id, count);
        if (!name) break;
    }
    if (count < 2) {
        refuse(instance, request->call, "denied", "one_map", "there is only one map");
        return;
    }
    if (!others_allow(request, MUSTER_ACTION_VOTE_CALL, "map", "", (muster_player_id){0},
                      MUSTER_SEAT_NONE))
        return;
    struct muster_vote vote = {
        .key = "map",
        .subject = "",
        .options = options,
        .option_count = count,
        .caller_seat = MUSTER_SEAT_NONE,
        .excluded_seat = MUSTER_SEAT_NONE,
    };
    (void)start(request, &vote, on_map_ended);
}

void method_call_vote(struct request *request) {
    const char *wanted = text_of(request, "vote");
    if (strcmp(wanted, "kick") == 0) {
        if (may_call(request, "allowVoteKick")) call_kick(request);
    } else if (strcmp(wanted, "map") == 0) {
        if (may_call(request, "allowMapVoting")) call_map(request);
    } else {
        refuse(request->instance, request->call, "invalid_params", "",
               "vote: expected \"kick\" or \"map\"");
    }
}
