/* The store over a database in the test: what is written, what is read back, answers gone wrong. */
#include "fake_game.h"

#include "store.h"

#define TEXT_BYTES 8192

/* What the database was asked last, and how it answers. */
static struct {
    struct muster_self self;
    uint32_t submits, statements, durable;
    muster_ticket_id ticket;
    char text[TEXT_BYTES]; /* SQL and values, one line each */
    bool answers_in_call;
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
    if (db.answers_in_call) assert_int_equal(answer(), MUSTER_OK);
    return db.returns;
}

static muster_status on_migrate(void *instance, muster_ticket_id ticket, const char *component,
                                const char *const *steps, uint32_t step_count) {
    (void)instance;
    db.ticket = ticket;
    assert_string_equal(component, "core");
    assert_true(step_count >= 5 && steps[0] != NULL);
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
    struct resource *resource = game.self.resources.next;
    assert_ptr_not_equal(resource, &game.self.resources);
    resource->kind->close(resource);
    uint64_t faults = db.self.fault_count;
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(db.self.fault_count, faults);
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
        *row = (struct match_row){.seat = i % 32, .team = 1 + i % 2, .kills = (int32_t)i};
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
    assert_non_null(strstr(db.text, "|m1|1|p1|O'P1|blue|1|0|0|0|0"));
    /* As many rows as a match can have fit into the one request. */
    results = results_of(MUSTER_SEATS_MAX + MATCH_DEPARTED_MAX);
    results.winning_team = MUSTER_TEAM_NONE;
    store_results(&lobby, &results);
    assert_int_equal(db.statements, 1 + MUSTER_SEATS_MAX + MATCH_DEPARTED_MAX);
    assert_non_null(strstr(db.text, "|draw|"));
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
    text(key), text(key), text("red"), integer(1), integer(0), integer(0), integer(10), integer(0)
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
                                            text("no JSON")};
    const struct muster_db_rows rows = {
        .size = sizeof rows, .column_count = 16, .row_count = 3, .cells = cells};
    memset(&got, 0, sizeof got);
    store_recent_results(10, on_results, NULL);
    db.rows = &rows;
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(json_array_size(got.json), 2);
    json_t *first = json_array_get(got.json, 0), *second = json_array_get(got.json, 1);
    assert_string_equal(json_string_value(json_object_get(first, "matchId")), "m2");
    assert_int_equal(json_array_size(json_object_get(first, "playerStats")), 2);
    assert_int_equal(json_array_size(json_object_get(first, "versions")), 1);
    assert_string_equal(json_string_value(json_object_get(second, "winningTeam")), "draw");
    assert_int_equal(json_array_size(json_object_get(second, "versions")), 0);
    assert_int_equal(json_array_size(json_object_get(second, "playerStats")), 0);
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
        TEST(a_database_that_stops_answers_all),
        TEST(without_a_database_the_node_plays_on),
        TEST(the_start_waits_for_the_tables),
        TEST(a_result_is_written_whole_and_synced),
        TEST(results_are_read_back_by_match),
        TEST(rows_that_are_not_as_asked_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
