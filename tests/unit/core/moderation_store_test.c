/* Sanctions in a database: what is written, and that it comes back as it was. The database is the
 * test's: it keeps the rows of INSERT as SELECT asks for them. */
#include "books_rig.h"

#include "moderation.h"
#include "outbox.h"
#include "paths.h"

#define WALL_MS 1700000000000ll
#define COLUMNS 11
#define ROWS_MAX 8

int64_t __wrap_loop_unix_ms(void);
int64_t __wrap_loop_unix_ms(void) {
    return WALL_MS;
}

static struct {
    struct muster_self self;
    struct muster_db_value cells[ROWS_MAX][COLUMNS];
    uint32_t row_count, column_count;
    char texts[ROWS_MAX * COLUMNS][256];
    uint32_t text_count;
    char ended[ROWS_MAX][64];
    uint32_t ended_count;
    uint32_t durable;
    muster_status status;
} db;

static struct muster_db_value keep(struct muster_db_value value) {
    if (value.type != MUSTER_DB_TEXT) return value;
    char *text = db.texts[db.text_count++];
    memcpy(text, value.bytes.data, value.bytes.len);
    value.bytes.data = text;
    return value;
}

static void take_statement(const struct muster_db_statement *statement) {
    if (strncmp(statement->sql, "INSERT INTO sanctions", 21) == 0) {
        assert_int_equal(statement->param_count, COLUMNS);
        /* It is written again when nobody knows whether it was. */
        assert_non_null(strstr(statement->sql, "ON CONFLICT (sanction_id) DO NOTHING"));
        for (uint32_t i = 0; i < COLUMNS; i++)
            db.cells[db.row_count][i] = keep(statement->params[i]);
        db.row_count++;
    } else if (strncmp(statement->sql, "UPDATE sanctions", 16) == 0) {
        assert_int_equal(statement->params[1].integer, WALL_MS);
        snprintf(db.ended[db.ended_count++], 64, "%.*s", (int)statement->params[0].bytes.len,
                 (const char *)statement->params[0].bytes.data);
    } else {
        assert_int_equal(strncmp(statement->sql, "SELECT sanction_id", 18), 0);
        assert_int_equal(statement->params[0].integer, WALL_MS);
    }
}

static muster_status on_submit(void *instance, muster_ticket_id ticket,
                               const struct muster_db_request *request) {
    const struct muster_db_rows rows = {.size = sizeof rows,
                                        .column_count = db.column_count,
                                        .row_count = db.row_count,
                                        .cells = db.cells[0]};
    (void)instance;
    db.durable = request->durable;
    for (uint32_t i = 0; i < request->statement_count; i++) take_statement(&request->statements[i]);
    assert_int_equal(host_table()->db->complete(&db.self, ticket, db.status, &rows), MUSTER_OK);
    return MUSTER_OK;
}

static muster_status on_migrate(void *instance, muster_ticket_id ticket, const char *component,
                                const char *const *steps, uint32_t step_count) {
    (void)instance;
    (void)steps;
    (void)step_count;
    assert_string_equal(component, "moderation");
    assert_int_equal(host_table()->db->complete(&db.self, ticket, MUSTER_OK, NULL), MUSTER_OK);
    return MUSTER_OK;
}

static const struct muster_database vtable = {
    .size = sizeof vtable, .submit = on_submit, .migrate = on_migrate};
static const struct muster_role roles[] = {{MUSTER_ROLE_DATABASE, 0, &vtable}};

static uint32_t starts;
static muster_status started;

static void on_started(void *user, muster_status status) {
    (void)user;
    starts++;
    started = status;
}

static muster_status load(void) {
    uint32_t before = starts;
    moderation_deinit();
    moderation_start(on_started, NULL);
    assert_int_equal(starts, before + 1);
    return started;
}

static int open_books(void **state) {
    char error[PATHS_ERROR_MAX];
    memset(&db, 0, sizeof db);
    db.column_count = COLUMNS;
    if (rig_open(state) || paths_init(true, error)) return -1;
    return fake_plugin(&db.self, "db_fake", roles, 1, NULL, NULL);
}

static int close_books(void **state) {
    moderation_deinit();
    outbox_deinit();
    pending_close_owner(&db.self);
    registry_remove(&db.self);
    int code = rig_close(state);
    paths_deinit();
    return code || db.self.pins ? -1 : 0;
}

static const struct sanction *at(uint32_t wanted) {
    uint32_t index = 0;
    const struct sanction *sanction = moderation_next(&index);
    while (sanction && wanted--) sanction = moderation_next(&index);
    return sanction;
}

static void same(const struct sanction *a, const struct sanction *b) {
    assert_non_null(a);
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->player_key, b->player_key);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->note, b->note);
    assert_string_equal(a->actor, b->actor);
    assert_int_equal(a->guests_only, b->guests_only);
    assert_int_equal(a->address.bits, b->address.bits);
    assert_memory_equal(a->address.bytes, b->address.bytes, ADDRESS_BYTES);
    assert_int_equal(a->until_ms, b->until_ms);
    assert_int_equal(a->created_ms, WALL_MS);
    assert_int_equal(strlen(a->key), SANCTION_KEY_SIZE - 1);
}

static void what_is_written_comes_back(void **state) {
    struct sanction all[] = {{.kind = SANCTION_BAN,
                              .player_key = "bad",
                              .name = "Bad B",
                              .reason = "why",
                              .note = "replay 17",
                              .actor = "boss",
                              .guests_only = true,
                              .until_ms = WALL_MS + 5000},
                             {.kind = SANCTION_MUTE, .player_key = "loud", .reason = "r"},
                             {.kind = SANCTION_BAN, .reason = "range", .actor = "op"},
                             {.kind = SANCTION_CLOSED, .actor = "op"}};
    (void)state;
    assert_true(address_prefix_read("2001:db8:1::/48", &all[0].address));
    assert_true(address_prefix_read("192.0.2.0/24", &all[2].address));
    assert_int_equal(load(), MUSTER_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(moderation_add(&all[i]), MUSTER_OK);
        assert_int_equal(db.row_count, i + 1);
        assert_int_equal(db.durable, MUSTER_DB_SYNCED);
    }
    assert_int_equal(load(), MUSTER_OK);
    for (uint32_t i = 0; i < 4; i++) same(at(i), &all[i]);
    assert_null(at(4));
    assert_int_equal(db.ended_count, 0);
}

static void what_ends_is_ended_there(void **state) {
    const struct sanction mute = {.kind = SANCTION_MUTE, .player_key = "loud", .reason = "r"};
    uint32_t count = 0;
    (void)state;
    assert_int_equal(load(), MUSTER_OK);
    assert_int_equal(moderation_add(&mute), MUSTER_OK);
    char first[64], second[64];
    snprintf(first, sizeof first, "%s", at(0)->key);
    assert_int_equal(moderation_add(&mute), MUSTER_OK); /* takes its place */
    assert_int_equal(db.ended_count, 1);
    assert_string_equal(db.ended[0], first);
    snprintf(second, sizeof second, "%s", at(0)->key);
    assert_int_equal(moderation_end(SANCTION_MUTE, "loud", &count), MUSTER_OK);
    assert_int_equal(count, 1);
    assert_int_equal(db.ended_count, 2);
    assert_string_equal(db.ended[1], second);
    assert_null(at(0));
}

/* Nobody comes in before it is known who may not. */
static void what_cannot_be_read_stops_the_start(void **state) {
    const struct sanction ban = {.kind = SANCTION_BAN, .player_key = "bad", .reason = "r"};
    (void)state;
    assert_int_equal(load(), MUSTER_OK);
    assert_int_equal(moderation_add(&ban), MUSTER_OK);
    db.status = MUSTER_IO;
    assert_int_equal(load(), MUSTER_IO);
    db.status = MUSTER_OK;
    db.column_count = COLUMNS - 1;
    assert_int_equal(load(), MUSTER_INTERNAL);
    assert_null(at(0));
    db.column_count = COLUMNS;
    assert_int_equal(load(), MUSTER_OK);
    assert_non_null(at(0));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_comes_back),
        TEST(what_ends_is_ended_there),
        TEST(what_cannot_be_read_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
