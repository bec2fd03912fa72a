/* The store over a database in the test: what is written, what is read back, answers gone wrong. */
#include "fake_game.h"

#include "paths.h"
#include "purge.h"
#include "store.h"

#define TEXT_BYTES 8192

/* What the database was asked last, and how it answers. */
static struct {
    struct muster_self self;
    uint32_t submits, statements, durable;
    muster_ticket_id ticket;
    char text[TEXT_BYTES]; /* SQL and values, one line each */
    bool answers_in_call;
    bool ends_asker; /* while it is asked */
    muster_status returns;
    muster_status status;
    const struct muster_db_rows *rows;
} db;

static void write_value(const struct muster_db_value *value) {
    size_t used = strlen(db.text);
    char *at = db.text + used;
    if (value->type == MUSTER_DB_INT)
        snprintf(at, TEXT_BYTES - used, "|%lld", (long long)value->integer);
    else
        snprintf(at, TEXT_BYTES - used, "|%.*s", (int)value->bytes.len,
                 (const char *)value->bytes.data);
}

static muster_status answer(void) {
    return host_table()->db->complete(&db.self, db.ticket, db.status, db.rows);
}

static void end_asker(void) {
    struct resource *resource = game.self.resources.next;
    assert_ptr_not_equal(resource, &game.self.resources);
    resource->kind->close(resource);
}

static muster_status on_submit(void *instance, muster_ticket_id ticket,
                               const struct muster_db_request *request) {
    (void)instance;
    db.submits++;
    db.ticket = ticket;
    db.statements = request->statement_count;
    db.durable = request->durable;
    db.text[0] = '\0';
    for (uint32_t i = 0; i < request->statement_count; i++) {
        const struct muster_db_statement *s = &request->statements[i];
        size_t used = strlen(db.text);
        snprintf(db.text + used, TEXT_BYTES - used, "\n%.30s", s->sql);
        for (uint32_t p = 0; p < s->param_count; p++) write_value(&s->params[p]);
    }
    if (db.ends_asker) end_asker();
    if (db.answers_in_call) assert_int_equal(answer(), MUSTER_OK);
    return db.returns;
}

static muster_status on_migrate(void *instance, muster_ticket_id ticket, const char *component,
                                const char *const *steps, uint32_t step_count) {
    (void)instance;
    db.ticket = ticket;
    assert_string_equal(component, "core");
    assert_true(step_count >= 5 && steps[0] != NULL);
    if (db.ends_asker) end_asker();
    if (db.answers_in_call) assert_int_equal(answer(), MUSTER_OK);
    return db.returns;
}

static const struct muster_database vtable = {
    .size = sizeof vtable, .submit = on_submit, .migrate = on_migrate};
static const struct muster_role roles[] = {{MUSTER_ROLE_DATABASE, 0, &vtable}};

static int open_store(void **state) {
    (void)state;
    memset(&db, 0, sizeof db);
    return game_open(NULL) || fake_plugin(&db.self, "db_fake", roles, 1, NULL, NULL) ? -1 : 0;
}

static int close_store(void **state) {
    (void)state;
    pending_close_owner(&db.self);
    registry_remove(&db.self);
    return game_close() || db.self.pins ? -1 : 0;
}

static struct {
    uint32_t calls;
    muster_status status;
    json_t *json;
} got;

static void on_done(void *user, muster_status status) {
    (void)user;
    got.calls++;
    got.status = status;
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)rows;
    on_done(user, status);
}

static void on_results(void *user, muster_status status, json_t *json) {
    on_done(user, status);
    json_decref(got.json);
    got.json = json;
    assert_true((status == MUSTER_OK) == (json != NULL));
}

static muster_status query(struct muster_self *asker) {
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    memset(&got, 0, sizeof got);
    return store_submit(asker, &request, on_rows, NULL, NULL);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void an_answer_comes_once(void **state) {
    (void)state;
    assert_int_equal(query(NULL), MUSTER_OK);
    assert_int_equal(got.calls, 0);
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(got.calls, 1);
    uint64_t faults = db.self.fault_count;
    assert_int_equal(answer(), MUSTER_NOT_FOUND);
    assert_int_equal(db.self.fault_count, faults + 1);
    assert_int_equal(got.calls, 1);
}

static void an_answer_may_come_in_the_call(void **state) {
    (void)state;
    db.answers_in_call = true;
    assert_int_equal(query(NULL), MUSTER_OK);
    assert_int_equal(got.calls, 1);
    db.returns = MUSTER_LIMIT; /* answered, and refused on top of it */
    assert_int_equal(query(&game.self), MUSTER_OK);
    assert_int_equal(got.calls, 1);
    db.answers_in_call = false;
    assert_int_equal(query(NULL), MUSTER_LIMIT);
    assert_int_equal(got.calls, 0);
}

static void an_asker_that_stops_hears_nothing(void **state) {
    (void)state;
    assert_int_equal(query(&game.self), MUSTER_OK);
    end_asker();
    uint64_t faults = db.self.fault_count;
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(db.self.fault_count, faults);
    assert_int_equal(got.calls, 0);
}

/* Its query goes with it, whatever the database says then. */
static void an_asker_may_stop_in_the_call(void **state) {
    static const char *const steps[] = {"1", "2", "3", "4", "5"};
    (void)state;
    db.ends_asker = true;
    for (int i = 0; i < 2; i++) {
        db.returns = i == 0 ? MUSTER_OK : MUSTER_IO;
        assert_int_equal(query(&game.self), MUSTER_OK);
        assert_int_equal(store_waiting(), 0);
        assert_int_equal(store_migrate(&game.self, "core", steps, 5, on_rows, NULL, NULL),
                         MUSTER_OK);
        assert_int_equal(store_waiting(), 0);
        assert_ptr_equal(game.self.resources.next, &game.self.resources);
    }
    pending_close_owner(&db.self);
    assert_int_equal(got.calls, 0);
}

static void a_database_that_stops_answers_all(void **state) {
    (void)state;
    assert_int_equal(query(NULL), MUSTER_OK);
    pending_close_owner(&db.self);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.status, MUSTER_CLOSED);
}

static void without_a_database_the_node_plays_on(void **state) {
    (void)state;
    registry_remove(&db.self);
    memset(&got, 0, sizeof got);
    store_start(on_done, NULL);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.status, MUSTER_OK);
    assert_int_equal(query(NULL), MUSTER_UNAVAILABLE);
    store_recent_results(1, on_results, NULL);
    assert_int_equal(got.status, MUSTER_UNAVAILABLE);
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    assert_int_equal(store_keep("a thing", &request), MUSTER_UNAVAILABLE);
    const char *const steps[] = {"SELECT 1"};
    assert_int_equal(store_migrate(NULL, "x", steps, 1, on_rows, NULL, NULL), MUSTER_UNAVAILABLE);
}

static void the_start_waits_for_the_tables(void **state) {
    (void)state;
    memset(&got, 0, sizeof got);
    store_start(on_done, NULL);
    assert_int_equal(got.calls, 0);
    db.status = MUSTER_IO;
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(got.status, MUSTER_IO);
}

static void a_request_has_statements_and_not_too_many(void **state) {
    (void)state;
    static const struct muster_db_statement statements[65] = {{.sql = "SELECT 1"}};
    static const struct {
        uint32_t count;
        muster_status status;
    } cases[] = {{0, MUSTER_INVALID}, {1, MUSTER_OK}, {64, MUSTER_OK}, {65, MUSTER_INVALID}};
    uint32_t submits = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct muster_db_request request = {
            .size = sizeof request, .statement_count = cases[i].count, .statements = statements};
        assert_int_equal(store_submit(NULL, &request, on_rows, NULL, NULL), cases[i].status);
        submits += cases[i].status == MUSTER_OK;
        assert_int_equal(store_waiting(), submits);
    }
    assert_int_equal(db.submits, submits);
    pending_close_owner(&db.self);
    assert_int_equal(store_waiting(), 0);
}

/* Whoever waits is counted until the answer, however it comes. */
static void who_waits_is_counted(void **state) {
    (void)state;
    assert_int_equal(query(&game.self), MUSTER_OK);
    assert_int_equal(store_waiting(), 1);
    end_asker();
    assert_int_equal(store_waiting(), 0);
    db.returns = MUSTER_IO;
    assert_int_equal(query(&game.self), MUSTER_IO);
    assert_int_equal(store_waiting(), 0);
    assert_ptr_equal(game.self.resources.next, &game.self.resources);
    db.answers_in_call = true;
    assert_int_equal(query(NULL), MUSTER_OK);
    assert_int_equal(store_waiting(), 0);
}

/* Nobody has to listen; and each call into the database is one of the plugin's. */
static void an_answer_may_be_nobodys(void **state) {
    (void)state;
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    uint64_t calls = db.self.call_count, own_calls = game.self.call_count;
    muster_ticket_id ticket = 0;
    assert_int_equal(store_submit(&game.self, &request, NULL, NULL, &ticket), MUSTER_OK);
    assert_int_equal(ticket, db.ticket);
    assert_int_equal(db.self.call_count, calls + 1);
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(game.self.call_count, own_calls);
    assert_int_equal(query(&game.self), MUSTER_OK);
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(game.self.call_count, own_calls + 1);
    assert_int_equal(plugin_depth(), 0);
}

/* ---- what goes in time ----------------------------------------------------------------------- */

#define DAY_MS 86400000ll
#define PURGED_MS (1700000000000ll + 1000)

static void purge_answers(int64_t changes) {
    const struct muster_db_rows rows = {.size = sizeof rows, .changes = changes};
    db.rows = &rows;
    db.status = MUSTER_OK;
    assert_int_equal(answer(), MUSTER_OK);
    db.rows = NULL;
}

static void old_rows_go_in_rounds_and_batches(void **state) {
    (void)state;
    char error[PATHS_ERROR_MAX], wanted[400];
    loop_clock_virtual(1000, 1700000000000);
    assert_int_equal(paths_init(true, error), MUSTER_OK);
    assert_int_equal(purge_start(), MUSTER_OK);
    loop_clock_advance(1999);
    assert_int_equal(db.submits, 0);
    loop_clock_advance(2000);
    assert_int_equal(db.submits, 1);
    snprintf(wanted, sizeof wanted,
             "\nDELETE FROM player_match_stats|%lld|500\nDELETE FROM match_results WHER|%lld|500"
             "\nDELETE FROM lobbies WHERE lobb|%lld|500|%s|1700000000000",
             PURGED_MS - 365 * DAY_MS, PURGED_MS - 365 * DAY_MS, PURGED_MS - 7 * DAY_MS,
             paths_node_id());
    assert_string_equal(db.text, wanted);
    assert_int_equal(db.durable, 0);
    purge_answers(499); /* that was all */
    loop_clock_advance(601999);
    assert_int_equal(db.submits, 1);
    loop_clock_advance(602000);
    assert_int_equal(db.submits, 2);
    purge_answers(500); /* there may be more */
    loop_clock_advance(602999);
    assert_int_equal(db.submits, 2);
    loop_clock_advance(603000);
    assert_int_equal(db.submits, 3);
    uint64_t now_ms = 603000;
    for (; now_ms < 1201500; now_ms += 1500) { /* until the next round comes in a pause */
        loop_clock_advance(now_ms + 500);
        purge_answers(500);
        loop_clock_advance(now_ms + 1500);
    }
    uint32_t before = db.submits;
    purge_answers(500);
    loop_clock_advance(1202000);
    assert_int_equal(db.submits, before + 1);
    purge_answers(500);
    loop_clock_advance(1202500);
    assert_int_equal(db.submits, before + 2);
    purge_answers(499);
    loop_clock_advance(1204000);
    assert_int_equal(db.submits, before + 2);
    loop_clock_advance(1802000);
    purge_answers(500);
    purge_stop();
    loop_clock_advance(5000000);
    assert_int_equal(db.submits, before + 3);
    assert_int_equal(loop_clock_due_ms(), UINT64_MAX);
    paths_deinit();
}

/* ---- is it there ----------------------------------------------------------------------------- */

static void a_silent_database_is_told(void **state) {
    (void)state;
    loop_clock_virtual(1000000, 0);
    db.status = MUSTER_OK;
    assert_null(store_trouble());
    assert_int_equal(db.submits, 1);
    loop_clock_advance(1001999);
    assert_null(store_trouble()); /* asked, and not silent for long */
    loop_clock_advance(1002000);
    assert_non_null(store_trouble());
    assert_int_equal(db.submits, 1); /* one question at a time */
    assert_int_equal(answer(), MUSTER_OK);
    assert_null(store_trouble()); /* and asks again */
    assert_int_equal(db.submits, 2);
    db.status = MUSTER_IO;
    assert_int_equal(answer(), MUSTER_OK);
    assert_non_null(store_trouble());
    loop_clock_advance(1002999);
    assert_non_null(store_trouble());
    assert_int_equal(db.submits, 2);
    loop_clock_advance(1003000);
    db.answers_in_call = true;
    db.status = MUSTER_OK;
    assert_null(store_trouble());
    assert_int_equal(db.submits, 3);
    db.returns = MUSTER_LIMIT; /* not even asked */
    db.answers_in_call = false;
    loop_clock_advance(1004000);
    assert_non_null(store_trouble());
    registry_remove(&db.self);
    assert_null(store_trouble());
}

/* ---- players, lobbies ------------------------------------------------------------------------ */

#define UNIX_MS 1700000000000ll

static void written(const char *wanted) {
    assert_string_equal(db.text, wanted);
    assert_int_equal(db.durable, 0); /* a result is worth a sync, this is not */
    db.status = MUSTER_OK;
    assert_int_equal(answer(), MUSTER_OK);
}

static void players_and_lobbies_are_written_as_they_are(void **state) {
    (void)state;
    char error[PATHS_ERROR_MAX], wanted[160];
    loop_clock_virtual(1000, UNIX_MS);
    assert_int_equal(paths_init(true, error), MUSTER_OK);
    const struct session session = {.player_key = "p1", .display_name = "Ann", .region = "eu"};
    struct lobby lobby = {.key = "l1", .game_mode = "fake", .players_max = 4};
    store_player(&session);
    written("\nINSERT INTO players (player_id|p1|Ann|eu|1700000000000");
    lobby.state = MUSTER_LOBBY_WAITING;
    store_lobby_created(&lobby);
    snprintf(wanted, sizeof wanted, "\nINSERT INTO lobbies (lobby_id,|l1|%s|fake|waiting|%lld",
             paths_node_id(), UNIX_MS);
    written(wanted);
    lobby.state = MUSTER_LOBBY_ACTIVE;
    lobby.members[0].state = lobby.members[3].state = MEMBER_ENTERED;
    lobby.members[LOBBY_SPECTATOR_FIRST].state = MEMBER_ENTERED; /* who watches is no player */
    store_lobby_state(&lobby);
    written("\nUPDATE lobbies SET state = $2,|l1|active|2");
    lobby.members[3].team = MUSTER_TEAM_BLUE;
    snprintf(lobby.members[3].player_key, sizeof lobby.members[3].player_key, "p3");
    store_lobby_player(&lobby, 3);
    written("\nINSERT INTO lobby_players (lob|l1|p3|blue|1700000000000");
    snprintf(lobby.members[LOBBY_SPECTATOR_FIRST].player_key, MUSTER_PLAYER_KEY_MAX, "w");
    store_lobby_player(&lobby, LOBBY_SPECTATOR_FIRST);
    written("\nINSERT INTO lobby_players (lob|l1|w|spectator|1700000000000");
    paths_deinit();
}

/* ---- results --------------------------------------------------------------------------------- */

static struct match_results results_of(uint32_t rows) {
    struct match_results results = {.match_key = "m1",
                                    .lobby_key = "l1",
                                    .winning_team = MUSTER_TEAM_BLUE,
                                    .reason = MUSTER_END_FORFEIT,
                                    .team_score = {0, 3, 7},
                                    .duration_s = 61,
                                    .row_count = rows};
    for (uint32_t i = 0; i < rows; i++) {
        struct match_row *row = &results.rows[i];
        *row = (struct match_row){.seat = i % 32,
                                  .team = 1 + i % 2,
                                  .is_bot = i == 0,
                                  .kills = (int32_t)i,
                                  .deaths = 20,
                                  .assists = 30,
                                  .score = -4};
        snprintf(row->player_key, sizeof row->player_key, "p%u", i);
        snprintf(row->display_name, sizeof row->display_name, "O'P%u", i);
    }
    return results;
}

static void a_result_is_written_whole_and_synced(void **state) {
    (void)state;
    struct lobby lobby = {.game_mode = "fake", .settings = json_object()};
    struct match_results results = results_of(2);
    results.versions[results.version_count++] = (struct match_version){"mod:koth", "1.2.0"};
    store_results(&lobby, &results);
    assert_int_equal(db.statements, 3);
    assert_int_equal(db.durable, 1);
    assert_non_null(strstr(db.text, "|m1|l1|blue|61|3|7|"));
    assert_non_null(
        strstr(db.text, "|forfeit|fake|field|[{\"name\":\"mod:koth\",\"version\":\"1.2.0\"}]"));
    assert_non_null(strstr(db.text, "|m1|0|p0|O'P0|red|0|20|30|-4|1\n"));
    assert_non_null(strstr(db.text, "|m1|1|p1|O'P1|blue|1|20|30|-4|0"));
    assert_int_equal(answer(), MUSTER_OK);
    /* As many rows as a match can have fit into the one request. */
    results = results_of(MUSTER_SEATS_MAX + MATCH_DEPARTED_MAX);
    results.winning_team = MUSTER_TEAM_NONE;
    store_results(&lobby, &results);
    assert_int_equal(db.statements, 1 + MUSTER_SEATS_MAX + MATCH_DEPARTED_MAX);
    assert_non_null(strstr(db.text, "|draw|"));
    assert_int_equal(answer(), MUSTER_OK);
    json_decref(lobby.settings);
}

static struct muster_db_value text(const char *s) {
    return (struct muster_db_value){.type = MUSTER_DB_TEXT, .bytes = {s, strlen(s)}};
}

static struct muster_db_value integer(int64_t i) {
    return (struct muster_db_value){.type = MUSTER_DB_INT, .integer = i};
}

static void results_are_read_back_by_match(void **state) {
    (void)state;
#define HEAD(key, team)                                                                            \
    text(key), text("l"), text(team), integer(1), integer(2), integer(60), text("score_limit")
#define STATS(key)                                                                                 \
    text(key), text(key "!"), text("red"), integer(3), integer(4), integer(5), integer(10),        \
        integer(key[0] == 'b')
#define MODS text("[{\"name\":\"mod:koth\",\"version\":\"1.2.0\"}]")
    const struct muster_db_value none = {.type = MUSTER_DB_NULL};
    const struct muster_db_value cells[] = {HEAD("m2", "red"),
                                            STATS("a"),
                                            MODS,
                                            HEAD("m2", "red"),
                                            STATS("b"),
                                            MODS,
                                            HEAD("m1", "draw"),
                                            none,
                                            none,
                                            none,
                                            none,
                                            none,
                                            none,
                                            none,
                                            none,
                                            text("no JSON"),
                                            HEAD("m", "red"), /* begins like the one before */
                                            STATS("c"),
                                            MODS};
    const struct muster_db_rows rows = {
        .size = sizeof rows, .column_count = 16, .row_count = 4, .cells = cells};
    memset(&got, 0, sizeof got);
    store_recent_results(10, on_results, NULL);
    assert_non_null(strstr(db.text, "|10"));
    db.rows = &rows;
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(json_array_size(got.json), 3);
    static const char *const wanted[] = {
        "{\"matchId\":\"m2\",\"lobbyId\":\"l\",\"winningTeam\":\"red\","
        "\"finalScores\":{\"red\":1,\"blue\":2},\"playerStats\":["
        "{\"playerId\":\"a\",\"displayName\":\"a!\",\"team\":\"red\",\"kills\":3,\"deaths\":4,"
        "\"assists\":5,\"score\":10,\"isBot\":false},"
        "{\"playerId\":\"b\",\"displayName\":\"b!\",\"team\":\"red\",\"kills\":3,\"deaths\":4,"
        "\"assists\":5,\"score\":10,\"isBot\":true}],"
        "\"duration\":60,\"reason\":\"score_limit\","
        "\"versions\":[{\"name\":\"mod:koth\",\"version\":\"1.2.0\"}]}",
        "{\"matchId\":\"m1\",\"lobbyId\":\"l\",\"winningTeam\":\"draw\","
        "\"finalScores\":{\"red\":1,\"blue\":2},\"playerStats\":[],\"duration\":60,"
        "\"reason\":\"score_limit\",\"versions\":[]}",
    };
    for (size_t i = 0; i < 2; i++) {
        char *found = json_dumps(json_array_get(got.json, i), JSON_COMPACT);
        assert_string_equal(found, wanted[i]);
        free(found);
    }
    json_decref(got.json);
}

static void rows_that_are_not_as_asked_are_an_error(void **state) {
    (void)state;
    const struct muster_db_value cells[] = {integer(1)};
    const struct muster_db_rows narrow = {
        .size = sizeof narrow, .column_count = 1, .row_count = 1, .cells = cells};
    const struct muster_db_rows *const wrong[] = {NULL, &narrow};
    for (int i = 0; i < 2; i++) {
        memset(&got, 0, sizeof got);
        store_recent_results(10, on_results, NULL);
        db.rows = wrong[i];
        assert_int_equal(answer(), MUSTER_OK);
        assert_int_equal(got.status, MUSTER_INTERNAL);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        TEST(an_answer_comes_once),
        TEST(an_answer_may_come_in_the_call),
        TEST(an_asker_that_stops_hears_nothing),
        TEST(an_asker_may_stop_in_the_call),
        TEST(a_database_that_stops_answers_all),
        TEST(without_a_database_the_node_plays_on),
        TEST(the_start_waits_for_the_tables),
        TEST(a_request_has_statements_and_not_too_many),
        TEST(who_waits_is_counted),
        TEST(an_answer_may_be_nobodys),
        TEST(old_rows_go_in_rounds_and_batches),
        TEST(a_silent_database_is_told),
        TEST(players_and_lobbies_are_written_as_they_are),
        TEST(a_result_is_written_whole_and_synced),
        TEST(results_are_read_back_by_match),
        TEST(rows_that_are_not_as_asked_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
