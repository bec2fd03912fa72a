/* auth_local: what stays in the database, and what goes in time. The tables are read from the file.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "accounts_fixture.h"
#include "crew.h"

#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)

static int64_t count(struct fixture *fixture, const char *sql) {
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    snprintf(path, sizeof path, "%s/muster.db", fixture->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return n;
}

static int64_t rows(struct fixture *fixture, const char *table) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", table);
    return count(fixture, sql);
}

static void settle(struct fixture *fixture) {
    assert_true(crew_wait(fixture->kit));
}

/* The hourly round at a time of the wall clock. */
static void tend_at(struct fixture *fixture, int64_t after_s) {
    set_clock(fixture, after_s - HOUR_S);
    testkit_advance(fixture->kit, HOUR_S * 1000);
    settle(fixture);
}

/* Whose `column` is that time, or a little later: the clock goes on while somebody is waited for.
 */
static int64_t count_at(struct fixture *fixture, const char *table, const char *column,
                        int64_t at_s, const char *where) {
    char sql[512];
    int64_t at_ms = START_MS + at_s * 1000;
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s WHERE %s BETWEEN %lld AND %lld AND %s",
             table, column, (long long)at_ms, (long long)(at_ms + 60000), where);
    return count(fixture, sql);
}

static void an_account_is_written_as_it_was_given(void **state) {
    struct fixture *fixture = *state;
    struct tokens made = post(fixture, "/v1/auth/register",
                              "{\"username\":\"Ada\",\"password\":\"correct horse\","
                              "\"displayName\":\"A\",\"email\":\"a@b.c\",\"region\":\"eu\"}");
    assert_int_equal(made.status, 201);
    static const char *const player =
        "username = 'ada' AND email = 'a@b.c' AND display_name = 'A' AND region = 'eu'";
    assert_int_equal(count_at(fixture, "players", "created_at", 0, player), 1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM auth_credentials"), 1);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM auth_credentials WHERE password_hash LIKE '%horse%'"),
        0);
    assert_int_equal(count_at(fixture, "auth_refresh", "issued_at", 0, "used_at IS NULL"), 1);
    set_clock(fixture, 100);
    struct tokens wrong =
        post(fixture, "/v1/auth/login", "{\"username\":\"ada\",\"password\":\"wrong horse\"}");
    assert_problem(&wrong, 401, "credentials_invalid");
    assert_int_equal(count_at(fixture, "players", "last_login", 100, "1"), 0);
    assert_int_equal(
        post(fixture, "/v1/auth/login", "{\"username\":\"ada\",\"password\":\"correct horse\"}")
            .status,
        200);
    assert_int_equal(count_at(fixture, "players", "last_login", 100, "1"), 1);
    assert_int_equal(count_at(fixture, "players", "created_at", 0, player), 1);
    set_clock(fixture, 200);
    assert_int_equal(refresh(fixture, made.refresh).status, 200);
    assert_int_equal(count_at(fixture, "auth_refresh", "used_at", 200, "1"), 1);
    assert_int_equal(count_at(fixture, "auth_refresh", "issued_at", 200, "1"), 1);
    /* a guest has no name to come back with */
    post(fixture, "/v1/auth/guest", "");
    assert_int_equal(count_at(fixture, "players", "created_at", 200, "username IS NULL"), 1);
    assert_int_equal(count_at(fixture, "auth_guests", "seen_at", 200, "returned = 0"), 1);
}

/* Who logs in after the operator has made hashing dearer has a dearer hash from then on. */
static void an_old_hash_is_made_anew(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(post(fixture, "/v1/auth/register", ADA).status, 201);
    stop_plugins(fixture);
    add_plugins(fixture);
    assert_true(testkit_config_set(fixture->auth, "hashOperations", "2"));
    start_plugins(fixture);
    static const char dear[] =
        "SELECT COUNT(*) FROM auth_credentials WHERE password_hash LIKE '%,t=2,%'";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(count(fixture, dear), i);
        assert_int_equal(post(fixture, "/v1/auth/login", ADA).status, 200);
    }
    assert_int_equal(count(fixture, dear), 1);
}

static void the_purge_takes_what_has_expired_alone(void **state) {
    struct fixture *fixture = *state;
    struct tokens old = post(fixture, "/v1/auth/register", ADA);
    set_clock(fixture, 20 * DAY_S);
    struct tokens young = post(fixture, "/v1/auth/login", ADA);
    tend_at(fixture, 30 * DAY_S);
    assert_int_equal(rows(fixture, "auth_refresh"), 2);
    tend_at(fixture, 30 * DAY_S + 60);
    assert_int_equal(rows(fixture, "auth_refresh"), 1);
    assert_int_equal(rows(fixture, "players"), 1);
    struct tokens gone = refresh(fixture, old.refresh);
    assert_problem(&gone, 401, "token_invalid");
    assert_int_equal(refresh(fixture, young.refresh).status, 200);
}

static void guests_are_forgotten_in_time(void **state) {
    struct fixture *fixture = *state;
    struct tokens account = post(fixture, "/v1/auth/register", ADA);
    struct tokens once = post(fixture, "/v1/auth/guest", "");
    struct tokens again = post(fixture, "/v1/auth/guest", "");
    set_clock(fixture, 6 * DAY_S);
    again = refresh(fixture, again.refresh);
    assert_int_equal(again.status, 200);
    tend_at(fixture, 7 * DAY_S);
    assert_int_equal(rows(fixture, "players"), 3);
    tend_at(fixture, 7 * DAY_S + 60);
    assert_int_equal(rows(fixture, "auth_guests"), 1);
    assert_int_equal(rows(fixture, "players"), 2);
    struct tokens gone = refresh(fixture, once.refresh);
    assert_problem(&gone, 401, "token_invalid");
    set_clock(fixture, 12 * DAY_S);
    assert_string_equal(refresh(fixture, again.refresh).player, again.player);
    assert_string_equal(refresh(fixture, account.refresh).player, account.player);
    tend_at(fixture, 400 * DAY_S);
    assert_int_equal(rows(fixture, "auth_guests"), 0);
    assert_int_equal(rows(fixture, "players"), 1); /* an account stays */
    assert_int_equal(rows(fixture, "auth_refresh"), 0);
}

static int start_small(void **state) {
    make(state);
    struct fixture *fixture = *state;
    assert_true(testkit_config_set(fixture->auth, "guestsMax", "100"));
    start_plugins(fixture);
    return 0;
}

static void guests_are_bounded_in_number(void **state) {
    struct fixture *fixture = *state;
    static struct tokens guests[100];
    for (size_t i = 0; i < 94; i++) guests[i] = post(fixture, "/v1/auth/guest", "");
    guests[0] = refresh(fixture, guests[0].refresh);
    assert_int_equal(guests[0].status, 200);
    /* all of them may be playing: nobody goes, and the door is shut when it is full */
    for (size_t i = 94; i < 100; i++) {
        guests[i] = post(fixture, "/v1/auth/guest", "");
        assert_int_equal(guests[i].status, 201);
        settle(fixture);
    }
    struct tokens full = post(fixture, "/v1/auth/guest", "");
    assert_problem(&full, 503, "busy");
    settle(fixture);
    assert_int_equal(rows(fixture, "auth_guests"), 100);
    /* later the oldest who never came back make room */
    set_clock(fixture, 1200);
    full = post(fixture, "/v1/auth/guest", "");
    assert_problem(&full, 503, "busy");
    settle(fixture);
    assert_int_equal(post(fixture, "/v1/auth/guest", "").status, 201);
    assert_int_equal(rows(fixture, "auth_guests"), 95);
    assert_int_equal(rows(fixture, "players"), 95);
    for (size_t i = 1; i < 7; i++) {
        struct tokens gone = refresh(fixture, guests[i].refresh);
        assert_problem(&gone, 401, "token_invalid");
    }
    assert_int_equal(refresh(fixture, guests[0].refresh).status, 200);
    assert_int_equal(refresh(fixture, guests[7].refresh).status, 200);
    assert_int_equal(refresh(fixture, guests[99].refresh).status, 200);
}

/* At a start they are counted. */
static void guests_of_before_count(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(post(fixture, "/v1/auth/guest", "").status, 201);
    stop_plugins(fixture);
    add_plugins(fixture);
    assert_true(testkit_config_set(fixture->auth, "guestsMax", "100"));
    start_plugins(fixture);
    struct tokens full = post(fixture, "/v1/auth/guest", "");
    assert_problem(&full, 503, "busy");
    settle(fixture);
}

static void tokens_of_one_account_are_bounded(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/register", ADA);
    struct tokens other =
        post(fixture, "/v1/auth/register", "{\"username\":\"Bob\",\"password\":\"correct horse\"}");
    struct tokens second = {0};
    for (int i = 0; i < 16; i++) {
        set_clock(fixture, 10 + i);
        struct tokens made = post(fixture, "/v1/auth/login", ADA);
        if (i == 0) second = made;
    }
    assert_int_equal(rows(fixture, "auth_refresh"), 17);
    struct tokens ended = refresh(fixture, first.refresh);
    assert_problem(&ended, 401, "token_invalid");
    assert_int_equal(refresh(fixture, second.refresh).status, 200);
    assert_int_equal(refresh(fixture, other.refresh).status, 200);
}

static void a_long_chain_is_bounded(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens last = first;
    for (int i = 0; i < 80; i++) {
        set_clock(fixture, 60 * (i + 1));
        last = refresh(fixture, last.refresh);
        assert_int_equal(last.status, 200);
    }
    assert_int_equal(rows(fixture, "auth_refresh"), 65);
    /* it is not known any more that this was used: refused, and nobody is signed out */
    struct tokens forgotten = refresh(fixture, first.refresh);
    assert_problem(&forgotten, 401, "token_invalid");
    assert_int_equal(refresh(fixture, last.refresh).status, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_account_is_written_as_it_was_given, start, stop),
        cmocka_unit_test_setup_teardown(an_old_hash_is_made_anew, start, stop),
        cmocka_unit_test_setup_teardown(the_purge_takes_what_has_expired_alone, start, stop),
        cmocka_unit_test_setup_teardown(guests_are_forgotten_in_time, start, stop),
        cmocka_unit_test_setup_teardown(guests_are_bounded_in_number, start_small, stop),
        cmocka_unit_test_setup_teardown(guests_of_before_count, start_small, stop),
        cmocka_unit_test_setup_teardown(tokens_of_one_account_are_bounded, start, stop),
        cmocka_unit_test_setup_teardown(a_long_chain_is_bounded, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
