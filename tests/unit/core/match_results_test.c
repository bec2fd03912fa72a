/* What a match comes to: winners, places and statistics, with teams and without, of 128 people; and
 * messages to the mode. */
#include "ended.h"
#include "lobby.h"
#include "match_rig.h"

static const char *const solo_stats[] = {"boards", "moves"};
static const char *const none[] = {NULL};

static struct muster_mode_info mode_info(const char *name) {
    static const char *const maps[] = {"field"};
    return (struct muster_mode_info){.size = sizeof(struct muster_mode_info),
                                     .players_max = 8,
                                     .people_max = MUSTER_PEOPLE_MAX,
                                     .game_mode = name,
                                     .title = name,
                                     .maps = maps,
                                     .map_count = 1,
                                     .tick_rate_hz = 20,
                                     .view_count = 2,
                                     .snapshot_max_bytes = 64,
                                     .victories = none};
}

static int open_games(void **state) {
    static const struct muster_team sides[] = {{"attack", 3, 0}, {"defend", 1, 0}, {"watch", 0, 0}};
    struct muster_mode_info solo = mode_info("solo"), siege = mode_info("siege");
    char why[256] = "";
    if (open_books(state)) return -1;
    solo.stats = solo_stats;
    solo.stat_count = 2;
    siege.teams = sides;
    siege.team_count = 3;
    if (registry_mode_add(&game.self, &solo, why, sizeof why) ||
        registry_mode_add(&game.self, &siege, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        return -1;
    }
    return 0;
}

static struct match *play(const char *game_mode, uint32_t seats_max) {
    struct match_setup setup = setup_of(NULL);
    struct match *match = NULL;
    setup.game_mode = game_mode;
    setup.seats_max = seats_max;
    assert_int_equal(match_create(&setup, &match), MUSTER_OK);
    return match;
}

static void sit(struct match *match, uint32_t seat, const char *name, uint32_t team,
                int32_t score) {
    assert_int_equal(match_join(match, seat, name, name, team, true), MUSTER_OK);
    match->seats[seat].score = score;
}

static uint32_t place_of(const struct match_results *results, const char *player_key) {
    for (uint32_t i = 0; i < results->row_count; i++)
        if (strcmp(results->rows[i].player_key, player_key) == 0) return results->rows[i].place;
    fail_msg("%s is in no row", player_key);
    return 0;
}

static muster_status end(struct match *match, struct muster_match_end how) {
    how.size = sizeof how;
    struct match_decision decision;
    if (!match_decision_take(match, &how, &decision)) return MUSTER_INVALID;
    match_end(match, decision);
    return MUSTER_OK;
}

/* ---- without teams --------------------------------------------------------------------------- */

static void players_stand_by_score_and_the_winner_first(void **state) {
    (void)state;
    struct match *match = play("solo", 8);
    sit(match, 0, "ann", 0, 5);
    sit(match, 1, "bea", 0, 7);
    sit(match, 2, "cid", 0, 5);
    sit(match, 3, "dan", 0, -1);
    sit(match, 4, "eve", 0, 9);
    match_leave(match, 4, MUSTER_LEAVE_QUIT);
    assert_int_equal(end(match, (struct muster_match_end){.winner_kind = MUSTER_WINNER_SEAT,
                                                          .winner = 0,
                                                          .reason = "checkmate"}),
                     MUSTER_OK);
    struct match_results *results = match_results(match);
    assert_int_equal(place_of(results, "ann"), 1); /* who was named, whatever the score */
    assert_int_equal(place_of(results, "eve"), 2);
    assert_int_equal(place_of(results, "bea"), 3);
    assert_int_equal(place_of(results, "cid"), 4);
    assert_int_equal(place_of(results, "dan"), 5);
    assert_string_equal(results->reason, "checkmate");
    json_t *json = lobby_results_json(results), *winner = json_object_get(json, "winner");
    assert_string_equal(json_string_value(json_object_get(winner, "playerId")), "ann");
    assert_string_equal(json_string_value(json_object_get(json, "winningTeam")), "none");
    assert_int_equal(json_object_size(json_object_get(json, "finalScores")), 0);
    json_t *places = json_object_get(json, "placements");
    assert_int_equal(json_array_size(places), 5);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(places, 1), "displayName")), "eve");
    json_decref(json);
    free(results);
    match_destroy(match);
}

static void the_mode_may_place_its_players(void **state) {
    (void)state;
    uint32_t places[16] = {2, 1, 2};
    struct match *match = play("solo", 8);
    sit(match, 0, "ann", 0, 50);
    sit(match, 1, "bea", 0, 0);
    sit(match, 2, "cid", 0, 0);
    sit(match, 3, "dan", 0, 99);
    match_leave(match, 3, MUSTER_LEAVE_QUIT);
    struct muster_match_end how = {.reason = "time_limit", .seat_places = places};
    places[1] = 0; /* bea has none */
    assert_int_equal(end(match, how), MUSTER_INVALID);
    places[1] = 17;
    assert_int_equal(end(match, how), MUSTER_INVALID);
    places[1] = 1;
    assert_int_equal(end(match, how), MUSTER_OK);
    struct match_results *results = match_results(match);
    assert_int_equal(place_of(results, "bea"), 1);
    assert_int_equal(place_of(results, "ann"), 2); /* a tie */
    assert_int_equal(place_of(results, "cid"), 2);
    assert_int_equal(place_of(results, "dan"), 3); /* who left comes last */
    free(results);
    match_destroy(match);
}

static void statistics_of_its_own_are_kept_and_told(void **state) {
    (void)state;
    struct match *match = play("solo", 8);
    sit(match, 0, "ann", 0, 0);
    match->seats[0].own_stats[1] = 12;
    match_leave(match, 0, MUSTER_LEAVE_QUIT);
    sit(match, 3, "ann", 0, 0); /* comes back on another seat */
    assert_int_equal(match->seats[3].own_stats[1], 12);
    struct muster_bytes saved = match_save(match);
    uint8_t *copy = malloc(saved.len);
    memcpy(copy, saved.data, saved.len);
    struct match *loaded = play("solo", 8);
    assert_int_equal(match_load(loaded, (struct muster_bytes){copy, saved.len}), MUSTER_OK);
    assert_int_equal(loaded->seats[3].own_stats[1], 12);
    free(copy);
    match_end(loaded, match_decide(MUSTER_TEAM_NONE, MUSTER_END_ABORTED));
    struct match_results *results = match_results(loaded);
    json_t *json = lobby_results_json(results);
    json_t *row = json_array_get(json_object_get(json, "playerStats"), 0);
    json_t *stats = json_object_get(row, "stats");
    assert_int_equal(json_object_size(stats), 2);
    assert_int_equal(json_integer_value(json_object_get(stats, "moves")), 12);
    assert_int_equal(json_integer_value(json_object_get(stats, "boards")), 0);
    json_decref(json);
    free(results);
    match_destroy(loaded);
    match_destroy(match);
}

static void so_many_play(void **state) {
    (void)state;
    struct match *match = play("solo", MUSTER_PEOPLE_MAX);
    char name[8];
    uint32_t bot = 0;
    for (uint32_t i = 0; i < MUSTER_PEOPLE_MAX; i++) {
        snprintf(name, sizeof name, "p%u", i);
        sit(match, i, name, 0, (int32_t)i);
        match_sent(match);
    }
    for (uint32_t i = 0; i < MUSTER_PEOPLE_MAX - 1; i++) {
        assert_int_equal(match_bot_add(match, "bot", 0, &bot), MUSTER_OK);
        assert_int_equal(bot, MUSTER_PEOPLE_MAX + i);
    }
    assert_int_equal(match_bot_add(match, "bot", 0, &bot), MUSTER_FULL); /* 255 is no seat */
    step(match);
    struct muster_bytes saved = match_save(match);
    assert_true(saved.len > 0);
    match_end(match, match_decide(MUSTER_TEAM_NONE, MUSTER_END_TIME_LIMIT));
    struct match_results *results = match_results(match);
    assert_int_equal(results->row_count, MUSTER_SEATS_MAX);
    assert_int_equal(place_of(results, "p127"), 1);
    assert_int_equal(place_of(results, "p1"), 127);
    free(results);
    match_destroy(match);
}

/* ---- with teams ------------------------------------------------------------------------------ */

static void a_player_wins_for_the_team(void **state) {
    (void)state;
    struct match *match = play("siege", 8);
    sit(match, 0, "ann", 1, 0);
    sit(match, 1, "bea", 2, 0);
    assert_int_equal(end(match, (struct muster_match_end){.winner_kind = MUSTER_WINNER_SEAT,
                                                          .winner = 1,
                                                          .reason = "flag"}),
                     MUSTER_OK);
    struct match_results *results = match_results(match);
    json_t *json = lobby_results_json(results), *winner = json_object_get(json, "winner");
    assert_string_equal(json_string_value(json_object_get(winner, "playerId")), "bea");
    assert_string_equal(json_string_value(json_object_get(json, "winningTeam")),
                        registry_team_name(&match->teams, 2));
    json_decref(json);
    free(results);
    match_destroy(match);
}

static void three_teams_are_placed(void **state) {
    (void)state;
    struct match *match = play("siege", 8);
    sit(match, 0, "ann", 1, 0);
    sit(match, 1, "bea", 2, 0);
    match->team_score[1] = 4;
    match->team_score[3] = 4;
    assert_int_equal(end(match, (struct muster_match_end){.winner_kind = MUSTER_WINNER_TEAM,
                                                          .winner = 2,
                                                          .reason = MUSTER_END_FORFEIT}),
                     MUSTER_OK);
    struct match_results *results = match_results(match);
    assert_int_equal(results->team_places[1], 1);
    assert_int_equal(results->team_places[0], 2);
    assert_int_equal(results->team_places[2], 2);
    assert_int_equal(place_of(results, "ann"), 0); /* teams stand there, not players */
    json_t *json = lobby_results_json(results);
    assert_string_equal(json_string_value(json_object_get(json, "winningTeam")), "defend");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "finalScores"), "watch")), 4);
    assert_int_equal(json_array_size(json_object_get(json, "placements")), 3);
    json_decref(json);
    free(results);
    match_destroy(match);
}

static void what_cannot_have_won_is_refused(void **state) {
    (void)state;
    static const uint32_t places[] = {1, 2, 4};
    static const struct muster_match_end wrong[] = {
        {.reason = NULL},
        {.reason = ""},
        {.reason = "Two words"},
        {.reason = "n23456789012345678901234567890123456789012345678"},
        {.winner_kind = 3, .reason = "x"},
        {.winner = 1, .reason = "x"},
        {.winner_kind = MUSTER_WINNER_TEAM, .winner = 0, .reason = "x"},
        {.winner_kind = MUSTER_WINNER_TEAM, .winner = 4, .reason = "x"},
        {.winner_kind = MUSTER_WINNER_SEAT, .winner = 5, .reason = "x"}, /* nobody sits there */
        {.winner_kind = MUSTER_WINNER_SEAT, .winner = 16, .reason = "x"},
        {.reason = "x", .team_places = places},
    };
    struct match *match = play("siege", 8);
    sit(match, 0, "ann", 1, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (end(match, wrong[i]) != MUSTER_INVALID) fail_msg("case %zu", i);
    assert_false(match->ended);
    match_destroy(match);
}

/* Only the victories that a mode lists; these list none. */
static void a_mode_names_who_decides(void **state) {
    (void)state;
    game.limit = 0; /* the fake victory would decide at once */
    struct match *match = play("siege", 8);
    assert_int_equal(match->victory_count, 0);
    step(match);
    assert_false(match->ended);
    match_destroy(match);
    match = make(NULL);
    assert_int_equal(match->victory_count, 1);
    step(match);
    assert_true(match->ended);
    match_destroy(match);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_games, close_books)
    const struct CMUnitTest tests[] = {
        TEST(players_stand_by_score_and_the_winner_first),
        TEST(the_mode_may_place_its_players),
        TEST(statistics_of_its_own_are_kept_and_told),
        TEST(so_many_play),
        TEST(a_player_wins_for_the_team),
        TEST(three_teams_are_placed),
        TEST(what_cannot_have_won_is_refused),
        TEST(a_mode_names_who_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
