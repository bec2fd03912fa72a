/* What mod.json says of a mode's game: who plays, in which teams, what is counted, who decides. */
#include "mod_rig.h"

/* A mode's mod.json with this behind the keys that are needed. */
static void write_mode(const char *more) {
    char text[8192];
    snprintf(
        text, sizeof text,
        "{\"id\":\"m\",\"kind\":\"mode\",\"api\":\"1\",\"name\":\"m\",\"version\":\"1.0.0\",%s}",
        more);
    rig_write(rig_path("m/mod.json"), text);
    rig_write(rig_path("m/init.lua"), "");
}

static void expect(const char *dir, muster_status status, const char *text) {
    struct mod *mod;
    struct mod_error error;
    assert_int_equal(mod_read(dir, &mod, &error), status);
    assert_null(mod);
    assert_string_equal(error.text, text);
}

static void test_a_game_that_cannot_be(void **state) {
    static const struct {
        const char *more, *error;
    } cases[] = {
        {"\"teams\":{}", "teams: expected a list of at most 16, found {}"},
        {"\"teams\":[5]", "teams[0]: expected a name of a-z, 0-9 and _ (at most 23, a letter "
                          "first), found 5"},
        {"\"teams\":[\"Red\"]", "teams[0]: expected a name of a-z, 0-9 and _ (at most 23, a letter "
                                "first), found \"Red\""},
        {"\"teams\":[\"abcdefghijklmnopqrstuvwx\"]",
         "teams[0]: expected a name of a-z, 0-9 and _ (at most 23, a letter first), found "
         "\"abcdefghijklmnopqrstuvwx\""},
        {"\"teams\":[\"red\",\"none\"]",
         "teams[1]: expected a team's name, not \"none\" or \"draw\", found \"none\""},
        {"\"teams\":[{\"name\":\"draw\"}]",
         "teams[0]: expected a team's name, not \"none\" or \"draw\", found \"draw\""},
        {"\"teams\":[\"red\",{\"name\":\"red\"}]",
         "teams[1]: expected each only once, found {\"name\":\"red\"}"},
        {"\"teams\":[{\"name\":\"red\",\"maxplayers\":1}]",
         "teams[0].maxplayers: unknown key; did you mean \"maxPlayers\"?"},
        {"\"teams\":[{\"name\":\"red\",\"maxPlayers\":0}]",
         "teams[0].maxPlayers: expected an integer, 1 to 128, found 0"},
        {"\"teams\":[{\"maxPlayers\":1}]",
         "teams[0]: expected a name of a-z, 0-9 and _ (at most 23, a letter first), found nothing"},
        {"\"peopleMax\":4,\"teams\":[{\"name\":\"a\",\"maxPlayers\":1},{\"name\":\"b\","
         "\"maxPlayers\":2}]",
         "teams: expected room for peopleMax (4) in all of them together, found 3"},
        {"\"maps\":[\"a\",\"a\"]", "maps[1]: expected each only once, found \"a\""},
        {"\"maps\":[\"-a\"]", "maps[0]: expected a name of letters, digits, _-. (at most 47, "
                              "a letter or digit first), found \"-a\""},
        {"\"maps\":[\"my map\"]",
         "maps[0]: expected a name of letters, digits, _-. (at most 47, a letter or digit "
         "first), found \"my map\""},
        {"\"maps\":[\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv\"]",
         "maps[0]: expected a name of letters, digits, _-. (at most 47, a letter or digit "
         "first), found \"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstu..."},
        {"\"base\":\"arena\",\"teams\":[]",
         "teams: only a mode without a base has it; \"defaults\" gives other defaults of lobby "
         "settings"},
        {"\"peopleMax\":4,\"maxPlayers\":5", "maxPlayers: expected at most peopleMax (4), found 5"},
        {"\"minPlayers\":0", "minPlayers: expected an integer, 1 to 128, found 0"},
        {"\"minPlayers\":129", "minPlayers: expected an integer, 1 to 128, found 129"},
        {"\"maxPlayers\":2,\"minPlayers\":3",
         "minPlayers: expected at most maxPlayers (2), found 3"},
        {"\"stats\":[\"wins\",\"wins\"]", "stats[1]: expected each only once, found \"wins\""},
        {"\"stats\":[\"score\"]",
         "stats[0]: expected a name that every mode has not already, found \"score\""},
        {"\"stats\":[\"Wins\"]",
         "stats[0]: expected a name of a-z, 0-9 and _ (at most 47, a letter "
         "first), found \"Wins\""},
        {"\"stats\":[1,2,3,4,5,6,7,8,9,10,11,12,13]",
         "stats: expected a list of at most 12, found [1,2,3,4,5,6,7,8,9,10,11,12,13]"},
        {"\"victories\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]",
         "victories: expected a list of at most 8, found "
         "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]"},
        {"\"victories\":[{}]",
         "victories[0]: expected a name of a-z, 0-9 and _ (at most 47, a letter "
         "first), found {}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        write_mode(cases[i].more);
        snprintf(text, sizeof text, "mod.json: %s", cases[i].error);
        expect(rig_path("m"), MUSTER_INVALID, text);
    }
}

/* Many more than there may be are refused before anything is kept of them. */
static void test_a_thousand_teams(void **state) {
    char text[8000] = "\"teams\":[\"t0\"";
    (void)state;
    for (int i = 1; i < 1000; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ",\"t%d\"", i);
    write_mode(strcat(text, "]"));
    expect(rig_path("m"), MUSTER_INVALID,
           "mod.json: teams: expected a list of at most 16, found "
           "[\"t0\",\"t1\",\"t2\",\"t3\",\"t4\",\"t5\",\"t6\",\"t7\",\"t8\",\"t...");
}

static struct mod *read_mode(const char *more) {
    struct mod_error error = {.text = ""};
    struct mod *mod = NULL;
    write_mode(more);
    assert_int_equal(mod_read(rig_path("m"), &mod, &error), MUSTER_OK);
    return mod;
}

static void test_a_game_as_it_says(void **state) {
    struct mod *mod = read_mode("\"teams\":[\"a\",{\"name\":\"b\",\"maxPlayers\":2}],\"peopleMax\":"
                                "6,\"minPlayers\":3,\"stats\":[\"gems\"],\"victories\":[]");
    (void)state;
    assert_int_equal(mod->team_count, 2);
    assert_string_equal(mod->teams[0].name, "a");
    assert_string_equal(mod->teams[1].name, "b");
    assert_int_equal(mod->teams[0].players_max, 0);
    assert_int_equal(mod->teams[1].players_max, 2);
    assert_int_equal(mod->people_max, 6);
    assert_int_equal(mod->players_max, 6);
    assert_int_equal(mod->players_min, 3);
    assert_string_equal(mod->stats[0], "gems");
    assert_non_null(mod->victories);
    assert_int_equal(mod->victory_count, 0);
    mod_unpin(mod);
    mod = read_mode("\"teams\":[],\"victories\":[\"victory_time_limit\"]");
    assert_int_equal(mod->team_count, 0);
    assert_string_equal(mod->victories[0], "victory_time_limit");
    mod_unpin(mod);
    mod = read_mode("\"maxPlayers\":100");
    assert_int_equal(mod->people_max, 100);
    mod_unpin(mod);
    mod = read_mode("\"maxPlayers\":8"); /* the usual game */
    assert_int_equal(mod->team_count, 2);
    assert_string_equal(mod->teams[1].name, "blue");
    assert_int_equal(mod->people_max, 16);
    assert_int_equal(mod->players_min, 0);
    assert_null(mod->victories);
    mod_unpin(mod);
    mod = read_mode(
        "\"base\":\"arena\",\"stats\":[\"flags\"],\"minPlayers\":4"); /* and as its base */
    assert_int_equal(mod->team_count, 0);
    assert_int_equal(mod->people_max, 0);
    assert_int_equal(mod->stat_count, 1);
    assert_int_equal(mod->players_min, 4);
    mod_unpin(mod);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_game_that_cannot_be),
        TEST(test_a_thousand_teams),
        TEST(test_a_game_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
