/* The list of lobbies, for players and strangers: the text of each lobby is made when something
 * about it has changed, not when somebody asks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "lobby_internal.h"
#include "paths.h"
#include "registry.h"
#include "status.h"

/* What a list tells of each lobby whatever its value is. */
static bool is_listed_always(const char *key) {
    static const char *const keys[] = {"mapName",   "maxPlayers", "rules",
                                       "isPrivate", "locked",     "hostId"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], key) == 0) return true;
    return false;
}

/* Most settings are of rules that the lobby has not chosen. */
static json_t *short_settings(const struct lobby *lobby) {
    const struct schema *schema = registry_settings(lobby->game_mode);
    json_t *settings = json_object(), *all = lobby_settings_json(lobby);
    const char *key;
    json_t *value;
    json_object_foreach(all, key, value) {
        const struct schema_entry *entry = schema ? schema_find(schema, key) : NULL;
        if (is_listed_always(key) || (entry && !json_equal(value, entry->fallback)))
            json_object_set(settings, key, value);
    }
    json_decref(all);
    return settings;
}

static char *make(const struct lobby *lobby) {
    json_t *info = lobby_info_json(lobby);
    json_object_set_new(info, "settings", short_settings(lobby));
    size_t len;
    char *text = dump_json(info, &len);
    json_decref(info);
    return text;
}

/* Null: out of memory. */
static const char *text_of(struct lobby *lobby) {
    const struct lobby_listed now = {.state = lobby->state,
                                     .players = lobby_players(lobby),
                                     .players_max = lobby->players_max,
                                     .frozen = lobby->frozen_since_ms != 0,
                                     .settings_version = lobby->settings_version,
                                     .registry_version = registry_version()};
    struct lobby_listed *kept = &lobby->listed;
    bool same = kept->text && kept->state == now.state && kept->players == now.players &&
                kept->players_max == now.players_max && kept->frozen == now.frozen &&
                kept->settings_version == now.settings_version &&
                kept->registry_version == now.registry_version;
    if (same) return kept->text;
    free(kept->text);
    *kept = now;
    kept->text = make(lobby);
    return kept->text;
}

static bool fits(const char *wanted, const char *have) {
    return !wanted[0] || strcmp(wanted, have) == 0;
}

static bool is_wanted(const struct lobby_filter *filter, const struct lobby *lobby) {
    return lobby_visible(lobby, NULL) && fits(filter->game_mode, lobby->game_mode) &&
           fits(filter->region, lobby->region) &&
           fits(filter->state, lobby_state_text(lobby->state)) &&
           fits(filter->map_name, lobby_map(lobby)) &&
           (!filter->by_open_slots || filter->has_open_slots == lobby_open(lobby));
}

char *lobby_list(const struct lobby_filter *filter, uint32_t *len) {
    muster_lobby_id id = filter->after;
    uint32_t count = 0;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    fputs("{\"lobbies\":[", out);
    struct lobby *lobby = NULL;
    while (count < filter->limit && (lobby = lobby_next(&id))) {
        const char *one = is_wanted(filter, lobby) ? text_of(lobby) : NULL;
        if (one) fprintf(out, "%s%s", count++ > 0 ? "," : "", one);
    }
    if (lobby)
        fprintf(out, "],\"nextCursor\":\"%llx\"}", (unsigned long long)id.value);
    else
        fputs("],\"nextCursor\":null}", out);
    bool whole = fclose(out) == 0;
    *len = (uint32_t)size;
    if (whole) return text;
    free(text);
    return NULL;
}
