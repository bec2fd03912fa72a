/* mod_manifest - mod.json into a mod, key by key. */
#include "mod_internal.h"
#include "sync.h"

#include <stdio.h>
#include <string.h>

enum {
    LIST_MAX = 32,
    NAME_BYTES_MAX = 64,
    DESCRIPTION_BYTES_MAX = 400,
    MEMORY_KB_MIN = 64,
    MEMORY_KB_MAX = 65536,
    MEMORY_KB_DEFAULT = 1024,
    MODE_PLAYERS_MAX = 16,
    MODE_VICTORIES_MAX = 8,
    MODE_TICK_RATE_HZ = 20,
    MODE_SNAPSHOT_MAX_BYTES = 1024,
};

static const char manifest_file[] = "mod.json";

struct reading {
    struct json_place place;
    struct mod *mod;
    const char *id; /* what the mod must be called, or null */
};

typedef muster_status (*read_fn)(struct reading *r, const struct json_place *place, json_t *value);

static muster_status read_id(struct reading *r, const struct json_place *place, json_t *value) {
    char expected[MOD_ID_MAX + 64];
    muster_status status = mod_json_id(place, value, MOD_ID_MAX, &r->mod->id);
    if (status || !r->id || strcmp(r->id, r->mod->id) == 0) return status;
    snprintf(expected, sizeof expected, "the name of its folder, \"%.*s\"", MOD_ID_MAX, r->id);
    return mod_json_fail(place, value, expected);
}

static muster_status read_name(struct reading *r, const struct json_place *place, json_t *value) {
    return mod_json_line(place, value, NAME_BYTES_MAX, &r->mod->name);
}

static muster_status read_version(struct reading *r, const struct json_place *place,
                                  json_t *value) {
    muster_status status = mod_json_line(place, value, NAME_BYTES_MAX, &r->mod->version);
    if (status || mod_version_is_good(r->mod->version)) return status;
    return mod_json_fail(place, value, "a version like 1.2.0 or 1.2.0-beta.1");
}

static muster_status read_api(struct reading *r, const struct json_place *place, json_t *value) {
    const char *text = json_string_value(value);
    (void)r;
    return text && strcmp(text, "1") == 0 ? MUSTER_OK : mod_json_fail(place, value, "\"1\"");
}

static muster_status read_kind(struct reading *r, const struct json_place *place, json_t *value) {
    const char *text = json_string_value(value);
    if (text && strcmp(text, "mode") == 0)
        r->mod->kind = MOD_MODE;
    else if (text && strcmp(text, "rule") == 0)
        r->mod->kind = MOD_RULE;
    return r->mod->kind ? MUSTER_OK : mod_json_fail(place, value, "mode or rule");
}

static muster_status read_author(struct reading *r, const struct json_place *place, json_t *value) {
    return mod_json_line(place, value, NAME_BYTES_MAX, &r->mod->author);
}

static muster_status read_license(struct reading *r, const struct json_place *place,
                                  json_t *value) {
    return mod_json_line(place, value, NAME_BYTES_MAX, &r->mod->license);
}

static muster_status read_description(struct reading *r, const struct json_place *place,
                                      json_t *value) {
    return mod_json_line(place, value, DESCRIPTION_BYTES_MAX, &r->mod->description);
}

static muster_status read_base(struct reading *r, const struct json_place *place, json_t *value) {
    return mod_json_id(place, value, MUSTER_NAME_MAX - 1, &r->mod->base);
}

/* "votes >= 1.2" */
static muster_status read_need(const struct json_place *place, const json_t *value,
                               struct mod_need *need) {
    char id[MOD_ID_MAX + 1] = "";
    muster_status status = mod_json_line(place, value, NAME_BYTES_MAX, &need->text);
    if (status) return status;
    size_t len = strcspn(need->text, " <>=");
    if (len <= MOD_ID_MAX) memcpy(id, need->text, len);
    need->versions = need->text + len;
    need->versions += strspn(need->versions, " ");
    if (!mod_word_is_id(id, MOD_ID_MAX) || !mod_ranges_are_good(need->versions))
        return mod_json_fail(place, value, "a mod's id, or like \"votes >= 1.2\" (>= <= > < =)");
    need->id = mod_memory_copy(place->memory, id, len);
    return need->id ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static muster_status read_needs(const struct json_place *place, json_t *value,
                                const struct mod_need **out, uint32_t *count) {
    struct mod_need *needs;
    muster_status status = mod_json_list(place, value, LIST_MAX, sizeof *needs, &needs, count);
    for (uint32_t i = 0; !status && i < *count; i++) {
        struct json_place item = mod_json_item(place, i);
        status = read_need(&item, json_array_get(value, i), &needs[i]);
    }
    if (!status) *out = needs;
    return status;
}

static muster_status read_depends(struct reading *r, const struct json_place *place,
                                  json_t *value) {
    return read_needs(place, value, &r->mod->depends, &r->mod->depend_count);
}

static muster_status read_optional(struct reading *r, const struct json_place *place,
                                   json_t *value) {
    return read_needs(place, value, &r->mod->optional, &r->mod->optional_count);
}

static muster_status read_conflicts(struct reading *r, const struct json_place *place,
                                    json_t *value) {
    const char **ids;
    muster_status status =
        mod_json_list(place, value, LIST_MAX, sizeof *ids, &ids, &r->mod->conflict_count);
    for (uint32_t i = 0; !status && i < r->mod->conflict_count; i++) {
        struct json_place item = mod_json_item(place, i);
        status = mod_json_id(&item, json_array_get(value, i), MOD_ID_MAX, &ids[i]);
        if (!status && strcmp(ids[i], r->mod->id) == 0)
            status = mod_json_fail(&item, json_array_get(value, i), "another mod");
    }
    if (!status) r->mod->conflicts = ids;
    return status;
}

static muster_status read_permissions(struct reading *r, const struct json_place *place,
                                      json_t *value) {
    if (!json_is_array(value)) return mod_json_fail(place, value, "a list");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        struct json_place at = mod_json_item(place, i);
        uint32_t permission =
            json_is_string(item) ? mod_permission_find(json_string_value(item)) : 0;
        if (!permission) return mod_json_fail(&at, item, "chat, kick, storage, teams or vote");
        if (r->mod->permissions & permission) return mod_json_fail(&at, item, "each only once");
        r->mod->permissions |= permission;
    }
    return MUSTER_OK;
}

static muster_status read_limits(struct reading *r, const struct json_place *place, json_t *value) {
    static const char *const known[] = {"memoryKb"};
    const char *key;
    json_t *limit;
    uint32_t kb = MEMORY_KB_DEFAULT;
    if (!json_is_object(value)) return mod_json_fail(place, value, "an object");
    json_object_foreach(value, key, limit) {
        struct json_place field = mod_json_field(place, key);
        if (strcmp(key, known[0]) != 0) return mod_json_unknown(&field, key, known, 1);
        muster_status status = mod_json_number(&field, limit, MEMORY_KB_MIN, MEMORY_KB_MAX, &kb);
        if (status) return status;
    }
    r->mod->memory_bytes = kb * 1024;
    return MUSTER_OK;
}

/* Of one setting: the host checks it against the setting's own schema. */
static bool is_plain(const json_t *value) {
    size_t i;
    json_t *item;
    if (json_is_array(value)) {
        json_array_foreach(value, i, item) {
            if (!json_is_string(item)) return false;
        }
        return true;
    }
    return json_is_boolean(value) || json_is_number(value) || json_is_string(value);
}

static muster_status read_defaults(struct reading *r, const struct json_place *place,
                                   json_t *value) {
    const char *key;
    json_t *item;
    if (!json_is_object(value)) return mod_json_fail(place, value, "an object of lobby settings");
    json_object_foreach(value, key, item) {
        struct json_place field = mod_json_field(place, key);
        if (!mod_json_key_is_camel(key) || !is_plain(item))
            return mod_json_fail(
                &field, item, "the name of a lobby setting and a plain value or list of strings");
    }
    r->mod->defaults_json = mod_json_text(place, value);
    return r->mod->defaults_json ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static muster_status read_players_max(struct reading *r, const struct json_place *place,
                                      json_t *value) {
    return mod_json_number(place, value, 1, SYNC_SEATS_MAX, &r->mod->players_max);
}

static muster_status read_people_max(struct reading *r, const struct json_place *place,
                                     json_t *value) {
    return mod_json_number(place, value, 1, SYNC_SEATS_MAX, &r->mod->people_max);
}

static muster_status read_players_min(struct reading *r, const struct json_place *place,
                                      json_t *value) {
    return mod_json_number(place, value, 1, SYNC_SEATS_MAX, &r->mod->players_min);
}

static muster_status read_tick_rate(struct reading *r, const struct json_place *place,
                                    json_t *value) {
    return mod_json_number(place, value, 1, MUSTER_TICK_RATE_MAX, &r->mod->tick_rate_hz);
}

static muster_status read_snapshot_max(struct reading *r, const struct json_place *place,
                                       json_t *value) {
    return mod_json_number(place, value, 64, 16384, &r->mod->snapshot_max_bytes);
}

static bool is_among(const char *word, const char *const *words, uint32_t count) {
    while (count > 0 && strcmp(words[count - 1], word) != 0) count--;
    return count > 0;
}

/* As the host takes it: letters, digits and _-. */
static muster_status read_map(const struct json_place *place, const json_t *value,
                              const char **out) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *text = json_string_value(value);
    size_t len = text ? strspn(text, letters) : 0;
    while (len > 0 && (text[len] == '_' || text[len] == '-' || text[len] == '.' ||
                       (text[len] && strchr(letters, text[len]))))
        len++;
    if (len == 0 || len >= MUSTER_NAME_MAX || text[len])
        return mod_json_fail(
            place, value, "a name of letters, digits, _-. (at most 47, a letter or digit first)");
    *out = mod_memory_copy(place->memory, text, len);
    return *out ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static muster_status read_maps(struct reading *r, const struct json_place *place, json_t *value) {
    const char **maps;
    muster_status status =
        mod_json_list(place, value, LIST_MAX, sizeof *maps, &maps, &r->mod->map_count);
    if (!status && r->mod->map_count == 0) status = mod_json_fail(place, value, "at least one map");
    for (uint32_t i = 0; !status && i < r->mod->map_count; i++) {
        struct json_place item = mod_json_item(place, i);
        status = read_map(&item, json_array_get(value, i), &maps[i]);
        if (!status && is_among(maps[i], maps, i))
            status = mod_json_fail(&item, json_array_get(value, i), "each only once");
    }
    if (!status) r->mod->maps = maps;
    return status;
}

/* A list of ids, each once, none of which is one of taken. */
static muster_status read_ids(const struct json_place *place, json_t *value, size_t max,
                              const char *const *taken, uint32_t taken_count,
                              const char *const **out, uint32_t *count) {
    const char **ids;
    muster_status status = mod_json_list(place, value, max, sizeof *ids, &ids, count);
    for (uint32_t i = 0; !status && i < *count; i++) {
        struct json_place item = mod_json_item(place, i);
        const json_t *word = json_array_get(value, i);
        status = mod_json_id(&item, word, MUSTER_NAME_MAX - 1, &ids[i]);
        if (!status && is_among(ids[i], taken, taken_count))
            status = mod_json_fail(&item, word, "a name that every mode has not already");
        if (!status && is_among(ids[i], ids, i))
            status = mod_json_fail(&item, word, "each only once");
    }
    if (!status) *out = ids;
    return status;
}

static muster_status read_stats(struct reading *r, const struct json_place *place, json_t *value) {
    static const char *const every_mode[] = {"kills", "deaths", "assists", "score"};
    return read_ids(place, value, MUSTER_STATS_OWN_MAX, every_mode, 4, &r->mod->stats,
                    &r->mod->stat_count);
}

static muster_status read_victories(struct reading *r, const struct json_place *place,
                                    json_t *value) {
    return read_ids(place, value, MODE_VICTORIES_MAX, NULL, 0, &r->mod->victories,
                    &r->mod->victory_count);
}

/* {"name", "maxPlayers"?}, or the name alone. */
static muster_status read_team(const struct json_place *place, const json_t *value,
                               struct muster_team *out) {
    static const char *const known[] = {"name", "maxPlayers"};
    const char *key;
    json_t *field, *object = (json_t *)value;
    const json_t *name = json_is_object(value) ? json_object_get(value, "name") : value;
    json_object_foreach(object, key, field) {
        struct json_place at = mod_json_field(place, key);
        if (!is_among(key, known, 2)) return mod_json_unknown(&at, key, known, 2);
        if (strcmp(key, "maxPlayers") != 0) continue;
        muster_status status = mod_json_number(&at, field, 1, MUSTER_PEOPLE_MAX, &out->players_max);
        if (status) return status;
    }
    muster_status status = mod_json_id(place, name, MUSTER_TEAM_NAME_MAX - 1, &out->name);
    if (!status && (strcmp(out->name, "none") == 0 || strcmp(out->name, "draw") == 0))
        return mod_json_fail(place, name, "a team's name, not \"none\" or \"draw\"");
    return status;
}

static muster_status read_teams(struct reading *r, const struct json_place *place, json_t *value) {
    struct muster_team *teams;
    uint32_t count;
    muster_status status =
        mod_json_list(place, value, MUSTER_TEAMS_MAX, sizeof *teams, &teams, &count);
    for (uint32_t i = 0; !status && i < count; i++) {
        struct json_place item = mod_json_item(place, i);
        status = read_team(&item, json_array_get(value, i), &teams[i]);
        for (uint32_t j = 0; !status && j < i; j++)
            if (strcmp(teams[j].name, teams[i].name) == 0)
                status = mod_json_fail(&item, json_array_get(value, i), "each only once");
    }
    if (status) return status;
    r->mod->teams = teams;
    r->mod->team_count = count;
    return MUSTER_OK;
}

/* In the order in which they are looked at. */
static const struct {
    const char *name;
    read_fn read;
    bool is_needed;
    bool is_modes;
    bool is_owners; /* only of modes without a base */
} keys[] = {
    {"id", read_id, true, false},
    {"kind", read_kind, true, false},
    {"api", read_api, true, false},
    {"name", read_name, true, false},
    {"version", read_version, true, false},
    {"author", read_author, false, false},
    {"license", read_license, false, false},
    {"description", read_description, false, false},
    {"base", read_base, false, true},
    {"depends", read_depends, false, false},
    {"optional", read_optional, false, false},
    {"conflicts", read_conflicts, false, false},
    {"permissions", read_permissions, false, false},
    {"limits", read_limits, false, false},
    {"defaults", read_defaults, false, true},
    {"minPlayers", read_players_min, false, true},
    {"stats", read_stats, false, true},
    {"victories", read_victories, false, true},
    {"teams", read_teams, false, true, true},
    {"maxPlayers", read_players_max, false, true, true},
    {"peopleMax", read_people_max, false, true, true},
    {"tickRate", read_tick_rate, false, true, true},
    {"snapshotMaxBytes", read_snapshot_max, false, true, true},
    {"maps", read_maps, false, true, true},
};
enum { KEY_COUNT = sizeof keys / sizeof *keys };

static muster_status check_known(const struct reading *r, json_t *json) {
    const char *names[KEY_COUNT];
    const char *key;
    json_t *value;
    for (int i = 0; i < KEY_COUNT; i++) names[i] = keys[i].name;
    json_object_foreach(json, key, value) {
        int i = 0;
        struct json_place field = mod_json_field(&r->place, key);
        while (i < KEY_COUNT && strcmp(key, names[i]) != 0) i++;
        if (i == KEY_COUNT) return mod_json_unknown(&field, key, names, KEY_COUNT);
    }
    return MUSTER_OK;
}

static muster_status read_key(struct reading *r, int key, json_t *value) {
    struct json_place field = mod_json_field(&r->place, keys[key].name);
    if (!value) return keys[key].is_needed ? mod_json_fail(&field, NULL, "a value") : MUSTER_OK;
    if (keys[key].is_modes && r->mod->kind != MOD_MODE)
        return mod_fail(r->place.error, MUSTER_INVALID, manifest_file, 0, "%s: only a mode has it",
                        keys[key].name);
    if (keys[key].is_owners && r->mod->base)
        return mod_fail(r->place.error, MUSTER_INVALID, manifest_file, 0,
                        "%s: only a mode without a base has it; \"defaults\" gives other defaults "
                        "of lobby settings",
                        keys[key].name);
    return keys[key].read(r, &field, value);
}

static void set_missing(struct mod *mod) {
    static const char *const one_map[] = {"default"};
    static const struct muster_team pair[] = {MUSTER_TEAMS_RED_BLUE};
    if (!mod->memory_bytes) mod->memory_bytes = MEMORY_KB_DEFAULT * 1024;
    if (!mod->author) mod->author = "";
    if (!mod->license) mod->license = "";
    if (!mod->description) mod->description = "";
    if (mod->kind != MOD_MODE || mod->base) return;
    if (!mod->people_max)
        mod->people_max = mod->players_max > MODE_PLAYERS_MAX ? mod->players_max : MODE_PLAYERS_MAX;
    if (!mod->players_max) mod->players_max = mod->people_max;
    if (!mod->teams) {
        mod->teams = pair;
        mod->team_count = sizeof pair / sizeof *pair;
    }
    if (!mod->tick_rate_hz) mod->tick_rate_hz = MODE_TICK_RATE_HZ;
    if (!mod->snapshot_max_bytes) mod->snapshot_max_bytes = MODE_SNAPSHOT_MAX_BYTES;
    if (mod->maps) return;
    mod->maps = one_map;
    mod->map_count = 1;
}

static muster_status refuse_number(const struct reading *r, const char *key, uint32_t found,
                                   const char *limit, uint32_t most) {
    return mod_fail(r->place.error, MUSTER_INVALID, manifest_file, 0,
                    "%s: expected at most %s (%u), found %u", key, limit, most, found);
}

/* What its numbers of people say together. */
static muster_status check_people(const struct reading *r) {
    const struct mod *mod = r->mod;
    uint32_t room = 0;
    if (mod->kind != MOD_MODE || mod->base) return MUSTER_OK;
    if (mod->players_max > mod->people_max)
        return refuse_number(r, "maxPlayers", mod->players_max, "peopleMax", mod->people_max);
    if (mod->players_min > mod->players_max)
        return refuse_number(r, "minPlayers", mod->players_min, "maxPlayers", mod->players_max);
    for (uint32_t i = 0; i < mod->team_count; i++) {
        if (!mod->teams[i].players_max) return MUSTER_OK;
        room += mod->teams[i].players_max;
    }
    if (mod->team_count && room < mod->people_max)
        return mod_fail(r->place.error, MUSTER_INVALID, manifest_file, 0,
                        "teams: expected room for peopleMax (%u) in all of them together, found "
                        "%u",
                        mod->people_max, room);
    return MUSTER_OK;
}

static muster_status read_manifest(struct reading *r, json_t *json) {
    if (!json_is_object(json))
        return mod_fail(r->place.error, MUSTER_INVALID, manifest_file, 0, "expected an object");
    muster_status status = check_known(r, json);
    for (int i = 0; !status && i < KEY_COUNT; i++)
        status = read_key(r, i, json_object_get(json, keys[i].name));
    if (status) return status;
    set_missing(r->mod);
    return check_people(r);
}

muster_status mod_manifest_read(struct mod *mod, const struct mod_source *source, const char *id,
                                struct mod_error *error) {
    struct reading r = {{manifest_file, "", &mod->memory, error}, mod, id};
    json_t *json = mod_json_read(source, error);
    if (!json) return MUSTER_INVALID;
    muster_status status = read_manifest(&r, json);
    json_decref(json);
    return status;
}
