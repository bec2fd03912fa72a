/* Sessions: one per player, taken over, kept while a seat is held, ended once. */
#include "books_rig.h"
#include "metrics.h"

/* ---- the wall clock, and the timer that looks for sessions that are over ---- */

#define SWEEP_MS 1000

static int64_t wall_ms = 1700000000000;
static loop_fn sweep;

int64_t __wrap_loop_unix_ms(void);
struct loop_timer *__wrap_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user);
struct loop_timer *__real_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user);

int64_t __wrap_loop_unix_ms(void) {
    return wall_ms;
}

struct loop_timer *__wrap_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user) {
    if (repeat_ms == SWEEP_MS) sweep = fn;
    return __real_loop_timer_start(delay_ms, repeat_ms, fn, user);
}

/* Both clocks go on. */
static void pass(uint32_t ms) {
    rig_now_ms += ms;
    wall_ms += ms;
    sweep(NULL);
}

static uint16_t close_code(const struct client *client) {
    return rig.close_code[client->conn - 1];
}

static void the_newer_connection_takes_over(void **state) {
    (void)state;
    struct client *older, *newer;
    struct session *session = rig_sign_in("ann", &older);
    assert_ptr_equal(rig_sign_in("ann", &newer), session);
    assert_int_equal(session_count(), 1);
    assert_int_equal(session_connected_count(), 1);
    assert_true(rig_told(older, "session.replaced"));
    assert_int_equal(rig.close_code[older->conn - 1], 4003);
    rig_drop(older); /* its end, told later, is nobody's */
    assert_ptr_equal(session->client, newer);
    assert_int_equal(session_count(), 1);
    rig_drop(newer);
    assert_int_equal(session_count(), 0);
    assert_null(session_find_key("ann"));
}

/* The newer connection has not resumed yet: whoever sat there is away, and may lose the seat. */
static void a_seat_is_away_until_the_newer_connection_resumes(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *bea = rig_client(rig_join(lobby, "bea", NULL)), *newer;
    struct session *ann = rig_join(lobby, "ann", token);
    rig_play(lobby);
    lobby->members[ann->member].ready = true;
    rig_settle(200);
    rig_forget(bea);
    assert_ptr_equal(rig_sign_in("ann", &newer), ann);
    assert_false(lobby->members[ann->member].connected);
    assert_false(lobby->members[ann->member].ready);
    assert_false(lobby->match->seats[ann->member].connected);
    assert_true(rig_told(bea, "\"connected\":false"));
    uint32_t before = rig.snapshots[newer->conn - 1];
    rig_tick(lobby);
    assert_int_equal(rig.snapshots[newer->conn - 1], before);
    rig_settle(59000);
    assert_int_equal(rig_resume(ann, token, token), RPC_OK);
    assert_true(lobby->members[ann->member].connected);
    assert_true(lobby->match->seats[ann->member].connected);
    assert_ptr_equal(rig_sign_in("ann", NULL), ann);
    rig_settle(59900);
    assert_int_equal(lobby_players(lobby), 2);
    rig_settle(200);
    assert_int_equal(lobby_players(lobby), 1);
    assert_int_equal(rig_resume(ann, token, NULL), RPC_RESUME_INVALID);
    assert_ptr_equal(session_find_key("ann"), ann); /* connected, without a seat */
}

static void a_renewed_token_changes_nobodys_connection(void **state) {
    (void)state;
    struct client *client;
    struct session *again = NULL, *session = rig_sign_in("ann", &client);
    struct muster_identity identity = {.size = sizeof identity,
                                       .player_key = "ann",
                                       .display_name = "Ann",
                                       .permissions = "admin host",
                                       .expires_at_s = INT64_MAX};
    assert_false(session_may(session, "admin"));
    assert_int_equal(session_attach(client, &identity, &again), MUSTER_OK);
    assert_ptr_equal(again, session);
    assert_ptr_equal(session->client, client);
    assert_int_equal(rig.close_code[client->conn - 1], 0);
    assert_true(session_may(session, "admin"));
    assert_true(session_may(session, "host"));
    assert_false(session_may(session, "min"));
    assert_false(session_may(session, "adm"));
    assert_true(muster_permitted("nonadmin  admin", "admin"));
    assert_false(muster_permitted("nonadmin admins admin.x", "admin"));
    assert_false(muster_permitted("", "admin"));
    assert_false(muster_permitted("admin  host", ""));
    assert_string_equal(session->display_name, "Ann");
}

static void renew(struct client *client, int64_t expires_at_s) {
    struct muster_identity identity = {.size = sizeof identity, .expires_at_s = expires_at_s};
    struct session *session = client->session;
    snprintf(identity.player_key, sizeof identity.player_key, "%s", session->player_key);
    assert_int_equal(session_attach(client, &identity, &session), MUSTER_OK);
}

static void a_token_that_runs_out_ends_its_connection_and_no_other(void **state) {
    (void)state;
    struct client *ann, *bob, *cid;
    rig_sign_in("ann", &ann);
    rig_sign_in("bob", &bob);
    rig_sign_in("cid", &cid);
    pass(3599000);
    renew(bob, wall_ms / 1000 + 3600);
    renew(cid, INT64_MAX);
    assert_int_equal(close_code(ann), 0);
    pass(1001);
    assert_int_equal(close_code(ann), 4002);
    assert_int_equal(close_code(bob), 0);
    pass(3599000);
    assert_int_equal(close_code(bob), 4002);
    pass(UINT32_MAX);
    assert_int_equal(close_code(cid), 0);
}

/* Somebody sets the machine's clock: who plays goes on, for as long as the token was good. */
static void the_wall_clock_ends_nobody(void **state) {
    (void)state;
    struct client *ann;
    rig_sign_in("ann", &ann);
    wall_ms += 3600000;
    pass(3590000);
    assert_int_equal(close_code(ann), 0);
    wall_ms -= 7200000;
    pass(10001);
    assert_int_equal(close_code(ann), 4002);
}

/* Checked with some tolerance, or long in coming: it ends at the next look. */
static void a_token_that_has_run_out_lives_no_longer(void **state) {
    (void)state;
    struct client *ann;
    rig_sign_in("ann", &ann);
    renew(ann, wall_ms / 1000 - 30);
    pass(0);
    assert_int_equal(close_code(ann), 4002);
    renew(ann, INT64_MIN);
    pass(0);
    assert_int_equal(close_code(ann), 4002);
}

static void a_full_node_takes_no_more_players(void **state) {
    (void)state;
    struct muster_identity identity = {.size = sizeof identity, .player_key = "late"};
    struct client client = {.conn = RIG_CLIENTS};
    struct session *session = NULL;
    char name[8];
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "p%d", i);
        rig_sign_in(name, NULL);
    }
    assert_int_equal(session_attach(&client, &identity, &session), MUSTER_FULL);
    assert_int_equal(session_create("late", "late", &session), MUSTER_FULL);
    assert_null(client.session);
    rig_drop(&rig.clients[0]);
    assert_int_equal(session_attach(&client, &identity, &session), MUSTER_OK);
    rig_drop(&client);
}

static void an_ended_session_is_ended_once(void **state) {
    (void)state;
    struct client *ann, *bea;
    struct lobby *lobby = rig_lobby();
    struct session *session = rig_join(lobby, "ann", NULL);
    ann = rig_client(session);
    bea = rig_client(rig_join(lobby, "bea", NULL));
    rig_forget(bea);
    rig_settle(200);
    session_terminate(session, "be gone", MUSTER_LEAVE_KICK);
    assert_true(rig_told(ann, "session.terminated"));
    assert_int_equal(rig.close_code[ann->conn - 1], 4004);
    assert_null(session_find_key("ann"));
    assert_int_equal(session_count(), 1);
    assert_int_equal(lobby_players(lobby), 1);
    rig_settle(200);
    assert_true(rig_told(bea, "lobby.members"));
    rig_drop(ann);
    assert_int_equal(session_count(), 1);
    session = rig_sign_in("dan", &ann);
    session_terminate(session, "\x01\x02", MUSTER_LEAVE_KICK); /* nothing is left of that */
    assert_true(rig_told(ann, "no reason was given"));
    /* The table is whole: many come and go. */
    for (int i = 0; i < 40; i++) {
        struct client *client;
        rig.client_count = 40;
        rig_sign_in("cid", &client);
        assert_non_null(session_find_key("cid"));
        rig_drop(client);
        assert_null(session_find_key("cid"));
    }
    /* Nobody holds the limits of who has gone: they are forgotten in time. */
    rig_drop(bea);
    rig_settle(61000);
    rig_now_ms += 200000;
    party_release(party_hold_address("192.0.2.1"));
    assert_int_equal((int)metrics_values[METRIC_PARTIES], 1);
}

static void a_dropped_session_lives_while_it_holds_a_seat(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *session = rig_join(lobby, "ann", NULL);
    rig_drop(rig_client(session));
    assert_int_equal(session_count(), 1);
    assert_int_equal(session_connected_count(), 0);
    assert_null(session->client);
    session_notify(session, "x", json_object()); /* nobody hears it */
    rig_settle(61000);
    assert_int_equal(session_count(), 0);
    assert_int_equal(lobby_players(lobby), 0);
}

static void a_dropped_session_can_be_terminated(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *session = rig_join(lobby, "ann", NULL);
    rig_drop(rig_client(session));
    session_terminate(session, "be gone", MUSTER_LEAVE_BAN);
    assert_int_equal(session_count(), 0);
    assert_int_equal(lobby_players(lobby), 0);
}

static void an_expected_player_finds_the_session(void **state) {
    (void)state;
    struct session *made = NULL, *again = NULL;
    assert_int_equal(session_create("ann", "ann", &made), MUSTER_OK);
    assert_int_equal(session_create("ann", "ann", &again), MUSTER_OK);
    assert_ptr_equal(made, again);
    char key[TICKET_UUID_SIZE];
    memcpy(key, made->session_key, sizeof key);
    assert_ptr_equal(session_find_session_key(key), made);
    assert_ptr_equal(rig_sign_in("ann", NULL), made);
    assert_string_equal(made->session_key, key);
    assert_int_equal(session_count(), 1);
}

static void a_seat_outlives_the_ticket_that_led_to_it(void **state) {
    (void)state;
    struct client *client;
    struct session *ann = rig_sign_in("ann", &client);
    ann->lobby = ann->ticket_lobby = (muster_lobby_id){7};
    pass(2 * 3600000);
    assert_int_equal(close_code(client), 0);
    assert_false(session_is_over(ann));
    ann->lobby = (muster_lobby_id){0};
    assert_true(session_is_over(ann));
    pass(1000);
    assert_int_equal(close_code(client), 4002);
}

static void who_came_by_a_ticket_goes_with_the_seat(void **state) {
    (void)state;
    struct client *client;
    struct session *ann = rig_sign_in("ann", &client);
    ann->ticket_lobby = (muster_lobby_id){7};
    pass(1000);
    assert_int_equal(close_code(client), 4002);
}

static void an_expected_player_who_does_not_come_is_forgotten(void **state) {
    (void)state;
    struct session *made = NULL;
    assert_int_equal(session_create("ann", "ann", &made), MUSTER_OK);
    pass(3598000);
    assert_int_equal(session_count(), 1);
    pass(2000);
    assert_int_equal(session_count(), 0);
    assert_null(session_find_key("ann"));
    assert_int_equal(session_create("a\nb", "ab", &made), MUSTER_INVALID);
    assert_int_equal(session_create("", "ann", &made), MUSTER_INVALID);
    assert_int_equal(session_create("ann", "", &made), MUSTER_INVALID);
    assert_int_equal(session_count(), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(the_newer_connection_takes_over),
        TEST(a_seat_is_away_until_the_newer_connection_resumes),
        TEST(a_renewed_token_changes_nobodys_connection),
        TEST(a_token_that_runs_out_ends_its_connection_and_no_other),
        TEST(the_wall_clock_ends_nobody),
        TEST(a_token_that_has_run_out_lives_no_longer),
        TEST(a_full_node_takes_no_more_players),
        TEST(an_ended_session_is_ended_once),
        TEST(a_dropped_session_lives_while_it_holds_a_seat),
        TEST(a_dropped_session_can_be_terminated),
        TEST(an_expected_player_finds_the_session),
        TEST(a_seat_outlives_the_ticket_that_led_to_it),
        TEST(who_came_by_a_ticket_goes_with_the_seat),
        TEST(an_expected_player_who_does_not_come_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
