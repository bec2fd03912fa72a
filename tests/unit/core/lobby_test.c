/* Lobbies: seats by ticket, resume tokens that rotate, matches that begin, end and are let go. */
#include <glob.h>

#include "books_rig.h"
#include "paths.h"
#include "shared.h"

static void a_seat_is_reserved_then_entered_once(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_sign_in("ann", NULL), *bea = rig_sign_in("bea", NULL);
    assert_int_equal(rig_reserve(lobby, ann, ticket), RPC_OK);
    assert_int_equal(rig_enter(bea, ticket, NULL), RPC_TICKET_INVALID); /* another's */
    assert_int_equal(rig_enter(ann, "s.AAAAAAAAAAAAAAAAAAAAAA", NULL), RPC_TICKET_INVALID);
    assert_int_equal(rig_enter(ann, "", NULL), RPC_TICKET_INVALID);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_TICKET_INVALID); /* used */
    assert_int_equal(rig.seat_taken, 1);
}

static void a_ticket_not_presented_frees_the_seat(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(rig_reserve(lobby, ann, ticket), RPC_OK);
    assert_int_equal(lobby_players(lobby), 1);
    rig_settle(14000);
    assert_int_equal(lobby_players(lobby), 1);
    rig_settle(2000);
    assert_int_equal(lobby_players(lobby), 0);
    assert_true(rig_told(rig_client(ann), "\"timeout\""));
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_TICKET_INVALID);
}

static void a_full_lobby_and_another_lobby_are_refused(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE], name[8];
    struct lobby *lobby = rig_lobby(), *other = rig_lobby();
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "p%d", i);
        rig_join(lobby, name, NULL);
    }
    assert_int_equal(rig_reserve(lobby, rig_sign_in("late", NULL), ticket), RPC_LOBBY_FULL);
    assert_int_equal(rig_reserve(other, session_find_key("p1"), ticket), RPC_ALREADY_IN_LOBBY);
}

/* ---- resume ---------------------------------------------------------------------------------- */

static void a_dropped_player_comes_back_to_seat_and_score(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE], newer[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "bea", NULL);
    struct session *ann = rig_join(lobby, "ann", token);
    rig_play(lobby);
    lobby->match->seats[ann->member].kills = 9;
    rig_drop(rig_client(ann));
    assert_false(lobby->match->seats[ann->member].connected);
    rig_settle(30000);
    assert_ptr_equal(rig_sign_in("ann", NULL), ann);
    assert_int_equal(rig_resume(ann, token, newer), RPC_OK);
    assert_string_not_equal(token, newer);
    assert_true(lobby->match->seats[ann->member].connected);
    assert_int_equal(lobby->match->seats[ann->member].kills, 9);
    assert_true(lobby->members[ann->member].want_full);
    rig_settle(70000); /* the window is closed again */
    assert_int_equal(lobby_players(lobby), 2);
}

static void the_token_before_is_good_until_the_newer_is_used(void **state) {
    (void)state;
    char a[TICKET_TEXT_SIZE], b[TICKET_TEXT_SIZE], c[TICKET_TEXT_SIZE], d[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", a);
    assert_int_equal(rig_resume(ann, a, b), RPC_OK);
    assert_int_equal(rig_resume(ann, a, c), RPC_OK);                /* the answer with b was lost */
    assert_int_equal(rig_resume(ann, b, NULL), RPC_RESUME_INVALID); /* nobody ever had b */
    assert_int_equal(rig_resume(ann, a, c), RPC_OK);                /* and this one, too */
    assert_int_equal(rig_resume(ann, c, d), RPC_OK);                /* the newer is used: */
    assert_int_equal(rig_resume(ann, a, NULL), RPC_RESUME_INVALID); /* the one before is dead */
    assert_int_equal(rig_resume(ann, c, d), RPC_OK);                /* the answer with d was lost */
    assert_int_equal(rig_resume(ann, d, a), RPC_OK);
    assert_int_equal(rig_resume(ann, c, NULL), RPC_RESUME_INVALID);
}

static void a_wrong_token_touches_nothing(void **state) {
    (void)state;
    char of_ann[TICKET_TEXT_SIZE], of_bea[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", of_ann), *bea = rig_join(lobby, "bea", of_bea);
    struct session *thief = rig_sign_in("thief", NULL);
    rig_drop(rig_client(ann));
    const size_t bytes = lobby_members_end(lobby) * sizeof lobby->members[0];
    struct member *before = malloc(bytes);
    memcpy(before, lobby->members, bytes);
    rig_now_ms += 1000;
    assert_int_equal(rig_resume(thief, of_ann, NULL), RPC_RESUME_INVALID);
    assert_int_equal(rig_resume(bea, of_ann, NULL), RPC_RESUME_INVALID);
    assert_int_equal(rig_resume(ann, of_bea, NULL), RPC_RESUME_INVALID);
    assert_int_equal(rig_resume(ann, "r.AAAAAAAAAAAAAAAAAAAAAA", NULL), RPC_RESUME_INVALID);
    assert_int_equal(rig_resume(ann, "", NULL), RPC_RESUME_INVALID);
    assert_memory_equal(before, lobby->members, bytes);
    free(before);
    assert_int_equal(rig.close_code[rig_client(bea)->conn - 1], 0);
    rig_settle(60000); /* the window ends when it would have ended */
    assert_int_equal(lobby_players(lobby), 1);
}

static void who_lost_the_entry_itself_gets_a_new_ticket(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE], token[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL); /* the answer never came */
    uint32_t seat = ann->member;
    rig_drop(rig_client(ann));
    rig_sign_in("ann", NULL);
    assert_int_equal(rig_reserve(lobby, ann, ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, token), RPC_OK);
    assert_int_equal(ann->member, seat);
    assert_int_equal(rig_resume(ann, token, NULL), RPC_OK);
    assert_int_equal(lobby_players(lobby), 1);
}

static void who_left_cannot_resume(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", token);
    lobby_leave(ann, MUSTER_LEAVE_QUIT);
    assert_int_equal(rig_resume(ann, token, NULL), RPC_RESUME_INVALID);
    assert_int_equal(rig.seats_opened, 1);
}

/* ---- the match ------------------------------------------------------------------------------- */

static void input(struct session *session, uint32_t sequence) {
    const struct muster_input pressed = {.sequence = sequence, .pressed = 1};
    lobby_input(rig_client(session), &pressed);
}

static void a_lobby_plays_to_the_end_and_closes(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL), *bea = rig_join(lobby, "bea", NULL);
    struct client *client = rig_client(ann);
    assert_int_equal(lobby->state, MUSTER_LOBBY_WAITING);
    rig_play(lobby);
    assert_true(rig_told(client, "match.started"));
    game.limit = 3;
    for (uint32_t i = 1; lobby->state == MUSTER_LOBBY_ACTIVE; i++) {
        assert_in_range(i, 1, 10);
        input(ann, i);
        input(bea, i);
        rig_tick(lobby);
    }
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    assert_int_equal(rig.match_ended, 1);
    assert_int_equal(rig.results.winner, MUSTER_TEAM_RED);
    assert_int_equal(rig.results.row_count, 2);
    assert_true(rig_told(client, "match.ended"));
    assert_int_equal(rig.snapshots[client->conn - 1], 3);
    assert_false(lobby->pace.armed);
    input(ann, 99); /* no longer taken */
    rig_settle(15200);
    assert_null(lobby_find(id));
    assert_int_equal(match_count(), 0);
    assert_true(rig_told(client, "lobby.left"));
    assert_int_equal(ann->lobby.value, 0);
    assert_int_equal(session_count(), 2);
}

static void a_match_that_cannot_start_closes_its_lobby(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL);
    shared_put(&lobby->settings, "mapName", json_string("nowhere"));
    rig_settle(4000);
    assert_null(lobby_find(id));
    assert_int_equal(ann->lobby.value, 0);
}

static void the_mode_may_refuse_a_seat(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    struct session *bad = rig_join(lobby, "refused", NULL);
    rig_play(lobby); /* out when the match begins */
    assert_int_equal(bad->lobby.value, 0);
    assert_true(rig_told(rig_client(bad), "the game mode refused: denied"));
    assert_int_equal(rig_reserve(lobby, bad, ticket), RPC_OK); /* and when it comes later */
    assert_int_equal(rig_enter(bad, ticket, NULL), RPC_DENIED);
    assert_int_equal(bad->lobby.value, 0);
    assert_int_equal(lobby_players(lobby), 1);
}

/* Everybody goes while the match runs: by leaving, by dropping, by being ended. */
static void a_running_match_outlives_its_people(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL), *bea = rig_join(lobby, "bea", NULL);
    struct session *cid = rig_join(lobby, "cid", NULL);
    rig_play(lobby);
    rig_tick(lobby);
    lobby_leave(ann, MUSTER_LEAVE_QUIT);
    rig_tick(lobby);
    rig_drop(rig_client(bea));
    rig_tick(lobby);
    session_terminate(cid, "gone", MUSTER_LEAVE_BAN);
    rig_tick(lobby);
    assert_int_equal(session_count(), 2);
    rig_settle(61000);
    assert_int_equal(session_count(), 1);
    rig_settle(31000);
    assert_null(lobby_find(id));
}

static void a_lobby_is_closed_in_every_state(void **state) {
    (void)state;
    for (uint32_t wanted = MUSTER_LOBBY_WAITING; wanted <= MUSTER_LOBBY_ENDING; wanted++) {
        struct lobby *lobby = rig_lobby();
        struct session *ann = rig_join(lobby, "ann", NULL);
        game.limit = wanted == MUSTER_LOBBY_ENDING ? 0 : 1000;
        for (int i = 0; i < 100 && lobby->state < wanted; i++) {
            rig_settle(100);
            if (lobby->pace.armed) rig_tick(lobby);
        }
        assert_int_equal(lobby->state, wanted);
        struct client *client = rig_client(ann);
        bool stops = wanted % 2;
        lobby_close(lobby, stops ? MUSTER_LEAVE_SHUTDOWN : MUSTER_LEAVE_TIMEOUT, "test");
        assert_true(rig_told(client, "\"message\":\"test\""));
        assert_int_equal(rig_told(client, "\"reason\":\"shutdown\""), stops);
        assert_int_equal(rig_told(client, "\"reason\":\"closed\""), !stops);
        assert_int_equal(lobby_count(), 0);
        assert_int_equal(match_count(), 0);
        assert_int_equal(ann->lobby.value, 0);
    }
    assert_int_equal(game.states, 0);
}

static void who_does_not_read_is_let_go(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    char token[TICKET_TEXT_SIZE];
    struct client *slow = rig_client(rig_join(lobby, "ann", token));
    struct client *good = rig_client(rig_join(lobby, "bea", NULL));
    rig_play(lobby);
    rig.full[slow->conn - 1] = true;
    for (int i = 0; i < 90; i++, rig_now_ms += 50) rig_tick(lobby);
    assert_int_equal(rig.close_code[slow->conn - 1], 0);
    for (int i = 0; i < 20; i++, rig_now_ms += 50) rig_tick(lobby);
    assert_int_equal(rig.close_code[slow->conn - 1], 4006);
    assert_int_equal(rig.snapshots[good->conn - 1], 110);
    rig_drop(slow); /* comes back: has its time anew */
    struct client *again;
    struct session *ann = rig_sign_in("ann", &again);
    rig.full[again->conn - 1] = true;
    assert_int_equal(rig_resume(ann, token, NULL), RPC_OK);
    rig_tick(lobby);
    assert_int_equal(rig.close_code[again->conn - 1], 0);
}

/* Bit 0: is sent the next tick; bit 1: what is pressed before it counts. */
static uint32_t part_of(struct lobby *lobby, const struct client *client) {
    static uint32_t sequence = 1000;
    const struct muster_input pressed = {.sequence = ++sequence};
    uint32_t sent = rig.snapshots[client->conn - 1], heard = 0;
    game.seen_count = 0;
    lobby_input(client, &pressed);
    rig_tick(lobby);
    for (uint32_t i = 0; i < game.seen_count; i++)
        heard |= game.seen[i].input.sequence == sequence && !game.seen[i].input.repeated;
    return (rig.snapshots[client->conn - 1] - sent) | heard << 1;
}

static void come_as(bool spectator, struct lobby *lobby, struct session *session) {
    char ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    assert_int_equal(lobby_reserve(lobby, session, 0, spectator, "", ticket, &failure), RPC_OK);
    assert_int_equal(part_of(lobby, rig_client(session)), 0);
    assert_int_equal(rig_enter(session, ticket, NULL), RPC_OK);
}

static void who_is_here_takes_part_and_nobody_else(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", token), *bea = rig_join(lobby, "bea", NULL);
    struct client *older = rig_client(ann), *newer, *kicked = rig_client(bea), *cid, *dan;
    rig_play(lobby);
    assert_int_equal(part_of(lobby, older), 3);
    assert_int_equal(part_of(lobby, kicked), 3);
    struct session *watcher = rig_sign_in("cid", &cid), *player = rig_sign_in("dan", &dan);
    come_as(true, lobby, watcher);
    come_as(false, lobby, player);
    assert_int_equal(part_of(lobby, cid), 1);
    assert_int_equal(part_of(lobby, dan), 3);
    come_as(false, lobby, watcher); /* and plays from now on */
    come_as(true, lobby, player);
    assert_int_equal(part_of(lobby, cid), 3);
    assert_int_equal(part_of(lobby, dan), 1);
    rig_sign_in("ann", &newer); /* who is not back before the seat is resumed */
    assert_int_equal(part_of(lobby, older) | part_of(lobby, newer), 0);
    assert_int_equal(rig_resume(ann, token, token), RPC_OK);
    assert_int_equal(part_of(lobby, older), 0);
    assert_int_equal(part_of(lobby, newer), 3);
    rig_drop(newer);
    lobby_kick(lobby, bea->member, "out");
    assert_int_equal(part_of(lobby, newer) | part_of(lobby, kicked), 0);
    session_terminate(watcher, "gone", MUSTER_LEAVE_KICK);
    assert_int_equal(part_of(lobby, cid), 0);
    assert_int_equal(part_of(lobby, dan), 1);
}

static void who_was_let_go_steers_no_other_lobby(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct client *ann = rig_client(rig_join(lobby, "ann", NULL));
    rig_play(lobby);
    assert_int_equal(part_of(lobby, ann), 3);
    lobby_let_go(lobby);
    lobby = rig_lobby(); /* in the same place */
    rig_join(lobby, "bea", NULL);
    rig_play(lobby);
    assert_int_equal(part_of(lobby, ann), 0);
}

static void what_was_skipped_comes_full_and_once(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    const struct member *member = &lobby->members[ann->member];
    bool *full = &rig.full[rig_client(ann)->conn - 1];
    rig_play(lobby);
    rig_tick(lobby);
    assert_false(member->want_full);
    assert_int_equal(member->event_cursor, lobby->match->event_end); /* each event once */
    *full = true;
    uint64_t missed_from = lobby->match->event_end;
    assert_int_equal(match_event(lobby->match, "missed", 6), MUSTER_OK);
    rig_tick(lobby);
    assert_true(member->want_full);
    assert_true(member->lag_since_ms > 0);
    assert_int_equal(member->event_cursor, missed_from);
    *full = false;
    rig_tick(lobby);
    assert_false(member->want_full);
    assert_int_equal(member->lag_since_ms, 0);
    assert_int_equal(member->event_cursor, missed_from + 7);
}

/* The new one has no tick before to compare with. */
static void a_match_that_is_loaded_again_comes_full(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    rig_play(lobby);
    rig_tick(lobby);
    assert_false(lobby->members[ann->member].want_full);
    assert_int_equal(lobby_match_reincarnate(lobby), MUSTER_OK);
    assert_true(lobby->members[ann->member].want_full);
    rig_tick(lobby);
    assert_false(lobby->members[ann->member].want_full);
}

static char *newest_file(const char *suffix, char path[1200]) {
    char pattern[1200];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/records/*%s", paths_data(), suffix);
    bool is_there = glob(pattern, 0, NULL, &found) == 0;
    if (is_there) snprintf(path, 1200, "%s", found.gl_pathv[0]);
    globfree(&found);
    return is_there ? path : NULL;
}

static void a_match_leaves_a_recording(void **state) {
    (void)state;
    char error[PATHS_ERROR_MAX] = "", path[1200];
    assert_int_equal(paths_init(true, error), MUSTER_OK);
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    rig_play(lobby);
    assert_non_null(newest_file(".mrec", path));
    lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "");
    paths_deinit();
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static uint32_t count_told(const struct client *client, const char *text) {
    uint32_t count = 0;
    for (const char *at = rig.told[client->conn - 1]; (at = strstr(at, text)); at++) count++;
    return count;
}

static void member_lists_are_told_ten_times_a_second(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *bea = rig_client(rig_join(lobby, "bea", NULL));
    struct session *ann = rig_join(lobby, "ann", token);
    rig_settle(500);
    rig_forget(bea);
    for (int i = 0; i < 20; i++) assert_int_equal(rig_resume(ann, token, token), RPC_OK);
    assert_int_equal(count_told(bea, "lobby.members"), 1);
    rig_settle(500);
    assert_int_equal(count_told(bea, "lobby.members"), 2); /* the last state is always told */
}

static void chat_has_a_limit_and_is_valid_text(void **state) {
    (void)state;
    struct failure failure = {0};
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    struct client *bea = rig_client(rig_join(lobby, "bea", NULL));
    assert_int_equal(lobby_chat(ann, "\xFF", false, &failure), RPC_INVALID_PARAMS);
    for (int i = 0; i < 4; i++) assert_int_equal(lobby_chat(ann, "hello", false, &failure), RPC_OK);
    assert_int_equal(lobby_chat(ann, "hello", false, &failure), RPC_RATE_LIMITED);
    json_decref(failure.data);
    failure.data = NULL;
    assert_int_equal(count_told(bea, "hello"), 4);
    lobby_announce(lobby, "\xFF");
    rig_now_ms += 1000;
    assert_int_equal(lobby_chat(ann, "again", false, &failure), RPC_OK);
}

static void an_empty_lobby_makes_room_for_a_wanted_one(void **state) {
    (void)state;
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    const struct lobby_wish wish = {.game_mode = "fake", .region = ""};
    char name[8];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "p%d", i);
        rig_join(rig_lobby(), name, NULL);
    }
    muster_lobby_id empty = rig_lobby()->id;
    rig_now_ms += 1000;
    lobby_leave(session_find_key("p2"), MUSTER_LEAVE_QUIT); /* a newer empty one */
    assert_int_equal(lobby_count(), 4);
    rig_join(rig_lobby(), "p3", NULL);
    assert_null(lobby_find(empty)); /* of two the one that is empty for longer */
    rig_join(rig_lobby(), "p4", NULL);
    assert_int_equal(lobby_count(), 4);
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_SERVER_FULL);
    json_decref(failure.data);
}

static void an_unknown_mode_or_setting_is_refused(void **state) {
    (void)state;
    struct lobby *lobby = NULL;
    struct failure failure = {0};
    json_t *settings = json_pack("{s:i}", "noSuchKey", 1);
    struct lobby_wish wish = {.game_mode = "chess", .region = ""};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_INVALID_PARAMS);
    wish = (struct lobby_wish){.game_mode = "fake", .region = "", .settings = settings};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_INVALID_PARAMS);
    assert_int_equal(lobby_count(), 0);
    json_decref(settings);
    json_decref(failure.data);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(a_seat_is_reserved_then_entered_once),
        TEST(a_ticket_not_presented_frees_the_seat),
        TEST(a_full_lobby_and_another_lobby_are_refused),
        TEST(a_dropped_player_comes_back_to_seat_and_score),
        TEST(the_token_before_is_good_until_the_newer_is_used),
        TEST(a_wrong_token_touches_nothing),
        TEST(who_lost_the_entry_itself_gets_a_new_ticket),
        TEST(who_left_cannot_resume),
        TEST(a_lobby_plays_to_the_end_and_closes),
        TEST(a_match_that_cannot_start_closes_its_lobby),
        TEST(the_mode_may_refuse_a_seat),
        TEST(a_running_match_outlives_its_people),
        TEST(a_lobby_is_closed_in_every_state),
        TEST(who_does_not_read_is_let_go),
        TEST(who_is_here_takes_part_and_nobody_else),
        TEST(who_was_let_go_steers_no_other_lobby),
        TEST(what_was_skipped_comes_full_and_once),
        TEST(a_match_that_is_loaded_again_comes_full),
        cmocka_unit_test_prestate_setup_teardown(a_match_leaves_a_recording, rig_open, rig_close,
                                                 "\"match\":{\"recordEnabled\":true}"),
        TEST(member_lists_are_told_ten_times_a_second),
        TEST(chat_has_a_limit_and_is_valid_text),
        TEST(an_empty_lobby_makes_room_for_a_wanted_one),
        TEST(an_unknown_mode_or_setting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
