/* The store over a database in the test: answers and those gone wrong, tables, is it there. */
#include "fake_game.h"

#include "store.h"

/* What the database was asked last, and how it answers. */
static struct {
    struct muster_self self;
    uint32_t submits;
    muster_db_ticket_id ticket;
    bool answers_in_call;
    bool ends_asker; /* while it is asked */
    muster_status returns;
    muster_status status;
    const struct muster_db_rows *rows;
} db;

static muster_status answer(void) {
    return host_table()->db->complete(&db.self, db.ticket, db.status, db.rows);
}

static void end_asker(void) {
    struct resource *resource = game.self.resources.next;
    assert_ptr_not_equal(resource, &game.self.resources);
    resource->kind->close(resource);
}

static muster_status on_submit(void *instance, muster_db_ticket_id ticket,
                               const struct muster_db_request *request) {
    (void)instance;
    assert_true(request->statement_count > 0);
    db.submits++;
    db.ticket = ticket;
    if (db.ends_asker) end_asker();
    if (db.answers_in_call) assert_int_equal(answer(), MUSTER_OK);
    return db.returns;
}

static muster_status on_migrate(void *instance, muster_db_ticket_id ticket, const char *component,
                                const char *const *steps, uint32_t step_count) {
    (void)instance;
    db.ticket = ticket;
    assert_string_equal(component, "a component");
    assert_true(step_count == 2 && steps[1] != NULL);
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
    store_deinit();
    registry_remove(&db.self);
    return game_close() || db.self.pins ? -1 : 0;
}

static struct {
    uint32_t calls;
    muster_status status;
    char text[64]; /* of all columns and cells */
} got;

static void spell(const char *text, size_t len) {
    size_t used = strlen(got.text);
    snprintf(got.text + used, sizeof got.text - used, "%.*s ", (int)len, text);
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)user;
    got.calls++;
    got.status = status;
    for (uint32_t i = 0; rows && i < rows->column_count; i++)
        spell(rows->columns[i], strlen(rows->columns[i]));
    for (uint32_t i = 0; rows && i < rows->column_count * rows->row_count; i++)
        spell(rows->cells[i].bytes.data, rows->cells[i].bytes.len);
}

static muster_status query(struct muster_self *asker) {
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    memset(&got, 0, sizeof got);
    return store_submit(asker, &request, on_rows, NULL, NULL);
}

static struct {
    uint32_t calls;
    muster_status status;
} started;

static void on_started(void *user, muster_status status) {
    (void)user;
    started.calls++;
    started.status = status;
}

static muster_status migrate(struct muster_self *asker) {
    static const char *const steps[] = {"1", "2"};
    return store_migrate(asker, NULL, "a component", steps, 2, on_rows, NULL, NULL);
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
    assert_int_equal(got.calls, 0); /* a plugin is not called inside its own call */
    (void)loop_turn();
    assert_int_equal(got.calls, 1);
    db.answers_in_call = false;
    assert_int_equal(query(NULL), MUSTER_LIMIT);
    assert_int_equal(got.calls, 0);
}

/* The database lends its rows for its call alone; its asker is told after it. */
static void rows_outlive_the_call_in_which_they_came(void **state) {
    (void)state;
    char name[] = "who", first[] = "ann", second[] = "bea";
    const char *columns[] = {name, "what"};
    struct muster_db_value cells[] = {muster_db_text(first), muster_db_text(""),
                                      muster_db_text(second), muster_db_text("x")};
    struct muster_db_rows rows = {
        .size = sizeof rows, .column_count = 2, .row_count = 2, .columns = columns, .cells = cells};
    db.rows = &rows;
    for (int stops = 0; stops < 2; stops++) {
        assert_int_equal(query(&game.self), MUSTER_OK);
        plugin_enter(&db.self, "test");
        assert_int_equal(answer(), MUSTER_OK);
        plugin_leave();
        name[0] = first[0] = second[0] = '?';
        cells[3].bytes.len = 0;
        assert_int_equal(got.calls, 0);
        assert_int_equal(store_waiting(), 1);
        if (stops)
            end_asker(); /* it has its answer all the same */
        else
            (void)loop_turn();
        assert_int_equal(got.calls, 1);
        assert_int_equal(got.status, MUSTER_OK);
        assert_string_equal(got.text, "who what ann  bea x ");
        (void)loop_turn();
        assert_int_equal(got.calls, 1);
        name[0] = 'w', first[0] = 'a', second[0] = 'b';
        cells[3].bytes.len = 1;
    }
    rows.cells = NULL; /* no rows, though it says so */
    assert_int_equal(query(&game.self), MUSTER_OK);
    plugin_enter(&db.self, "test");
    assert_int_equal(answer(), MUSTER_OK);
    plugin_leave();
    (void)loop_turn();
    assert_int_equal(got.status, MUSTER_NO_MEMORY);
    db.rows = NULL;
}

static void an_asker_that_stops_is_told_so_once(void **state) {
    (void)state;
    assert_int_equal(query(&game.self), MUSTER_OK);
    end_asker();
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.status, MUSTER_CLOSED);
    uint64_t faults = db.self.fault_count;
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(db.self.fault_count, faults);
    assert_int_equal(got.calls, 1);
}

/* In the next turn, whatever the database says meanwhile; or with its asker. */
static void a_query_that_is_cancelled_is_closed_once(void **state) {
    (void)state;
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    for (int i = 0; i < 3; i++) {
        muster_query_id id;
        memset(&got, 0, sizeof got);
        assert_int_equal(store_submit(&game.self, &request, on_rows, NULL, &id), MUSTER_OK);
        assert_int_equal(store_cancel(&db.self, id), MUSTER_NOT_FOUND); /* another's */
        assert_int_equal(store_cancel(&game.self, id), MUSTER_OK);
        assert_int_equal(store_cancel(&game.self, id), MUSTER_NOT_FOUND);
        assert_int_equal(got.calls, 0);
        if (i == 1) assert_int_equal(answer(), MUSTER_OK);
        if (i == 2) resource_close_cancelled(&game.self);
        assert_int_equal(got.calls, i == 2);
        while (!got.calls) (void)loop_turn();
        (void)loop_turn();
        assert_int_equal(got.calls, 1);
        assert_int_equal(got.status, MUSTER_CLOSED);
        assert_int_equal(store_waiting(), 0);
        if (i != 1) assert_int_equal(answer(), MUSTER_OK); /* in vain */
    }
}

/* Its query goes with it, whatever the database says then. */
static void an_asker_may_stop_in_the_call(void **state) {
    (void)state;
    db.ends_asker = true;
    for (int i = 0; i < 2; i++) {
        db.returns = i == 0 ? MUSTER_OK : MUSTER_IO;
        assert_int_equal(query(&game.self), MUSTER_OK);
        assert_int_equal(store_waiting(), 0);
        assert_int_equal(migrate(&game.self), MUSTER_OK);
        assert_int_equal(store_waiting(), 0);
        assert_ptr_equal(game.self.resources.next, &game.self.resources);
    }
    pending_close_owner(&db.self);
    assert_int_equal(got.status, MUSTER_CLOSED);
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
    memset(&started, 0, sizeof started);
    store_start(on_started, NULL);
    assert_int_equal(started.calls, 1);
    assert_int_equal(started.status, MUSTER_OK);
    assert_int_equal(query(NULL), MUSTER_UNAVAILABLE);
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    assert_int_equal(store_keep(&game.self, &request), MUSTER_UNAVAILABLE);
    assert_int_equal(migrate(NULL), MUSTER_UNAVAILABLE);
}

/* ---- the start ------------------------------------------------------------------------------- */

static void start(void) {
    memset(&started, 0, sizeof started);
    store_start(on_started, NULL);
}

static void the_start_waits_for_the_tables(void **state) {
    (void)state;
    muster_db_ticket_id first;
    assert_int_equal(migrate(&game.self), MUSTER_OK);
    first = db.ticket;
    assert_int_equal(migrate(&game.self), MUSTER_OK);
    start();
    assert_int_equal(host_table()->db->complete(&db.self, first, MUSTER_OK, NULL), MUSTER_OK);
    assert_int_equal(started.calls, 0);
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(started.calls, 1);
    assert_int_equal(started.status, MUSTER_OK);
    db.status = MUSTER_IO; /* of a plugin that was reloaded: its own trouble */
    assert_int_equal(migrate(&game.self), MUSTER_OK);
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(started.calls, 1);
}

static void a_table_that_fails_fails_the_start(void **state) {
    (void)state;
    db.status = MUSTER_IO;
    for (int late = 0; late < 2; late++) {
        store_deinit();
        assert_int_equal(migrate(&game.self), MUSTER_OK);
        if (late) start();
        assert_int_equal(answer(), MUSTER_OK);
        if (!late) start();
        assert_int_equal(started.calls, 1);
        assert_int_equal(started.status, MUSTER_IO);
    }
}

static void a_table_that_nobody_wants_any_more_is_not_waited_for(void **state) {
    (void)state;
    assert_int_equal(migrate(&game.self), MUSTER_OK);
    end_asker();
    db.returns = MUSTER_LIMIT;
    assert_int_equal(migrate(&game.self), MUSTER_LIMIT); /* who asked knows */
    start();
    assert_int_equal(started.calls, 1);
    assert_int_equal(started.status, MUSTER_OK);
    pending_close_owner(&db.self);
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
    muster_query_id id = {0};
    assert_int_equal(store_submit(&game.self, &request, NULL, NULL, &id), MUSTER_OK);
    assert_int_not_equal(id.value, 0);
    assert_int_equal(db.self.call_count, calls + 1);
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(game.self.call_count, own_calls);
    assert_int_equal(query(&game.self), MUSTER_OK);
    assert_int_equal(answer(), MUSTER_OK);
    assert_int_equal(game.self.call_count, own_calls + 1);
    assert_int_equal(plugin_depth(), 0);
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

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        TEST(an_answer_comes_once),
        TEST(an_answer_may_come_in_the_call),
        TEST(rows_outlive_the_call_in_which_they_came),
        TEST(an_asker_that_stops_is_told_so_once),
        TEST(a_query_that_is_cancelled_is_closed_once),
        TEST(an_asker_may_stop_in_the_call),
        TEST(a_database_that_stops_answers_all),
        TEST(without_a_database_the_node_plays_on),
        TEST(the_start_waits_for_the_tables),
        TEST(a_table_that_fails_fails_the_start),
        TEST(a_table_that_nobody_wants_any_more_is_not_waited_for),
        TEST(a_request_has_statements_and_not_too_many),
        TEST(who_waits_is_counted),
        TEST(an_answer_may_be_nobodys),
        TEST(a_silent_database_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
