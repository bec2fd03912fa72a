/* What a lobby makes of who comes and goes: matched into or not, closed, started, voted in. */
#include "books_rig.h"

/* Rules that hold the start back, and a name that they keep out. */
static struct {
    struct muster_self self;
    bool holds_start;
    const char *keeps_out;
} warden;

static muster_verdict on_allow(void *instance, void *state, const struct muster_action *action,
                               char *reason, uint32_t cap) {
    (void)instance;
    (void)state;
    const struct session *session = session_find(action->player);
    bool start = action->kind == MUSTER_ACTION_START && !action->player && warden.holds_start;
    bool join = action->kind == MUSTER_ACTION_JOIN && warden.keeps_out && session &&
                strcmp(session->player_key, warden.keeps_out) == 0;
    if (!start && !join) return MUSTER_PASS;
    snprintf(reason, cap, "not now");
    return MUSTER_REJECT;
}

static const struct muster_rules rules = {.size = sizeof rules, .allow = on_allow};
static const struct muster_role roles[] = {{MUSTER_ROLE_RULES, 0, &rules}};

static int open_crowd(void **state) {
    warden.holds_start = false;
    warden.keeps_out = NULL;
    return rig_open(state) || fake_plugin(&warden.self, "warden", roles, 1, NULL, NULL) ? -1 : 0;
}

static int close_crowd(void **state) {
    if (rig_close(state)) return -1;
    registry_remove(&warden.self);
    return warden.self.pins ? -1 : 0;
}

static struct lobby *hosted(struct session *host) {
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    const struct lobby_wish wish = {.game_mode = "fake", .region = "", .creator = host->id};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_OK);
    return lobby;
}

static bool is_matched(const struct lobby *lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    assert_int_equal(host_table()->lobby->get(&game.self, lobby->id, &info), MUSTER_OK);
    return !info.is_unmatched;
}

static int32_t reserve(struct lobby *lobby, struct session *session, bool spectator,
                       char ticket[TICKET_TEXT_SIZE]) {
    struct failure failure = {0};
    int32_t code = lobby_reserve(lobby, session, MUSTER_TEAM_NONE, spectator, "", ticket, &failure);
    json_decref(failure.data);
    return code;
}

static struct session *watch(struct lobby *lobby, const char *player_key) {
    char ticket[TICKET_TEXT_SIZE];
    struct session *session = rig_sign_in(player_key, NULL);
    assert_int_equal(reserve(lobby, session, true, ticket), RPC_OK);
    assert_int_equal(rig_enter(session, ticket, NULL), RPC_OK);
    return session;
}

/* ---- matched into ---------------------------------------------------------------------------- */

static void nobody_is_matched_into_a_lobby_that_waits_for_an_absent_host(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE], token[TICKET_TEXT_SIZE];
    struct session *ann = rig_sign_in("ann", NULL);
    warden.holds_start = true;
    struct lobby *lobby = hosted(ann);
    assert_false(is_matched(lobby)); /* not there yet */
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
    assert_false(is_matched(lobby));
    assert_int_equal(rig_enter(ann, ticket, token), RPC_OK);
    assert_true(is_matched(lobby)); /* at once, as the other way */
    rig_drop(rig_client(ann));
    assert_false(is_matched(lobby));
    rig_settle(1000);
    assert_false(is_matched(lobby));
    warden.holds_start = false; /* it starts without the host */
    rig_settle(100);
    assert_true(is_matched(lobby));
    warden.holds_start = true;
    rig_settle(100);
    assert_false(is_matched(lobby));
    assert_ptr_equal(rig_sign_in("ann", NULL), ann);
    assert_int_equal(rig_resume(ann, token, NULL), RPC_OK);
    rig_settle(100);
    assert_true(is_matched(lobby));
    lobby_lock_set(lobby, true);
    assert_false(is_matched(lobby));
}

static void a_lobby_without_a_host_waits_for_none(void **state) {
    (void)state;
    warden.holds_start = true;
    struct lobby *lobby = rig_lobby();
    assert_true(is_matched(lobby));
    rig_settle(100);
    assert_true(is_matched(lobby));
}

/* ---- closed ---------------------------------------------------------------------------------- */

static void watchers_alone_keep_no_lobby(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL), *bea = watch(lobby, "bea");
    rig_settle(40000);
    assert_non_null(lobby_find(id));
    lobby_leave(ann, MUSTER_LEAVE_QUIT);
    rig_settle(29000);
    assert_non_null(lobby_find(id));
    watch(lobby, "cid"); /* one more does not keep it either */
    rig_settle(1100);
    assert_null(lobby_find(id));
    assert_int_equal(bea->lobby, 0);
    assert_true(rig_told(rig_client(bea), "lobby.left"));
}

static void a_player_who_comes_in_time_keeps_the_lobby(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    rig_settle(29000);
    rig_join(lobby, "ann", NULL);
    rig_settle(40000);
    assert_non_null(lobby_find(id));
}

/* ---- settings that a match would not take ---------------------------------------------------- */

static void what_a_match_does_not_take_the_lobby_does_not_show(void **state) {
    (void)state;
    struct failure failure = {0};
    struct session *ann = rig_sign_in("ann", NULL);
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = hosted(ann);
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    rig_play(lobby);
    json_t *lock = json_pack("{s:b}", "locked", 1), *open = json_pack("{s:b}", "locked", 0);
    for (uint32_t i = 0; i < MATCH_SETTINGS_MAX; i++)
        assert_int_equal(lobby_settings_change(lobby, 0, &game.self, i % 2 ? open : lock, &failure),
                         RPC_OK);
    assert_int_equal(lobby->match->settings_waiting_count, MATCH_SETTINGS_MAX);
    assert_int_equal(lobby_settings_change(lobby, 0, &game.self, lock, &failure),
                     RPC_INVALID_PARAMS);
    assert_false(lobby->locked);
    assert_true(json_is_false(json_object_get(lobby->settings, "locked")));
    rig_tick(lobby);
    assert_int_equal(lobby_settings_change(lobby, 0, &game.self, lock, &failure), RPC_OK);
    assert_true(lobby->locked);
    json_decref(lock);
    json_decref(open);
    json_decref(failure.data);
}

/* ---- votes ----------------------------------------------------------------------------------- */

static struct {
    uint32_t ended;
    uint32_t winner;
    uint32_t counts[2];
} polled;

static void on_polled(void *user, const struct muster_vote_result *result) {
    assert_ptr_equal(user, &polled);
    polled.ended++;
    polled.winner = result->winner;
    assert_int_equal(result->option_count, 2);
    memcpy(polled.counts, result->counts, sizeof polled.counts);
}

/* A vote with yes and no; the caller has said yes. */
static muster_status poll(struct lobby *lobby, uint32_t needed, uint32_t caller,
                          uint32_t excluded) {
    static const char *const options[] = {"yes", "no"};
    const struct muster_vote vote = {.size = sizeof vote,
                                     .option_count = 2,
                                     .key = "poll",
                                     .subject = "",
                                     .options = options,
                                     .duration_ms = 20000,
                                     .needed = needed,
                                     .caller_seat = caller,
                                     .excluded_seat = excluded};
    memset(&polled, 0, sizeof polled);
    return lobby_vote_start(lobby, &warden.self, &vote, on_polled, &polled);
}

static int32_t cast_in(struct lobby *lobby, struct session *session, const char *option) {
    struct failure failure = {0};
    int32_t code = lobby_cast(session, lobby->votes[VOTE_CALLED].id, option, &failure);
    json_decref(failure.data);
    return code;
}

static struct session *named(const char *player_key) {
    struct session *session = session_find_key(player_key);
    assert_non_null(session);
    return session;
}

/* Four players: ann, bea, cid, dan, on seats 0 to 3. */
static struct lobby *four(void) {
    static const char *const names[] = {"ann", "bea", "cid", "dan"};
    struct lobby *lobby = rig_lobby();
    warden.holds_start = true;
    for (int i = 0; i < 4; i++) assert_int_equal(rig_join(lobby, names[i], NULL)->member, i);
    return lobby;
}

static void a_majority_follows_who_is_here(void **state) {
    (void)state;
    struct lobby *lobby = four();
    assert_int_equal(poll(lobby, MUSTER_VOTE_MAJORITY, 0, MUSTER_SEAT_NONE), MUSTER_OK);
    assert_int_equal(poll(lobby, 2, 1, MUSTER_SEAT_NONE), MUSTER_EXISTS);
    struct client *ann = rig_client(named("ann"));
    assert_true(rig_told(ann, "\"needed\":3,"));
    rig_forget(ann);
    assert_int_equal(cast_in(lobby, named("bea"), "yes"), RPC_OK);
    assert_true(rig_told(ann, "\"yes\":2,\"no\":0,\"needed\":3,\"endsInMs\":20000"));
    assert_int_equal(polled.ended, 0);
    rig_forget(ann);
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    assert_true(rig_told(ann, "\"needed\":2"));
    assert_int_equal(polled.ended, 1); /* two of three, at once */
    assert_int_equal(polled.winner, 0);
    assert_true(rig_told(ann, "lobby.voteEnded"));
}

static void a_majority_is_two_at_least(void **state) {
    (void)state;
    struct lobby *lobby = four();
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    assert_int_equal(poll(lobby, MUSTER_VOTE_MAJORITY, 0, 2), MUSTER_OK);
    lobby_leave(named("bea"), MUSTER_LEAVE_QUIT);
    rig_settle(100);
    assert_int_equal(polled.ended, 1); /* nobody else could vote */
    assert_int_equal(polled.winner, MUSTER_VOTE_NONE);
    assert_int_equal(polled.counts[0], 1);
}

static void who_leaves_takes_the_vote_along_and_leaves_none_behind(void **state) {
    (void)state;
    struct lobby *lobby = four();
    assert_int_equal(poll(lobby, 3, MUSTER_SEAT_NONE, MUSTER_SEAT_NONE), MUSTER_OK);
    struct client *ann = rig_client(named("ann"));
    assert_int_equal(cast_in(lobby, named("ann"), "yes"), RPC_OK);
    assert_int_equal(cast_in(lobby, named("bea"), "yes"), RPC_OK);
    lobby_leave(named("bea"), MUSTER_LEAVE_QUIT);
    assert_int_equal(rig_join(lobby, "eve", NULL)->member, 1);
    rig_forget(ann);
    rig_settle(100);
    assert_int_equal(cast_in(lobby, named("cid"), "yes"), RPC_OK);
    assert_true(rig_told(ann, "\"yes\":2"));
    assert_int_equal(polled.ended, 0);
    assert_int_equal(cast_in(lobby, named("eve"), "no"), RPC_OK); /* has a vote of its own */
    assert_int_equal(cast_in(lobby, named("eve"), "maybe"), RPC_INVALID_PARAMS);
    assert_int_equal(cast_in(lobby, named("dan"), "yes"), RPC_OK);
    assert_int_equal(polled.ended, 1);
    assert_int_equal(polled.counts[0], 3);
    assert_int_equal(polled.counts[1], 1);
}

static void the_vote_of_who_dropped_waits_for_the_return(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    warden.holds_start = true;
    struct client *ann = rig_client(rig_join(lobby, "ann", NULL));
    struct session *bea = rig_join(lobby, "bea", token);
    rig_join(lobby, "cid", NULL);
    assert_int_equal(poll(lobby, MUSTER_VOTE_MAJORITY, bea->member, MUSTER_SEAT_NONE), MUSTER_OK);
    rig_forget(ann);
    rig_drop(rig_client(bea));
    rig_settle(100);
    assert_true(rig_told(ann, "\"yes\":0"));
    assert_int_equal(cast_in(lobby, bea, "yes"), RPC_DENIED);
    assert_int_equal(cast_in(lobby, named("cid"), "yes"), RPC_OK);
    assert_int_equal(polled.ended, 0);
    assert_ptr_equal(rig_sign_in("bea", NULL), bea);
    assert_int_equal(rig_resume(bea, token, NULL), RPC_OK);
    rig_settle(100);
    assert_int_equal(polled.ended, 1);
    assert_int_equal(polled.winner, 0);
    assert_int_equal(polled.counts[0], 2);
}

static void the_one_concerned_has_no_vote_on_any_seat(void **state) {
    (void)state;
    struct lobby *lobby = four();
    assert_int_equal(poll(lobby, MUSTER_VOTE_MAJORITY, 0, 2), MUSTER_OK);
    assert_int_equal(cast_in(lobby, named("cid"), "no"), RPC_DENIED);
    lobby_leave(named("cid"), MUSTER_LEAVE_QUIT);
    rig_join(lobby, "eve", NULL); /* sits where cid sat, and may vote */
    assert_int_equal(cast_in(lobby, named("eve"), "no"), RPC_OK);
    lobby_leave(named("bea"), MUSTER_LEAVE_QUIT);
    char ticket[TICKET_TEXT_SIZE];
    assert_int_equal(reserve(lobby, named("cid"), false, ticket), RPC_OK);
    assert_int_equal(rig_enter(named("cid"), ticket, NULL), RPC_OK);
    assert_int_equal(named("cid")->member, 1);
    assert_int_equal(cast_in(lobby, named("cid"), "no"), RPC_DENIED);
    struct session *watcher = watch(lobby, "fay");
    assert_int_equal(cast_in(lobby, watcher, "no"), RPC_DENIED);
    assert_int_equal(polled.ended, 0);
}

static void a_vote_ends_with_its_time_and_is_let_go(void **state) {
    (void)state;
    struct lobby *lobby = four();
    assert_int_equal(poll(lobby, 0, 0, MUSTER_SEAT_NONE), MUSTER_OK);
    uint32_t old = lobby->votes[VOTE_CALLED].id;
    rig_settle(19900);
    assert_int_equal(polled.ended, 0);
    rig_settle(100);
    assert_int_equal(polled.ended, 1);
    assert_int_equal(polled.winner, 0); /* the most: one of four */
    struct failure failure = {0};
    assert_int_equal(poll(lobby, 0, MUSTER_SEAT_NONE, MUSTER_SEAT_NONE), MUSTER_OK);
    assert_int_equal(lobby_cast(named("ann"), old, "yes", &failure), RPC_NOT_FOUND);
    json_decref(failure.data);
    rig_settle(20000);
    assert_int_equal(polled.ended, 1);
    assert_int_equal(polled.winner, MUSTER_VOTE_NONE);
    assert_int_equal(poll(lobby, 0, 0, MUSTER_SEAT_NONE), MUSTER_OK);
    assert_int_equal(lobby_vote_cancel(lobby, &game.self), MUSTER_NOT_FOUND); /* another's */
    assert_int_equal(lobby_vote_cancel(lobby, &warden.self), MUSTER_OK);
    assert_int_equal(polled.ended, 0);
    assert_int_equal(poll(lobby, 0, 0, MUSTER_SEAT_NONE), MUSTER_OK);
}

/* ---- another match --------------------------------------------------------------------------- */

static void play_to_the_end(struct lobby *lobby) {
    warden.holds_start = false;
    rig_play(lobby);
    game.limit = 0;
    rig_tick(lobby);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    game.limit = 1000;
}

static int32_t again(const char *player_key, bool choice) {
    struct failure failure = {0};
    int32_t code = lobby_cast_restart(named(player_key), choice, &failure);
    json_decref(failure.data);
    return code;
}

static void who_votes_no_is_out_when_the_others_play_again(void **state) {
    (void)state;
    struct lobby *lobby = four();
    struct session *bea = named("bea");
    assert_int_equal(again("ann", true), RPC_WRONG_STATE);
    play_to_the_end(lobby);
    assert_true(rig_told(rig_client(bea), "\"vote\":\"restart\"")); /* told when it begins */
    assert_int_equal(again("ann", true), RPC_OK);
    assert_int_equal(again("bea", false), RPC_OK);
    assert_int_equal(again("cid", false), RPC_OK);
    assert_int_equal(again("cid", true), RPC_OK); /* changed its mind */
    rig_settle(14900);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING); /* dan has not voted */
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    assert_int_equal(bea->lobby, 0);
    assert_true(rig_told(rig_client(bea), "\"lobby.left\",\"params\":{\"reason\":\"quit\"}"));
    assert_int_equal(lobby_players(lobby), 3);
    rig_play(lobby);
    assert_false(lobby->match->seats[1].used);
    assert_true(lobby->match->seats[3].used);
    assert_int_equal(again("ann", true), RPC_WRONG_STATE);
    play_to_the_end(lobby); /* the votes of before are gone */
    assert_int_equal(lobby->votes[VOTE_RESTART].cast[0], 0);
}

static void all_yes_plays_again_at_once(void **state) {
    (void)state;
    struct lobby *lobby = four();
    for (int i = 2; i < 4; i++) lobby_leave(named(i == 2 ? "cid" : "dan"), MUSTER_LEAVE_QUIT);
    struct session *watcher = watch(lobby, "fay"); /* has no say in it */
    play_to_the_end(lobby);
    assert_int_equal(again("ann", true), RPC_OK);
    assert_int_equal(again("fay", true), RPC_WRONG_STATE);
    rig_settle(1000);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    assert_int_equal(again("bea", true), RPC_OK);
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    assert_int_equal(watcher->lobby, lobby->id);
}

static void one_no_waits_for_the_end_and_one_yes_of_two_is_too_few(void **state) {
    (void)state;
    struct lobby *lobby = four();
    muster_lobby_id id = lobby->id;
    for (int i = 2; i < 4; i++) lobby_leave(named(i == 2 ? "cid" : "dan"), MUSTER_LEAVE_QUIT);
    play_to_the_end(lobby);
    assert_int_equal(again("ann", true), RPC_OK);
    assert_int_equal(again("bea", false), RPC_OK);
    rig_settle(14900);
    assert_non_null(lobby_find(id));
    rig_settle(100);
    assert_null(lobby_find(id));
}

/* Two votes are needed, but of one who is alone one is enough. */
static void who_is_alone_may_play_again(void **state) {
    (void)state;
    struct lobby *lobby = four();
    play_to_the_end(lobby);
    assert_true(rig_told(rig_client(named("ann")), "\"needed\":2"));
    assert_int_equal(again("ann", true), RPC_OK);
    lobby_leave(named("bea"), MUSTER_LEAVE_QUIT);
    lobby_leave(named("cid"), MUSTER_LEAVE_QUIT);
    rig_settle(1000);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    rig_forget(rig_client(named("ann")));
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    assert_true(rig_told(rig_client(named("ann")), "\"needed\":1"));
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
}

static void nobody_here_plays_nothing_again(void **state) {
    (void)state;
    struct lobby *lobby = four();
    muster_lobby_id id = lobby->id;
    play_to_the_end(lobby);
    static const char *const names[] = {"ann", "bea", "cid", "dan"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(again(names[i], i < 3), RPC_OK);
        rig_drop(rig_client(named(names[i])));
    }
    rig_settle(15000);
    assert_null(lobby_find(id));
}

/* ---- entries --------------------------------------------------------------------------------- */

static json_t *resume_entry(struct session *session, const char *token) {
    struct failure failure = {0};
    json_t *entry = NULL;
    assert_int_equal(lobby_resume(session, token, &entry, &failure), RPC_OK);
    return entry;
}

static void who_returns_is_told_what_runs(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = four();
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    struct session *dan = rig_join(lobby, "dan", token);
    play_to_the_end(lobby);
    assert_int_equal(again("dan", false), RPC_OK);
    assert_int_equal(poll(lobby, 0, 0, MUSTER_SEAT_NONE), MUSTER_OK);
    rig_drop(rig_client(dan));
    rig_settle(1000);
    assert_ptr_equal(rig_sign_in("dan", NULL), dan);
    uint32_t before = rig.snapshots[rig_client(dan)->conn - 1];
    json_t *entry = resume_entry(dan, token), *votes = json_object_get(entry, "votes");
    assert_int_equal(json_array_size(votes), 2);
    const json_t *restart = json_array_get(votes, 0), *called = json_array_get(votes, 1);
    assert_string_equal(json_string_value(json_object_get(restart, "vote")), "restart");
    assert_string_equal(json_string_value(json_object_get(restart, "choice")), "no");
    assert_int_equal(json_integer_value(json_object_get(restart, "endsInMs")), 14000);
    assert_int_equal(json_integer_value(json_object_get(restart, "no")), 1);
    assert_true(json_is_null(json_object_get(called, "choice")));
    assert_int_equal(json_integer_value(json_object_get(called, "yes")), 1);
    json_decref(entry);
    rig_settle(100); /* after the answer: how it ended, and what it looked like */
    assert_true(rig_told(rig_client(dan), "match.ended"));
    assert_int_equal(rig.snapshots[rig_client(dan)->conn - 1], before + 1);
    rig_settle(500);
    assert_int_equal(rig.snapshots[rig_client(dan)->conn - 1], before + 1);
}

/* ---- places ---------------------------------------------------------------------------------- */

static void a_watcher_who_wants_to_play_gets_a_seat_or_a_refusal(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    warden.holds_start = true;
    struct session *fay = watch(lobby, "fay");
    uint32_t place = fay->member;
    warden.keeps_out = "fay";
    assert_int_equal(reserve(lobby, fay, false, ticket), RPC_DENIED);
    assert_int_equal(fay->member, place);
    assert_int_equal(lobby->members[place].state, MEMBER_ENTERED);
    warden.keeps_out = NULL;
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "p%d", i);
        rig_join(lobby, name, NULL);
    }
    assert_int_equal(reserve(lobby, fay, false, ticket), RPC_LOBBY_FULL);
    assert_int_equal(fay->member, place);
    assert_int_equal(reserve(lobby, fay, true, ticket), RPC_OK); /* the place it has */
    assert_int_equal(fay->member, place);
    lobby_leave(named("p2"), MUSTER_LEAVE_QUIT);
    assert_int_equal(reserve(lobby, fay, false, ticket), RPC_OK);
    assert_int_equal(fay->member, 2);
    assert_int_equal(lobby_spectators(lobby), 0);
    assert_int_equal(lobby->members[2].state, MEMBER_RESERVED);
    assert_int_equal(rig_enter(fay, ticket, NULL), RPC_OK);
    assert_false(rig_told(rig_client(fay), "lobby.left"));
    play_to_the_end(lobby);
    struct session *gil = watch(lobby, "gil"); /* in ending: to watch, not to play */
    assert_int_equal(reserve(lobby, gil, false, ticket), RPC_WRONG_STATE);
    assert_int_equal(reserve(lobby, rig_sign_in("hal", NULL), false, ticket), RPC_WRONG_STATE);
}

static void a_player_who_wants_to_watch_leaves_the_match(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct session *ann = rig_sign_in("ann", NULL);
    struct lobby *lobby = hosted(ann);
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    rig_join(lobby, "bea", NULL);
    rig_play(lobby);
    assert_int_equal(reserve(lobby, ann, true, ticket), RPC_OK);
    assert_false(lobby->match->seats[0].used);
    assert_int_equal(lobby->host, ann->id); /* and is the host as before */
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    assert_true(member_is_spectator(ann->member));
    rig_tick(lobby);
    assert_int_equal(lobby_players(lobby), 1);
}

static void what_matchmaking_found_can_be_given_back(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(lobby_place(lobby, ann, MUSTER_TEAM_RED, ticket, &failure), RPC_OK);
    assert_int_equal(lobby_players(lobby), 1);
    lobby_give_back(ann);
    assert_int_equal(lobby_players(lobby), 0);
    assert_int_equal(ann->lobby, 0);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_TICKET_INVALID);
    lobby_give_back(ann);
    assert_int_equal(rig_reserve(lobby, ann, ticket), RPC_OK); /* joined by itself: stays */
    lobby_give_back(ann);
    assert_int_equal(lobby_players(lobby), 1);
    lobby_leave(ann, MUSTER_LEAVE_QUIT);
    assert_int_equal(lobby_place(lobby, ann, MUSTER_TEAM_RED, ticket, &failure), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    lobby_give_back(ann); /* is in it: to leave is another request */
    assert_int_equal(lobby_players(lobby), 1);
}

static void a_private_lobby_is_shown_to_its_members(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL), *bea = rig_sign_in("bea", NULL);
    assert_true(lobby_visible(lobby, NULL));
    lobby->is_private = true;
    assert_false(lobby_visible(lobby, NULL));
    assert_false(lobby_visible(lobby, bea));
    assert_true(lobby_visible(lobby, ann));
    struct lobby *other = rig_lobby();
    other->is_private = true;
    assert_false(lobby_visible(other, ann));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_crowd, close_crowd)
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_matched_into_a_lobby_that_waits_for_an_absent_host),
        TEST(a_lobby_without_a_host_waits_for_none),
        TEST(watchers_alone_keep_no_lobby),
        TEST(a_player_who_comes_in_time_keeps_the_lobby),
        TEST(what_a_match_does_not_take_the_lobby_does_not_show),
        TEST(a_majority_follows_who_is_here),
        TEST(a_majority_is_two_at_least),
        TEST(who_leaves_takes_the_vote_along_and_leaves_none_behind),
        TEST(the_vote_of_who_dropped_waits_for_the_return),
        TEST(the_one_concerned_has_no_vote_on_any_seat),
        TEST(a_vote_ends_with_its_time_and_is_let_go),
        TEST(who_votes_no_is_out_when_the_others_play_again),
        TEST(all_yes_plays_again_at_once),
        TEST(one_no_waits_for_the_end_and_one_yes_of_two_is_too_few),
        TEST(who_is_alone_may_play_again),
        TEST(nobody_here_plays_nothing_again),
        TEST(who_returns_is_told_what_runs),
        TEST(a_watcher_who_wants_to_play_gets_a_seat_or_a_refusal),
        TEST(a_player_who_wants_to_watch_leaves_the_match),
        TEST(what_matchmaking_found_can_be_given_back),
        TEST(a_private_lobby_is_shown_to_its_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
