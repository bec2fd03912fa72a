/* catalog - see catalog.h. */
#include "catalog.h"
#include "trial.h"
#include "trial_run.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    DIRS_MAX = MOD_DIRS_MAX + 2,
    PATH_BYTES_MAX = 1024,
    SETTINGS_BYTES_MAX = 1 << 18,
    VICTORIES_MAX = 32
};

MUSTER_PRINTF(3, 0)
static void log_mod(void *user, uint32_t level, const char *format, va_list args) {
    const struct instance *instance = user;
    instance->host->log->write_va(instance->self, level, format, args);
}

/* ---- rules ------------ ------------------------------------------------------------------- */

bool catalog_is_offered(const struct instance *instance, const char *id) {
    for (uint32_t i = 0; i < instance->offered_count; i++)
        if (strcmp(instance->offered[i], id) == 0) return true;
    return instance->offered_count == 0;
}

/* ---- the store ------------------------------------------------------------------------------- */

static void told_kept(const struct instance *instance, const struct mod *mod,
                      muster_status status) {
    if (!status) return;
    instance->host->log->write(instance->self, MUSTER_LOG_WARN,
                               "mod %s cannot be kept for replays: status %d", mod->id, status);
}

static void keep_now(const struct instance *instance, const struct mod *mod) {
    told_kept(instance, mod, mod_store_put(instance->store_dir, mod));
}

struct keep {
    struct instance *instance;
    struct mod *mod;
    muster_status status;
};

static void on_keep(void *user) {
    struct keep *keep = user;
    keep->status = mod_store_put(keep->instance->store_dir, keep->mod);
}

static void on_kept(void *user, muster_status status) {
    struct keep *keep = user;
    if (!status) status = keep->status;
    told_kept(keep->instance, keep->mod, status);
    mod_unpin(keep->mod);
    free(keep);
}

void catalog_keep(struct instance *instance, struct mod *mod) {
    muster_work_id work;
    struct keep *keep = malloc(sizeof *keep);
    if (!keep) return;
    *keep = (struct keep){instance, mod_pin(mod), MUSTER_OK};
    if (instance->host->loop->work(instance->self, on_keep, on_kept, keep, &work))
        on_kept(keep, MUSTER_LIMIT);
}

/* ---- declaring ------------------------------------------------------------------------------- */

/* A node that serves cannot take every declaration back, and may lack plugins that others have;
 * musterd --run, for people who write mods, has all. */
static bool serves(const struct instance *instance) {
    return instance->host->engine->player_add(instance->self, NULL, NULL) == MUSTER_UNSUPPORTED;
}

/* What a server that serves does without is told in its log. */
static muster_status judge_missing(const struct instance *instance, const struct mod *mod,
                                   char *error) {
    if (!serves(instance)) return MUSTER_NOT_FOUND;
    instance->host->log->write(instance->self, MUSTER_LOG_WARN, "mod %s %s: %s: it has no effect",
                               mod->id, mod->version, error);
    error[0] = '\0';
    return MUSTER_OK;
}

static uint32_t list_victories(const struct instance *instance, const char *names[VICTORIES_MAX],
                               char *all, size_t size) {
    uint32_t count = 0;
    size_t used = 0;
    for (const char *name; count < VICTORIES_MAX; names[count++] = name) {
        name = instance->host->match->victory_name(instance->self, count);
        if (!name) break;
        if (used < size)
            used += (size_t)snprintf(all + used, size - used, "%s%s", count ? ", " : "", name);
    }
    return count;
}

bool catalog_misses_victory(const struct instance *instance, const struct mod *mod, char *why,
                            uint32_t cap) {
    const char *names[VICTORIES_MAX];
    char all[200];
    uint32_t count = list_victories(instance, names, all, sizeof all);
    for (uint32_t i = 0; i < mod->victory_count; i++) {
        const char *found = mod->victories[i];
        uint32_t at = 0;
        while (at < count && strcmp(names[at], found) != 0) at++;
        if (at < count) continue;
        const char *near = mod_word_nearest(found, names, count);
        snprintf(why, cap, "victories[%u]: expected a victory plugin (%s), found \"%s\"%s%s%s", i,
                 all, found, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        return true;
    }
    return false;
}

/* The victories against the plugins that there are. */
static muster_status check_victories(const struct instance *instance, const struct mod *mod,
                                     char *error, uint32_t cap) {
    char why[380];
    if (!catalog_misses_victory(instance, mod, why, sizeof why)) return MUSTER_OK;
    snprintf(error, cap, "mod.json: %s", why);
    return judge_missing(instance, mod, error);
}

/* The defaults against the settings of all plugins, in lobbies of the mode as it is declared. */
static muster_status check_defaults(const struct instance *instance, const struct mod *mod,
                                    char *error, uint32_t cap) {
    static char settings[SETTINGS_BYTES_MAX];
    char reason[MUSTER_REASON_MAX];
    struct muster_writer out = muster_writer_make(settings, sizeof settings);
    muster_status status = instance->host->lobby->settings_check(
        instance->self, mod->id, mod->defaults_json, &out, reason, sizeof reason);
    if (status != MUSTER_INVALID && (status != MUSTER_NOT_FOUND || !reason[0])) return MUSTER_OK;
    snprintf(error, cap, "mod.json: defaults.%s", reason);
    return status == MUSTER_INVALID ? status : judge_missing(instance, mod, error);
}

/* Its name, by a mode of another plugin. A base of the mod's own name is not found. */
static bool is_taken(struct instance *instance, const struct mod *mod, muster_status status) {
    bool is_own_base = mod->base && strcmp(mod->base, mod->id) == 0;
    return mod->kind == MOD_MODE && (status == MUSTER_EXISTS || is_own_base) &&
           trial_knows(instance, mod->id);
}

static bool is_based(const struct instance *instance, const char *id) {
    const struct mod *mod = id ? mods_find(instance->mods, id) : NULL;
    return mod && mod->base;
}

/* Why the host has refused it, which has logged it as well. */
static muster_status explain(struct instance *instance, const struct mod *mod, muster_status status,
                             char *error, uint32_t cap) {
    if (!status || error[0]) return status;
    trial_renew(instance);
    for (uint32_t i = 0; status == MUSTER_EXISTS && i < mod->setting_count; i++)
        if (trial_has(instance, mod->base, mod->settings[i].lobby_key)) {
            snprintf(error, cap,
                     "settings.json: settings[%u].key: the lobby setting \"%s\" is taken", i,
                     mod->settings[i].lobby_key);
            return status;
        }
    if (is_taken(instance, mod, status))
        snprintf(error, cap, "mod.json: id: the server has a mode called \"%s\" already", mod->id);
    else if (is_based(instance, mod->base))
        snprintf(error, cap, "mod.json: base: expected a mode without a base, found \"%s\"",
                 mod->base);
    else if (mod->base && status == MUSTER_NOT_FOUND)
        snprintf(error, cap, "mod.json: base: expected a mode of this server, found \"%s\"",
                 mod->base);
    else
        snprintf(error, cap, "%s: the host refuses its description, see the log",
                 mod->kind == MOD_MODE ? "mod.json" : "settings.json");
    return status;
}

static muster_status declare_mode(struct instance *instance, const struct mod *mod, char *error,
                                  uint32_t cap) {
    const struct probe *probe = probe_find(instance, mod);
    uint32_t views = probe && probe->mode.is_private ? mod->people_max + 1 : 1;
    struct muster_mode_info info = {
        .size = sizeof info,
        .players_max = mod->players_max,
        .game_mode = mod->id,
        .title = mod->name,
        .settings_json = mod->settings_json,
        .maps = mod->maps,
        .map_count = mod->map_count,
        .tick_rate_hz = mod->tick_rate_hz,
        .view_count = mod->base ? 0 : views,
        .snapshot_max_bytes = mod->snapshot_max_bytes,
        .base = mod->base,
        .people_max = mod->people_max,
        .players_min = mod->players_min,
        .teams = mod->team_count ? mod->teams : NULL,
        .team_count = mod->team_count,
        .victories = mod->victories,
        .victory_count = mod->victory_count,
        .stats = mod->stats,
        .stat_count = mod->stat_count,
    };
    const struct muster_host_match *match = instance->host->match;
    error[0] = '\0';
    muster_status status = check_victories(instance, mod, error, cap);
    if (!status) status = match->mode_add(instance->self, &info);
    if (!status && mod->defaults_json) {
        status = check_defaults(instance, mod, error, cap);
        (void)match->mode_remove(instance->self, mod->id);
        info.defaults_json = mod->defaults_json;
        if (!status) status = match->mode_add(instance->self, &info);
    }
    return explain(instance, mod, status, error, cap);
}

static muster_status declare(struct instance *instance, const struct mod *mod, char *error,
                             uint32_t cap) {
    error[0] = '\0';
    if (mod->kind == MOD_MODE) return declare_mode(instance, mod, error, cap);
    if (!mod->settings_json) return MUSTER_OK;
    muster_status status = instance->host->lobby->settings_add(instance->self, mod->settings_json);
    return explain(instance, mod, status, error, cap);
}

/* May it have what it asks for, and does it start? */
static muster_status try_out(struct instance *instance, struct mod *mod, char *error,
                             uint32_t cap) {
    uint64_t max = instance->memory_max_bytes;
    if (mod->memory_bytes > max) {
        snprintf(error, cap, "it asks for %u KiB of memory, lua.memoryMaxKb allows %llu",
                 mod->memory_bytes >> 10, (unsigned long long)max >> 10);
        return MUSTER_LIMIT;
    }
    return trial_run(instance, mod, error, cap);
}

static void tell_complaint(const struct instance *instance, const struct mod *mod) {
    if (mod->complaint)
        instance->host->log->write(instance->self, MUSTER_LOG_WARN,
                                   "mod %s %s: %s: the file is left out", mod->id, mod->version,
                                   mod->complaint);
}

const char *catalog_idle(const struct instance *instance, const struct mod *mod) {
    if (mod->kind == MOD_MODE || !probe_find(instance, mod) || probe_realms(instance, mod))
        return NULL;
    return "nothing is hooked, so this rule does nothing: a rule hooks with hooks.on";
}

static void tell_idle(const struct instance *instance, const struct mod *mod) {
    const char *idle = catalog_idle(instance, mod);
    if (idle)
        instance->host->log->write(instance->self, MUSTER_LOG_WARN, "mod %s %s: init.lua: %s",
                                   mod->id, mod->version, idle);
}

/* What cannot be used is left out; the others load. */
static void take_in(struct instance *instance, struct mod *mod) {
    char error[400];
    tell_complaint(instance, mod);
    muster_status status = try_out(instance, mod, error, sizeof error);
    if (!status) status = declare(instance, mod, error, sizeof error);
    if (status) {
        instance->host->log->write(instance->self, MUSTER_LOG_ERROR, "mod %s %s: %s", mod->id,
                                   mod->version, error);
        probe_drop(instance, mod); /* it is not offered */
        return;
    }
    tell_idle(instance, mod);
    keep_now(instance, mod);
}

/* In the place of one that was not taken in. It may be the same one: its base was not there yet. */
static void take_in_kept(struct instance *instance, const struct mod *broken) {
    struct mod_error wrong;
    struct mod *mod;
    if (mod_store_newest(instance->store_dir, broken->id, &mod, &wrong)) return;
    bool is_same = strcmp(mod->hash, broken->hash) == 0;
    bool is_put = is_same ? mod->base && mods_find(instance->mods, mod->base)
                          : mods_replace(instance->mods, mod, &wrong) == MUSTER_OK;
    if (is_put) {
        instance->host->log->write(instance->self, MUSTER_LOG_WARN,
                                   "mod %s stays as it was kept last, version %s (%.8s)", mod->id,
                                   mod->version, mod->hash);
        take_in(instance, mods_find(instance->mods, mod->id));
    }
    mod_unpin(mod);
}

/* A server that starts again offers what it has offered: matches go on with it. */
static void take_in_all(struct instance *instance) {
    for (uint32_t i = 0; i < mods_count(instance->mods); i++)
        take_in(instance, mods_at(instance->mods, i));
    for (uint32_t i = 0; serves(instance) && i < mods_count(instance->mods); i++)
        if (!probe_find(instance, mods_at(instance->mods, i)))
            take_in_kept(instance, mods_at(instance->mods, i));
}

muster_status catalog_check(struct instance *instance, struct mod *mod, char *error, uint32_t cap) {
    struct mod_error wrong = {.text = ""};
    const struct mod *present = mods_find(instance->mods, mod->id);
    bool is_declared = present && probe_find(instance, present);
    muster_status status = try_out(instance, mod, error, cap);
    if (status) return status;
    status = mods_check(instance->mods, mod, &wrong);
    if (status) snprintf(error, cap, "it would be left out: %.300s", wrong.text);
    if (status || serves(instance)) return status;
    if (is_declared && mod->kind == MOD_RULE) return MUSTER_OK;
    (void)instance->host->match->mode_remove(instance->self, mod->id);
    return declare(instance, mod, error, cap);
}

/* ---- words of the configuration that mean nothing ---- */

static void complain(const struct instance *instance, const char *key, const char *item,
                     const char *expected) {
    instance->host->log->write(instance->self, MUSTER_LOG_WARN,
                               "lua.%s: expected %s, found \"%.80s\": it has no effect", key,
                               expected, item);
}

static void check_permission_words(const struct instance *instance, const char *key) {
    const struct muster_host_config *config = instance->host->config;
    for (uint32_t i = 0; i < config->list_count(instance->self, key); i++) {
        const char *item = config->list_item(instance->self, key, i), *dot = strchr(item, '.');
        if (*item && !mod_permission_find(dot ? dot + 1 : item))
            complain(instance, key, item, "chat, kick, storage, teams or vote, or MOD.kick");
    }
}

static void check_words(const struct instance *instance) {
    check_permission_words(instance, "permissions");
    check_permission_words(instance, "uploadPermissions");
    for (uint32_t i = 0; i < instance->offered_count; i++) {
        const char *id = instance->offered[i];
        if (*id && !mods_find(instance->mods, id))
            complain(instance, "rules", id, "a rule that is there");
    }
}

/* Of the versions that are kept, the newest; never one that is offered now. */
static void prune(const struct instance *instance) {
    uint32_t count = mods_count(instance->mods);
    const char **keep = calloc(count ? count : 1, sizeof *keep);
    if (!keep) return;
    for (uint32_t i = 0; i < count; i++) keep[i] = mods_at(instance->mods, i)->hash;
    mod_store_prune(instance->store_dir, MOD_STORE_FILES_MAX, keep, count);
    free(keep);
}

/* ---- start ----------------------------------------------------------------------------------- */

static uint32_t list_dirs(const struct instance *instance, char shipped[2][PATH_BYTES_MAX],
                          const char *dirs[DIRS_MAX]) {
    const struct muster_host_config *config = instance->host->config;
    static const char *const kinds[] = {"modes", "rules"};
    uint32_t count = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(shipped[i], PATH_BYTES_MAX, "%s/scripts/%s", config->share_dir(instance->self),
                 kinds[i]);
        dirs[count++] = shipped[i];
    }
    for (uint32_t i = 0; i < instance->mod_dir_count; i++) dirs[count++] = instance->mod_dirs[i];
    return count;
}

static void say_what_there_is(const struct instance *instance) {
    uint32_t modes = 0, rules = 0;
    for (uint32_t i = 0; i < mods_count(instance->mods); i++) {
        const struct mod *mod = mods_at(instance->mods, i);
        if (!probe_find(instance, mod)) continue;
        modes += mod->kind == MOD_MODE;
        rules += mod->kind == MOD_RULE;
    }
    instance->host->log->write(instance->self, MUSTER_LOG_INFO, "%u modes, %u rules; %s", modes,
                               rules, LUA_RELEASE);
}

muster_status catalog_start(struct instance *instance) {
    char shipped[2][PATH_BYTES_MAX], store[PATH_BYTES_MAX];
    const char *dirs[DIRS_MAX];
    uint32_t count = list_dirs(instance, shipped, dirs);
    snprintf(store, sizeof store, "%s/mods", instance->host->config->data_dir(instance->self));
    instance->store_dir = strdup(store);
    if (!instance->store_dir) return MUSTER_NO_MEMORY;
    muster_status status =
        mods_load(dirs, count, serves(instance) ? store : NULL, log_mod, instance, &instance->mods);
    if (status) return status;
    take_in_all(instance);
    prune(instance);
    check_words(instance);
    say_what_there_is(instance);
    if (instance->is_watching) watch_start(instance, dirs, count);
    return MUSTER_OK;
}

void catalog_stop(struct instance *instance) {
    watch_stop(instance);
}

void catalog_free(struct instance *instance) {
    mods_destroy(instance->mods);
    instance->mods = NULL;
    probes_free(instance);
    free(instance->store_dir);
}

/* ---- reload ---------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Lobbies keep the settings they were made with; a mode is declared anew for the next ones. */
static muster_status declare_again(struct instance *instance, const struct mod *old,
                                   const struct mod *mod, char *error, uint32_t cap) {
    char again[400];
    if (!old || !probe_find(instance, old)) return declare(instance, mod, error, cap);
    if (old->kind != mod->kind) {
        snprintf(error, cap, "%s was a %s: restart the node", mod->id,
                 old->kind == MOD_MODE ? "mode" : "rule");
        return MUSTER_INVALID;
    }
    if (mod->kind == MOD_RULE && !same_text(old->settings_json, mod->settings_json)) {
        snprintf(error, cap, "%s: its settings form has changed: \"reload lua\" takes it", mod->id);
        return MUSTER_STATE;
    }
    if (mod->kind == MOD_RULE) return MUSTER_OK;
    (void)instance->host->match->mode_remove(instance->self, mod->id);
    muster_status status = declare_mode(instance, mod, error, cap);
    if (status) (void)declare_mode(instance, old, again, sizeof again);
    return status;
}

static const char *dir_of(const struct instance *instance, const char *id,
                          char out[PATH_BYTES_MAX]) {
    char shipped[2][PATH_BYTES_MAX];
    const char *dirs[DIRS_MAX];
    const struct mod *present = mods_find(instance->mods, id);
    struct stat st;
    if (present && present->dir[0]) return present->dir;
    for (uint32_t i = list_dirs(instance, shipped, dirs); i-- > 0;) {
        snprintf(out, PATH_BYTES_MAX, "%.900s/%s", dirs[i], id);
        if (stat(out, &st) == 0) return out;
    }
    return NULL;
}

/* mod is pinned and has been probed. */
static muster_status replace(struct instance *instance, struct mod *mod, char *error,
                             uint32_t cap) {
    struct mod_error wrong = {.text = ""};
    struct mod *old = mods_find(instance->mods, mod->id);
    if (old) mod_pin(old);
    muster_status status = declare_again(instance, old, mod, error, cap);
    if (!status) status = mods_replace(instance->mods, mod, &wrong);
    if (wrong.text[0]) snprintf(error, cap, "%.300s", wrong.text);
    if (!status) {
        catalog_keep(instance, mod);
        for (struct lobby *lobby = instance->lobbies; lobby; lobby = lobby->next)
            lobby_reload(lobby, mod, old);
        instance->host->metrics->increase(instance->self, instance->metric_reloads, 1);
    }
    mod_unpin(old);
    return status;
}

muster_status catalog_load(struct instance *instance, const char *dir, char *error, uint32_t cap) {
    struct mod_error wrong = {.text = ""};
    struct mod *mod;
    muster_status status = mod_read(dir, &mod, &wrong);
    if (status) {
        snprintf(error, cap, "%.300s", wrong.text);
        return status;
    }
    tell_complaint(instance, mod);
    trial_renew(instance);
    status = try_out(instance, mod, error, cap);
    if (!status) tell_idle(instance, mod);
    if (!status) status = replace(instance, mod, error, cap);
    mod_unpin(mod);
    probes_forget(instance);
    return status;
}

muster_status catalog_reload(struct instance *instance, const char *id, char *error, uint32_t cap) {
    char path[PATH_BYTES_MAX];
    const char *dir = dir_of(instance, id, path);
    muster_status status = dir ? catalog_load(instance, dir, error, cap) : MUSTER_NOT_FOUND;
    if (!dir) snprintf(error, cap, "there is no mod \"%.64s\"", id);
    return dir && status == MUSTER_NOT_FOUND ? MUSTER_INVALID : status; /* of what the mod needs */
}
