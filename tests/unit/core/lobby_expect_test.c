/* Seats from outside: held for who has not signed in, entered by nobody else, given up in time; and
 * whoever may not come gets none, without a trace. */
#include "crowd_rig.h"

#include "moderation.h"
#include "paths.h"

static int open_books(void **state) {
    char error[PATHS_ERROR_MAX];
    return open_crowd(state) || paths_init(true, error) ? -1 : 0;
}

static int close_books(void **state) {
    moderation_deinit();
    paths_deinit();
    return close_crowd(state);
}

static int32_t expect_team(struct lobby *lobby, const char *key, uint32_t team,
                           char ticket[TICKET_TEXT_SIZE]) {
    struct session *session = NULL;
    struct failure failure = {0};
    const struct lobby_expected who = {
        .player_key = key, .display_name = "Expected", .team = team, .hold_ms = 60000};
    int32_t code = lobby_expect(lobby, &who, ticket, &session, &failure);
    assert_true(code == RPC_OK || failure.message[0]);
    json_decref(failure.data);
    return code;
}

static int32_t expect(struct lobby *lobby, const char *key, char ticket[TICKET_TEXT_SIZE]) {
    return expect_team(lobby, key, MUSTER_TEAM_NONE, ticket);
}

/* Refused, and nothing is left of it. */
static void refuses(struct lobby *lobby, const char *key, int32_t code) {
    char ticket[TICKET_TEXT_SIZE];
    uint32_t sessions = session_count(), players = lobby_players(lobby);
    assert_int_equal(expect(lobby, key, ticket), code);
    assert_int_equal(session_count(), sessions);
    assert_int_equal(lobby_players(lobby), players);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void the_seat_waits_for_who_signs_in_later(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    char ticket[TICKET_TEXT_SIZE];
    assert_int_equal(expect(lobby, "ann", ticket), RPC_OK);
    assert_int_equal(lobby_players(lobby), 1);
    assert_string_equal(lobby->members[0].texts->display_name, "Expected");
    struct session *eve = rig_sign_in("eve", NULL);
    assert_int_equal(rig_enter(eve, ticket, NULL), RPC_TICKET_INVALID);
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    assert_string_equal(lobby->members[0].texts->display_name, "ann");
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_TICKET_INVALID);
    assert_int_equal(rig.seat_taken, 1);
}

static void the_seat_is_free_again_when_nobody_comes(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    char ticket[TICKET_TEXT_SIZE];
    assert_int_equal(expect(lobby, "ann", ticket), RPC_OK);
    rig_settle(59900);
    assert_int_equal(lobby_players(lobby), 1);
    rig_settle(200);
    assert_int_equal(lobby_players(lobby), 0);
    assert_int_equal(session_count(), 0);
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_TICKET_INVALID);
}

static void asked_again_the_seat_is_the_same_and_the_ticket_is_new(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    char first[TICKET_TEXT_SIZE], second[TICKET_TEXT_SIZE];
    assert_int_equal(expect(lobby, "ann", first), RPC_OK);
    rig_settle(30000);
    assert_int_equal(expect(lobby, "ann", second), RPC_OK);
    assert_int_equal(lobby_players(lobby), 1);
    rig_settle(59000);
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(rig_enter(ann, first, NULL), RPC_TICKET_INVALID);
    assert_int_equal(rig_enter(ann, second, NULL), RPC_OK);
    /* Who plays already gets one, too, for coming back; and keeps team and time. */
    assert_int_equal(expect_team(lobby, "ann", MUSTER_TEAM_BLUE, first), RPC_OK);
    assert_int_equal(lobby->members[0].deadline_ms, 0);
    assert_int_equal(lobby->members[0].team, MUSTER_TEAM_NONE);
    assert_int_equal(rig_enter(ann, first, NULL), RPC_OK);
}

static void who_may_not_come_gets_no_seat(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby(), *other = rig_lobby();
    warden.keeps_out = "eve";
    refuses(lobby, "eve", RPC_DENIED);
    rig_join(other, "bea", NULL);
    refuses(lobby, "bea", RPC_ALREADY_IN_LOBBY);
    assert_int_equal(expect(other, "cid", ticket), RPC_OK);
    refuses(lobby, "cid", RPC_ALREADY_IN_LOBBY);
    lobby_lock_set(lobby, true);
    refuses(lobby, "ann", RPC_DENIED);
    lobby_lock_set(lobby, false);
    lobby_drain(true);
    refuses(lobby, "ann", RPC_SERVER_FULL);
    lobby_drain(false);
    refuses(lobby, "a\nb", RPC_INVALID_PARAMS);
    refuses(lobby, "", RPC_INVALID_PARAMS);
    refuses(lobby, "01234567890123456789012345678901234567890123456789012345678901234",
            RPC_INVALID_PARAMS);
}

static void who_is_banned_gets_no_seat(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct sanction ban = {.kind = SANCTION_BAN, .reason = "enough"};
    snprintf(ban.player_key, sizeof ban.player_key, "eve");
    assert_int_equal(moderation_add(&ban), MUSTER_OK);
    refuses(lobby, "eve", RPC_BANNED);
    struct sanction closed = {.kind = SANCTION_CLOSED};
    assert_int_equal(moderation_add(&closed), MUSTER_OK);
    refuses(lobby, "ann", RPC_FORBIDDEN);
}

static void no_more_are_expected_than_there_are_seats(void **state) {
    (void)state;
    char key[16], ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    for (uint32_t i = 0; i < lobby->players_max; i++) {
        snprintf(key, sizeof key, "p%u", i);
        assert_int_equal(expect(lobby, key, ticket), RPC_OK);
    }
    refuses(lobby, "ann", RPC_LOBBY_FULL);
    struct session *late = rig_sign_in("late", NULL);
    assert_int_equal(rig_reserve(lobby, late, ticket), RPC_LOBBY_FULL);
}

static void the_team_is_the_one_that_was_said(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    assert_int_equal(expect_team(lobby, "ann", lobby->teams.count + 1, ticket), RPC_INVALID_PARAMS);
    /* Two of one team, whatever the balance; not more than the team takes. */
    lobby->teams.team[0].players_max = 2;
    assert_int_equal(expect_team(lobby, "ann", MUSTER_TEAM_RED, ticket), RPC_OK);
    assert_int_equal(expect_team(lobby, "bea", MUSTER_TEAM_RED, ticket), RPC_OK);
    assert_int_equal(expect_team(lobby, "bea", MUSTER_TEAM_RED, ticket), RPC_OK);
    assert_int_equal(expect_team(lobby, "cid", MUSTER_TEAM_RED, ticket), RPC_LOBBY_FULL);
    assert_int_equal(lobby_players(lobby), 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(lobby->members[i].team, MUSTER_TEAM_RED);
        assert_true(lobby->members[i].team_set);
    }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        CASE(the_seat_waits_for_who_signs_in_later),
        CASE(the_seat_is_free_again_when_nobody_comes),
        CASE(asked_again_the_seat_is_the_same_and_the_ticket_is_new),
        CASE(who_may_not_come_gets_no_seat),
        CASE(who_is_banned_gets_no_seat),
        CASE(no_more_are_expected_than_there_are_seats),
        CASE(the_team_is_the_one_that_was_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
