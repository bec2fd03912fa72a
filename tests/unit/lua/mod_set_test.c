/* Sets of mods: which of those in the folders are taken, in what order, and what goes together in
 * a lobby. */
#include "mod_rig.h"

static char told[1 << 16];

MUSTER_PRINTF(3, 0)
static void on_log(void *user, uint32_t level, const char *format, va_list args) {
    size_t used = strlen(told);
    (void)user, (void)level;
    int len = vsnprintf(told + used, sizeof told - used, format, args);
    assert_true(len > 0 && used + (size_t)len + 2 < sizeof told);
    strcat(told, "\n");
}

/* Of the folders "a" and "b". */
static struct mods *load(void) {
    const char *dirs[] = {rig_path("a"), rig_path("none"), rig_path("b")};
    struct mods *mods;
    told[0] = '\0';
    assert_int_equal(mods_load(dirs, 3, NULL, on_log, NULL, &mods), MUSTER_OK);
    return mods;
}

static void expect_order(const struct mods *mods, const char *ids) {
    char text[512] = "";
    for (uint32_t i = 0; i < mods_count(mods); i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                 mods_at(mods, i)->id);
    assert_string_equal(text, ids);
    assert_null(mods_at(mods, mods_count(mods)));
}

static void expect_told(const char *text) {
    if (!strstr(told, text)) fail_msg("\"%s\" is not in:\n%s", text, told);
}

/* ---- loading */

static void test_those_that_are_needed_come_first(void **state) {
    (void)state;
    rig_rule("a", "alpha", "1.0.0", ",\"depends\":[\"zeta >= 1\", \"mid\"]");
    rig_rule("a", "mid", "1.0.0", ",\"depends\":[\"zeta\"]");
    rig_rule("a", "zeta", "1.4.0", "");
    rig_rule("a", "beta", "1.0.0", "");
    rig_rule("b", "first", "1.0.0", ",\"optional\":[\"beta\", \"none\", \"mid > 9\"]");
    struct mods *mods = load();
    expect_order(mods, "beta zeta first mid alpha");
    assert_string_equal(told, "");
    assert_string_equal(mods_find(mods, "mid")->id, "mid");
    assert_null(mods_find(mods, "none"));
    mods_destroy(mods);
}

static void test_optional_needs_in_a_circle_stop_nobody(void **state) {
    (void)state;
    rig_rule("a", "one", "1.0.0", ",\"optional\":[\"two\"]");
    rig_rule("a", "two", "1.0.0", ",\"optional\":[\"three\"]");
    rig_rule("a", "three", "1.0.0", ",\"depends\":[\"one\"],\"optional\":[\"three\"]");
    struct mods *mods = load();
    expect_order(mods, "two one three"); /* the last wish would close the circle */
    assert_string_equal(told, "");
    mods_destroy(mods);
}

static void test_a_wish_for_who_is_left_out_counts_for_nothing(void **state) {
    (void)state;
    rig_rule("a", "a_free", "1.0.0", ",\"optional\":[\"broken\"]");
    rig_rule("a", "b_free", "1.0.0", "");
    rig_rule("a", "broken", "1.0.0", ",\"depends\":[\"none\"]");
    struct mods *mods = load();
    expect_order(mods, "a_free b_free");
    mods_destroy(mods);
}

static void test_the_later_folder_wins(void **state) {
    (void)state;
    rig_rule("a", "same", "2.0.0", "");
    rig_rule("b", "same", "1.0.0", "");
    struct mods *mods = load();
    expect_order(mods, "same");
    assert_string_equal(mods_at(mods, 0)->version, "1.0.0");
    expect_told("same: 1.0.0 of ");
    expect_told(" is taken instead of 2.0.0 of ");
    mods_destroy(mods);
}

static void test_one_bad_mod_stops_no_other(void **state) {
    (void)state;
    rig_rule("a", "good", "1.0.0", "");
    rig_rule("a", "bad", "1", "");
    rig_write(rig_path("a/README.md"), "");
    rig_write(rig_path("a/.hidden/mod.json"), "");
    assert_int_equal(symlink("good", rig_path("a/link")), 0);
    assert_int_equal(mkfifo(rig_path("a/pipe"), 0600), 0);
    struct mods *mods = load();
    expect_order(mods, "good");
    expect_told("a/bad is left out: mod.json: version: expected a version like 1.2.0");
    expect_told("a/link is left out: expected a folder, found a link, which is not followed");
    expect_told("a/pipe is left out: expected a folder, found something else");
    assert_null(strstr(told, "README"));
    assert_null(strstr(told, "hidden"));
    mods_destroy(mods);
}

static void test_a_missing_need_names_the_chain(void **state) {
    (void)state;
    rig_rule("a", "top", "1.0.0", ",\"depends\":[\"middle\"]");
    rig_rule("a", "middle", "1.0.0", ",\"depends\":[\"gone >= 2\"]");
    rig_rule("a", "old", "1.0.0", ",\"depends\":[\"fine > 1.5\"]");
    rig_rule("a", "fine", "1.5.0", "");
    struct mods *mods = load();
    expect_order(mods, "fine");
    expect_told("middle is left out: it needs gone >= 2, which is not there\n");
    expect_told("top is left out: it needs middle, which needs gone >= 2, which is not there\n");
    expect_told("old is left out: it needs fine > 1.5, which is there as 1.5.0\n");
    mods_destroy(mods);
}

static void test_a_circle_of_needs_is_named(void **state) {
    (void)state;
    rig_rule("a", "one", "1.0.0", ",\"depends\":[\"two\"]");
    rig_rule("a", "two", "1.0.0", ",\"depends\":[\"three\"]");
    rig_rule("a", "three", "1.0.0", ",\"depends\":[\"one\"]");
    rig_rule("a", "self", "1.0.0", ",\"depends\":[\"self\"]");
    rig_rule("a", "user", "1.0.0", ",\"depends\":[\"three\"]");
    rig_rule("a", "free", "1.0.0", ",\"optional\":[\"one\"]");
    struct mods *mods = load();
    expect_order(mods, "free");
    expect_told("one is left out: it needs itself: one -> two -> three -> one\n");
    expect_told("two is left out: it needs itself: two -> three -> one -> two\n");
    expect_told("self is left out: it needs itself: self -> self\n");
    expect_told("user is left out: it needs three, which needs itself: three -> one -> two -> ");
    mods_destroy(mods);
}

static void test_a_long_circle_is_cut(void **state) {
    (void)state;
    enum { LENGTH = 40 };
    for (int i = 0; i < LENGTH; i++) {
        char id[32], more[64];
        snprintf(id, sizeof id, "rule_with_a_long_name_%02d", i);
        snprintf(more, sizeof more, ",\"depends\":[\"rule_with_a_long_name_%02d\"]",
                 (i + 1) % LENGTH);
        rig_rule("a", id, "1.0.0", more);
    }
    struct mods *mods = load();
    expect_order(mods, "");
    expect_told("rule_with_a_long_name_00 is left out: it needs itself: rule_with_a_long_name_00 "
                "-> rule_with_a_long_name_01 -> ");
    mods_destroy(mods);
}

/* ---- replacing */

static struct mod *read_mod(const char *folder, const char *id) {
    struct mod *mod;
    struct mod_error error;
    muster_status status = mod_read(rig_path("%s/%s", folder, id), &mod, &error);
    if (status) fail_msg("%s", error.text);
    return mod;
}

static void test_a_new_version_takes_the_place(void **state) {
    (void)state;
    struct mod_error error;
    rig_rule("a", "base", "1.0.0", "");
    rig_rule("a", "user", "1.0.0", ",\"depends\":[\"base < 2\"]");
    struct mods *mods = load();
    struct mod *old = mod_pin(mods_find(mods, "base"));
    rig_rule("a", "base", "1.1.0", ",\"optional\":[\"added\"]");
    struct mod *mod = read_mod("a", "base");
    assert_int_equal(mods_replace(mods, mod, &error), MUSTER_OK);
    assert_ptr_equal(mods_find(mods, "base"), mod);
    assert_string_equal(old->version, "1.0.0"); /* who pinned it keeps it */
    mod_unpin(mod);
    mod_unpin(old);
    rig_rule("a", "added", "1.0.0", "");
    mod = read_mod("a", "added");
    assert_int_equal(mods_replace(mods, mod, &error), MUSTER_OK);
    expect_order(mods, "added base user");
    mod_unpin(mod);
    mods_destroy(mods);
}

static void test_a_new_version_that_does_not_fit_is_refused(void **state) {
    (void)state;
    struct mod_error error;
    rig_rule("a", "base", "1.0.0", "");
    rig_rule("a", "a_user", "1.0.0", ",\"depends\":[\"base < 2\"]");
    struct mods *mods = load();
    rig_rule("a", "base", "2.0.0", "");
    struct mod *mod = read_mod("a", "base");
    assert_int_equal(mods_replace(mods, mod, &error), MUSTER_INVALID);
    assert_string_equal(error.text, "a_user needs base < 2, which is there as 2.0.0");
    expect_order(mods, "base a_user"); /* as before */
    mod_unpin(mod);
    rig_rule("a", "other", "1.0.0", ",\"depends\":[\"none\"]");
    mod = read_mod("a", "other");
    assert_int_equal(mods_replace(mods, mod, &error), MUSTER_INVALID);
    assert_string_equal(error.text, "other needs none, which is not there");
    mod_unpin(mod);
    expect_order(mods, "base a_user");
    assert_string_equal(mods_find(mods, "base")->version, "1.0.0");
    mods_destroy(mods);
}

static void test_a_check_leaves_the_set_as_it_is(void **state) {
    (void)state;
    struct mod_error error;
    rig_rule("a", "base", "1.0.0", "");
    rig_rule("a", "user", "1.0.0", "");
    struct mods *mods = load();
    rig_rule("b", "base", "1.1.0", ",\"depends\":[\"user\"]");
    rig_rule("b", "added", "1.0.0", ",\"depends\":[\"user\"]");
    static const char *const ids[] = {"base", "added"};
    for (int i = 0; i < 2; i++) {
        struct mod *mod = read_mod("b", ids[i]);
        assert_int_equal(mods_check(mods, mod, &error), MUSTER_OK);
        expect_order(mods, "base user");
        assert_string_equal(mods_find(mods, "base")->version, "1.0.0");
        assert_int_equal(mod->pins, 1);
        mod_unpin(mod);
    }
    mods_destroy(mods);
}

static void test_a_set_has_so_many(void **state) {
    (void)state;
    struct mod_error error;
    char id[16];
    for (int i = 0; i <= MODS_MAX; i++) {
        snprintf(id, sizeof id, "r%03d", i);
        rig_rule("a", id, "1.0.0", "");
    }
    struct mods *mods = load();
    assert_int_equal(mods_count(mods), MODS_MAX);
    expect_told("a/r256 is left out: more than 256 mods");
    assert_null(strstr(told, "a/r255"));
    struct mod *mod = read_mod("a", "r256");
    assert_int_equal(mods_replace(mods, mod, &error), MUSTER_LIMIT);
    mod_unpin(mod);
    mod = read_mod("a", "r255");
    assert_int_equal(mods_replace(mods, mod, &error), MUSTER_OK);
    mod_unpin(mod);
    assert_int_equal(mods_count(mods), MODS_MAX);
    mods_destroy(mods);
}

/* ---- one lobby */

static muster_status choose(const struct mods *mods, const char *a, const char *b, uint32_t cap,
                            char *ids, struct mod_error *error) {
    const char *const names[] = {a, b};
    struct mod *out[8];
    uint32_t count;
    muster_status status = mods_choose(mods, names, b ? 2 : 1, out, cap, &count, error);
    *ids = '\0';
    for (uint32_t i = 0; !status && i < count; i++)
        sprintf(ids + strlen(ids), "%s%s", i ? " " : "", out[i]->id);
    return status;
}

static void test_a_lobby_gets_what_its_mods_need(void **state) {
    (void)state;
    char ids[256];
    struct mod_error error;
    rig_rule("a", "top", "1.0.0", ",\"depends\":[\"under\"]");
    rig_rule("a", "under", "1.0.0", ",\"conflicts\":[\"other\", \"none\"]");
    rig_rule("a", "other", "1.0.0", "");
    rig_rule("a", "hill", "1.0.0", ",\"depends\":[\"koth\"]");
    rig_write(rig_path("a/koth/mod.json"),
              "{\"id\":\"koth\",\"name\":\"K\",\"version\":\"1.0.0\",\"api\":\"1\","
              "\"kind\":\"mode\",\"base\":\"arena\"}");
    rig_write(rig_path("a/koth/init.lua"), "return {}");
    struct mods *mods = load();
    assert_int_equal(choose(mods, "top", "under", 8, ids, &error), MUSTER_OK);
    assert_string_equal(ids, "under top");
    assert_int_equal(choose(mods, "hill", "koth", 8, ids, &error), MUSTER_OK);
    assert_string_equal(ids, "koth hill");
    assert_int_equal(choose(mods, "hill", NULL, 8, ids, &error), MUSTER_CONFLICT);
    assert_string_equal(error.text, "hill is for the mode koth only");
    assert_int_equal(choose(mods, "other", "top", 8, ids, &error), MUSTER_CONFLICT);
    assert_string_equal(error.text, "under and other do not go together");
    assert_int_equal(choose(mods, "topp", NULL, 8, ids, &error), MUSTER_NOT_FOUND);
    assert_string_equal(error.text, "there is no mod \"topp\"; did you mean \"top\"?");
    assert_int_equal(choose(mods, "top", NULL, 1, ids, &error), MUSTER_LIMIT);
    assert_int_equal(choose(mods, "top", NULL, 2, ids, &error), MUSTER_OK);
    mods_destroy(mods);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_those_that_are_needed_come_first),
        TEST(test_optional_needs_in_a_circle_stop_nobody),
        TEST(test_a_wish_for_who_is_left_out_counts_for_nothing),
        TEST(test_the_later_folder_wins),
        TEST(test_one_bad_mod_stops_no_other),
        TEST(test_a_missing_need_names_the_chain),
        TEST(test_a_circle_of_needs_is_named),
        TEST(test_a_long_circle_is_cut),
        TEST(test_a_new_version_takes_the_place),
        TEST(test_a_new_version_that_does_not_fit_is_refused),
        TEST(test_a_check_leaves_the_set_as_it_is),
        TEST(test_a_set_has_so_many),
        TEST(test_a_lobby_gets_what_its_mods_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
