/* presets.c - settings by name: the operator's, and those that players keep in the database. */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "players/players.h"

enum { SETTINGS_BYTES = 16384 };

/* What a query's answer needs; freed by its callback. */
struct wait {
    struct instance *instance;
    muster_rpc_call_id call;
    muster_lobby_id lobby;
    muster_player_id player;
    char name[48];
};

/* ---- the operator's -------------------------------------------------------------------------- */

/* Room for one in JSON, where each byte may be escaped. */
static size_t common_bytes(const char *item) {
    return strlen(item) * 6 + 64;
}

/* Is there a KEY= further on? Of several the last counts. */
static bool comes_again(const char *rest, const char *key) {
    size_t len = strlen(key);
    for (const char *at = rest; at && *at && (at = strstr(at, key)); at++)
        if ((at == rest || at[-1] == ' ') && at[len] == '=') return true;
    return false;
}

/* Of "NAME KEY=VALUE ..." what stands behind the name, which it splits. */
static void put_settings(struct muster_json_writer *json, const char *key, char *pairs) {
    char *rest = NULL;
    muster_json_open_object(json, key);
    for (char *pair = strtok_r(pairs, " ", &rest); pair; pair = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(pair, '=');
        if (!value) continue;
        *value++ = '\0';
        if (comes_again(rest, pair)) continue;
        struct muster_json parsed = muster_json_parse(value, strlen(value));
        if (parsed.len)
            muster_json_put_raw(json, pair, parsed.text, parsed.len);
        else
            muster_json_put_text(json, pair, value);
    }
    muster_json_close(json);
}

/* The name, at the beginning of a copy; null: there is none. *pairs is what stands behind it. */
static char *split_name(const char *item, char **pairs) {
    char *text = strdup(item + strspn(item, " "));
    if (!text || !*text) {
        free(text);
        return NULL;
    }
    *pairs = text + strcspn(text, " ");
    if (**pairs) *(*pairs)++ = '\0';
    return text;
}

/* The settings of the operator's preset as JSON, to be freed; null: there is none. */
static char *find_common(const struct instance *instance, const char *name) {
    char *found = NULL, *pairs;
    for (uint32_t i = 0; !found && i < instance->common_preset_count; i++) {
        const char *item = instance->common_presets[i];
        char *own = split_name(item, &pairs);
        if (own && strcmp(own, name) == 0 && (found = malloc(common_bytes(item)))) {
            struct muster_writer out = muster_writer_make(found, (uint32_t)common_bytes(item));
            struct muster_json_writer json = muster_json_writer_make(&out);
            put_settings(&json, NULL, pairs);
            (void)muster_json_text(&json); /* it fits */
        }
        free(own);
    }
    return found;
}

static size_t common_presets_bytes(const struct instance *instance) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < instance->common_preset_count; i++)
        bytes += common_bytes(instance->common_presets[i]);
    return bytes;
}

static void put_common_presets(const struct instance *instance, struct muster_json_writer *json) {
    char *pairs;
    for (uint32_t i = 0; i < instance->common_preset_count; i++) {
        char *name = split_name(instance->common_presets[i], &pairs);
        if (!name) continue;
        muster_json_open_object(json, NULL);
        muster_json_put_text(json, "name", name);
        put_settings(json, "settings", pairs);
        muster_json_put_bool(json, "own", false);
        muster_json_close(json);
        free(name);
    }
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
    (void)players_migrate(instance->self, instance->host, NULL);
    (void)instance->host->db->migrate(instance->self, NULL, "rules_private", steps, 1, on_migrated,
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
        snprintf(wait->name, sizeof wait->name, "%s", text_of(request, "name"));
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

static struct muster_json cell_json(const struct muster_db_value *cell) {
    return muster_json_parse(cell->bytes.data, cell->type == MUSTER_DB_TEXT ? cell->bytes.len : 0);
}

/* ---- list ------------------------------------------------------------------------------------ */

static void put_row(struct muster_json_writer *json, const struct muster_db_value *cells) {
    struct muster_json settings = cell_json(&cells[1]);
    char name[48];
    if (!settings.len) return;
    snprintf(name, sizeof name, "%.*s", (int)cells[0].bytes.len, (const char *)cells[0].bytes.data);
    muster_json_open_object(json, NULL);
    muster_json_put_text(json, "name", name);
    muster_json_put_raw(json, "settings", settings.text, settings.len);
    muster_json_put_bool(json, "own", true);
    muster_json_close(json);
}

/* The operator's, and those of the rows. */
static void answer_presets(const struct instance *instance, muster_rpc_call_id call,
                           const struct muster_db_rows *rows) {
    size_t bytes = 64 + common_presets_bytes(instance);
    uint32_t row_count = rows ? rows->row_count : 0;
    for (uint32_t i = 0; i < row_count; i++)
        bytes += 384 + rows->cells[(size_t)i * rows->column_count + 1].bytes.len;
    char *text = bytes <= UINT32_MAX ? malloc(bytes) : NULL;
    struct muster_writer out = muster_writer_make(text, text ? (uint32_t)bytes : 0);
    struct muster_json_writer json = muster_json_writer_make(&out);
    muster_json_open_object(&json, NULL);
    muster_json_open_array(&json, "presets");
    put_common_presets(instance, &json);
    for (uint32_t i = 0; i < row_count; i++)
        put_row(&json, &rows->cells[(size_t)i * rows->column_count]);
    muster_json_close(&json);
    muster_json_close(&json);
    const char *result = muster_json_text(&json);
    if (result)
        answer(instance, call, result);
    else
        refuse(instance, call, "internal_error", "", "out of memory");
    free(text);
}

static void on_listed(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait *wait = user;
    if (answered(wait, status)) answer_presets(wait->instance, wait->call, rows);
    free(wait);
}

void method_presets(struct request *request) {
    const struct muster_db_value params[] = {muster_db_text(request->member.player_key)};
    if (!request->instance->has_table) {
        answer_presets(request->instance, request->call, NULL);
        return;
    }
    query(request,
          "SELECT name, settings FROM lobby_presets WHERE player_id = $1 ORDER BY name LIMIT 200",
          params, 1, on_listed);
}

/* ---- apply ----------------------------------------------------------------------------------- */

static void apply(const struct instance *instance, muster_rpc_call_id call, muster_lobby_id lobby,
                  muster_player_id player, const char *settings) {
    char reason[MUSTER_REASON_MAX] = "";
    muster_status status = instance->host->lobby->settings_set(instance->self, lobby, player,
                                                               settings, reason, sizeof reason);
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
    struct muster_json kept = {NULL, 0};
    if (good && rows->row_count) kept = cell_json(&rows->cells[0]);
    char *settings = kept.len ? strndup(kept.text, kept.len) : NULL;
    if (good && !settings)
        refuse(wait->instance, wait->call, "not_found", "", "no preset \"%s\"", wait->name);
    else if (good && !is_host_still(wait))
        refuse(wait->instance, wait->call, "denied", "not_host", "only the host may do that");
    else if (good)
        apply(wait->instance, wait->call, wait->lobby, wait->player, settings);
    free(settings);
    free(wait);
}

void method_apply_preset(struct request *request) {
    const char *name = text_of(request, "name");
    char *common = find_common(request->instance, name);
    if (common) {
        apply(request->instance, request->call, request->lobby->id, request->member.player, common);
        free(common);
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

/* What belongs to this one evening is left out. Null: it does not fit. */
static const char *settings_text(const struct request *request, char text[SETTINGS_BYTES]) {
    const struct instance *instance = request->instance;
    char all[SETTINGS_BYTES], key[128];
    struct muster_writer got = muster_writer_make(all, sizeof all);
    struct muster_writer out = muster_writer_make(text, SETTINGS_BYTES);
    struct muster_json_writer json = muster_json_writer_make(&out);
    if (instance->host->lobby->settings_get(instance->self, request->lobby->id, &got)) return NULL;
    struct muster_json_walk walk = muster_json_walk_make(muster_json_parse(all, got.len));
    muster_json_open_object(&json, NULL);
    while (muster_json_next(&walk)) {
        if (muster_json_text_is(walk.key, "hostId") || muster_json_text_is(walk.key, "locked"))
            continue;
        if (!muster_json_get_text(walk.key, key, sizeof key)) return NULL;
        muster_json_put_raw(&json, key, walk.value.text, walk.value.len);
    }
    muster_json_close(&json);
    return muster_json_text(&json);
}

void method_save_preset(struct request *request) {
    struct instance *instance = request->instance;
    char bytes[SETTINGS_BYTES];
    const char *text = settings_text(request, bytes);
    if (!text) {
        refuse(instance, request->call, "internal_error", "", "out of memory");
        return;
    }
    const struct muster_member_info *member = &request->member;
    int64_t now_ms = instance->host->loop->unix_ms(instance->self);
    struct muster_db_value known[PLAYERS_VALUES];
    const struct muster_db_value params[] = {
        muster_db_text(member->player_key),
        muster_db_text(text_of(request, "name")),
        muster_db_text(text),
        muster_db_integer(now_ms),
        muster_db_integer(instance->limits.presets_per_player),
    };
    const struct muster_db_statement statements[] = {
        players_known(known, member->player_key, member->display_name, now_ms),
        {"INSERT INTO lobby_presets (player_id, name, settings, saved_at) SELECT $1, $2, $3, $4 "
         "WHERE (SELECT COUNT(*) FROM lobby_presets WHERE player_id = $1 AND name <> $2) < $5 "
         "ON CONFLICT (player_id, name) DO UPDATE SET settings = $3, saved_at = $4",
         params, 5, 0},
    };
    query_all(request, statements, 2, on_saved);
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
                                             muster_db_text(text_of(request, "name"))};
    query(request, "DELETE FROM lobby_presets WHERE player_id = $1 AND name = $2", params, 2,
          on_deleted);
}
