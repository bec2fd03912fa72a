/* Votes of a lobby: who counts, what is needed, when they end, who is told. */
#include "crowd_rig.h"
#include "registration.h"

/* ---- votes ----------------------------------------------------------------------------------- */

static struct {
    uint32_t ended;
    uint32_t winner;
    uint32_t counts[2];
    muster_status status;
} polled;

static void on_polled(void *user, const struct muster_vote_result *result) {
    assert_ptr_equal(user, &polled);
    polled.ended++;
    polled.winner = result->winner;
    polled.status = result->status;
    assert_int_equal(result->option_count, result->status ? 0 : 2);
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
    rig_turn();
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
    assert_int_equal(lobby_cast(named("ann"), 0, "yes", &failure), RPC_NOT_FOUND);
    json_decref(failure.data);
    rig_settle(20000);
    assert_int_equal(polled.ended, 1);
    assert_int_equal(polled.winner, MUSTER_VOTE_NONE);
    assert_int_equal(poll(lobby, 0, 0, MUSTER_SEAT_NONE), MUSTER_OK);
    assert_int_equal(lobby_vote_cancel(lobby, &game.self), MUSTER_NOT_FOUND); /* another's */
    rig_forget(rig_client(named("ann")));
    assert_int_equal(lobby_vote_cancel(lobby, &warden.self), MUSTER_OK);
    assert_true(rig_told(rig_client(named("ann")), "\"counts\":[0,0],\"winner\":null"));
    assert_int_equal(lobby_vote_cancel(lobby, &warden.self), MUSTER_NOT_FOUND);
}

/* Whoever called it is told once that there is no result: in the next turn when it was cancelled,
 * before the rules go when the lobby closes. */
static void a_vote_without_a_result_is_closed_once(void **state) {
    (void)state;
    for (int closes = 0; closes < 2; closes++) {
        struct lobby *lobby = four();
        assert_int_equal(poll(lobby, 0, 0, MUSTER_SEAT_NONE), MUSTER_OK);
        if (closes) {
            lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "over");
            assert_int_equal(polled.ended, 1);
        } else {
            assert_int_equal(lobby_vote_cancel(lobby, &warden.self), MUSTER_OK);
            assert_int_equal(polled.ended, 0);
            while (!polled.ended) (void)loop_turn();
        }
        rig_turn();
        assert_int_equal(polled.ended, 1);
        assert_int_equal(polled.status, MUSTER_CLOSED);
        assert_int_equal(polled.winner, MUSTER_VOTE_NONE);
        if (!closes) lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "over");
        assert_int_equal(polled.ended, 1);
    }
}

/* A new generation of its plugin does not end it: the lobby plays on with the old one. */
static void a_vote_ends_with_the_rules_that_called_it(void **state) {
    (void)state;
    struct lobby *lobby = four();
    struct client *ann = rig_client(named("ann"));
    assert_int_equal(poll(lobby, 0, 0, MUSTER_SEAT_NONE), MUSTER_OK);
    uint32_t id = lobby->votes[VOTE_CALLED].id;
    registration_owner_gone(&game.self); /* another's */
    registration_owner_superseded(&warden.self);
    assert_int_equal(lobby->votes[VOTE_CALLED].id, id);
    assert_false(rig_told(ann, "lobby.voteEnded"));
    registration_owner_gone(&warden.self);
    assert_int_equal(lobby->votes[VOTE_CALLED].id, 0);
    assert_true(rig_told(ann, "\"winner\":null"));
    assert_int_equal(polled.ended, 1);
    assert_int_equal(polled.status, MUSTER_CLOSED);
}

/* ---- another match --------------------------------------------------------------------------- */

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
    assert_int_equal(bea->lobby.value, 0);
    assert_true(rig_told(rig_client(bea), "\"lobby.left\",\"params\":{\"reason\":\"quit\"}"));
    assert_int_equal(lobby_players(lobby), 3);
    assert_int_equal(lobby->votes[VOTE_RESTART].id, 0);
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
    assert_int_equal(watcher->lobby.value, lobby->id.value);
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
    rig_turn();
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

/* While draining no match begins: after the running one each lobby is closed, and that is no vote.
 */
static void a_draining_node_plays_nothing_again(void **state) {
    (void)state;
    struct lobby *lobby = four();
    muster_lobby_id id = lobby->id;
    warden.holds_start = false;
    rig_play(lobby);
    lobby_drain(true);
    rig_settle(1000);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
    lobby_match_end(lobby, match_decide(MUSTER_TEAM_NONE, MUSTER_END_TIME_LIMIT));
    assert_false(rig_told(rig_client(named("ann")), "\"vote\":\"restart\""));
    static const char *const names[] = {"ann", "bea", "cid", "dan"};
    for (int i = 0; i < 4; i++) (void)again(names[i], true);
    rig_settle(15000);
    assert_null(lobby_find(id));
    assert_true(rig_told(rig_client(named("ann")), "the server is draining"));
    lobby_drain(false);
}

/* The way back comes during the scoreboard. */
static void drained_and_back_plays_again(void **state) {
    (void)state;
    struct lobby *lobby = four();
    play_to_the_end(lobby);
    lobby_drain(true);
    rig_settle(1000);
    lobby_drain(false);
    static const char *const names[] = {"ann", "bea", "cid", "dan"};
    for (int i = 0; i < 4; i++) assert_int_equal(again(names[i], true), RPC_OK);
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    lobby_drain(true); /* in the countdown */
    muster_lobby_id id = lobby->id;
    rig_settle(100);
    assert_null(lobby_find(id));
    lobby_drain(false);
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

/* With the vote in the turn of the return: this end is told before the next match, and is no part
 * of the next end. */
static void who_returns_and_votes_is_told_each_end_once(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = four();
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    struct session *dan = rig_join(lobby, "dan", token);
    play_to_the_end(lobby);
    rig_drop(rig_client(dan));
    rig_settle(100);
    assert_ptr_equal(rig_sign_in("dan", NULL), dan);
    json_decref(resume_entry(dan, token));
    for (int i = 0; i < 4; i++)
        assert_int_equal(again((const char *[]){"ann", "bea", "cid", "dan"}[i], true), RPC_OK);
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    for (int match = 0; match < 2; match++) {
        const char *told = strstr(rig.told[rig_client(dan)->conn - 1], "match.ended");
        assert_non_null(told);
        assert_null(strstr(told + 1, "match.ended"));
        rig_forget(rig_client(dan));
        if (match) break;
        rig_play(lobby);
        play_to_the_end(lobby);
        rig_settle(200);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_crowd, close_crowd)
    const struct CMUnitTest tests[] = {
        TEST(a_majority_follows_who_is_here),
        TEST(a_majority_is_two_at_least),
        TEST(who_leaves_takes_the_vote_along_and_leaves_none_behind),
        TEST(the_vote_of_who_dropped_waits_for_the_return),
        TEST(the_one_concerned_has_no_vote_on_any_seat),
        TEST(a_vote_ends_with_its_time_and_is_let_go),
        TEST(a_vote_without_a_result_is_closed_once),
        TEST(a_vote_ends_with_the_rules_that_called_it),
        TEST(who_votes_no_is_out_when_the_others_play_again),
        TEST(a_draining_node_plays_nothing_again),
        TEST(drained_and_back_plays_again),
        TEST(all_yes_plays_again_at_once),
        TEST(one_no_waits_for_the_end_and_one_yes_of_two_is_too_few),
        TEST(who_is_alone_may_play_again),
        TEST(nobody_here_plays_nothing_again),
        TEST(who_returns_is_told_what_runs),
        TEST(who_returns_and_votes_is_told_each_end_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
