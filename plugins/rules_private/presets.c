/* presets.c - settings by name: the operator's, and those that players keep in the database. */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "players/players.h"

/* What a query's answer needs; freed by its callback. */
struct wait {
    struct instance *instance;
    muster_rpc_call_id call;
    muster_lobby_id lobby;
    muster_player_id player;
    char name[48];
};

/* ---- the operator's -------------------------------------------------------------------------- */

/* "NAME KEY=VALUE ..." into settings; null: not that name (name null: any; out_name is filled). */
static json_t *parse(const char *item, const char *name, char out_name[48]) {
    char *text = strdup(item), *rest = NULL;
    const char *own = text ? strtok_r(text, " ", &rest) : NULL;
    if (!own || (name && strcmp(own, name) != 0)) {
        free(text);
        return NULL;
    }
    snprintf(out_name, 48, "%.47s", own);
    json_t *settings = json_object();
    for (char *pair; (pair = strtok_r(NULL, " ", &rest));) {
        char *equals = strchr(pair, '=');
        if (!equals) continue;
        *equals = '\0';
        json_t *value = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
        json_object_set_new(settings, pair, value ? value : json_string(equals + 1));
    }
    free(text);
    return settings;
}

static json_t *find_common(const struct instance *instance, const char *name) {
    const struct muster_host_config *config = instance->host->config;
    json_t *found = NULL;
    char own[48];
    for (uint32_t i = 0; !found && i < config->list_count(instance->self, "presets"); i++)
        found = parse(config->list_item(instance->self, "presets", i), name, own);
    return found;
}

static json_t *common_presets(const struct instance *instance) {
    const struct muster_host_config *config = instance->host->config;
    json_t *list = json_array();
    char name[48];
    for (uint32_t i = 0; i < config->list_count(instance->self, "presets"); i++) {
        json_t *settings = parse(config->list_item(instance->self, "presets", i), NULL, name);
        if (settings)
            json_array_append_new(
                list, json_pack("{s:s,s:o,s:b}", "name", name, "settings", settings, "own", 0));
    }
    return list;
}

/* ---- the players' ---------------------------------------------------------------------------- */

static void on_orphans_gone(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)user;
    (void)status; /* without players there is no table of them: nothing to do */
    (void)rows;
}

/* Guests are forgotten in time, and what they saved with them. */
static void drop_orphans(struct instance *instance) {
    static const struct muster_db_statement statement = {
        .sql = "DELETE FROM lobby_presets WHERE player_id NOT IN (SELECT player_id FROM players)"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    (void)instance->host->db->query(instance->self, &request, on_orphans_gone, instance, NULL);
}

static void on_migrated(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct instance *instance = user;
    (void)rows;
    instance->has_table = status == MUSTER_OK;
    if (instance->has_table) drop_orphans(instance);
    if (status)
        instance->host->log->write(instance->self, MUSTER_LOG_WARN,
                                   "players cannot save presets: the database refused its table");
}

muster_status presets_start(struct instance *instance) {
    static const char *const steps[] = {
        "CREATE TABLE lobby_presets (player_id TEXT NOT NULL, name TEXT NOT NULL, settings TEXT "
        "NOT "
        "NULL, saved_at BIGINT NOT NULL, PRIMARY KEY (player_id, name))"};
    (void)players_migrate(instance->self, instance->host);
    (void)instance->host->db->migrate(instance->self, "rules_private", steps, 1, on_migrated,
                                      instance, NULL); /* without a database: none are kept */
    return MUSTER_OK;
}

static void query_all(struct request *request, const struct muster_db_statement *statements,
                      uint32_t count, muster_db_fn fn) {
    struct instance *instance = request->instance;
    struct muster_db_request asked = {
        .size = sizeof asked, .statement_count = count, .statements = statements};
    struct wait *wait = instance->has_table ? calloc(1, sizeof *wait) : NULL;
    if (wait) {
        muster_lobby_id lobby = request->lobby ? request->lobby->id : (muster_lobby_id){0};
        *wait = (struct wait){instance, request->call, lobby, request->member.player};
        snprintf(wait->name, sizeof wait->name, "%s", text_of(request->params, "name"));
    }
    if (wait && instance->host->db->query(instance->self, &asked, fn, wait, NULL) == MUSTER_OK)
        return;
    free(wait);
    refuse(instance, request->call, "unavailable", "", "this server keeps no presets of players");
}

static void query(struct request *request, const char *sql, const struct muster_db_value *params,
                  uint32_t param_count, muster_db_fn fn) {
    const struct muster_db_statement statement = {
        .sql = sql, .params = params, .param_count = param_count};
    query_all(request, &statement, 1, fn);
}

/* False: the query failed, and the request is refused. */
static bool answered(const struct wait *wait, muster_status status) {
    if (status == MUSTER_OK) return true;
    refuse(wait->instance, wait->call, "unavailable", "", "the database does not answer");
    return false;
}

static json_t *cell_json(const struct muster_db_value *cell) {
    return cell->type == MUSTER_DB_TEXT
               ? json_loadb(cell->bytes.data, cell->bytes.len, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

/* ---- list ------------------------------------------------------------------------------------ */

static void on_listed(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait *wait = user;
    json_t *list = common_presets(wait->instance);
    for (uint32_t i = 0; status == MUSTER_OK && i < rows->row_count; i++) {
        const struct muster_db_value *cells = &rows->cells[(size_t)i * rows->column_count];
        json_t *settings = cell_json(&cells[1]);
        json_t *name = json_stringn(cells[0].bytes.data, cells[0].bytes.len);
        json_t *preset = json_pack("{s:o,s:o,s:b}", "name", name, "settings", settings, "own", 1);
        if (preset) json_array_append_new(list, preset);
    }
    if (answered(wait, status))
        answer(wait->instance, wait->call, json_pack("{s:o}", "presets", list));
    else
        json_decref(list);
    free(wait);
}

void method_presets(struct request *request) {
    const struct muster_db_value params[] = {muster_db_text(request->member.player_key)};
    if (!request->instance->has_table) {
        answer(request->instance, request->call,
               json_pack("{s:o}", "presets", common_presets(request->instance)));
        return;
    }
    query(request,
          "SELECT name, settings FROM lobby_presets WHERE player_id = $1 ORDER BY name LIMIT 200",
          params, 1, on_listed);
}

/* ---- apply ----------------------------------------------------------------------------------- */

static void apply(const struct instance *instance, muster_rpc_call_id call, muster_lobby_id lobby,
                  muster_player_id player, json_t *settings) {
    char reason[MUSTER_REASON_MAX] = "";
    char *text = json_dumps(settings, JSON_COMPACT);
    muster_status status = text ? instance->host->lobby->settings_set(instance->self, lobby, player,
                                                                      text, reason, sizeof reason)
                                : MUSTER_NO_MEMORY;
    free(text);
    if (status == MUSTER_OK)
        answer(instance, call, NULL);
    else
        refuse(instance, call,
               status == MUSTER_INVALID ? "invalid_params"
               : status == MUSTER_STATE ? "wrong_state"
                                        : "denied",
               "", "%s", reason[0] ? reason : "the lobby is gone");
}

/* The one who asked may have lost the lobby meanwhile. */
static bool is_host_still(const struct wait *wait) {
    const struct instance *instance = wait->instance;
    struct muster_lobby_info info = {.size = sizeof info};
    return instance->host->lobby->get(instance->self, wait->lobby, &info) == MUSTER_OK &&
           is_host(instance, &info, wait->player);
}

static void on_found(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait *wait = user;
    bool good = answered(wait, status);
    json_t *settings = good && rows->row_count ? cell_json(&rows->cells[0]) : NULL;
    if (good && !settings)
        refuse(wait->instance, wait->call, "not_found", "", "no preset \"%s\"", wait->name);
    else if (good && !is_host_still(wait))
        refuse(wait->instance, wait->call, "denied", "not_host", "only the host may do that");
    else if (good)
        apply(wait->instance, wait->call, wait->lobby, wait->player, settings);
    json_decref(settings);
    free(wait);
}

void method_apply_preset(struct request *request) {
    const char *name = text_of(request->params, "name");
    json_t *common = find_common(request->instance, name);
    if (common) {
        apply(request->instance, request->call, request->lobby->id, request->member.player, common);
        json_decref(common);
        return;
    }
    if (!request->instance->has_table) {
        refuse(request->instance, request->call, "not_found", "", "no preset \"%s\"", name);
        return;
    }
    const struct muster_db_value params[] = {muster_db_text(request->member.player_key),
                                             muster_db_text(name)};
    query(request, "SELECT settings FROM lobby_presets WHERE player_id = $1 AND name = $2", params,
          2, on_found);
}

/* ---- save, delete ---------------------------------------------------------------------------- */

static void on_saved(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait *wait = user;
    bool good = answered(wait, status);
    if (good && rows->changes > 0)
        answer(wait->instance, wait->call, NULL);
    else if (good)
        refuse(wait->instance, wait->call, "denied", "too_many", "you have saved too many presets");
    free(wait);
}

/* What belongs to this one evening is left out. */
static char *settings_text(const struct request *request) {
    static const char *const not_kept[] = {"hostId", "locked"};
    static char bytes[16384];
    const struct instance *instance = request->instance;
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    if (instance->host->lobby->settings_get(instance->self, request->lobby->id, &w)) return NULL;
    json_t *json = json_loadb(bytes, w.len, 0, NULL);
    for (size_t i = 0; i < sizeof not_kept / sizeof not_kept[0]; i++)
        json_object_del(json, not_kept[i]);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

void method_save_preset(struct request *request) {
    struct instance *instance = request->instance;
    char *text = settings_text(request);
    if (!text) {
        refuse(instance, request->call, "internal_error", "", "out of memory");
        return;
    }
    const struct muster_member_info *member = &request->member;
    int64_t now_ms = instance->host->loop->unix_ms(instance->self);
    struct muster_db_value known[PLAYERS_VALUES];
    const struct muster_db_value params[] = {
        muster_db_text(member->player_key),
        muster_db_text(text_of(request->params, "name")),
        muster_db_text(text),
        muster_db_integer(now_ms),
        muster_db_integer(instance->host->config->integer(instance->self, "presetsPerPlayer")),
    };
    const struct muster_db_statement statements[] = {
        players_known(known, member->player_key, member->display_name, now_ms),
        {"INSERT INTO lobby_presets (player_id, name, settings, saved_at) SELECT $1, $2, $3, $4 "
         "WHERE (SELECT COUNT(*) FROM lobby_presets WHERE player_id = $1 AND name <> $2) < $5 "
         "ON CONFLICT (player_id, name) DO UPDATE SET settings = $3, saved_at = $4",
         params, 5, 0},
    };
    query_all(request, statements, 2, on_saved);
    free(text);
}

static void on_deleted(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait *wait = user;
    bool good = answered(wait, status);
    if (good && rows->changes > 0)
        answer(wait->instance, wait->call, NULL);
    else if (good)
        refuse(wait->instance, wait->call, "not_found", "", "no preset \"%s\"", wait->name);
    free(wait);
}

void method_delete_preset(struct request *request) {
    const struct muster_db_value params[] = {muster_db_text(request->member.player_key),
                                             muster_db_text(text_of(request->params, "name"))};
    query(request, "DELETE FROM lobby_presets WHERE player_id = $1 AND name = $2", params, 2,
          on_deleted);
}
