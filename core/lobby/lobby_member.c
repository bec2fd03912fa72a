/* Members of a lobby: reserve, enter, resume, drop, leave, chat, vote, team. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "lobby_internal.h"
#include "loop.h"
#include "metrics.h"
#include "moderation.h"
#include "names.h"
#include "status.h"

#define NO_MEMBER UINT32_MAX

/* ---- give up --------------------------------------------------------------------------------- */

static void count_leave(uint32_t reason) {
    switch (reason) {
    case MUSTER_LEAVE_QUIT: metrics_add(METRIC_LEAVES_QUIT, 1); break;
    case MUSTER_LEAVE_TIMEOUT: metrics_add(METRIC_LEAVES_TIMEOUT, 1); break;
    case MUSTER_LEAVE_KICK: metrics_add(METRIC_LEAVES_KICK, 1); break;
    default: metrics_add(METRIC_LEAVES_OTHER, 1); break;
    }
}

/* The place is free, and nothing of who had it is left there but the texts, which are the caller's.
 */
static struct member_texts *vacate(struct lobby *lobby, uint32_t index, uint32_t reason) {
    struct member *member = &lobby->members[index];
    bool entered = member->state == MEMBER_ENTERED;
    if (entered && lobby->match && !lobby->match->ended && !lobby_member_is_spectator(lobby, index))
        match_leave(lobby->match, index, reason);
    muster_player_id player = member->player;
    struct member_texts *texts = member->texts;
    *member = (struct member){0};
    lobby_recipients_renew(lobby);
    lobby_vote_forget(lobby, index);
    if (!entered) return texts;
    count_leave(reason);
    lobby_emit(lobby, MUSTER_NOTICE_SEAT_LEFT, player, lobby_seat(lobby, index), reason);
    return texts;
}

/* ---- reserve --------------------------------------------------------------------------------- */

static uint32_t free_member(const struct lobby *lobby, bool spectator) {
    uint32_t begin = spectator ? lobby->people_max : 0;
    uint32_t end = lobby->players_max;
    if (spectator) {
        uint32_t allowed = config_core->lobby.spectators_max;
        end = begin + (allowed < LOBBY_SPECTATORS_MAX ? allowed : LOBBY_SPECTATORS_MAX);
    }
    for (uint32_t i = begin; i < end; i++)
        if (lobby->members[i].state == MEMBER_NONE) return i;
    return NO_MEMBER;
}

static int32_t check_thawed(const struct lobby *lobby, struct failure *failure) {
    if (!lobby->frozen_since_ms) return RPC_OK;
    return failure_set_data(
        failure, RPC_WRONG_STATE,
        json_pack("{s:s,s:s}", "state", lobby_state_text(lobby->state), "reason", "frozen"),
        "the lobby is frozen: nobody gets a seat before it goes on");
}

static int32_t check_joinable(const struct lobby *lobby, const struct session *session,
                              bool spectator, struct failure *failure) {
    bool over = lobby->closing || lobby->state == MUSTER_LOBBY_COMPLETED;
    if (over || (lobby->state == MUSTER_LOBBY_ENDING && !spectator))
        return failure_set_data(
            failure, RPC_WRONG_STATE, json_pack("{s:s}", "state", lobby_state_text(lobby->state)),
            "the lobby cannot be joined while it is %s", lobby_state_text(lobby->state));
    if (check_thawed(lobby, failure)) return failure->code;
    if (lobby_draining()) return failure_set(failure, RPC_SERVER_FULL, "the server is draining");
    if (lobby->locked && !MUSTER_ID_SAME(session->id, lobby->host))
        return failure_set_data(failure, RPC_DENIED, json_pack("{s:s}", "reason", "locked"),
                                "the lobby is locked");
    return RPC_OK;
}

struct place_wish {
    uint32_t team;
    bool spectator;
    const char *secret;
    const struct muster_self *asker; /* whose rules are not asked, or null */
};

static int32_t allow_join(const struct lobby *lobby, const struct session *session,
                          const struct place_wish *wish, struct failure *failure) {
    struct muster_action action = {
        .size = sizeof action,
        .kind = wish->spectator ? MUSTER_ACTION_SPECTATE : MUSTER_ACTION_JOIN,
        .lobby = lobby->id,
        .game_mode = lobby->game_mode,
        .player = session->id,
        .seat = MUSTER_SEAT_NONE,
        .target_seat = MUSTER_SEAT_NONE,
        .team = wish->team,
        .key = "",
        .value = wish->secret,
    };
    return lobby_ask(lobby, &action, wish->asker, false, failure);
}

/* texts: taken. */
static void seat_session(struct lobby *lobby, uint32_t index, struct session *session,
                         uint32_t team, struct member_texts *texts) {
    struct member *member = &lobby->members[index];
    *member = (struct member){
        .state = MEMBER_RESERVED, .player = session->id, .team = team, .texts = texts};
    memcpy(member->texts->player_key, session->player_key, sizeof member->texts->player_key);
    names_in_lobby(lobby, session, member->texts->display_name);
    member->since_ms = loop_now_ms();
    member->deadline_ms = lobby_now_ms(lobby) + config_core->lobby.seat_ticket_ms;
    session->lobby = lobby->id;
    session->member = index;
    lobby_note_players(lobby);
}

/* Refuses before anything is changed. */
static int32_t find_place(const struct lobby *lobby, const struct session *session,
                          const struct place_wish *wish, uint32_t *index, struct failure *failure) {
    bool spectator = wish->spectator;
    if (check_joinable(lobby, session, spectator, failure)) return failure->code;
    *index = free_member(lobby, spectator);
    if (*index == NO_MEMBER)
        return failure_set(failure, RPC_LOBBY_FULL,
                           spectator ? "no more spectators: %u of them, %u players"
                                     : "the lobby is full: %u of %u players",
                           spectator ? lobby_spectators(lobby) : lobby_players(lobby),
                           spectator ? lobby_players(lobby) : lobby->players_max);
    return allow_join(lobby, session, wish, failure);
}

static int32_t reserve(struct lobby *lobby, struct session *session, const struct place_wish *wish,
                       char ticket[TICKET_TEXT_SIZE], struct failure *failure) {
    uint32_t index = session->member;
    bool is_here = MUSTER_ID_SAME(session->lobby, lobby->id);
    if (session->lobby.value && !is_here) {
        const struct lobby *other = lobby_find(session->lobby);
        return failure_set_data(failure, RPC_ALREADY_IN_LOBBY,
                                json_pack("{s:s}", "lobbyId", other ? other->key : ""),
                                "you are in another lobby: leave it first");
    }
    bool moves = is_here && lobby_member_is_spectator(lobby, index) != wish->spectator;
    if (!is_here || moves) {
        if (find_place(lobby, session, wish, &index, failure)) return failure->code;
        struct member_texts *texts = calloc(1, sizeof *texts);
        if (!texts) return failure_set(failure, RPC_INTERNAL, "out of memory");
        if (moves) free(vacate(lobby, session->member, MUSTER_LEAVE_QUIT));
        bool fits = lobby_team_fits(lobby, wish->team, index, lobby_players(lobby) + 1);
        seat_session(lobby, index, session, fits ? wish->team : MUSTER_TEAM_NONE, texts);
        if (moves) lobby_broadcast_members(lobby);
    } /* else one's own seat again, after a lost resume token */
    ticket_make('s', lobby->members[index].texts->ticket);
    memcpy(ticket, lobby->members[index].texts->ticket, TICKET_TEXT_SIZE);
    return RPC_OK;
}

int32_t lobby_reserve(struct lobby *lobby, struct session *session, uint32_t team, bool spectator,
                      const char *secret, char ticket[TICKET_TEXT_SIZE], struct failure *failure) {
    const struct place_wish wish = {.team = team <= lobby->teams.count ? team : MUSTER_TEAM_NONE,
                                    .spectator = spectator,
                                    .secret = secret};
    bool is_here = MUSTER_ID_SAME(session->lobby, lobby->id);
    if (!is_here && lobby_check_load(failure)) return failure->code;
    return reserve(lobby, session, &wish, ticket, failure);
}

int32_t lobby_place(struct lobby *lobby, struct session *session, uint32_t team,
                    char ticket[TICKET_TEXT_SIZE], struct failure *failure) {
    const struct place_wish wish = {.secret = ""};
    if (reserve(lobby, session, &wish, ticket, failure)) return failure->code;
    struct member *member = &lobby->members[session->member];
    member->matched = true;
    if (team > lobby->teams.count) return RPC_OK;
    member->team = team;
    member->team_set = team != MUSTER_TEAM_NONE;
    return RPC_OK;
}

/* May they come in at all, and how are they called? */
static int32_t admit_expected(const struct lobby_expected *who, struct session **out,
                              struct failure *failure) {
    struct muster_identity identity = {.size = sizeof identity};
    const char *name = who->display_name[0] ? who->display_name : who->player_key;
    snprintf(identity.player_key, sizeof identity.player_key, "%s", who->player_key);
    snprintf(identity.display_name, sizeof identity.display_name, "%s", name);
    if (strcmp(identity.player_key, who->player_key) != 0)
        return failure_set(failure, RPC_INVALID_PARAMS, "playerId: expected at most %zu bytes",
                           sizeof identity.player_key - 1);
    if (moderation_admit(&identity, "", failure)) return failure->code;
    names_settle(&identity);
    muster_status status = session_create(identity.player_key, identity.display_name, out);
    if (status == MUSTER_INVALID)
        return failure_set(failure, RPC_INVALID_PARAMS, "playerId: expected a line of text");
    return status ? failure_set(failure, RPC_SERVER_FULL, "the server is full") : RPC_OK;
}

/* Who plays keeps the team; a ticket that says another one still leads back. */
static int32_t check_team(const struct lobby *lobby, const struct session *session,
                          const struct lobby_expected *who, struct failure *failure) {
    uint32_t team = who->team;
    bool is_here = MUSTER_ID_SAME(session->lobby, lobby->id);
    bool sits = is_here && lobby->members[session->member].state == MEMBER_ENTERED;
    uint32_t own = sits ? lobby_member_team(lobby, session->member) : team;
    if (who->asker && team && team != own)
        return failure_set(failure, RPC_WRONG_STATE, "the player is here already, in %s%s",
                           own ? "the team " : "no team", registry_team_name(&lobby->teams, own));
    uint32_t most = team ? lobby->teams.team[team - 1].players_max : 0;
    if (!most || lobby_team_fits(lobby, team, is_here ? session->member : NO_MEMBER, 0))
        return RPC_OK;
    return failure_set(failure, RPC_LOBBY_FULL, "the team %s is full: %u players",
                       registry_team_name(&lobby->teams, team), most);
}

int32_t lobby_expect(struct lobby *lobby, const struct lobby_expected *who,
                     char ticket[TICKET_TEXT_SIZE], struct session **out, struct failure *failure) {
    const struct place_wish wish = {.team = who->team, .secret = "", .asker = who->asker};
    if (who->team > lobby->teams.count)
        return failure_set(failure, RPC_INVALID_PARAMS, "team: the lobby's mode has %u",
                           lobby->teams.count);
    if (admit_expected(who, out, failure)) return failure->code;
    struct session *session = *out;
    if (who->issue && !lobby_tickets_of(lobby, who->player_key))
        failure_set(failure, RPC_LOBBY_FULL, "too many tickets for this lobby");
    if (failure->code || check_team(lobby, session, who, failure) ||
        reserve(lobby, session, &wish, ticket, failure)) {
        session_settle(session);
        return failure->code;
    }
    if (who->asker) lobby_ticket_made(lobby, who->player_key, who->issue);
    struct member *member = &lobby->members[session->member];
    uint64_t deadline_ms = lobby_now_ms(lobby) + who->hold_ms;
    if (member->state == MEMBER_ENTERED) return RPC_OK;
    if (deadline_ms > member->deadline_ms) member->deadline_ms = deadline_ms;
    if (who->team) member->team = who->team;
    member->team_set = member->team_set || who->team;
    return RPC_OK;
}

void lobby_give_back(struct session *session) {
    struct lobby *lobby;
    const struct member *member = lobby_own_member(session, &lobby);
    if (member && member->state == MEMBER_RESERVED && member->matched)
        lobby_leave(session, MUSTER_LEAVE_QUIT);
}

/* ---- enter, resume --------------------------------------------------------------------------- */

static json_t *entry_json(struct lobby *lobby, uint32_t index) {
    const struct member *member = &lobby->members[index];
    return json_pack("{s:o,s:i,s:s,s:s,s:o,s:o,s:s,s:o}", "lobby", lobby_info_json(lobby), "seat",
                     (int)lobby_seat(lobby, index), "team",
                     registry_team_name(&lobby->teams, lobby_member_team(lobby, index)),
                     "resumeToken", member->texts->resume, "members", lobby_members_json(lobby),
                     "match", lobby_match_json(lobby), "joinCode", lobby->code, "votes",
                     lobby_votes_json(lobby, index));
}

/* The one before stays good until the newer one is used: a lost answer locks nobody out. */
static void rotate_resume(struct member *member) {
    memcpy(member->texts->resume_before, member->texts->resume, TICKET_TEXT_SIZE);
    ticket_make('r', member->texts->resume);
}

static void set_connected(struct lobby *lobby, uint32_t index) {
    lobby->members[index].connected = true;
    lobby_recipients_renew(lobby);
}

static void connect_member(struct lobby *lobby, uint32_t index) {
    struct member *member = &lobby->members[index];
    set_connected(lobby, index);
    member->want_full = true;
    member->want_results = lobby->state == MUSTER_LOBBY_ENDING;
    member->awaited = member->owed = false;
    member->lag_since_ms = 0;
    member->deadline_ms = 0;
    bool is_waited_for = lobby->frozen_since_ms != 0; /* and is shown it */
    if (is_waited_for || member->untold_cause) lobby_touch(lobby);
    lobby_note_host(lobby);
    if (!lobby->match) return;
    member->event_cursor = lobby->match->event_tick_begin;
    if (lobby_member_is_spectator(lobby, index)) return;
    if (lobby->frozen_since_ms)
        match_inputs_restart(lobby->match, index); /* it is told with the thaw */
    else
        match_connection(lobby->match, index, true);
}

/* A mode may refuse a seat; then the member is out again. */
static int32_t join_match(struct lobby *lobby, uint32_t index, struct failure *failure) {
    bool running = lobby->match && lobby->state == MUSTER_LOBBY_ACTIVE;
    if (!running || lobby_member_is_spectator(lobby, index) || lobby->match->seats[index].used)
        return RPC_OK;
    uint32_t people = 1;
    for (uint32_t i = 0; i < lobby->players_max; i++) people += lobby->match->seats[i].used;
    set_connected(lobby, index);
    muster_status status = lobby_seat_member(lobby, index, people);
    if (status)
        return failure_set(failure, RPC_DENIED, "the game mode refused: %s", status_text(status));
    return RPC_OK;
}

static int32_t first_entry(struct lobby *lobby, uint32_t index, struct failure *failure) {
    struct member *member = &lobby->members[index];
    names_in_lobby(lobby, lobby_member_session(member), member->texts->display_name);
    member->state = MEMBER_ENTERED;
    if (join_match(lobby, index, failure)) {
        lobby_member_remove(lobby, index, MUSTER_LEAVE_KICK, NULL);
        return failure->code;
    }
    metrics_add(METRIC_JOINS, 1);
    lobby_emit(lobby, MUSTER_NOTICE_SEAT_TAKEN, member->player, lobby_seat(lobby, index), 0);
    return RPC_OK;
}

int32_t lobby_enter(struct session *session, const char *ticket, json_t **entry,
                    struct failure *failure) {
    struct lobby *lobby;
    struct member *member = lobby_own_member(session, &lobby);
    if (!member || !ticket_equal(member->texts->ticket, ticket))
        return failure_set(failure, RPC_TICKET_INVALID,
                           "the seat ticket is unknown, used, expired or another player's");
    if (member->state == MEMBER_RESERVED && check_thawed(lobby, failure)) return failure->code;
    member->texts->ticket[0] = '\0';
    if (member->state == MEMBER_RESERVED && first_entry(lobby, session->member, failure))
        return failure->code;
    lobby_tickets_use(lobby, session);
    rotate_resume(member);
    connect_member(lobby, session->member);
    *entry = entry_json(lobby, session->member);
    lobby_broadcast_members(lobby);
    return RPC_OK;
}

int32_t lobby_resume(struct session *session, const char *token, json_t **entry,
                     struct failure *failure) {
    struct lobby *lobby;
    struct member *member = lobby_own_member(session, &lobby);
    bool newest = member && ticket_equal(member->texts->resume, token);
    bool before = member && ticket_equal(member->texts->resume_before, token);
    if (!member || member->state != MEMBER_ENTERED || (!newest && !before))
        return failure_set_data(failure, RPC_RESUME_INVALID,
                                lobby_left_find(session->player_key, token),
                                "the resume token is unknown, used, expired or another player's");
    if (newest)
        rotate_resume(member);
    else /* the answer with the newer one was lost: give a new one, keep this one good */
        ticket_make('r', member->texts->resume);
    connect_member(lobby, session->member);
    *entry = entry_json(lobby, session->member);
    lobby_broadcast_members(lobby);
    return RPC_OK;
}

/* ---- leave, drop ----------------------------------------------------------------------------- */

static void tell_left(const struct lobby *lobby, const struct member *was, struct session *session,
                      uint32_t reason, const char *told) {
    bool closed = lobby->closing && reason != MUSTER_LEAVE_SHUTDOWN;
    const char *word = closed ? "closed" : leave_reason_text(reason);
    if (session->client)
        session_notify(session, "lobby.left", lobby_left_json(word, told));
    else if (was->state == MEMBER_ENTERED)
        lobby_left_note(was, word, told);
}

void lobby_member_remove(struct lobby *lobby, uint32_t index, uint32_t reason, const char *told) {
    struct session *session = lobby_member_session(&lobby->members[index]);
    const struct member was = lobby->members[index];
    struct member_texts *texts = vacate(lobby, index, reason); /* still those of `was` */
    lobby_note_players(lobby);
    if (session) {
        session->lobby = (muster_lobby_id){0};
        if (told) tell_left(lobby, &was, session, reason, told);
        session_settle(session);
    }
    free(texts);
    if (lobby->closing) return;
    if (MUSTER_ID_SAME(lobby->host, was.player)) lobby_host_set(lobby, NO_MEMBER);
    lobby_broadcast_members(lobby);
    lobby_hooks.seats_opened(lobby);
}

void lobby_leave(struct session *session, uint32_t reason) {
    struct lobby *lobby;
    if (!lobby_own_member(session, &lobby)) return;
    lobby_member_remove(lobby, session->member, reason, reason != MUSTER_LEAVE_QUIT ? "" : NULL);
    lobby_touch(lobby);
}

void lobby_kick(struct lobby *lobby, uint32_t seat, const char *reason) {
    if (seat < lobby->players_max)
        lobby_remove(lobby, lobby->members[seat].player, MUSTER_LEAVE_KICK, reason);
}

void lobby_member_dropped(struct session *session) {
    struct lobby *lobby;
    struct member *member = lobby_own_member(session, &lobby);
    if (!member || member->state != MEMBER_ENTERED) return;
    lobby_recipients_renew(lobby);
    lobby_disturbed_look();
    member->connected = false;
    member->owed = lobby_disturbed_now(lobby);
    member->ready = false;
    member->deadline_ms = lobby_now_ms(lobby) + config_core->lobby.reconnect_ms;
    if (lobby->match && !lobby->match->ended && !lobby->frozen_since_ms &&
        !lobby_member_is_spectator(lobby, session->member))
        match_connection(lobby->match, session->member, false);
    lobby_note_host(lobby);
    lobby_broadcast_members(lobby);
}

void lobby_expire_members(struct lobby *lobby) {
    uint64_t now_ms = lobby_now_ms(lobby);
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        struct member *member = &lobby->members[i];
        if (member->state == MEMBER_NONE || !member->deadline_ms || member->deadline_ms > now_ms)
            continue;
        uint32_t reason = member->owed ? MUSTER_LEAVE_DISTURBED : MUSTER_LEAVE_TIMEOUT;
        lobby_member_remove(lobby, i, reason, "");
    }
}

/* ---- chat ------------------------------------------------------------------------------------ */

static void send_team_chat(struct lobby *lobby, uint32_t team, json_t *params) {
    for (uint32_t i = 0; i < lobby->players_max; i++) {
        const struct member *member = &lobby->members[i];
        if (member->state != MEMBER_ENTERED || lobby_member_team(lobby, i) != team) continue;
        struct session *session = lobby_member_session(member);
        if (session) session_notify(session, "lobby.chat", json_incref(params));
    }
    json_decref(params);
}

int32_t lobby_chat(struct session *session, const char *text, bool team_only,
                   struct failure *failure) {
    struct lobby *lobby;
    struct member *member = lobby_need_entered(session, &lobby, failure);
    if (!member || moderation_speak(session, failure)) return failure->code;
    uint32_t wait_ms = 0;
    if (!session_take(session, PARTY_CHAT, &wait_ms))
        return failure_set_data(failure, RPC_RATE_LIMITED,
                                json_pack("{s:I}", "retryAfterMs", (json_int_t)wait_ms),
                                "too many chat lines");
    char line[320];
    snprintf(line, sizeof line, "%s", text);
    if (!text_line_mend(line))
        return failure_set(failure, RPC_INVALID_PARAMS, "text: expected something to be seen");
    uint32_t team = lobby_member_team(lobby, session->member);
    struct muster_action action = lobby_action(lobby, session, MUSTER_ACTION_CHAT);
    action.value = line;
    if (lobby_allow(lobby, &action, failure)) return failure->code;
    bool passes = lobby_rules_chat(lobby, session, line, sizeof line);
    if (!passes || !text_line_mend(line)) return RPC_OK;
    json_t *params =
        json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:I}", "playerId", session->player_key, "displayName",
                  member->texts->display_name, "seat", (int)lobby_seat(lobby, session->member),
                  "team", registry_team_name(&lobby->teams, team), "text", line, "channel",
                  team_only ? "team" : "all", "at", (json_int_t)loop_unix_ms());
    if (!params) return failure_set(failure, RPC_INVALID_PARAMS, "text: expected valid UTF-8");
    if (team_only && !lobby_member_is_spectator(lobby, session->member))
        send_team_chat(lobby, team, params);
    else
        lobby_broadcast(lobby, "lobby.chat", params);
    return RPC_OK;
}

/* ---- play ------------------------------------------------------------------------------------ */

void lobby_expect_input(const struct client *client) {
    if (client->match) match_expect_input(client->match, client->seat);
}

void lobby_input(const struct client *client, const struct muster_input *input) {
    if (client->match && !client->match->ended)
        match_input_push(client->match, client->seat, input);
}

muster_status lobby_message(struct session *session, const void *data, uint32_t len) {
    struct lobby *lobby;
    struct member *member = lobby_own_member(session, &lobby);
    if (!member || !member->connected || !lobby->match || lobby->match->ended ||
        lobby_member_is_spectator(lobby, session->member))
        return MUSTER_STATE;
    return match_message_push(lobby->match, session->member, data, len);
}

void lobby_resync(struct session *session) {
    struct lobby *lobby;
    struct member *member = lobby_own_member(session, &lobby);
    if (member && member->connected) member->want_full = true;
}
