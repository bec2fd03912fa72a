#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "lobby.h"
#include "paths.h"
#include "pending.h"
#include "playback.h"
#include "server.h"
#include "status.h"

#define EXIT_DIFFERENT 1
#define EXIT_DATA 65

struct replay {
    struct playback play;
    struct match_part rules[MATCH_RULES_MAX];
    uint32_t rules_count;
    json_t *header;
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

static struct provider *provider_of(const struct muster_self *self, uint32_t kind) {
    struct provider *p = registry_first(kind);
    while (p && p->self != self) p = p->next;
    return p;
}

/* In any of the roles of a match, or by declaring its mode. */
static bool plays(const struct muster_self *self, const char *game_mode) {
    const struct mode_entry *mode = registry_mode(game_mode);
    return provider_of(self, MUSTER_ROLE_MODE) || provider_of(self, MUSTER_ROLE_VICTORY) ||
           provider_of(self, MUSTER_ROLE_RULES) || (mode && registry_mode_owner(mode) == self);
}

/* Loads it unless it is there; null: said why. */
static struct muster_self *load_plugin(const json_t *entry, const char *path) {
    char error[PLUGIN_ERROR_MAX] = "";
    const char *instance = text_of(entry, "instance"), *version = text_of(entry, "version");
    struct muster_self *self = plugin_find(instance);
    if (self) return self;
    if (plugin_load(text_of(entry, "name"), instance, error)) {
        complain(path, error);
        return NULL;
    }
    self = plugin_find(instance);
    if (strcmp(self->version, version) != 0)
        fprintf(stderr, "musterd: %s: plugin %s is version %s here, %s in the recording\n", path,
                instance, self->version, version);
    return self;
}

/* Only what played the match is loaded: no database, no listener, whatever the file names. */
static bool load_role(const json_t *entry, uint32_t kind, const char *path) {
    const struct muster_self *self = load_plugin(entry, path);
    if (!self) return false;
    if (provider_of(self, kind)) return true;
    complain(path, "its header names a plugin for what that plugin does not do");
    return false;
}

static bool load_list(const json_t *list, uint32_t kind, const char *path) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!load_role(json_array_get(list, i), kind, path)) return false;
    return true;
}

/* In config order, which older recordings do not name. */
static bool load_players(const json_t *header, const char *path) {
    const json_t *list = json_object_get(header, "plugins");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const struct muster_self *self = load_plugin(json_array_get(list, i), path);
        if (!self) return false;
        if (plays(self, text_of(header, "gameMode"))) continue;
        complain(path, "its header names a plugin that plays no matches");
        return false;
    }
    return true;
}

static bool load_plugins(const json_t *header, const char *path) {
    char error[PLUGIN_ERROR_MAX] = "";
    if (!load_players(header, path) ||
        !load_role(json_object_get(header, "mode"), MUSTER_ROLE_MODE, path) ||
        !load_list(json_object_get(header, "victories"), MUSTER_ROLE_VICTORY, path) ||
        !load_list(json_object_get(header, "rules"), MUSTER_ROLE_RULES, path))
        return false;
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

/* The rules that sat in the lobby take part in the step, in their order: notes name them by it. */
static muster_status create_rules(struct replay *replay) {
    const json_t *list = json_object_get(replay->header, "rules");
    if (json_array_size(list) > MATCH_RULES_MAX) return MUSTER_LIMIT;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *instance = text_of(json_array_get(list, i), "instance");
        struct provider *p = provider_of(plugin_find(instance), MUSTER_ROLE_RULES);
        struct match_part *part = &replay->rules[replay->rules_count++];
        part->provider = p;
        if (!p->rules.create) continue;
        plugin_enter(p->self, "rules.create");
        muster_status status = p->rules.create(p->instance, (muster_lobby_id){0}, &part->state);
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
    if (rate < 1 || rate > MUSTER_TICK_RATE_MAX || seats < 1 || seats > MUSTER_PEOPLE_MAX)
        return MUSTER_INVALID;
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
        .is_replay = true,
    };
    return match_create(&setup, &replay->play.match);
}

/* ---- result ---------------------------------------------------------------------------------- */

/* The recorded hash beside the state's is one of the same tick: there is none without an end. */
static void print_hashes(const struct playback *play, const char *hash, const char *recorded) {
    printf("\nticks: %u\nstate hash: %s\n", play->match->tick, hash);
    if (play->ended) printf("recorded:   %s\n", recorded);
    if (play->different) printf("DIFFERENT from tick %u on\n", play->different_tick);
    if (play->ended || play->different) return;
    printf("the recording has no end: the server was killed; ");
    if (play->compared_tick)
        printf("it was compared up to tick %u\n", play->compared_tick);
    else
        printf("it holds nothing to compare with\n");
}

static void print_result(const struct playback *play, bool json) {
    char hash[20], recorded[20];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)play->hash);
    snprintf(recorded, sizeof recorded, "%016llx", (unsigned long long)play->recorded_hash);
    struct match_results *results = match_results(play->match);
    json_t *result_json = results ? lobby_results_json(results) : json_null();
    free(results);
    if (json) {
        json_t *all = json_pack("{s:s,s:s?,s:i,s:i,s:b,s:o}", "hash", hash, "recordedHash",
                                play->ended ? recorded : NULL, "ticks", (int)play->match->tick,
                                "comparedTick", (int)play->compared_tick, "same", !play->different,
                                "results", result_json);
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
        return;
    }
    json_dumpf(result_json, stdout, JSON_INDENT(2));
    print_hashes(play, hash, recorded);
    json_decref(result_json);
}

static int replay_file(struct replay *replay, struct record_reader *reader, const char *path,
                       bool json) {
    if (!load_plugins(replay->header, path)) return EXIT_DATA;
    if (create_rules(replay) || create_match(replay))
        return complain(path, "its match cannot be set up here");
    if (playback_run(&replay->play, reader)) return complain(path, "the recording is damaged");
    print_result(&replay->play, json);
    return replay->play.different ? EXIT_DIFFERENT : SERVER_EXIT_OK;
}

json_t *replay_header(const char *text, const char **why) {
    json_t *header = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    *why = NULL;
    if (!json_is_object(header))
        *why = "its header is damaged";
    else if (number_of(header, "version") != RECORD_HEADER_VERSION)
        *why = "it was recorded by another version of muster";
    return header;
}

int replay_run(const char *path, bool json) {
    struct replay replay = {0};
    struct record_reader *reader = NULL;
    const char *header_json = "", *why;
    muster_status status = record_read(path, &reader, &header_json);
    if (status)
        return complain(path, status == MUSTER_INVALID ? "not a recording" : status_text(status));
    replay.header = replay_header(header_json, &why);
    int code = why ? complain(path, why) : server_prepare(false);
    if (code == SERVER_EXIT_OK) {
        code =
            match_table_init(1) ? SERVER_EXIT_INTERNAL : replay_file(&replay, reader, path, json);
        match_destroy(replay.play.match);
        destroy_rules(&replay);
        plugin_stop_all();
        server_unload();
        match_table_deinit();
    }
    json_decref(replay.header);
    record_reader_close(reader);
    return code;
}
