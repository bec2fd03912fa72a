/* Presets that players save, with a real database behind them: how many, whose, and who may still
 * use them. */
#include "rules_rig.h"

#define SAVE(name) "{\"name\":\"" name "\"}"
#define OPERATORS "duel lateJoin=false mapName=a\"b word = lateJoin=true lateJoins=7"

struct kept {
    struct rig *rig;
    muster_self *database;
    char dir[TEMP_DIR_MAX];
};

static int setup_kept(void **state) {
    struct kept *kept = calloc(1, sizeof(*kept));
    assert_true(temp_dir_make(kept->dir));
    struct rig *rig = kept->rig = calloc(1, sizeof(*rig));
    rig->kit = testkit_create();
    testkit_data_dir_set(rig->kit, kept->dir);
    kept->database = testkit_load(rig->kit, PLUGIN_DIR "/db_sqlite.so");
    assert_non_null(kept->database);
    assert_int_equal(testkit_start(kept->database), MUSTER_OK);
    rig->plugin = testkit_load(rig->kit, PLUGIN_DIR "/rules_private.so");
    assert_non_null(rig->plugin);
    assert_true(testkit_config_set(rig->plugin, "presetsPerPlayer", "2"));
    assert_true(testkit_config_set(rig->plugin, "presets", OPERATORS));
    assert_int_equal(testkit_start(rig->plugin), MUSTER_OK);
    assert_true(crew_wait(rig->kit));
    rig->rules = testkit_role(rig->plugin, MUSTER_ROLE_RULES);
    rig->instance = testkit_instance(rig->plugin);
    rig_people(rig);
    rig->lobby = crew_lobby(rig->kit, (struct muster_lobby_info){0}, rig->host);
    rig->state = testkit_rules_state(rig->plugin, rig->lobby);
    assert_true(crew_sit(rig->kit, rig->lobby, rig->host, 0));
    assert_true(crew_sit(rig->kit, rig->lobby, rig->guest, 1));
    *state = kept;
    return 0;
}

static int teardown_kept(void **state) {
    struct kept *kept = *state;
    struct rig *rig = kept->rig;
    assert_int_equal(testkit_stop(rig->plugin), 0);
    assert_int_equal(testkit_stop(kept->database), 0);
    assert_int_equal(testkit_faults(rig->kit), 0);
    testkit_destroy(rig->kit);
    assert_true(temp_dir_remove(kept->dir));
    free(rig);
    free(kept);
    return 0;
}

/* "name own, name own" */
static void assert_listed(struct rig *rig, muster_player_id player, const char *expected) {
    char line[512] = "";
    struct testkit_rpc rpc = call(rig, player, "lobby.presets", "{}");
    json_t *answer = json_loads(rpc.text, 0, NULL), *preset;
    size_t i, len = 0;
    json_array_foreach(json_object_get(answer, "presets"), i, preset) {
        const char *name = json_string_value(json_object_get(preset, "name"));
        int own = json_is_true(json_object_get(preset, "own"));
        assert_true(json_is_object(json_object_get(preset, "settings")));
        len +=
            (size_t)snprintf(line + len, sizeof(line) - len, "%s%s %d", i ? ", " : "", name, own);
    }
    json_decref(answer);
    assert_string_equal(line, expected);
}

/* A value is JSON, else a text; what is no pair is no setting; of several the last counts. */
static void operators_write_them_by_hand(void **state) {
    struct rig *rig = ((struct kept *)*state)->rig;
    struct testkit_rpc rpc = call(rig, rig->host, "lobby.presets", "{}");
    json_t *answer = json_loads(rpc.text, 0, NULL);
    json_t *duel = json_array_get(json_object_get(answer, "presets"), 0);
    json_t *expected =
        json_pack("{s:b,s:s,s:s,s:i}", "lateJoin", 1, "mapName", "a\"b", "", "", "lateJoins", 7);
    assert_true(json_equal(json_object_get(duel, "settings"), expected));
    json_decref(expected);
    json_decref(answer);
}

static void each_player_keeps_so_many(void **state) {
    struct rig *rig = ((struct kept *)*state)->rig;
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("b")), "", "");
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("a")), "", "");
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("c")), "denied", "too_many");
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("b")), "", ""); /* anew */
    assert_rpc(call(rig, rig->guest, "lobby.savePreset", SAVE("a")), "", "");
    assert_listed(rig, rig->host, "duel 0, a 1, b 1");
    assert_listed(rig, rig->guest, "duel 0, a 1");
    assert_rpc(call(rig, rig->host, "lobby.deletePreset", SAVE("a")), "", "");
    assert_rpc(call(rig, rig->host, "lobby.deletePreset", SAVE("a")), "not_found", "");
    assert_listed(rig, rig->host, "duel 0, b 1");
    assert_listed(rig, rig->guest, "duel 0, a 1");
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("c")), "", "");
}

static void what_was_saved_is_what_comes_back(void **state) {
    struct rig *rig = ((struct kept *)*state)->rig;
    assert_true(testkit_setting_set(rig->kit, "lockAtStart", "true"));
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("locks")), "", "");
    assert_true(testkit_setting_set(rig->kit, "lockAtStart", "false"));
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("open")), "", "");
    assert_rpc(call(rig, rig->host, "lobby.applyPreset", SAVE("locks")), "", "");
    assert_non_null(testkit_told_find(rig->kit, "\"lockAtStart\":true"));
    assert_rpc(call(rig, rig->guest, "lobby.applyPreset", SAVE("open")), "denied", "not_host");
    LOBBY_PUT(rig->kit, rig->lobby, host, rig->guest);
    assert_rpc(call(rig, rig->guest, "lobby.applyPreset", SAVE("locks")), "not_found", "");
    assert_rpc(call(rig, rig->guest, "lobby.deletePreset", SAVE("locks")), "not_found", "");
}

static void lose_the_lobby(void *user) {
    struct rig *rig = user;
    LOBBY_PUT(rig->kit, rig->lobby, host, rig->guest);
}

/* The database answers later: who asked may be no host any more. */
static void who_lost_the_lobby_changes_nothing(void **state) {
    struct rig *rig = ((struct kept *)*state)->rig;
    assert_rpc(call(rig, rig->host, "lobby.savePreset", SAVE("mine")), "", "");
    assert_int_equal(testkit_host(rig->kit)->loop->post(rig->plugin, lose_the_lobby, rig),
                     MUSTER_OK);
    assert_rpc(call(rig, rig->host, "lobby.applyPreset", SAVE("mine")), "denied", "not_host");
    assert_int_equal(testkit_lobby(rig->kit, rig->lobby)->host.value, rig->guest.value);
    assert_null(testkit_told_find(rig->kit, "lateJoin"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(operators_write_them_by_hand, setup_kept, teardown_kept),
        cmocka_unit_test_setup_teardown(each_player_keeps_so_many, setup_kept, teardown_kept),
        cmocka_unit_test_setup_teardown(who_lost_the_lobby_changes_nothing, setup_kept,
                                        teardown_kept),
        cmocka_unit_test_setup_teardown(what_was_saved_is_what_comes_back, setup_kept,
                                        teardown_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
