/* auth_local: log-ins of one user name that fail, counted by kv_memory. */
#include "accounts_fixture.h"
#include "header_of.h"

#include <stdlib.h>

#define RIGHT "{\"username\":\"ada\",\"password\":\"correct horse\"}"
#define WRONG "{\"username\":\"ada\",\"password\":\"wrong horse\"}"
#define HOUR_S 3600

static struct counting {
    muster_self *kv, *asker;
    const struct muster_host *host;
} counting;

static muster_status asker_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    (void)self, (void)instance;
    counting.host = host;
    return MUSTER_OK;
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};
static const struct muster_plugin plugin = {.magic = MUSTER_PLUGIN_MAGIC,
                                            .abi_major = MUSTER_ABI_MAJOR,
                                            .abi_minor = MUSTER_ABI_MINOR,
                                            .size = sizeof plugin,
                                            .name = "service_asker",
                                            .version = "1.0.0",
                                            .description = "Fills the store.",
                                            .roles = roles,
                                            .role_count = 1,
                                            .init = asker_init};

/* Three wrong passwords an hour, and the smallest store. */
static int open_counting(void **state) {
    make(state);
    struct fixture *fixture = *state;
    counting.kv = testkit_load(fixture->kit, PLUGIN_DIR "/kv_memory.so");
    counting.asker = testkit_add(fixture->kit, &plugin);
    assert_non_null(counting.kv);
    assert_true(testkit_config_set(counting.kv, "memoryMaxMib", "1"));
    assert_true(testkit_config_set(fixture->auth, "loginTriesPerHour", "3"));
    assert_int_equal(testkit_start(counting.kv), MUSTER_OK);
    assert_int_equal(testkit_start(counting.asker), MUSTER_OK);
    start_plugins(fixture);
    assert_int_equal(post(fixture, "/v1/auth/register", ADA).status, 201);
    return 0;
}

static int close_counting(void **state) {
    assert_int_equal(testkit_stop(counting.asker), 0);
    struct fixture *fixture = *state;
    assert_int_equal(testkit_stop(fixture->auth), 0);
    assert_int_equal(testkit_stop(counting.kv), 0);
    assert_int_equal(testkit_stop(fixture->db), 0);
    assert_int_equal(testkit_faults(fixture->kit), 0);
    testkit_destroy(fixture->kit);
    return remove_dir(state);
}

static uint32_t log_in(struct fixture *fixture, const char *body) {
    return post(fixture, "/v1/auth/login", body).status;
}

static struct testkit_response refused(struct fixture *fixture, const char *body) {
    return testkit_http(fixture->kit, "POST", "/v1/auth/login", body);
}

static void wrong_ones_count_until_the_hour_is_over(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 5; i++) assert_int_equal(log_in(fixture, RIGHT), 200);
    set_clock(fixture, HOUR_S - 600);
    for (int i = 0; i < 2; i++) assert_int_equal(log_in(fixture, WRONG), 401);
    assert_int_equal(log_in(fixture, RIGHT), 200); /* takes nothing back of what others tried */
    assert_int_equal(log_in(fixture, WRONG), 401);
    struct testkit_response answer = refused(fixture, RIGHT);
    assert_int_equal(answer.status, 429);
    assert_string_equal(answer.code, "rate_limited");
    assert_string_equal(header_of(answer.headers, "retry-after"), "600");
    assert_non_null(strstr(answer.body, "try again in 10 minutes"));
    assert_non_null(strstr(answer.body, "\"retryAfterMs\":600000"));
    set_clock(fixture, HOUR_S - 60);
    answer = refused(fixture, RIGHT);
    assert_string_equal(header_of(answer.headers, "retry-after"), "60");
    assert_non_null(strstr(answer.body, "try again in 60 seconds"));
    set_clock(fixture, HOUR_S);
    assert_int_equal(log_in(fixture, RIGHT), 200);
}

static void a_name_of_nobody_is_as_any_other(void **state) {
    static const char nobody[] = "{\"username\":\"nobody\",\"password\":\"wrong horse\"}";
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(log_in(fixture, nobody), 401);
        assert_int_equal(log_in(fixture, WRONG), 401);
    }
    const struct testkit_response theirs = refused(fixture, nobody);
    char *body = strdup(theirs.body);
    const struct testkit_response mine = refused(fixture, WRONG);
    assert_int_equal(mine.status, 429);
    assert_int_equal(theirs.status, 429);
    assert_string_equal(mine.headers, theirs.headers);
    assert_string_equal(mine.body, body);
    free(body);
}

static void invented_names_fill_nothing(void **state) {
    struct fixture *fixture = *state;
    char body[128];
    for (int i = 0; i < 10000; i++) { /* one by one they would fill it */
        snprintf(body, sizeof body, "{\"username\":\"invented%d\",\"password\":\"wrong horse\"}",
                 i);
        uint32_t status = log_in(fixture, body);
        assert_true(status == 401 || status == 429);
    }
    assert_true(testkit_metric(fixture->kit, "muster_kv_refused_total") == 0);
    set_clock(fixture, HOUR_S);
    for (int i = 0; i < 3; i++) assert_int_equal(log_in(fixture, WRONG), 401);
    assert_int_equal(log_in(fixture, RIGHT), 429);
}

static void on_kept(void *user, muster_status status, const struct muster_kv_answer *answer) {
    (void)answer;
    *(muster_status *)user = status;
}

static muster_status keep(struct fixture *fixture, const char *key, const char *value,
                          uint64_t len) {
    muster_status status = MUSTER_STATE;
    const struct muster_kv_request set = {
        .size = sizeof set, .kind = MUSTER_KV_SET, .key = key, .value = {value, len}};
    assert_int_equal(counting.host->kv->request(counting.asker, &set, on_kept, &status, NULL),
                     MUSTER_OK);
    testkit_pump(fixture->kit);
    return status;
}

/* To the last byte. */
static void fill(struct fixture *fixture) {
    static char value[MUSTER_KV_VALUE_MAX];
    char key[32];
    uint32_t keys = 0;
    for (uint64_t len = sizeof value; len > 0; len /= 2) {
        do snprintf(key, sizeof key, "asker/%u", keys++);
        while (keep(fixture, key, value, len) == MUSTER_OK);
    }
}

static void what_cannot_be_counted_is_refused(void **state) {
    struct fixture *fixture = *state;
    fill(fixture);
    double before = testkit_metric(fixture->kit, "muster_kv_refused_total");
    assert_true(before > 0);
    assert_non_null(testkit_log_find(fixture->kit, "memoryMaxMib is used up"));
    struct testkit_response answer = refused(fixture, RIGHT);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.code, "unavailable");
    assert_non_null(strstr(answer.body, "cannot be counted"));
    assert_string_equal(header_of(answer.headers, "retry-after"), "10");
    assert_true(testkit_metric(fixture->kit, "muster_kv_refused_total") == before + 1);
    assert_non_null(testkit_log_find(fixture->kit, "it cannot be counted"));
}

static void without_a_store_nobody_counts(void **state) {
    struct fixture *fixture = *state;
    assert_true(testkit_config_set(fixture->auth, "loginTriesPerHour", "3"));
    start_plugins(fixture);
    assert_int_equal(post(fixture, "/v1/auth/register", ADA).status, 201);
    for (int i = 0; i < 5; i++) assert_int_equal(log_in(fixture, WRONG), 401);
    assert_int_equal(log_in(fixture, RIGHT), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_counting, close_counting)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(wrong_ones_count_until_the_hour_is_over),
        TEST(a_name_of_nobody_is_as_any_other),
        TEST(invented_names_fill_nothing),
        TEST(what_cannot_be_counted_is_refused),
        cmocka_unit_test_setup_teardown(without_a_store_nobody_counts, make, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
