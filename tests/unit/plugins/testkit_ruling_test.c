/* The testkit's matches with rules: told as the server tells them, and their notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster_testkit.h>
#include <stdio.h>
#include <stdlib.h>

/* One plugin with a mode that does next to nothing and rules that write down what they are told. */
struct probe {
    muster_self *self;
    const struct muster_host *host;
    muster_match_id match;
    muster_status at_begin;
    char calls[512];
};

static void say(struct probe *probe, const char *format, ...) {
    size_t used = strlen(probe->calls);
    va_list args;
    va_start(args, format);
    vsnprintf(probe->calls + used, sizeof(probe->calls) - used, format, args);
    va_end(args);
}

static muster_status note(struct probe *probe, const char *text) {
    return probe->host->match->note(probe->self, probe->match, text, (uint32_t)strlen(text));
}

/* ---- the mode ---- */

static muster_status mode_create(void *instance, const struct muster_match_info *info, void **out) {
    struct probe *probe = instance;
    probe->match = info->match;
    *out = instance;
    return MUSTER_OK;
}

static void mode_destroy(void *instance, void *state) {
    if (state) say(instance, "destroy ");
}

static muster_status mode_join(void *instance, void *state, uint32_t seat) {
    (void)state;
    say(instance, "mode%u ", seat);
    return MUSTER_OK;
}

static void mode_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)state;
    (void)reason;
    say(instance, "mode-%u ", seat);
}

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)instance;
    (void)state;
    (void)seat;
    (void)input;
}

/* As a plugin of 1.0 has facts: without the other seats. */
static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct probe *probe = state;
    const struct muster_fact fact = {
        .size = offsetof(struct muster_fact, other_seat), .seat = 1, .kind = "kill", .value = 2};
    (void)tick;
    assert_int_equal(
        probe->host->match->tell(((struct probe *)instance)->self, probe->match, &fact), MUSTER_OK);
}

static void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    (void)instance;
    (void)state;
    (void)view;
    (void)full;
    (void)out;
}

static const struct muster_mode mode = {.size = sizeof(mode),
                                        .create = mode_create,
                                        .destroy = mode_destroy,
                                        .join = mode_join,
                                        .leave = mode_leave,
                                        .input = mode_input,
                                        .tick = mode_tick,
                                        .snapshot = mode_snapshot};

/* ---- the rules ---- */

static muster_status rules_create(void *instance, muster_lobby_id lobby, void **state) {
    say(instance, "rules%u ", (unsigned)lobby);
    *state = instance;
    return MUSTER_OK;
}

static void rules_destroy(void *instance, void *state) {
    (void)state;
    say(instance, "gone ");
}

static void adjust(void *instance, void *state, muster_match_id match,
                   const struct muster_param *param, int64_t *value) {
    (void)instance;
    (void)state;
    (void)match;
    (void)param;
    *value *= 2;
}

static muster_status match_begin(void *instance, void *state,
                                 const struct muster_match_info *info) {
    struct probe *probe = state;
    (void)instance;
    probe->match = info->match;
    say(probe, info->is_replay ? "replay " : "begin ");
    assert_int_equal(note(probe, "at begin"), MUSTER_OK);
    assert_int_equal(probe->host->match->version_set(probe->self, info->match, "mod:x", "1.2.0"),
                     MUSTER_OK);
    return probe->at_begin;
}

static void match_end(void *instance, void *state) {
    (void)state;
    say(instance, "end ");
}

static void match_join(void *instance, void *state, uint32_t seat) {
    (void)state;
    say(instance, "join%u ", seat);
}

static void match_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)state;
    say(instance, "leave%u:%u ", seat, reason);
}

static void match_connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    (void)state;
    say(instance, "connection%u:%u ", seat, connected);
}

static void match_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct probe *probe = state;
    const struct muster_fact fact = {.size = sizeof(fact), .kind = "kill"};
    const struct muster_param param = {.size = sizeof(param), .name = "damage"};
    (void)instance;
    say(probe, "tick%u ", tick->tick);
    assert_int_equal(note(probe, "in a step"), MUSTER_OK);
    assert_int_equal(probe->host->match->tell(probe->self, probe->match, &fact), MUSTER_STATE);
    assert_int_equal(probe->host->match->adjust(probe->self, probe->match, &param, 5), 5);
}

static void match_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)state;
    say(instance, "%s%u>%u ", fact->kind, fact->seat, fact->other_seat);
}

static void match_note(void *instance, void *state, const void *data, uint32_t len) {
    (void)state;
    say(instance, "(%.*s) ", (int)len, (const char *)data);
}

static const struct muster_rules rules = {.size = sizeof(rules),
                                          .create = rules_create,
                                          .destroy = rules_destroy,
                                          .adjust = adjust,
                                          .match_begin = match_begin,
                                          .match_end = match_end,
                                          .match_join = match_join,
                                          .match_leave = match_leave,
                                          .match_connection = match_connection,
                                          .match_tick = match_tick,
                                          .match_fact = match_fact,
                                          .match_note = match_note};

/* ---- the plugin ---- */

static muster_status probe_init(muster_self *self, const struct muster_host *host, void **out) {
    struct probe *probe = calloc(1, sizeof(*probe));
    if (!probe) return MUSTER_NO_MEMORY;
    probe->self = self;
    probe->host = host;
    *out = probe;
    return MUSTER_OK;
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &mode},
                                           {.kind = MUSTER_ROLE_RULES, .vtable = &rules}};
static const struct muster_plugin descriptor = {.magic = MUSTER_PLUGIN_MAGIC,
                                                .abi_major = MUSTER_ABI_MAJOR,
                                                .abi_minor = MUSTER_ABI_MINOR,
                                                .size = sizeof(descriptor),
                                                .name = "mode_probe",
                                                .version = "1.0.0",
                                                .description = "for this test",
                                                .roles = roles,
                                                .role_count = 2,
                                                .init = probe_init,
                                                .fini = free};

struct bench {
    struct testkit *kit;
    muster_self *plugin;
    struct probe *probe;
};

static struct bench open_bench(void) {
    struct bench bench = {.kit = testkit_create()};
    bench.plugin = testkit_add(bench.kit, &descriptor);
    assert_non_null(bench.plugin);
    assert_int_equal(testkit_start(bench.plugin), MUSTER_OK);
    bench.probe = testkit_instance(bench.plugin);
    return bench;
}

static muster_match_id match_of(struct bench *bench, bool is_replay) {
    void *state = NULL;
    assert_int_equal(testkit_rules_attach(bench->kit, bench->plugin, 9, &state), MUSTER_OK);
    assert_ptr_equal(state, bench->probe);
    const struct testkit_match_options options = {.game_mode = "x", .is_replay = is_replay};
    return testkit_match_create(bench->kit, bench->plugin, &options);
}

#define assert_calls(bench, expected)                                                              \
    do {                                                                                           \
        assert_string_equal((bench).probe->calls, expected);                                       \
        (bench).probe->calls[0] = '\0';                                                            \
    } while (0)

static void test_rules_are_told(void **state) {
    (void)state;
    struct bench b = open_bench();
    const struct muster_param param = {.size = sizeof(param), .name = "damage"};
    muster_match_id match = match_of(&b, false);
    assert_calls(b, "rules9 begin (at begin) ");
    assert_int_equal(testkit_match_join(b.kit, match, 1, 1, "ann"), MUSTER_OK);
    testkit_match_connection(b.kit, match, 1, false);
    testkit_match_connection(b.kit, match, 1, false); /* nothing new */
    testkit_match_tick(b.kit, match);
    assert_calls(b, "mode1 join1 connection1:0 kill1>255 tick0 ");
    testkit_match_connection(b.kit, match, 1, true);
    const struct muster_command command = {.size = sizeof(command), .seat = 1, .name = "fly"};
    assert_int_equal(b.probe->host->match->command(b.plugin, match, &command), MUSTER_OK);
    assert_calls(b, "connection1:1 ");
    testkit_match_tick(b.kit, match); /* this mode takes no commands */
    testkit_match_tick(b.kit, match);
    assert_calls(b, MUSTER_FACT_REFUSED "1>255 kill1>255 tick1 kill1>255 tick2 ");
    assert_int_equal(testkit_match_fact_sum(b.kit, match, "kill"), 6);
    testkit_match_leave(b.kit, match, 1, MUSTER_LEAVE_KICK);
    assert_calls(b, "mode-1 leave1:3 ");
    testkit_match_steer(b.kit, match, true);
    assert_int_equal(b.probe->host->match->adjust(b.plugin, match, &param, 5), 10);
    testkit_match_steer(b.kit, match, false);
    testkit_match_destroy(b.kit, match);
    assert_calls(b, "end destroy ");
    assert_int_equal(testkit_faults(b.kit), 6); /* what the rule told and asked in its tick */
    testkit_destroy(b.kit);
}

static void test_notes(void **state) {
    (void)state;
    struct bench b = open_bench();
    uint32_t count = 0;
    muster_match_id match = match_of(&b, false);
    testkit_match_tick(b.kit, match);
    assert_int_equal(note(b.probe, "outside"), MUSTER_OK);
    assert_int_equal(b.probe->host->match->note(b.plugin, match, "", 0), MUSTER_INVALID);
    assert_calls(b, "rules9 begin (at begin) kill1>255 tick0 (outside) ");
    const struct testkit_note *notes = testkit_match_notes(b.kit, match, &count);
    assert_int_equal(count, 3);
    assert_false(notes[0].is_early || notes[2].is_early);
    assert_true(notes[1].is_early);
    assert_memory_equal(notes[1].data, "in a step", notes[1].len);
    assert_ptr_equal(notes[2].plugin, b.plugin);
    assert_non_null(testkit_act_find(b.kit, "mod:x 1.2.0"));
    assert_int_equal(testkit_stop(b.plugin), 0);
    assert_calls(b, "end gone destroy ");
    testkit_destroy(b.kit);
}

static void test_replay_brings_the_notes(void **state) {
    (void)state;
    struct bench b = open_bench();
    uint32_t count = 0;
    muster_match_id match = match_of(&b, true);
    assert_int_equal(note(b.probe, "outside"), MUSTER_OK);
    assert_calls(b, "rules9 replay ");
    assert_int_equal(testkit_match_note(b.kit, match, b.plugin, "early", 5), MUSTER_OK);
    assert_calls(b, "(early) ");
    (void)testkit_match_notes(b.kit, match, &count);
    assert_int_equal(count, 0);
    testkit_destroy(b.kit);
}

static void test_rules_refuse(void **state) {
    (void)state;
    struct bench b = open_bench();
    b.probe->at_begin = MUSTER_UNAVAILABLE;
    assert_int_equal(match_of(&b, false), 0);
    assert_calls(b, "rules9 begin destroy ");
    testkit_destroy(b.kit);
}

/* Rules that go leave the others where they are: in the match that runs, and in the next. */
static void test_rules_that_go_take_no_others_along(void **state) {
    (void)state;
    struct bench b = open_bench();
    muster_self *guests[3];
    for (int i = 0; i < 3; i++) {
        guests[i] = testkit_add(b.kit, &descriptor);
        assert_int_equal(testkit_start(guests[i]), MUSTER_OK);
        assert_int_equal(testkit_rules_attach(b.kit, guests[i], 9, NULL), MUSTER_OK);
    }
    struct probe *first = testkit_instance(guests[0]), *last = testkit_instance(guests[2]);
    const struct testkit_match_options options = {.game_mode = "x"};
    muster_match_id match = testkit_match_create(b.kit, NULL, &options);
    struct probe *middle = testkit_instance(guests[1]);
    middle->calls[0] = first->calls[0] = last->calls[0] = '\0';
    assert_int_equal(testkit_stop(guests[1]), 0);
    assert_string_equal(middle->calls, "end gone ");
    assert_int_equal(testkit_match_join(b.kit, match, 1, 1, "ann"), MUSTER_OK);
    testkit_match_destroy(b.kit, match);
    match = testkit_match_create(b.kit, NULL, &options);
    assert_int_equal(testkit_match_join(b.kit, match, 2, 1, "ann"), MUSTER_OK);
    assert_string_equal(middle->calls, "end gone ");
    assert_string_equal(first->calls, "join1 end begin (at begin) join2 ");
    assert_string_equal(last->calls, "join1 end begin (at begin) join2 ");
    testkit_destroy(b.kit);
}

static void test_modes_on_a_base(void **state) {
    (void)state;
    struct bench b = open_bench();
    static const char *const maps[] = {"one"};
    const struct muster_host_match *host = b.probe->host->match;
    struct muster_mode_info info = {.size = sizeof(info),
                                    .game_mode = "koth",
                                    .title = "Koth",
                                    .base = "base",
                                    .defaults_json = "{\"limit\":9,\"nobodys\":[]}"};
    struct muster_mode_info base = {.size = sizeof(base),
                                    .players_max = 4,
                                    .game_mode = "base",
                                    .title = "Base",
                                    .settings_json = "[{\"key\":\"limit\",\"type\":\"int\","
                                                     "\"default\":5,\"max\":9}]",
                                    .maps = maps,
                                    .map_count = 1,
                                    .tick_rate_hz = 20,
                                    .view_count = MUSTER_VIEWS_MAX,
                                    .snapshot_max_bytes = 64};
    assert_int_equal(host->mode_add(b.plugin, &info), MUSTER_NOT_FOUND);
    assert_int_equal(host->mode_add(b.plugin, &base), MUSTER_OK);
    info.defaults_json = "{\"limit\":10}";
    assert_int_equal(host->mode_add(b.plugin, &info), MUSTER_INVALID);
    info.defaults_json = "{\"limit\":9,\"nobodys\":[]}";
    assert_int_equal(host->mode_add(b.plugin, &info), MUSTER_OK);
    info.base = "koth";
    info.game_mode = "more";
    assert_int_equal(host->mode_add(b.plugin, &info), MUSTER_INVALID);
    testkit_destroy(b.kit);
}

static void test_engine_and_watch(void **state) {
    (void)state;
    struct bench b = open_bench();
    muster_player_id player;
    assert_int_equal(b.probe->host->engine->player_add(b.plugin, "ann", &player),
                     MUSTER_UNSUPPORTED);
    assert_false(b.probe->host->config->watch(b.plugin));
    testkit_watch_set(b.kit, true);
    assert_true(b.probe->host->config->watch(b.plugin));
    testkit_destroy(b.kit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_are_told),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_replay_brings_the_notes),
        cmocka_unit_test(test_rules_refuse),
        cmocka_unit_test(test_rules_that_go_take_no_others_along),
        cmocka_unit_test(test_modes_on_a_base),
        cmocka_unit_test(test_engine_and_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
