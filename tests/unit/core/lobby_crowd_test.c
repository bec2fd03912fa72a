/* What a lobby makes of who comes and goes: matched into or not, closed, seated, on which team. */
#include "crowd_rig.h"

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
    rig_turn();
    rig_settle(29000);
    assert_non_null(lobby_find(id));
    watch(lobby, "cid"); /* one more does not keep it either */
    rig_settle(900);
    assert_non_null(lobby_find(id));
    rig_settle(100);
    assert_null(lobby_find(id));
    assert_int_equal(bea->lobby.value, 0);
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
        assert_int_equal(lobby_settings_change(lobby, (muster_player_id){0}, &game.self,
                                               i % 2 ? open : lock, &failure),
                         RPC_OK);
    assert_int_equal(lobby->match->settings_waiting_count, MATCH_SETTINGS_MAX);
    assert_int_equal(
        lobby_settings_change(lobby, (muster_player_id){0}, &game.self, lock, &failure),
        RPC_INVALID_PARAMS);
    assert_false(lobby->locked);
    assert_true(json_is_false(json_object_get(lobby->settings, "locked")));
    rig_tick(lobby);
    assert_int_equal(
        lobby_settings_change(lobby, (muster_player_id){0}, &game.self, lock, &failure), RPC_OK);
    assert_true(lobby->locked);
    json_decref(lock);
    json_decref(open);
    json_decref(failure.data);
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
    assert_int_equal(lobby->host.value, ann->id.value); /* and is the host as before */
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    assert_true(lobby_member_is_spectator(lobby, ann->member));
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
    assert_int_equal(ann->lobby.value, 0);
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

/* ---- ready ----------------------------------------------------------------------------------- */

static int32_t ready(const char *player_key, bool value) {
    struct failure failure = {0};
    int32_t code = lobby_ready(named(player_key), value, &failure);
    json_decref(failure.data);
    return code;
}

static bool is_ready(const struct lobby *lobby, uint32_t seat) {
    return lobby->members[seat].ready;
}

static void who_is_ready_is_so_until_something_happens(void **state) {
    (void)state;
    struct lobby *lobby = four();
    struct client *cid = rig_client(named("cid"));
    assert_int_equal(ready("ann", true), RPC_OK);
    assert_int_equal(ready("bea", true), RPC_OK);
    assert_int_equal(ready("dan", true), RPC_OK);
    assert_true(is_ready(lobby, 0) && is_ready(lobby, 1) && !is_ready(lobby, 2));
    rig_settle(100);
    assert_true(rig_told(cid, "\"ready\":true"));
    assert_int_equal(ready("bea", false), RPC_OK);
    assert_false(is_ready(lobby, 1));
    rig_drop(rig_client(named("ann")));
    assert_false(is_ready(lobby, 0)); /* who is away is not ready */
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    rig_join(lobby, "eve", NULL);
    assert_false(is_ready(lobby, 3)); /* not inherited */
    watch(lobby, "fay");
    assert_int_equal(ready("fay", true), RPC_WRONG_STATE);
}

static void a_match_that_starts_clears_who_is_ready(void **state) {
    (void)state;
    struct lobby *lobby = four();
    static const char *const names[] = {"ann", "bea", "cid", "dan"};
    for (int i = 0; i < 4; i++) assert_int_equal(ready(names[i], true), RPC_OK);
    play_to_the_end(lobby);
    for (uint32_t i = 0; i < 4; i++) assert_false(is_ready(lobby, i));
    assert_int_equal(ready("ann", true), RPC_WRONG_STATE);
}

/* ---- the countdown --------------------------------------------------------------------------- */

static void a_countdown_ends_with_its_time_or_with_its_people(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    lobby->players_min = 2;
    rig_join(lobby, "ann", NULL);
    rig_settle(1000);
    assert_int_equal(lobby->state, MUSTER_LOBBY_WAITING);
    struct session *bea = rig_join(lobby, "bea", NULL);
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    rig_settle(2900);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    rig_drop(rig_client(bea)); /* too few in the last moment */
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_WAITING);
    assert_null(lobby->match);
    rig_join(lobby, "cid", NULL);
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    warden.holds_start = true; /* the rules change their mind */
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_WAITING);
    lobby_begin_countdown(lobby, true); /* somebody wants it all the same */
    rig_settle(2900);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    rig_settle(100);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
    assert_int_equal(lobby->match->seats[1].used, 1); /* bea has the seat still */
    assert_false(lobby->match->seats[1].connected);
}

/* ---- tickets and windows --------------------------------------------------------------------- */

static void windows_end_to_the_moment_and_once(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    warden.holds_start = true;
    struct session *ann = rig_sign_in("ann", NULL);
    rig_join(lobby, "bea", NULL);
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
    rig_settle(14900);
    assert_int_equal(lobby_players(lobby), 2);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK); /* just in time */
    rig_settle(100000);
    assert_int_equal(lobby_players(lobby), 2); /* the ticket's deadline is gone */
    rig_drop(rig_client(ann));
    rig_settle(59900);
    assert_int_equal(lobby_players(lobby), 2);
    rig_settle(100);
    assert_int_equal(lobby_players(lobby), 1);
    assert_null(session_find_key("ann"));
}

static void watchers_have_places_of_their_own_and_not_without_end(void **state) {
    (void)state;
    char name[8], ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = four();
    for (int i = 0; i < 8; i++) { /* lobby.spectatorsMax */
        snprintf(name, sizeof name, "w%d", i);
        watch(lobby, name);
    }
    assert_int_equal(reserve(lobby, rig_sign_in("w8", NULL), true, ticket), RPC_LOBBY_FULL);
    assert_int_equal(lobby_spectators(lobby), 8);
    assert_int_equal(lobby_players(lobby), 4);
    assert_int_equal(lobby_seat(lobby, named("w0")->member), MUSTER_SEAT_NONE);
    lobby_leave(named("w3"), MUSTER_LEAVE_QUIT);
    assert_int_equal(reserve(lobby, session_find_key("w8"), true, ticket), RPC_OK);
}

/* ---- teams ----------------------------------------------------------------------------------- */

static int32_t wish(const char *player_key, const char *whose, uint32_t team) {
    struct failure failure = {0};
    int32_t code = lobby_set_team(named(player_key), whose, team, &failure);
    json_decref(failure.data);
    return code;
}

static uint32_t team_of(const char *player_key) {
    const struct session *session = named(player_key);
    return lobby_find(session->lobby)->members[session->member].team;
}

static int32_t join_as(struct lobby *lobby, const char *player_key, uint32_t team) {
    struct failure failure = {0};
    char ticket[TICKET_TEXT_SIZE];
    struct session *session = rig_sign_in(player_key, NULL);
    int32_t code = lobby_reserve(lobby, session, team, false, "", ticket, &failure);
    if (!code) assert_int_equal(rig_enter(session, ticket, NULL), RPC_OK);
    return code;
}

static void a_wished_team_counts_while_teams_stay_even(void **state) {
    (void)state;
    struct lobby *lobby = four();
    assert_int_equal(wish("ann", "", MUSTER_TEAM_BLUE), RPC_OK);
    assert_int_equal(wish("bea", "", MUSTER_TEAM_BLUE), RPC_OK); /* two of four */
    assert_int_equal(wish("cid", "", MUSTER_TEAM_BLUE), RPC_DENIED);
    assert_int_equal(team_of("cid"), MUSTER_TEAM_NONE);
    assert_int_equal(wish("cid", "", MUSTER_TEAM_RED), RPC_OK);
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    assert_int_equal(wish("cid", "", MUSTER_TEAM_BLUE), RPC_DENIED); /* three of three */
    assert_int_equal(join_as(lobby, "dan", MUSTER_TEAM_BLUE), RPC_OK);
    assert_int_equal(team_of("dan"), MUSTER_TEAM_NONE); /* comes in, without that team */
    lobby->balanced = false;
    assert_int_equal(wish("cid", "", MUSTER_TEAM_BLUE), RPC_OK);
}

static void an_even_number_is_no_more_than_half_and_an_odd_one_more(void **state) {
    (void)state;
    struct lobby *lobby = four();
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    assert_int_equal(wish("ann", "", MUSTER_TEAM_RED), RPC_OK);
    assert_int_equal(wish("bea", "", MUSTER_TEAM_RED), RPC_OK); /* two of three */
    assert_int_equal(wish("bea", "", MUSTER_TEAM_RED), RPC_OK);
    lobby_leave(named("cid"), MUSTER_LEAVE_QUIT);
    warden.holds_start = false;
    rig_play(lobby); /* two of two: the second wish gives way */
    assert_int_equal(team_of("ann"), MUSTER_TEAM_RED);
    assert_int_equal(team_of("bea"), MUSTER_TEAM_BLUE);
    assert_int_equal(join_as(lobby, "eve", MUSTER_TEAM_RED), RPC_OK); /* late */
    assert_int_equal(team_of("eve"), MUSTER_TEAM_RED);
    assert_int_equal(join_as(lobby, "fay", MUSTER_TEAM_RED), RPC_OK);
    assert_int_equal(team_of("fay"), MUSTER_TEAM_BLUE);
}

/* Seats of the fake game that are free to choose: even ones are red. */
static void a_team_that_was_given_counts_before_wishes(void **state) {
    (void)state;
    struct lobby *lobby = four();
    assert_int_equal(wish("ann", "", MUSTER_TEAM_BLUE), RPC_OK);
    assert_int_equal(wish("bea", "", MUSTER_TEAM_BLUE), RPC_OK);
    assert_int_equal(lobby_team_set(lobby, 2, MUSTER_TEAM_BLUE), MUSTER_OK);
    assert_int_equal(lobby_team_set(lobby, 3, MUSTER_TEAM_BLUE), MUSTER_OK);
    assert_int_equal(lobby_team_set(lobby, 3, 3), MUSTER_INVALID);
    warden.holds_start = false;
    rig_play(lobby);
    assert_int_equal(team_of("cid"), MUSTER_TEAM_BLUE);
    assert_int_equal(team_of("dan"), MUSTER_TEAM_BLUE);
    assert_int_equal(team_of("ann"), MUSTER_TEAM_RED); /* the mode's choice */
    assert_int_equal(lobby_team_set(lobby, 3, MUSTER_TEAM_RED), MUSTER_STATE);
    lobby_leave(named("dan"), MUSTER_LEAVE_QUIT);
    assert_int_equal(join_as(lobby, "eve", MUSTER_TEAM_BLUE), RPC_OK);
    assert_false(lobby->members[3].team_set); /* what was given to dan is not inherited */
}

/* The mode itself would put bea on blue. */
static void matchmaking_decides_on_teams(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    struct lobby *lobby = rig_lobby();
    static const char *const names[] = {"ann", "bea"};
    for (int i = 0; i < 2; i++) {
        struct session *session = rig_sign_in(names[i], NULL);
        assert_int_equal(lobby_place(lobby, session, MUSTER_TEAM_RED, ticket, &failure), RPC_OK);
        assert_int_equal(rig_enter(session, ticket, NULL), RPC_OK);
    }
    rig_play(lobby);
    assert_int_equal(team_of("ann"), MUSTER_TEAM_RED);
    assert_int_equal(team_of("bea"), MUSTER_TEAM_RED);
}

static void the_name_of_a_bot_is_taken(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    rig_play(lobby);
    struct match_seat *bot = &lobby->match->seats[4];
    bot->used = bot->is_bot = true;
    snprintf(bot->display_name, sizeof bot->display_name, "Bea");
    uint32_t member = rig_join(lobby, "bea", NULL)->member;
    assert_string_equal(lobby->members[member].texts->display_name, "bea (2)");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_crowd, close_crowd)
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_matched_into_a_lobby_that_waits_for_an_absent_host),
        TEST(a_lobby_without_a_host_waits_for_none),
        TEST(watchers_alone_keep_no_lobby),
        TEST(a_player_who_comes_in_time_keeps_the_lobby),
        TEST(what_a_match_does_not_take_the_lobby_does_not_show),
        TEST(a_watcher_who_wants_to_play_gets_a_seat_or_a_refusal),
        TEST(a_player_who_wants_to_watch_leaves_the_match),
        TEST(what_matchmaking_found_can_be_given_back),
        TEST(a_private_lobby_is_shown_to_its_members),
        TEST(who_is_ready_is_so_until_something_happens),
        TEST(a_match_that_starts_clears_who_is_ready),
        TEST(a_countdown_ends_with_its_time_or_with_its_people),
        TEST(windows_end_to_the_moment_and_once),
        TEST(watchers_have_places_of_their_own_and_not_without_end),
        TEST(a_wished_team_counts_while_teams_stay_even),
        TEST(an_even_number_is_no_more_than_half_and_an_odd_one_more),
        TEST(a_team_that_was_given_counts_before_wishes),
        TEST(matchmaking_decides_on_teams),
        TEST(the_name_of_a_bot_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
