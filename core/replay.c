#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "host.h"
#include "lobby.h"
#include "loop.h"
#include "paths.h"
#include "pending.h"
#include "server.h"
#include "status.h"

#define EXIT_DIFFERENT 1
#define EXIT_DATA 65
#define TICKS_MAX 5184000 /* a day at 60 Hz: a number in a damaged file is no work for years */

struct replay {
    struct match *match;
    struct match_part rules[MATCH_RULES_MAX];
    uint32_t rules_count;
    json_t *header;
    bool different;
    bool ended;
    uint32_t different_tick;
    uint64_t hash;
    uint64_t recorded_hash;
};

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int complain(const char *path, const char *why) {
    fprintf(stderr, "musterd: %s: %s\n", path, why);
    return EXIT_DATA;
}

/* ---- set up ---------------------------------------------------------------------------------- */

static bool provides(const struct muster_self *self, uint32_t kind) {
    const struct provider *p = registry_first(kind);
    while (p && p->self != self) p = p->next;
    return p != NULL;
}

/* Only what played the match is loaded: no database, no listener, whatever the file names. */
static bool load_plugin(const json_t *entry, uint32_t kind, const char *path) {
    char error[PLUGIN_ERROR_MAX] = "";
    const char *instance = text_of(entry, "instance"), *version = text_of(entry, "version");
    if (!plugin_find(instance) && plugin_load(text_of(entry, "name"), instance, error)) {
        complain(path, error);
        return false;
    }
    if (!provides(plugin_find(instance), kind)) {
        complain(path, "its header names a plugin for what that plugin does not do");
        return false;
    }
    const char *here = plugin_find(instance)->version;
    if (strcmp(here, version) != 0)
        fprintf(stderr, "musterd: %s: plugin %s is version %s here, %s in the recording\n", path,
                instance, here, version);
    return true;
}

static bool load_plugins(const json_t *header, const char *path) {
    static const char *const lists[] = {"victories", "rules"};
    static const uint32_t kinds[] = {MUSTER_ROLE_VICTORY, MUSTER_ROLE_RULES};
    char error[PLUGIN_ERROR_MAX] = "";
    size_t i;
    json_t *entry;
    if (!load_plugin(json_object_get(header, "mode"), MUSTER_ROLE_MODE, path)) return false;
    for (int list = 0; list < 2; list++)
        json_array_foreach(json_object_get(header, lists[list]), i,
                           entry) if (!load_plugin(entry, kinds[list], path)) return false;
    if (plugin_start_all(error) == MUSTER_OK) return true;
    complain(path, error);
    return false;
}

static int64_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static bool fits(const json_t *object, const char *key, size_t cap) {
    return strlen(text_of(object, key)) < cap;
}

/* The rules that sat in the lobby: they take part in the step. */
static muster_status create_rules(struct replay *replay) {
    struct provider *p = registry_first(MUSTER_ROLE_RULES);
    for (; p && replay->rules_count < MATCH_RULES_MAX; p = p->next) {
        struct match_part *part = &replay->rules[replay->rules_count++];
        part->provider = p;
        if (!p->rules.create) continue;
        plugin_enter(p->self, "rules.create");
        muster_status status = p->rules.create(p->instance, 0, &part->state);
        plugin_leave();
        if (status) return status;
    }
    return MUSTER_OK;
}

static void destroy_rules(struct replay *replay) {
    for (uint32_t i = 0; i < replay->rules_count; i++) {
        struct match_part *part = &replay->rules[i];
        if (!part->provider->rules.destroy) continue;
        plugin_enter(part->provider->self, "rules.destroy");
        part->provider->rules.destroy(part->provider->instance, part->state);
        plugin_leave();
    }
}

static muster_status create_match(struct replay *replay) {
    const json_t *h = replay->header;
    int64_t rate = number_of(h, "tickRate"), seats = number_of(h, "seatsMax");
    if (rate < 1 || rate > 60 || seats < 1 || seats > MUSTER_SEATS_MAX / 2) return MUSTER_INVALID;
    if (!json_is_object(json_object_get(h, "settings"))) return MUSTER_INVALID;
    if (!fits(h, "matchId", 40) || !fits(h, "lobbyId", 40)) return MUSTER_INVALID;
    if (!fits(h, "gameMode", MUSTER_NAME_MAX) || !fits(h, "mapName", MUSTER_NAME_MAX))
        return MUSTER_INVALID;
    struct match_setup setup = {
        .match_key = text_of(h, "matchId"),
        .lobby_key = text_of(h, "lobbyId"),
        .game_mode = text_of(h, "gameMode"),
        .map_name = text_of(h, "mapName"),
        .settings = json_object_get(h, "settings"),
        .seed = strtoull(text_of(h, "seed"), NULL, 10),
        .tick_rate_hz = (uint32_t)rate,
        .seats_max = (uint32_t)seats,
        .rules = replay->rules,
        .rules_count = replay->rules_count,
    };
    muster_status status = match_create(&setup, &replay->match);
    if (!status) replay->match->replaying = true;
    return status;
}

/* ---- entries --------------------------------------------------------------------------------- */

static muster_status apply_join(struct match *match, const struct record_entry *entry) {
    char player_key[MUSTER_PLAYER_KEY_MAX], display_name[MUSTER_DISPLAY_MAX];
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    uint32_t team = muster_get_u8(&r);
    bool connected = muster_get_u8(&r);
    muster_get_str(&r, player_key, sizeof player_key);
    muster_get_str(&r, display_name, sizeof display_name);
    if (!session_text_mend(display_name) || !session_text_mend(player_key)) return MUSTER_INVALID;
    if (r.overflow || entry->seat >= match->seats_max || match->seats[entry->seat].used ||
        team >= MUSTER_TEAM_COUNT)
        return MUSTER_INVALID;
    /* A seat that the mode refused is refused again; the LEAVE that follows finds it empty. */
    muster_status refused =
        match_join(match, entry->seat, player_key, display_name, team, connected);
    (void)refused;
    return MUSTER_OK;
}

static muster_status apply_command(struct match *match, const struct record_entry *entry) {
    struct match_command command = {.seat = entry->seat};
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    muster_get_str(&r, command.name, sizeof command.name);
    muster_get_str(&r, command.text, sizeof command.text);
    command.arg_count = muster_get_u8(&r);
    if (command.arg_count > 8) return MUSTER_INVALID;
    for (uint32_t i = 0; i < command.arg_count; i++) command.args[i] = muster_get_i64(&r);
    if (r.overflow) return MUSTER_INVALID;
    match_command_apply(match, &command);
    return MUSTER_OK;
}

static muster_status apply_setting(struct match *match, const struct record_entry *entry) {
    struct match_setting setting;
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    muster_get_str(&r, setting.key, sizeof setting.key);
    muster_get_str(&r, setting.value, sizeof setting.value);
    return r.overflow ? MUSTER_INVALID : match_setting_apply(match, &setting);
}

static muster_status apply_input(struct match *match, const struct record_entry *entry) {
    struct muster_input input;
    if (entry->seat >= match->seats_max) return MUSTER_INVALID;
    muster_status status = match_input_decode(entry->data, entry->len, &input);
    if (!status) match_input_apply(match, entry->seat, &input);
    return status;
}

static muster_status compare_hash(struct replay *replay, uint64_t recorded, uint32_t tick) {
    replay->hash = match_hash(replay->match);
    replay->recorded_hash = recorded;
    if (replay->hash != recorded && !replay->different) {
        replay->different = true;
        replay->different_tick = tick;
    }
    return MUSTER_OK;
}

static muster_status apply_end(struct replay *replay, const struct record_entry *entry) {
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    uint32_t team = muster_get_u8(&r);
    uint32_t reason = muster_get_u8(&r);
    uint64_t hash = muster_get_u64(&r);
    struct match *match = replay->match;
    if (r.overflow || !match_end_valid(team, reason)) return MUSTER_INVALID;
    match_end(match, team, reason); /* only when it was ended from outside */
    replay->ended = true;
    if (match->end_team != team || match->end_reason != reason) replay->different = true;
    return compare_hash(replay, hash, entry->tick);
}

static muster_status apply(struct replay *replay, const struct record_entry *entry) {
    struct match *match = replay->match;
    struct muster_reader in = muster_reader_make(entry->data, entry->len);
    uint8_t byte = entry->len ? entry->data[0] : 0;
    bool seated = entry->seat < match->seats_max;
    switch (entry->kind) {
    case RECORD_JOIN: return apply_join(match, entry);
    case RECORD_LEAVE:
        if (seated) match_leave(match, entry->seat, byte);
        return seated ? MUSTER_OK : MUSTER_INVALID;
    case RECORD_CONNECTION:
        if (seated) match_connection(match, entry->seat, byte);
        return seated ? MUSTER_OK : MUSTER_INVALID;
    case RECORD_INPUT: return apply_input(match, entry);
    case RECORD_COMMAND: return apply_command(match, entry);
    case RECORD_SETTING: return apply_setting(match, entry);
    case RECORD_HASH:
        if (entry->len != 8) return MUSTER_INVALID;
        return compare_hash(replay, muster_get_u64(&in), entry->tick);
    case RECORD_END: return apply_end(replay, entry);
    default: return MUSTER_INVALID;
    }
}

static muster_status play(struct replay *replay, struct record_reader *reader) {
    struct record_entry entry;
    muster_status status;
    while (!replay->ended && !(status = record_next(reader, &entry))) {
        if (entry.tick < replay->match->tick || entry.tick > TICKS_MAX) return MUSTER_INVALID;
        while (replay->match->tick < entry.tick && !replay->match->ended) {
            match_advance(replay->match);
            match_sent(replay->match);
        }
        if (replay->match->tick != entry.tick) { /* it ended earlier than it did */
            replay->different = true;
            return MUSTER_OK;
        }
        status = apply(replay, &entry);
        if (status) return status;
    }
    return replay->ended || status == MUSTER_NOT_FOUND ? MUSTER_OK : status;
}

/* ---- result ---------------------------------------------------------------------------------- */

static void print_result(struct replay *replay, bool json) {
    static struct match_results results;
    char hash[20], recorded[20];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)replay->hash);
    snprintf(recorded, sizeof recorded, "%016llx", (unsigned long long)replay->recorded_hash);
    match_results(replay->match, &results);
    json_t *result_json = match_results_json(&results);
    if (json) {
        json_t *all =
            json_pack("{s:s,s:s,s:i,s:b,s:o}", "hash", hash, "recordedHash", recorded, "ticks",
                      (int)replay->match->tick, "same", !replay->different, "results", result_json);
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
        return;
    }
    json_dumpf(result_json, stdout, JSON_INDENT(2));
    printf("\nticks: %u\nstate hash: %s\nrecorded:   %s\n", replay->match->tick, hash, recorded);
    if (replay->different) printf("DIFFERENT from tick %u on\n", replay->different_tick);
    if (!replay->ended) printf("the recording has no end: the server was killed\n");
    json_decref(result_json);
}

static int replay_file(struct replay *replay, struct record_reader *reader, const char *path,
                       bool json) {
    if (!load_plugins(replay->header, path)) return EXIT_DATA;
    if (create_rules(replay) || create_match(replay))
        return complain(path, "its match cannot be set up here");
    if (play(replay, reader)) return complain(path, "the recording is damaged");
    if (!replay->ended) replay->hash = match_hash(replay->match);
    print_result(replay, json);
    return replay->different ? EXIT_DIFFERENT : SERVER_EXIT_OK;
}

int replay_run(const char *path, bool json) {
    struct replay replay = {0};
    struct record_reader *reader = NULL;
    const char *header_json = "";
    muster_status status = record_read(path, &reader, &header_json);
    if (status)
        return complain(path, status == MUSTER_INVALID ? "not a recording" : status_text(status));
    replay.header = json_loads(header_json, JSON_REJECT_DUPLICATES, NULL);
    int code = json_is_object(replay.header) ? server_prepare(false)
                                             : complain(path, "its header is damaged");
    if (code == SERVER_EXIT_OK) {
        code =
            match_table_init(1) ? SERVER_EXIT_INTERNAL : replay_file(&replay, reader, path, json);
        match_destroy(replay.match);
        destroy_rules(&replay);
        plugin_stop_all();
        server_unload();
        match_table_deinit();
    }
    json_decref(replay.header);
    record_reader_close(reader);
    return code;
}
