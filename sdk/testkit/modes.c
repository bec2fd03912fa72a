/* modes.c - the modes a test plays, and the settings of its lobbies and matches. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared.h"

static void add_mode(muster_self *plugin, const char *game_mode, const char *const *maps,
                     uint32_t map_count) {
    char error[256] = "";
    static const struct muster_team teams[] = {MUSTER_TEAMS_RED_BLUE};
    const struct muster_mode_info info = {.size = sizeof info,
                                          .players_max = 16,
                                          .game_mode = game_mode,
                                          .title = "Of a test",
                                          .maps = maps,
                                          .map_count = map_count,
                                          .tick_rate_hz = 20,
                                          .view_count = MUSTER_VIEWS_MAX,
                                          .snapshot_max_bytes = 4096,
                                          .teams = teams,
                                          .team_count = 2};
    if (!registry_mode_add(plugin, &info, error, sizeof error)) return;
    fprintf(stderr, "testkit: mode %s: %s\n", game_mode, error);
    abort();
}

void kit_mode_need(muster_self *plugin, const char *game_mode, const char *map_name) {
    const char *const maps[] = {map_name && map_name[0] ? map_name : "map"};
    if (!registry_mode(game_mode))
        add_mode(plugin ? plugin : kit_standin_self(), game_mode, maps, 1);
}

void testkit_mode_set(struct testkit *kit, const char *game_mode, const char *const *maps,
                      uint32_t map_count) {
    KIT_NEED_OR_NOTHING(kit && game_mode && maps);
    kit_stand(kit);
    (void)registry_mode_remove(kit_standin_self(), game_mode);
    add_mode(kit_standin_self(), game_mode, maps, map_count);
}

json_t *kit_settings(const char *game_mode) {
    const struct schema *schema = registry_settings(game_mode);
    json_t *values = json_object(), *value;
    const char *key;
    json_object_foreach(kit_now->settings, key, value) {
        if (schema && schema_find(schema, key)) json_object_set(values, key, value);
    }
    return values;
}

static const struct schema_entry *find_setting(const char *key) {
    kit_mode_need(NULL, "testkit", "");
    for (const struct mode_entry *mode = registry_mode_next(NULL); mode;
         mode = registry_mode_next(mode)) {
        const struct schema *schema = registry_settings(mode->game_mode);
        const struct schema_entry *entry = schema ? schema_find(schema, key) : NULL;
        if (entry) return entry;
    }
    return NULL;
}

static void set_everywhere(const char *key, json_t *value) {
    muster_lobby_id id = {0};
    shared_put(&kit_now->settings, key, json_incref(value));
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        shared_put(&lobby->settings, key, json_incref(value));
    kit_matches_set(key, value);
}

bool testkit_setting_set(struct testkit *kit, const char *key, const char *text) {
    KIT_NEED(kit && key && text, false);
    struct schema_error wrong = {0};
    json_t *value = NULL;
    kit_stand(kit);
    const struct schema_entry *entry = find_setting(key);
    if (!entry) {
        snprintf(kit->error, sizeof kit->error, "%s: unknown key", key);
        return false;
    }
    json_t *given = json_string(text);
    muster_status status = schema_check_value(entry, given, true, &value, &wrong);
    json_decref(given);
    if (status) {
        snprintf(kit->error, sizeof kit->error, "%s", wrong.text);
        return false;
    }
    set_everywhere(key, value);
    json_decref(value);
    return true;
}
