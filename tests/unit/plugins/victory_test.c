/* The four victory plugins: when each decides, ties, and what save keeps. */
#include "test.h"

#include <muster_testkit.h>
#include <stdio.h>

struct judge {
    struct testkit *kit;
    muster_self *plugin;
    const struct muster_victory *role;
    void *state;
    struct muster_match_facts facts;
    int32_t score[3];
    uint32_t seated[3], humans[3], alive[3], owed[3];
    struct muster_match_end end;
};

static void judge_load(struct judge *j, const char *name) {
    char path[512];
    *j = (struct judge){.kit = testkit_create(),
                        .facts = {.size = sizeof(j->facts), .seats_max = 8, .team_count = 2}};
    j->facts.team_score = j->score;
    j->facts.team_seated = j->seated;
    j->facts.team_humans = j->humans;
    j->facts.team_alive = j->alive;
    j->facts.team_owed = j->owed;
    snprintf(path, sizeof(path), "%s/%s.so", PLUGIN_DIR, name);
    j->plugin = testkit_load(j->kit, path);
    if (!j->plugin) fail_msg("%s", testkit_error(j->kit));
    assert_int_equal(testkit_start(j->plugin), MUSTER_OK);
    j->role = testkit_role(j->plugin, MUSTER_ROLE_VICTORY);
}

static void judge_begin(struct judge *j) {
    struct testkit_match_options options = {.game_mode = "any"};
    struct muster_match_info info = {.size = sizeof(info), .seats_max = 8, .tick_rate_hz = 20};
    info.match = testkit_match_create(j->kit, NULL, &options);
    assert_int_equal(j->role->create(testkit_instance(j->plugin), &info, &j->state), MUSTER_OK);
}

/* As after a crash: a fresh state that loads what was saved. */
static void judge_reload(struct judge *j) {
    uint8_t bytes[64];
    struct muster_writer w = muster_writer_make(bytes, sizeof(bytes));
    void *instance = testkit_instance(j->plugin);
    j->role->save(instance, j->state, &w);
    j->role->destroy(instance, j->state);
    judge_begin(j);
    struct muster_reader r = muster_reader_make(bytes, w.len);
    assert_int_equal(j->role->load(instance, j->state, &r), MUSTER_OK);
    struct muster_reader cut = muster_reader_make(bytes, w.len - 1);
    assert_int_equal(j->role->load(instance, j->state, &cut), MUSTER_INVALID);
    r = muster_reader_make(bytes, w.len);
    assert_int_equal(j->role->load(instance, j->state, &r), MUSTER_OK);
}

static void judge_end(struct judge *j) {
    j->role->destroy(testkit_instance(j->plugin), j->state);
    assert_int_equal(testkit_faults(j->kit), 0);
    assert_int_equal(testkit_stop(j->plugin), 0);
    testkit_destroy(j->kit);
}

static muster_verdict judge_ask(struct judge *j) {
    j->end = (struct muster_match_end){.size = sizeof(j->end)};
    return j->role->evaluate(testkit_instance(j->plugin), j->state, &j->facts, &j->end);
}

static void undecided(struct judge *j) {
    assert_int_equal(judge_ask(j), MUSTER_UNDECIDED);
}

static void decided(struct judge *j, uint32_t team, const char *reason) {
    assert_int_equal(judge_ask(j), MUSTER_DECIDED);
    assert_int_equal(j->end.winner_kind, team ? MUSTER_WINNER_TEAM : MUSTER_WINNER_NOBODY);
    assert_int_equal(j->end.winner, team);
    assert_string_equal(j->end.reason, reason);
}

static void score(struct judge *j, int32_t red, int32_t blue) {
    j->score[MUSTER_TEAM_RED] = red;
    j->score[MUSTER_TEAM_BLUE] = blue;
}

static void test_first_to_kills(void **state) {
    struct judge j;
    (void)state;
    judge_load(&j, "victory_first_to_kills");
    judge_begin(&j); /* 50 by default */
    undecided(&j);
    score(&j, 49, 49);
    undecided(&j);
    score(&j, 50, 49);
    decided(&j, MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT);
    score(&j, 12, 50);
    decided(&j, MUSTER_TEAM_BLUE, MUSTER_END_SCORE_LIMIT);
    score(&j, 50, 50);
    decided(&j, MUSTER_TEAM_NONE, MUSTER_END_SCORE_LIMIT);
    score(&j, 50, 51);
    decided(&j, MUSTER_TEAM_BLUE, MUSTER_END_SCORE_LIMIT);
    judge_end(&j);
}

static void test_kill_limit_setting(void **state) {
    struct judge j;
    (void)state;
    judge_load(&j, "victory_first_to_kills");
    assert_false(testkit_setting_set(j.kit, "killLimit", "1001"));
    assert_false(testkit_setting_set(j.kit, "killLimit", "-1"));
    assert_true(testkit_setting_set(j.kit, "killLimit", "3"));
    judge_begin(&j);
    assert_true(testkit_setting_set(j.kit, "killLimit", "0")); /* frozen for this match */
    judge_reload(&j);
    score(&j, 3, 0);
    decided(&j, MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT);
    j.role->destroy(testkit_instance(j.plugin), j.state);
    judge_begin(&j); /* 0: off */
    score(&j, 5000, 0);
    undecided(&j);
    judge_end(&j);
}

static void test_time_limit(void **state) {
    struct judge j;
    (void)state;
    judge_load(&j, "victory_time_limit");
    assert_true(testkit_setting_set(j.kit, "timeLimit", "60"));
    assert_false(testkit_setting_set(j.kit, "timeLimit", "7201"));
    judge_begin(&j);
    score(&j, 3, 2);
    j.facts.elapsed_ms = 59999;
    undecided(&j);
    judge_reload(&j);
    j.facts.elapsed_ms = 60000;
    decided(&j, MUSTER_TEAM_RED, MUSTER_END_TIME_LIMIT);
    score(&j, 2, 2);
    decided(&j, MUSTER_TEAM_NONE, MUSTER_END_TIME_LIMIT);
    score(&j, -1, 0);
    decided(&j, MUSTER_TEAM_BLUE, MUSTER_END_TIME_LIMIT);
    j.role->destroy(testkit_instance(j.plugin), j.state);
    assert_true(testkit_setting_set(j.kit, "timeLimit", "0"));
    judge_begin(&j);
    j.facts.elapsed_ms = 4000000000u;
    undecided(&j);
    judge_end(&j);
}

/* A limit that is changed while the match runs, for this match's victory alone. */
static void test_limits_change_in_a_match(void **state) {
    static const struct {
        const char *plugin, *key;
        const char *reason;
    } limits[] = {
        {"victory_first_to_kills", "killLimit", MUSTER_END_SCORE_LIMIT},
        {"victory_time_limit", "timeLimit", MUSTER_END_TIME_LIMIT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct judge j;
        judge_load(&j, limits[i].plugin);
        judge_begin(&j);
        score(&j, 2, 4);
        j.facts.elapsed_ms = 4000;
        undecided(&j);
        assert_true(testkit_setting_set(j.kit, limits[i].key, "4"));
        undecided(&j); /* not told yet */
        j.role->setting(testkit_instance(j.plugin), j.state, "other");
        undecided(&j);
        j.role->setting(testkit_instance(j.plugin), j.state, limits[i].key);
        decided(&j, MUSTER_TEAM_BLUE, limits[i].reason);
        assert_true(testkit_setting_set(j.kit, limits[i].key, "0"));
        j.role->setting(testkit_instance(j.plugin), j.state, limits[i].key);
        undecided(&j);
        judge_end(&j);
    }
}

static void live(struct judge *j, uint32_t red, uint32_t blue) {
    j->alive[MUSTER_TEAM_RED] = red;
    j->alive[MUSTER_TEAM_BLUE] = blue;
}

static void test_elimination(void **state) {
    struct judge j;
    (void)state;
    judge_load(&j, "victory_elimination");
    judge_begin(&j); /* off by default */
    live(&j, 1, 1);
    undecided(&j);
    live(&j, 0, 1);
    undecided(&j);
    j.role->destroy(testkit_instance(j.plugin), j.state);
    assert_true(testkit_setting_set(j.kit, "elimination", "true"));
    judge_begin(&j);
    live(&j, 2, 0); /* blue has not come yet */
    undecided(&j);
    live(&j, 2, 2);
    undecided(&j);
    judge_reload(&j);
    live(&j, 1, 0);
    decided(&j, MUSTER_TEAM_RED, MUSTER_END_ELIMINATION);
    live(&j, 0, 1);
    decided(&j, MUSTER_TEAM_BLUE, MUSTER_END_ELIMINATION);
    live(&j, 0, 0);
    decided(&j, MUSTER_TEAM_NONE, MUSTER_END_ELIMINATION);
    judge_end(&j);
}

static void sit(struct judge *j, uint32_t red, uint32_t blue) {
    j->seated[MUSTER_TEAM_RED] = red;
    j->seated[MUSTER_TEAM_BLUE] = blue;
}

/* An opponent that is gone before anybody was seen alive has lost. */
static void test_elimination_of_who_left(void **state) {
    struct judge j;
    (void)state;
    judge_load(&j, "victory_elimination");
    assert_true(testkit_setting_set(j.kit, "elimination", "true"));
    judge_begin(&j);
    sit(&j, 1, 1);
    j.facts.sides_met = 1;
    undecided(&j); /* nobody has spawned */
    live(&j, 1, 0);
    undecided(&j); /* nor has blue */
    sit(&j, 1, 0);
    decided(&j, MUSTER_TEAM_RED, MUSTER_END_ELIMINATION);
    judge_end(&j);
}

static void test_forfeit(void **state) {
    struct judge j;
    (void)state;
    judge_load(&j, "victory_forfeit");
    judge_begin(&j);
    sit(&j, 1, 0);
    live(&j, 1, 0);
    undecided(&j); /* blue has not come yet */
    sit(&j, 1, 1);
    j.facts.sides_met = 1;
    undecided(&j);
    live(&j, 1, 0); /* the dead still sit */
    undecided(&j);
    sit(&j, 3, 0);
    decided(&j, MUSTER_TEAM_RED, MUSTER_END_FORFEIT);
    sit(&j, 0, 1);
    decided(&j, MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT);
    sit(&j, 0, 0);
    decided(&j, MUSTER_TEAM_NONE, MUSTER_END_FORFEIT);
    sit(&j, 1, 1);
    undecided(&j);
    judge_reload(&j);
    undecided(&j);
    judge_end(&j);
}

/* Who lost the seat by a fault of the server's has given nothing up. */
static void test_nobody_wins_over_who_is_owed_the_seat(void **state) {
    static const char *const plugins[] = {"victory_forfeit", "victory_elimination"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *word = i ? MUSTER_END_ELIMINATION : MUSTER_END_FORFEIT;
        struct judge j;
        judge_load(&j, plugins[i]);
        if (i) assert_true(testkit_setting_set(j.kit, "elimination", "true"));
        judge_begin(&j);
        j.facts.sides_met = 1;
        sit(&j, 1, 1);
        live(&j, 1, 1);
        j.owed[MUSTER_TEAM_BLUE] = 1; /* one of two */
        undecided(&j);
        sit(&j, 1, 0);
        live(&j, 1, 0);
        decided(&j, MUSTER_TEAM_NONE, MUSTER_END_ABORTED);
        j.owed[MUSTER_TEAM_BLUE] = 0;
        j.owed[MUSTER_TEAM_RED] = 1; /* the others have left by themselves */
        decided(&j, MUSTER_TEAM_RED, word);
        sit(&j, 1, 1);
        j.owed[MUSTER_TEAM_BLUE] = 1;
        if (i) decided(&j, MUSTER_TEAM_RED, word); /* they have been beaten */
        j.facts.team_count = 0;
        j.owed[MUSTER_TEAM_NONE] = 1;
        decided(&j, MUSTER_TEAM_NONE, MUSTER_END_ABORTED);
        judge_end(&j);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_to_kills),
        cmocka_unit_test(test_kill_limit_setting),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_limits_change_in_a_match),
        cmocka_unit_test(test_elimination),
        cmocka_unit_test(test_elimination_of_who_left),
        cmocka_unit_test(test_forfeit),
        cmocka_unit_test(test_nobody_wins_over_who_is_owed_the_seat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
