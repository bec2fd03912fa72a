/* What mods keep: limits, order, and the database behind it, a real one and one that fails. */
#include "crew.h"
#include "mod_rig.h"

#include <muster/plugin.h>

#include "muster_testkit.h"
#include "storage_internal.h"

enum { WRITE_MS = 500, KEYS_MAX = 100, BYTES_MAX = 40000, HELD_MAX = 64 };

static const struct storage_limits limits = {
    .keys_max = KEYS_MAX, .bytes_max = BYTES_MAX, .write_ms = WRITE_MS};
static const char *error;

#define DESCRIBE(...)                                                                              \
    {                                                                                              \
        .magic = MUSTER_PLUGIN_MAGIC, .abi_major = MUSTER_ABI_MAJOR,                               \
        .abi_minor = MUSTER_ABI_MINOR, .size = sizeof(struct muster_plugin), .version = "1.0.0",   \
        .description = "for this test", .role_count = 1, __VA_ARGS__                               \
    }

/* ---- a plugin that keeps */

static const struct muster_host *kit_host;

static muster_status keeper_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    kit_host = host;
    return storage_create(host, self, &limits, (struct storage **)instance);
}

static muster_status keeper_start(void *instance) {
    storage_start(instance);
    return MUSTER_OK;
}

static void keeper_drain(void *instance) {
    storage_flush(instance);
}

static void keeper_stop(void *instance) {
    storage_stop(instance);
}

static void keeper_fini(void *instance) {
    storage_destroy(instance);
}

static const struct muster_service service = {.size = sizeof(service)};
static const struct muster_role service_roles[] = {
    {.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};
static const struct muster_plugin keeper =
    DESCRIBE(.name = "service_keeper", .roles = service_roles, .init = keeper_init,
             .start = keeper_start, .drain = keeper_drain, .stop = keeper_stop,
             .fini = keeper_fini);

/* ---- a database whose answers the test gives */

static struct {
    muster_self *self;
    muster_db_ticket_id tickets[HELD_MAX];
    uint32_t held;
    uint32_t requests, statements, durable;
    char sql[256]; /* of the last statement */
    char key[STORAGE_KEY_BYTES_MAX + 1];
    muster_status refusal;
} db;

static muster_status db_init(muster_self *self, const struct muster_host *host, void **instance) {
    (void)host;
    memset(&db, 0, sizeof db);
    db.self = self;
    *instance = &db;
    return MUSTER_OK;
}

static muster_status db_submit(void *instance, muster_db_ticket_id ticket,
                               const struct muster_db_request *request) {
    const struct muster_db_statement *last = &request->statements[request->statement_count - 1];
    (void)instance;
    if (db.refusal) return db.refusal;
    db.durable = request->durable;
    db.requests++;
    db.statements += request->statement_count;
    snprintf(db.sql, sizeof db.sql, "%s", last->sql);
    snprintf(db.key, sizeof db.key, "%.*s", (int)last->params[1].bytes.len,
             (const char *)last->params[1].bytes.data);
    assert_true(db.held < HELD_MAX);
    db.tickets[db.held++] = ticket;
    return MUSTER_OK;
}

static muster_status db_migrate(void *instance, muster_db_ticket_id ticket, const char *component,
                                const char *const *steps, uint32_t step_count) {
    (void)instance;
    assert_string_equal(component, "lua_storage");
    assert_true(step_count == 1 && steps[0]);
    db.tickets[db.held++] = ticket;
    return MUSTER_OK;
}

/* Answers the oldest. */
static void answer(muster_status status, const struct muster_db_rows *rows) {
    assert_true(db.held > 0);
    muster_db_ticket_id ticket = db.tickets[0];
    memmove(db.tickets, db.tickets + 1, --db.held * sizeof *db.tickets);
    kit_host->db->complete(db.self, ticket, status, rows);
}

static const struct muster_database database = {
    .size = sizeof(database), .submit = db_submit, .migrate = db_migrate};
static const struct muster_role database_roles[] = {
    {.kind = MUSTER_ROLE_DATABASE, .vtable = &database}};
static const struct muster_plugin fake_db =
    DESCRIBE(.name = "db_fake", .roles = database_roles, .init = db_init);

static const struct muster_db_rows no_rows = {.size = sizeof(no_rows), .column_count = 3};

/* ---- the rig */

struct rig {
    struct testkit *kit;
    muster_self *plugin;
    struct storage *storage;
    struct storage_space *space; /* of the mod "koth" */
};

static struct rig start(const struct muster_plugin *fake, bool with_sqlite) {
    struct rig rig = {.kit = testkit_create()};
    muster_self *db_self = NULL;
    testkit_data_dir_set(rig.kit, root);
    if (fake) db_self = testkit_add(rig.kit, fake);
    if (with_sqlite) db_self = testkit_load(rig.kit, PLUGIN_DIR "/db_sqlite.so");
    if (db_self) assert_int_equal(testkit_start(db_self), MUSTER_OK);
    rig.plugin = testkit_add(rig.kit, &keeper);
    assert_int_equal(testkit_start(rig.plugin), MUSTER_OK);
    rig.storage = testkit_instance(rig.plugin);
    rig.space = storage_space(rig.storage, "koth");
    assert_non_null(rig.space);
    return rig;
}

static void settle(struct rig *rig) {
    assert_true(crew_wait(rig->kit));
}

static struct rig start_sqlite(void) {
    struct rig rig = start(NULL, true);
    settle(&rig);
    return rig;
}

static struct rig start_fake(void) {
    struct rig rig = start(&fake_db, false);
    answer(MUSTER_OK, NULL);
    answer(MUSTER_OK, &no_rows);
    db.requests = db.statements = 0;
    return rig;
}

/* The plugin has stopped; what it wrote last is answered, too. */
static void close_kit(struct rig *rig) {
    while (db.held) answer(MUSTER_OK, NULL);
    testkit_destroy(rig->kit);
}

static void end(struct rig *rig) {
    assert_int_equal(testkit_stop(rig->plugin), 0);
    assert_int_equal(testkit_faults(rig->kit), 0);
    close_kit(rig);
}

static muster_status set(struct storage_space *space, const char *key, const char *value) {
    error = "";
    return storage_set(space, key, (struct muster_bytes){value, strlen(value)}, &error);
}

static void expect(const struct storage_space *space, const char *key, const char *value) {
    struct muster_bytes bytes;
    error = "";
    muster_status status = storage_get(space, key, &bytes, &error);
    assert_int_equal(status, value ? MUSTER_OK : MUSTER_NOT_FOUND);
    if (!value) return;
    assert_int_equal(bytes.len, strlen(value));
    assert_memory_equal(bytes.data, value, bytes.len);
}

static void expect_keys(const struct storage_space *space, const char *prefix, const char *keys) {
    char text[256] = "";
    const char *key = NULL;
    do {
        assert_int_equal(storage_next(space, prefix, key, &key, &error), MUSTER_OK);
        if (key) sprintf(text + strlen(text), "%s%s", *text ? " " : "", key);
    } while (key);
    assert_string_equal(text, keys);
}

/* ---- values in memory */

static void test_values_are_kept_by_key(void **state) {
    (void)state;
    struct storage_space *space = storage_space_create(&limits);
    struct muster_bytes bytes;
    assert_int_equal(set(space, "wins:bob", "1"), MUSTER_OK);
    assert_int_equal(set(space, "wins:ann", "22"), MUSTER_OK);
    assert_int_equal(set(space, "other", ""), MUSTER_OK);
    assert_int_equal(set(space, "wins:bob", "333"), MUSTER_OK);
    expect(space, "wins:bob", "333");
    expect(space, "other", "");
    expect(space, "none", NULL);
    expect_keys(space, "", "other wins:ann wins:bob");
    expect_keys(space, "wins:", "wins:ann wins:bob");
    expect_keys(space, "x", "");
    assert_int_equal(storage_delete(space, "wins:ann", &error), MUSTER_OK);
    assert_int_equal(storage_delete(space, "wins:ann", &error), MUSTER_NOT_FOUND);
    assert_int_equal(storage_get(space, "wins:ann", &bytes, &error), MUSTER_NOT_FOUND);
    assert_string_equal(error, "storage: there is no such key");
    expect_keys(space, "wins:", "wins:bob");
    const char *next; /* behind a key that has gone meanwhile */
    assert_int_equal(storage_next(space, "wins:", "wins:ann", &next, &error), MUSTER_OK);
    assert_string_equal(next, "wins:bob");
    storage_space_destroy(space);
    storage_space_destroy(NULL);
}

static void test_keys_are_checked(void **state) {
    (void)state;
    struct storage_space *space = storage_space_create(&limits);
    char key[STORAGE_KEY_BYTES_MAX + 2];
    memset(key, 'k', sizeof key);
    key[sizeof key - 1] = '\0';
    assert_int_equal(set(space, "", "v"), MUSTER_INVALID);
    assert_int_equal(set(space, key, "v"), MUSTER_INVALID);
    assert_int_equal(set(space, key + 1, "v"), MUSTER_OK);
    assert_int_equal(set(space, "a\nb", "v"), MUSTER_INVALID);
    assert_int_equal(set(space, "a\x1f", "v"), MUSTER_INVALID);
    assert_int_equal(set(space, "a\x7f", "v"), MUSTER_INVALID);
    assert_int_equal(set(space, "\xff", "v"), MUSTER_INVALID);
    assert_int_equal(set(space, "\xc3\xa9", "v"), MUSTER_OK);
    assert_int_equal(storage_delete(space, "", &error), MUSTER_INVALID);
    assert_non_null(strstr(error, "a key is 1 to 128 bytes"));
    storage_space_destroy(space);
}

static void test_a_mod_has_so_much_and_no_more(void **state) {
    (void)state;
    static char big[STORAGE_VALUE_BYTES_MAX + 2];
    struct storage_space *space = storage_space_create(&limits);
    memset(big, 'v', sizeof big - 1);
    assert_int_equal(set(space, "a", big), MUSTER_LIMIT);
    assert_string_equal(error, "storage: a value is at most 16 KiB");
    big[STORAGE_VALUE_BYTES_MAX] = '\0';
    assert_int_equal(set(space, "a", big), MUSTER_OK);
    assert_int_equal(set(space, "b", big), MUSTER_OK);
    assert_int_equal(set(space, "c", big), MUSTER_LIMIT);
    assert_string_equal(error, "storage: this mod has no more room left");
    assert_int_equal(set(space, "a", "small"), MUSTER_OK);
    assert_int_equal(set(space, "c", big), MUSTER_OK);
    assert_int_equal(storage_delete(space, "b", &error), MUSTER_OK);
    for (int i = 0; i < KEYS_MAX - 2; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(set(space, key, "v"), MUSTER_OK);
    }
    assert_int_equal(set(space, "more", "v"), MUSTER_LIMIT);
    assert_string_equal(error, "storage: this mod has no more keys left");
    assert_int_equal(set(space, "k1", "w"), MUSTER_OK);
    assert_int_equal(storage_delete(space, "k2", &error), MUSTER_OK);
    assert_int_equal(set(space, "more", "v"), MUSTER_OK);
    storage_space_destroy(space);
}

/* To the byte, keys counted, and what is replaced is not. */
static void test_room_is_counted_to_the_byte(void **state) {
    (void)state;
    static char big[STORAGE_VALUE_BYTES_MAX + 1];
    struct storage_space *space = storage_space_create(&limits);
    memset(big, 'v', sizeof big - 1);
    assert_int_equal(set(space, "a", big), MUSTER_OK);
    assert_int_equal(set(space, "b", big), MUSTER_OK);
    char *rest = big + (sizeof big - 1) - (BYTES_MAX - 2 * sizeof big - 1);
    assert_int_equal(set(space, "c", rest - 1), MUSTER_LIMIT);
    assert_int_equal(set(space, "cc", rest), MUSTER_LIMIT);
    assert_int_equal(set(space, "c", rest), MUSTER_OK);
    assert_int_equal(set(space, "d", ""), MUSTER_LIMIT);
    assert_int_equal(set(space, "c", rest + 1), MUSTER_OK);
    assert_int_equal(set(space, "c", rest), MUSTER_OK);
    assert_int_equal(set(space, "c", rest - 1), MUSTER_LIMIT);
    expect(space, "c", rest);
    assert_int_equal(storage_delete(space, "c", &error), MUSTER_OK);
    assert_int_equal(set(space, "d", rest), MUSTER_OK);
    storage_space_destroy(space);
}

/* ---- a real database */

static void test_values_survive_a_restart(void **state) {
    (void)state;
    char key[16], value[16];
    struct rig rig = start_sqlite();
    for (int i = 0; i < KEYS_MAX; i++) { /* more than one request, more than one page */
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(set(rig.space, key, key), MUSTER_OK);
    }
    assert_int_equal(storage_delete(rig.space, "k5", &error), MUSTER_OK);
    assert_int_equal(set(storage_space(rig.storage, "other"), "k1", "theirs"), MUSTER_OK);
    testkit_advance(rig.kit, WRITE_MS);
    settle(&rig);
    assert_int_equal(storage_delete(rig.space, "k6", &error), MUSTER_OK);
    assert_int_equal(set(rig.space, "k7", "changed"), MUSTER_OK);
    assert_int_equal(set(rig.space, "empty", ""), MUSTER_OK);
    end(&rig); /* at once: stop writes the rest */
    rig = start_sqlite();
    for (int i = 8; i < KEYS_MAX; i++) {
        snprintf(value, sizeof value, "k%d", i);
        expect(rig.space, value, value);
    }
    expect(rig.space, "k5", NULL);
    expect(rig.space, "k6", NULL);
    expect(rig.space, "k7", "changed");
    expect(rig.space, "empty", "");
    expect(storage_space(rig.storage, "other"), "k1", "theirs");
    expect_keys(storage_space(rig.storage, "other"), "", "k1");
    end(&rig);
}

static void test_uploads_leave_nothing_behind(void **state) {
    (void)state;
    struct rig rig = start_sqlite();
    struct storage_space *space = storage_space_create(&limits);
    assert_int_equal(set(space, "a", "b"), MUSTER_OK);
    testkit_advance(rig.kit, 10 * WRITE_MS);
    expect(space, "a", "b");
    assert_int_equal(testkit_tickets(rig.kit), 0);
    assert_int_equal(testkit_timers(rig.kit), 0);
    storage_space_destroy(space);
    end(&rig);
}

/* ---- no database */

static void test_without_a_database_values_live_in_memory(void **state) {
    (void)state;
    struct rig rig = start(NULL, false);
    assert_non_null(testkit_log_find(rig.kit, "without a database plugin"));
    assert_int_equal(set(rig.space, "a", "b"), MUSTER_OK);
    expect(rig.space, "a", "b");
    assert_int_equal(storage_delete(rig.space, "a", &error), MUSTER_OK);
    expect_keys(rig.space, "", "");
    assert_int_equal(testkit_timers(rig.kit), 0);
    end(&rig);
}

/* ---- a database that fails */

static void test_nothing_is_known_before_it_was_read(void **state) {
    (void)state;
    struct muster_bytes bytes;
    const char *key;
    struct rig rig = start(&fake_db, false);
    assert_int_equal(set(rig.space, "a", "b"), MUSTER_UNAVAILABLE);
    assert_int_equal(storage_get(rig.space, "a", &bytes, &error), MUSTER_UNAVAILABLE);
    assert_int_equal(storage_next(rig.space, "", NULL, &key, &error), MUSTER_UNAVAILABLE);
    assert_string_equal(error, "storage: what the database holds is not known yet");
    answer(MUSTER_IO, NULL);
    assert_non_null(testkit_log_find(rig.kit, "the database cannot be read"));
    testkit_pass(rig.kit, 1000); /* it is asked again */
    answer(MUSTER_OK, NULL);
    answer(MUSTER_TIMEOUT, NULL);
    testkit_pass(rig.kit, 2000);
    answer(MUSTER_OK, NULL);
    answer(MUSTER_OK, &no_rows);
    assert_non_null(testkit_log_find(rig.kit, "the database answers again"));
    assert_int_equal(set(rig.space, "a", "b"), MUSTER_OK);
    end(&rig);
}

/* A database may hold more mods than that; those are left alone. */
static void test_so_many_mods_keep_something(void **state) {
    char mod[16];
    (void)state;
    struct rig rig = start(&fake_db, false);
    for (int i = 1; i < STORAGE_SPACES_MAX; i++) { /* the rig has one */
        snprintf(mod, sizeof mod, "mod%d", i);
        assert_non_null(storage_space(rig.storage, mod));
    }
    assert_null(storage_space(rig.storage, "one_more"));
    assert_ptr_equal(storage_space(rig.storage, "koth"), rig.space);
    assert_null(storage_space(rig.storage, "a_name_that_is_longer_than_any_id_is"));
    answer(MUSTER_OK, NULL);
    const struct muster_db_value cells[] = {
        {.type = MUSTER_DB_TEXT, .bytes = {"one_more", 8}},
        {.type = MUSTER_DB_TEXT, .bytes = {"k", 1}},
        {.type = MUSTER_DB_BLOB, .bytes = {"v", 1}},
    };
    struct muster_db_rows rows = {
        .size = sizeof rows, .column_count = 3, .row_count = 1, .cells = cells};
    answer(MUSTER_OK, &rows);
    assert_int_equal(set(rig.space, "k", "v"), MUSTER_OK);
    end(&rig);
}

static struct muster_db_value text(const char *bytes) {
    return (struct muster_db_value){.type = MUSTER_DB_TEXT, .bytes = {bytes, strlen(bytes)}};
}

static void test_rows_that_no_mod_wrote_are_left_alone(void **state) {
    (void)state;
    struct muster_db_value blob = {.type = MUSTER_DB_BLOB, .bytes = {"v", 1}};
    struct muster_db_value huge = {.type = MUSTER_DB_BLOB,
                                   .bytes = {"v", STORAGE_VALUE_BYTES_MAX + 1}};
    const struct muster_db_value cells[] = {
        text("koth"), text("good"), blob,         text("koth"),
        text("a\nb"), blob,         text("koth"), text("big"),
        huge,         text("koth"), text("text"), text("v"),
        text(""),     text("a"),    blob,         text("a_name_that_is_longer_than_any_id_is"),
        text("a"),    blob,
    };
    struct muster_db_rows rows = {
        .size = sizeof rows, .column_count = 3, .row_count = 6, .cells = cells};
    struct rig rig = start(&fake_db, false);
    answer(MUSTER_OK, NULL);
    answer(MUSTER_OK, &rows);
    expect_keys(rig.space, "", "good");
    expect(rig.space, "good", "v");
    end(&rig);
}

/* Of limits that were higher once: what is kept may be less, and no more. */
static void test_what_is_over_its_room_may_shrink(void **state) {
    (void)state;
    static char big[STORAGE_VALUE_BYTES_MAX + 1];
    memset(big, 'v', sizeof big - 1);
    struct muster_db_value full = {.type = MUSTER_DB_BLOB, .bytes = {big, sizeof big - 1}};
    const struct muster_db_value cells[] = {text("koth"), text("a"), full,
                                            text("koth"), text("b"), full,
                                            text("koth"), text("c"), full};
    struct muster_db_rows rows = {
        .size = sizeof rows, .column_count = 3, .row_count = 3, .cells = cells};
    struct rig rig = start(&fake_db, false);
    answer(MUSTER_OK, NULL);
    answer(MUSTER_OK, &rows);
    expect(rig.space, "c", big);
    assert_int_equal(set(rig.space, "d", ""), MUSTER_LIMIT);
    assert_int_equal(set(rig.space, "a", big + 1), MUSTER_OK);
    assert_int_equal(set(rig.space, "a", big), MUSTER_LIMIT);
    assert_int_equal(set(rig.space, "a", ""), MUSTER_OK);
    assert_int_equal(set(rig.space, "d", ""), MUSTER_OK);
    end(&rig);
}

static void test_writes_are_gathered(void **state) {
    (void)state;
    struct rig rig = start_fake();
    for (int i = 0; i < 70; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%02d", i);
        assert_int_equal(set(rig.space, key, "1"), MUSTER_OK);
        assert_int_equal(set(rig.space, key, "2"), MUSTER_OK);
    }
    testkit_pass(rig.kit, WRITE_MS - 1);
    assert_int_equal(db.requests, 0);
    testkit_pass(rig.kit, 1);
    assert_int_equal(db.requests, 1);
    assert_int_equal(db.statements, 64);
    assert_int_equal(set(rig.space, "k00", "3"), MUSTER_OK); /* while it is written */
    testkit_pass(rig.kit, 2 * WRITE_MS);
    assert_int_equal(db.requests, 1); /* one after another */
    answer(MUSTER_OK, NULL);
    assert_int_equal(db.statements, 70); /* the rest of this cycle */
    answer(MUSTER_OK, NULL);
    assert_int_equal(db.requests, 2);
    testkit_pass(rig.kit, WRITE_MS);
    assert_int_equal(db.statements, 71);
    assert_string_equal(db.key, "k00");
    answer(MUSTER_OK, NULL);
    assert_int_equal(set(rig.space, "k00", "3"), MUSTER_OK); /* nothing new */
    testkit_pass(rig.kit, 2 * WRITE_MS);
    assert_int_equal(db.requests, 3);
    assert_int_equal(testkit_timers(rig.kit), 0);
    end(&rig);
}

static void test_what_was_not_written_is_written_later(void **state) {
    (void)state;
    struct rig rig = start_fake();
    assert_int_equal(set(rig.space, "a", "1"), MUSTER_OK);
    testkit_pass(rig.kit, WRITE_MS);
    answer(MUSTER_IO, NULL);
    expect(rig.space, "a", "1");
    assert_non_null(testkit_log_find(rig.kit, "the database cannot be written"));
    testkit_log_clear(rig.kit);
    testkit_pass(rig.kit, 999);
    assert_int_equal(db.requests, 1);
    db.refusal = MUSTER_LIMIT; /* its queue is full */
    testkit_pass(rig.kit, 1);
    db.refusal = MUSTER_OK;
    assert_int_equal(db.requests, 1);
    assert_null(testkit_log_find(rig.kit, "cannot be written")); /* told once */
    testkit_pass(rig.kit, 2000);
    assert_int_equal(db.requests, 2);
    answer(MUSTER_OK, NULL);
    assert_non_null(testkit_log_find(rig.kit, "the database answers again"));
    assert_int_equal(testkit_timers(rig.kit), 0);
    end(&rig);
}

/* After 1, 2, 4, 8, 16 and then each 30 s; what goes back keeps its place in front. */
static void test_a_database_that_fails_is_asked_less_and_less(void **state) {
    static const uint32_t waits_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    (void)state;
    struct rig rig = start_fake();
    assert_int_equal(set(rig.space, "a", "1"), MUSTER_OK);
    assert_int_equal(set(rig.space, "b", "1"), MUSTER_OK);
    testkit_pass(rig.kit, WRITE_MS);
    for (uint32_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
        answer(MUSTER_IO, NULL);
        assert_int_equal(set(rig.space, "z", i % 2 ? "1" : "2"), MUSTER_OK);
        testkit_pass(rig.kit, waits_ms[i] - 1);
        assert_int_equal(db.requests, i + 1);
        testkit_pass(rig.kit, 1);
        assert_int_equal(db.requests, i + 2);
        assert_string_equal(db.key, "z");
    }
    answer(MUSTER_OK, NULL);
    assert_int_equal(set(rig.space, "a", "2"), MUSTER_OK);
    testkit_pass(rig.kit, WRITE_MS); /* as before */
    assert_int_equal(db.requests, 9);
    answer(MUSTER_IO, NULL);
    testkit_pass(rig.kit, 1000);
    assert_int_equal(db.requests, 10);
    answer(MUSTER_OK, NULL);
    end(&rig);
}

static void test_a_deletion_is_remembered_until_it_is_written(void **state) {
    (void)state;
    struct rig rig = start_fake();
    assert_int_equal(set(rig.space, "a", "1"), MUSTER_OK);
    testkit_pass(rig.kit, WRITE_MS);
    assert_int_equal(storage_delete(rig.space, "a", &error), MUSTER_OK); /* while it is written */
    expect(rig.space, "a", NULL);
    answer(MUSTER_OK, NULL);
    testkit_pass(rig.kit, WRITE_MS);
    assert_non_null(strstr(db.sql, "DELETE FROM lua_storage"));
    answer(MUSTER_IO, NULL);
    assert_int_equal(set(rig.space, "a", "2"), MUSTER_OK); /* back, before it is gone */
    testkit_pass(rig.kit, 1000);
    assert_non_null(strstr(db.sql, "INSERT INTO lua_storage"));
    answer(MUSTER_OK, NULL);
    expect(rig.space, "a", "2");
    assert_int_equal(db.requests, 3);
    assert_int_equal(storage_delete(rig.space, "a", &error), MUSTER_OK);
    testkit_pass(rig.kit, WRITE_MS);
    assert_int_equal(rig.space->count, 1); /* until that is written */
    expect_keys(rig.space, "", "");
    answer(MUSTER_OK, NULL);
    assert_int_equal(rig.space->count, 0);
    end(&rig);
}

/* However many of them stand in a row until that is written. */
static void test_deleted_keys_are_passed_over(void **state) {
    (void)state;
    struct rig rig = start_fake();
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f"};
    for (int i = 0; i < 6; i++) assert_int_equal(set(rig.space, keys[i], "1"), MUSTER_OK);
    testkit_pass(rig.kit, WRITE_MS);
    answer(MUSTER_OK, NULL);
    for (int i = 0; i < 6; i++)
        if (i != 3) assert_int_equal(storage_delete(rig.space, keys[i], &error), MUSTER_OK);
    assert_int_equal(rig.space->count, 6);
    expect_keys(rig.space, "", "d");
    expect_keys(rig.space, "a", "");
    testkit_pass(rig.kit, WRITE_MS);
    answer(MUSTER_OK, NULL);
    expect_keys(rig.space, "", "d");
    end(&rig);
}

static void test_the_end_writes_all_that_waits(void **state) {
    (void)state;
    struct rig rig = start_fake();
    for (int i = 0; i < 70; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%02d", i);
        assert_int_equal(set(rig.space, key, "1"), MUSTER_OK);
    }
    storage_flush(rig.storage); /* as drain does */
    assert_int_equal(db.requests, 2);
    assert_int_equal(db.statements, 70);
    assert_int_equal(db.durable, 0);
    assert_int_equal(set(rig.space, "last", "1"), MUSTER_OK);
    assert_int_equal(testkit_stop(rig.plugin), 0);
    /* Drained; then all of it again, as what is under way cannot be heard of any more. */
    assert_int_equal(db.statements, 71 + 71);
    assert_int_equal(db.durable, 1); /* kept: nobody is left to try again */
    close_kit(&rig);
}

/* The host asks until it is written. */
static void test_what_is_refused_at_the_end_is_kept(void **state) {
    (void)state;
    struct rig rig = start_fake();
    assert_int_equal(set(rig.space, "a", "1"), MUSTER_OK);
    db.refusal = MUSTER_UNAVAILABLE;
    assert_int_equal(testkit_stop(rig.plugin), 0);
    assert_null(testkit_log_find(rig.kit, "values are lost"));
    assert_int_equal(db.requests, 0);
    db.refusal = MUSTER_OK;
    testkit_pass(rig.kit, 5000);
    assert_int_equal(db.requests, 1);
    assert_string_equal(db.key, "a");
    close_kit(&rig);
}

static void test_what_nobody_takes_is_told(void **state) {
    (void)state;
    struct rig rig = start_fake();
    assert_int_equal(set(rig.space, "a", "1"), MUSTER_OK);
    testkit_unload(db.self);
    assert_int_equal(testkit_stop(rig.plugin), 0);
    assert_non_null(testkit_log_find(rig.kit, "values are lost, as the database takes none: 1"));
    close_kit(&rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_values_are_kept_by_key),
        TEST(test_keys_are_checked),
        TEST(test_a_mod_has_so_much_and_no_more),
        TEST(test_room_is_counted_to_the_byte),
        TEST(test_values_survive_a_restart),
        TEST(test_uploads_leave_nothing_behind),
        TEST(test_without_a_database_values_live_in_memory),
        TEST(test_nothing_is_known_before_it_was_read),
        TEST(test_rows_that_no_mod_wrote_are_left_alone),
        TEST(test_so_many_mods_keep_something),
        TEST(test_what_is_over_its_room_may_shrink),
        TEST(test_writes_are_gathered),
        TEST(test_what_was_not_written_is_written_later),
        TEST(test_a_database_that_fails_is_asked_less_and_less),
        TEST(test_a_deletion_is_remembered_until_it_is_written),
        TEST(test_deleted_keys_are_passed_over),
        TEST(test_the_end_writes_all_that_waits),
        TEST(test_what_is_refused_at_the_end_is_kept),
        TEST(test_what_nobody_takes_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
