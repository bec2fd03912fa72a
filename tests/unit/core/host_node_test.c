/* What plugins are told of the node and its modes, what they log, and how long what they are given
 * lives. */
#include "books_rig.h"

#include "config.h"

static const struct muster_host *host;
static struct muster_self other; /* a plugin beside the mode's */

static int setup(void **state) {
    if (rig_open(state) || fake_plugin(&other, "other", fake_roles + 1, 1, NULL, NULL)) return -1;
    host = host_table();
    return 0;
}

static int teardown(void **state) {
    int status = rig_close(state);
    registry_remove(&other);
    return status;
}

static struct muster_node_info node(void) {
    struct muster_node_info info = {.size = sizeof info};
    assert_int_equal(host->node->info(&other, &info), MUSTER_OK);
    return info;
}

static void the_node_is_shown_as_it_is(void **state) {
    (void)state;
    struct muster_node_info info = node();
    assert_string_equal(info.region, "local");
    assert_string_equal(info.name, "A muster server");
    assert_true(strchr(info.version, '.') && info.node_id);
    assert_string_equal(info.public_url, "");
    assert_int_equal(info.port, 0); /* nothing listens */
    assert_int_equal(info.has_tls, 0);
    assert_int_equal(info.players, 0);
    assert_int_equal(info.players_max, config_core->server.max_players);
    assert_int_equal(info.lobbies_max, config_core->lobby.max_lobbies);
    assert_true(info.started_unix_ms > 0);
    assert_true(info.stretch == 1.0);
    assert_int_equal(info.is_draining + info.is_untrusted + info.is_watching, 0);
    struct lobby *lobby = rig_lobby();
    (void)rig_lobby();
    (void)rig_join(lobby, "ann", NULL);
    rig_drop(rig_client(rig_join(lobby, "bea", NULL))); /* her seat is kept */
    rig_play(lobby);
    lobby_drain(true);
    info = node();
    lobby_drain(false);
    assert_int_equal(info.players, 2);
    assert_int_equal(info.lobbies_waiting, 1);
    assert_int_equal(info.lobbies_starting + info.lobbies_ending, 0);
    assert_int_equal(info.lobbies_active, 1);
    assert_int_equal(info.is_draining, 1);
}

static void modes_are_walked_with_what_they_take(void **state) {
    (void)state;
    static const char *const maps[] = {"one"};
    static const struct muster_team teams[] = {{"hunters", 3, 0}, {"hunted", 0, 0}};
    const struct muster_mode_info based = {.size = sizeof based,
                                           .players_max = 5,
                                           .game_mode = "based",
                                           .title = "Based",
                                           .maps = maps,
                                           .map_count = 1,
                                           .people_max = 40,
                                           .players_min = 3,
                                           .base = "fake",
                                           .teams = teams,
                                           .team_count = 2};
    assert_int_equal(host->match->mode_add(&game.self, &based), MUSTER_OK);
    struct muster_node_mode mode = {.size = sizeof mode};
    uint32_t index = 0;
    assert_int_equal(host->node->mode_next(&other, &index, &mode), MUSTER_OK);
    const struct mode_entry *fake = registry_mode("fake");
    assert_string_equal(mode.game_mode, "fake");
    assert_string_equal(mode.base, "");
    assert_int_equal(mode.tick_rate_hz, fake->tick_rate_hz);
    assert_int_equal(mode.team_count, fake->teams.count);
    assert_int_equal(mode.players_min, config_core->lobby.players_min);
    assert_int_equal(host->node->mode_next(&other, &index, &mode), MUSTER_OK);
    assert_string_equal(mode.game_mode, "based");
    assert_string_equal(mode.title, "Based");
    assert_string_equal(mode.base, "fake");
    assert_int_equal(mode.people_max, 40);
    assert_int_equal(mode.players_max, 5);
    assert_int_equal(mode.players_min, 3);
    assert_int_equal(mode.tick_rate_hz, fake->tick_rate_hz);
    assert_int_equal(mode.team_count, 2);
    assert_string_equal(host->node->team_name(&other, "based", 1), "hunters");
    assert_string_equal(host->node->team_name(&other, "based", 2), "hunted");
    assert_string_equal(host->node->team_name(&other, "based", 3), "none");
    assert_string_equal(host->node->team_name(&other, "nothing", 1), "none");
    assert_int_equal(host->node->mode_next(&other, &index, &mode), MUSTER_NOT_FOUND);
    assert_int_equal(index, 2);
    assert_int_equal(host->match->mode_remove(&game.self, "based"), MUSTER_OK);
}

/* A sanitizer sees whether it is still there. */
static void the_text_of_a_setting_outlives_its_change(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL), *bea = rig_join(lobby, "bea", NULL);
    assert_int_equal(host->lobby->host_set(&other, lobby->id, ann->id), MUSTER_OK);
    plugin_enter(&other, "test");
    const char *held = host->lobby->setting_string(&other, lobby->id, "hostId");
    assert_int_equal(host->lobby->host_set(&other, lobby->id, bea->id), MUSTER_OK);
    char reason[MUSTER_REASON_MAX] = "";
    assert_int_equal(host->lobby->settings_set(&other, lobby->id, (muster_player_id){0},
                                               "{\"hostId\": \"ann\"}", reason, sizeof reason),
                     MUSTER_OK);
    assert_string_equal(held, "ann");
    plugin_leave();
    (void)loop_turn();
}

static void what_cannot_be_a_field_is_left_out(void **state) {
    (void)state;
    struct muster_log_field fields[MUSTER_LOG_FIELDS_MAX + 1];
    char names[MUSTER_LOG_FIELDS_MAX + 1][4];
    for (uint32_t i = 0; i <= MUSTER_LOG_FIELDS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "f%u", i);
        fields[i] = muster_log_integer(names[i], i);
    }
    const struct muster_host_log *log = host->log;
    log->write_fields(&other, MUSTER_LOG_INFO, "all", fields, MUSTER_LOG_FIELDS_MAX);
    log->write_fields(&other, MUSTER_LOG_INFO, "none", NULL, 0);
    assert_int_equal(other.fault_count, 0);
    log->write_fields(&other, MUSTER_LOG_INFO, "more", fields, MUSTER_LOG_FIELDS_MAX + 1);
    assert_int_equal(other.fault_count, 1);
    fields[1].name = "plugin";
    fields[2].name = "f0";
    log->write_fields(&other, MUSTER_LOG_INFO, "of the line, and twice", fields, 3);
    assert_int_equal(other.fault_count, 2);
    log->write_fields(&other, MUSTER_LOG_INFO, NULL, NULL, 0);
    log->write_fields(&other, MUSTER_LOG_INFO, "null", NULL, 1);
    assert_int_equal(other.fault_count, 4);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_node_is_shown_as_it_is),
        TEST(modes_are_walked_with_what_they_take),
        TEST(the_text_of_a_setting_outlives_its_change),
        TEST(what_cannot_be_a_field_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
