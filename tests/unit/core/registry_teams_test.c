/* What a mode says of who plays against whom, what is counted and who decides: what is held of it,
 * and what is refused with a sentence.
 */
#include "match_rig.h"
#include "registry_internal.h"

static const char *const maps[] = {"one"};
static char why[256];

static struct muster_mode_info solo(void) {
    return (struct muster_mode_info){.size = sizeof(struct muster_mode_info),
                                     .players_max = 4,
                                     .game_mode = "sides",
                                     .title = "Sides",
                                     .maps = maps,
                                     .map_count = 1,
                                     .tick_rate_hz = 20,
                                     .view_count = 1,
                                     .snapshot_max_bytes = 64};
}

/* Refused with this sentence; "": taken. */
static void declared(const struct muster_mode_info *info, const char *sentence) {
    why[0] = '\0';
    muster_status status = registry_mode_add(&game.self, info, why, sizeof why);
    if (strcmp(why, sentence) != 0) fail_msg("\"%s\" where \"%s\" was expected", why, sentence);
    assert_int_equal(status, sentence[0] ? MUSTER_INVALID : MUSTER_OK);
    if (!status) assert_int_equal(registry_mode_remove(&game.self, "sides"), MUSTER_OK);
}

static void teams_have_names_of_their_own(void **state) {
    (void)state;
    static const char no_word[] =
        "mode sides: a team's name is no word of 1 to 23 of a-z, 0-9 and _, or \"draw\"";
    static const char taken[] = "mode sides: a team's name is \"none\", or there twice";
    static const struct {
        const char *name, *sentence;
    } cases[] = {{"wolves_2", ""},
                 {"a23456789012345678901_3", ""},
                 {"red", taken},
                 {"none", taken},
                 {"a23456789012345678901__4", no_word},
                 {"draw", no_word},
                 {"", no_word},
                 {NULL, no_word},
                 {"Red", no_word},
                 {"2red", no_word},
                 {"_red", no_word},
                 {"red team", no_word}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct muster_team teams[] = {{"red", 0, 0}, {cases[i].name, 0, 0}};
        struct muster_mode_info info = solo();
        info.teams = teams;
        info.team_count = 2;
        declared(&info, cases[i].sentence);
    }
    static const struct muster_team many[MUSTER_TEAMS_MAX + 1] = {{"red", 0, 0}};
    struct muster_mode_info info = solo();
    info.team_count = 1;
    declared(&info, "mode sides: team_count is not 0 and teams is null");
    info.teams = many;
    declared(&info, "");
    info.team_count = MUSTER_TEAMS_MAX + 1;
    declared(&info, "mode sides: team_count is not 1 to 16");
    info.team_count = 0;
    declared(&info, "mode sides: team_count is not 1 to 16");
}

static void what_is_counted_has_a_name_of_its_own(void **state) {
    (void)state;
    static const char no_word[] =
        "mode sides: a statistic's name is no word of 1 to 47 of a-z, 0-9 and _";
    static const char taken[] =
        "mode sides: a statistic is kills, deaths, assists or score, or there twice";
    static const struct {
        const char *name, *sentence;
    } cases[] = {{"wood", ""},       {"gold", taken},  {"kills", taken}, {"deaths", taken},
                 {"assists", taken}, {"score", taken}, {"scores", ""},   {"Wood", no_word},
                 {"", no_word},      {NULL, no_word}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const stats[] = {"gold", cases[i].name};
        struct muster_mode_info info = solo();
        info.stats = stats;
        info.stat_count = 2;
        declared(&info, cases[i].sentence);
    }
    struct muster_mode_info info = solo();
    info.stat_count = 1;
    declared(&info, "mode sides: stat_count is not 0 and stats is null");
    info.stat_count = MUSTER_STATS_OWN_MAX + 1;
    declared(&info, "mode sides: stat_count is not 0 to 12");
}

static void who_decides_is_a_plugin(void **state) {
    (void)state;
    static const char *const names[] = {"victory_x", "victory x"};
    struct muster_mode_info info = solo();
    info.victories = names; /* none of them */
    declared(&info, "");
    info.victory_count = 1;
    declared(&info, "");
    info.victory_count = 2;
    declared(&info, "mode sides: a victory is no plugin's name");
    info.victories = NULL;
    declared(&info, "mode sides: victory_count is not 0 and victories is null");
}

static void as_many_play_as_may(void **state) {
    (void)state;
    static const struct {
        uint32_t players_min, players_max, people_max;
        const char *sentence;
    } cases[] = {
        {16, 16, 0, ""},
        {17, 16, 0, "mode sides: players_min is more than people_max"},
        {0, 17, 0, "mode sides: players_max is not 1 to people_max (16 when it is 0)"},
        {0, 17, 17, ""},
        {0, 128, 128, ""},
        {0, 4, 129, "mode sides: people_max is more than 128"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct muster_mode_info info = solo();
        info.players_min = cases[i].players_min;
        info.players_max = cases[i].players_max;
        info.people_max = cases[i].people_max;
        declared(&info, cases[i].sentence);
    }
}

/* The sentence names each thing once. */
static void what_is_wrong_with_settings_is_told(void **state) {
    (void)state;
    struct muster_mode_info info = solo();
    info.settings_json = "{}";
    declared(&info, "mode sides: settings schema, schema: must be a JSON array");
    info.settings_json = "[{\"key\":\"limit\",\"type\":\"word\"}]";
    declared(&info, "mode sides: settings schema, limit: \"type\" must be bool, int, "
                    "number, string, enum, list or duration");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(teams_have_names_of_their_own, open_books, close_books),
        cmocka_unit_test_setup_teardown(what_is_counted_has_a_name_of_its_own, open_books,
                                        close_books),
        cmocka_unit_test_setup_teardown(who_decides_is_a_plugin, open_books, close_books),
        cmocka_unit_test_setup_teardown(as_many_play_as_may, open_books, close_books),
        cmocka_unit_test_setup_teardown(what_is_wrong_with_settings_is_told, open_books,
                                        close_books),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
