/* The settings of a lobby: checked at creation, changed while it lives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "lobby_internal.h"
#include "log.h"
#include "status.h"

muster_status lobby_settings_declare(void) {
    static const char own[] =
        "[{\"key\":\"isPrivate\",\"type\":\"bool\",\"default\":false,\"when\":\"always\","
        "\"label\":\"Private\",\"help\":\"Not in the list of lobbies, and nobody is matched into "
        "it.\",\"group\":\"Access\"},"
        "{\"key\":\"locked\",\"type\":\"bool\",\"default\":false,\"when\":\"always\","
        "\"label\":\"Locked\",\"help\":\"Nobody else comes in.\",\"group\":\"Access\"},"
        "{\"key\":\"teamBalance\",\"type\":\"bool\",\"default\":true,\"when\":\"always\","
        "\"label\":\"Balanced teams\",\"help\":\"A player gets the wished team only as long as the "
        "teams differ by one player at most.\",\"group\":\"Host\"},"
        "{\"key\":\"hostId\",\"type\":\"string\",\"default\":\"\",\"max\":63,\"when\":\"always\","
        "\"label\":\"Host\",\"help\":\"playerId of the member who decides; empty: nobody.\","
        "\"group\":\"Access\"}]";
    char error[256] = "";
    muster_status status = registry_settings_add(NULL, own, error, sizeof error);
    if (status) log_error("lobby", "%s", error);
    return status;
}

static json_t *mend_text(json_t *text) {
    json_t *mended = NULL;
    char *line = strdup(json_string_value(text));
    if (line) {
        (void)text_line_mend(line);
        mended = json_string(line);
    }
    free(line);
    return mended;
}

static json_t *mend_list(json_t *list) {
    json_t *mended = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
        json_array_append_new(mended, json_is_string(item) ? mend_text(item) : json_incref(item));
    return mended;
}

/* Texts that others are shown; secrets stay as they are. New reference. */
static json_t *mend_texts(const struct schema *schema, json_t *given) {
    json_t *mended = json_copy(given);
    const char *key;
    json_t *value;
    json_object_foreach(given, key, value) {
        const struct schema_entry *entry = schema_find(schema, key);
        if (!entry || entry->secret) continue;
        if (json_is_string(value)) json_object_set_new(mended, key, mend_text(value));
        if (json_is_array(value)) json_object_set_new(mended, key, mend_list(value));
    }
    return mended;
}

/* ---- at creation ----------------------------------------------------------------------------- */

/* Operator defaults ("botFill=8") below what the creator asks for. */
static void put_defaults(json_t *values, const struct schema *schema) {
    for (uint32_t i = 0; i < config_core->lobby.defaults.count; i++) {
        const char *item = config_core->lobby.defaults.items[i];
        const char *equals = strchr(item, '=');
        char key[96];
        if (!equals) continue;
        snprintf(key, sizeof key, "%.*s", (int)(equals - item), item);
        const struct schema_entry *entry = schema_find(schema, key);
        struct schema_error error;
        json_t *text = json_string(equals + 1), *value = NULL;
        if (entry && schema_check_value(entry, text, true, &value, &error) == MUSTER_OK)
            json_object_set_new(values, key, value);
        else if (entry)
            log_warn("lobby", "lobby.defaults: %s", error.text);
        json_decref(text);
    }
}

json_t *lobby_settings_schema(const char *game_mode) {
    const struct schema *schema = registry_settings(game_mode);
    if (!schema) return json_array();
    json_t *shared = schema_to_json(schema);
    json_t *list = json_deep_copy(shared);
    json_t *values = json_object();
    put_defaults(values, schema);
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry) {
        json_t *value = json_object_get(values, schema->entries[i].key);
        if (value) json_object_set(entry, "default", value);
    }
    json_decref(values);
    json_decref(shared);
    return list;
}

/* Moves the secret ones that were given out of `checked`; the others' defaults go. */
static json_t *take_secrets(const struct schema *schema, json_t *checked, json_t *given) {
    json_t *secrets = json_object();
    for (uint32_t i = 0; i < schema->count; i++) {
        const char *key = schema->entries[i].key;
        if (!schema->entries[i].secret) continue;
        if (json_object_get(given, key))
            json_object_set(secrets, key, json_object_get(checked, key));
        json_object_del(checked, key);
    }
    return secrets;
}

/* Who creates a lobby is its host. */
static int32_t check_creator(const struct lobby_wish *wish, json_t *checked,
                             struct failure *failure) {
    const struct session *creator = session_find(wish->creator);
    const char *wanted = json_string_value(json_object_get(checked, "hostId"));
    const char *host_key = creator ? creator->player_key : "";
    if (wanted[0] && strcmp(wanted, host_key) != 0)
        return failure_set(failure, RPC_INVALID_PARAMS,
                           "settings.hostId: who creates a lobby is its host");
    json_object_set_new(checked, "hostId", json_string(host_key));
    return RPC_OK;
}

int32_t lobby_settings_check(const struct lobby_wish *wish, json_t **out, json_t **secrets,
                             struct failure *failure) {
    const struct schema *schema = registry_settings(wish->game_mode);
    if (!schema)
        return failure_set(failure, RPC_INVALID_PARAMS, "gameMode: unknown mode \"%s\"",
                           wish->game_mode);
    json_t *values = json_object();
    put_defaults(values, schema);
    json_t *given = mend_texts(schema, wish->settings);
    if (given) json_object_update(values, given);
    json_decref(given);
    struct schema_error error;
    muster_status status = schema_check(schema, values, out, &error);
    json_decref(values);
    if (status) return failure_set(failure, RPC_INVALID_PARAMS, "settings.%s", error.text);
    if (check_creator(wish, *out, failure)) {
        json_decref(*out);
        return failure->code;
    }
    *secrets = take_secrets(schema, *out, wish->settings);
    return RPC_OK;
}

json_t *lobby_settings_load(const char *game_mode, json_t *saved, struct schema_error *error) {
    const struct schema *schema = registry_settings(game_mode);
    json_t *checked = NULL, *mended = mend_texts(schema, saved);
    muster_status status = schema_check(schema, mended, &checked, error);
    json_decref(mended);
    if (status) return NULL;
    json_decref(take_secrets(schema, checked, NULL)); /* of those there are none */
    return checked;
}

void lobby_settings_tell(struct lobby *lobby, json_t *given) {
    const char *key;
    json_t *value;
    json_object_foreach(given, key, value) lobby_rules_changed(lobby, NULL, key, value);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Of the wanted ones, those that are another value than the present; new reference, or null. */
static json_t *check_wanted(const struct lobby *lobby, json_t *wanted, struct failure *failure) {
    const struct schema *schema = registry_settings(lobby->game_mode);
    struct schema_error error = {.text = "the game mode is not there any more"};
    json_t *checked = NULL, *mended = schema ? mend_texts(schema, wanted) : NULL;
    bool valid = schema && schema_check(schema, mended, &checked, &error) == MUSTER_OK;
    json_decref(mended);
    if (!valid) {
        failure_set(failure, RPC_INVALID_PARAMS, "settings.%s", error.text);
        return NULL;
    }
    json_t *changes = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(wanted, key, value) {
        json_t *good = json_object_get(checked, key);
        if (!json_equal(good, lobby_setting(lobby, key))) json_object_set(changes, key, good);
    }
    json_decref(checked);
    return changes;
}

static uint32_t seats_needed(const struct lobby *lobby) {
    uint32_t needed = 0;
    for (uint32_t i = 0; i < lobby->players_max; i++)
        if (lobby->members[i].state != MEMBER_NONE) needed = i + 1;
    return needed;
}

static int32_t check_state(const struct lobby *lobby, const char *key, json_t *value,
                           struct failure *failure) {
    const struct schema_entry *entry = schema_find(registry_settings(lobby->game_mode), key);
    if (lobby->state == MUSTER_LOBBY_ACTIVE && !entry->always && !entry->secret)
        return failure_set_data(
            failure, RPC_WRONG_STATE,
            json_pack("{s:s,s:s}", "state", lobby_state_text(lobby->state), "setting", key),
            "%s cannot be changed while a match runs", key);
    if (strcmp(key, "hostId") == 0) {
        uint32_t index = lobby_find_member_key(lobby, json_string_value(value));
        if (index == UINT32_MAX || lobby->members[index].state != MEMBER_ENTERED)
            return failure_set(failure, RPC_INVALID_PARAMS,
                               "settings.hostId: that player is not in this lobby");
    }
    if (strcmp(key, "maxPlayers") == 0) {
        if (lobby->match)
            return failure_set_data(
                failure, RPC_WRONG_STATE,
                json_pack("{s:s,s:s}", "state", lobby_state_text(lobby->state), "setting", key),
                "maxPlayers cannot be changed before the match is over");
        if (json_integer_value(value) < (json_int_t)seats_needed(lobby))
            return failure_set(failure, RPC_INVALID_PARAMS,
                               "settings.maxPlayers: somebody sits on seat %u",
                               seats_needed(lobby) - 1);
    }
    return RPC_OK;
}

static int32_t ask_change(struct lobby *lobby, muster_player_id by, const struct muster_self *asker,
                          const char *key, json_t *value, struct failure *failure) {
    struct muster_action action = lobby_action(lobby, session_find(by), MUSTER_ACTION_SETTING);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text) return failure_set(failure, RPC_INTERNAL, "out of memory");
    action.key = key;
    action.value = text;
    int32_t code = lobby_ask(lobby, &action, asker, !asker, failure);
    free(text);
    return code;
}

void lobby_settings_apply(struct lobby *lobby) {
    json_t *max = json_object_get(lobby->settings, "maxPlayers");
    const struct mode_entry *mode = registry_mode(lobby->game_mode);
    uint32_t players_max = json_is_integer(max) ? (uint32_t)json_integer_value(max)
                           : mode               ? mode->players_max
                                                : lobby->players_max;
    if (players_max > lobby->people_max) players_max = lobby->people_max;
    lobby->players_max = players_max;
    lobby->players_min =
        mode && mode->players_min ? mode->players_min : config_core->lobby.players_min;
    if (lobby->players_min > players_max) lobby->players_min = players_max;
    lobby->is_private = json_is_true(json_object_get(lobby->settings, "isPrivate"));
    lobby->locked = json_is_true(json_object_get(lobby->settings, "locked"));
    lobby->balanced = json_is_true(json_object_get(lobby->settings, "teamBalance"));
}

static bool is_live(const struct lobby *lobby, const char *key) {
    const struct schema_entry *entry = schema_find(registry_settings(lobby->game_mode), key);
    return lobby->match && !lobby->match->ended && entry && entry->always && !entry->secret &&
           strcmp(key, "hostId") != 0;
}

/* What the match would not take the lobby does not show either. */
static int32_t check_match(const struct lobby *lobby, json_t *changes, struct failure *failure) {
    const char *key;
    json_t *value, *live = json_object();
    json_object_foreach(changes, key, value) if (is_live(lobby, key))
        json_object_set(live, key, value);
    bool fits = json_object_size(live) == 0 || match_settings_fit(lobby->match, live) == MUSTER_OK;
    json_decref(live);
    return fits ? RPC_OK
                : failure_set(failure, RPC_INVALID_PARAMS,
                              "settings: too many or too long for a match that runs");
}

static void put(struct lobby *lobby, const struct muster_self *asker, const char *key,
                json_t *value) {
    const struct schema_entry *entry = schema_find(registry_settings(lobby->game_mode), key);
    if (strcmp(key, "hostId") == 0) {
        lobby_host_set(lobby, lobby_find_member_key(lobby, json_string_value(value)));
    } else if (entry && !entry->secret) {
        lobby_setting_put(lobby, key, json_incref(value));
        if (is_live(lobby, key)) match_setting_push(lobby->match, key, value);
    }
    lobby_rules_changed(lobby, asker, key, value);
}

int32_t lobby_settings_change(struct lobby *lobby, muster_player_id by, struct muster_self *asker,
                              json_t *wanted, struct failure *failure) {
    const char *key;
    json_t *value;
    json_t *changes = check_wanted(lobby, wanted, failure);
    if (!changes) return failure->code;
    int32_t code = RPC_OK;
    json_object_foreach(changes, key, value) {
        if (!code) code = check_state(lobby, key, value, failure);
        if (!code) code = ask_change(lobby, by, asker, key, value, failure);
    }
    if (!code) code = check_match(lobby, changes, failure);
    bool any = json_object_size(changes) > 0;
    if (!code) json_object_foreach(changes, key, value) put(lobby, asker, key, value);
    json_decref(changes);
    if (code || !any) return code;
    lobby_settings_apply(lobby);
    lobby_tell_info(lobby);
    lobby_hooks.seats_opened(lobby);
    return RPC_OK;
}

int32_t lobby_update_settings(struct session *session, json_t *settings, struct failure *failure) {
    struct lobby *lobby;
    if (!lobby_need_entered(session, &lobby, failure)) return failure->code;
    int32_t code = lobby_settings_change(lobby, session->id, NULL, settings, failure);
    if (!code) lobby_touch(lobby);
    return code;
}
