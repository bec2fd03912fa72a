/* report - see report.h. */
#include "report.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOLD_FIRST = 3,
    TOLD_EVERY_MS = 60000,
    PRINTS_BURST = 10,
    LINES_BURST = 20,
    SENDS_BURST = 64
};
#define PRINTS_PER_MS 0.002
#define LINES_PER_MS 0.005
#define SENDS_PER_MS 0.02

static const char *realm_name(const struct realm *realm) {
    return realm->kind == REALM_MATCH ? "match" : "lobby";
}

static const char *lobby_key(const struct lobby *lobby, struct muster_lobby_info *info) {
    const struct instance *instance = lobby->instance;
    info->size = sizeof *info;
    return instance->host->lobby->get(instance->self, lobby->id, info) ? "" : info->lobby_key;
}

/* While mods are tested, instead of the log. False: nobody tests. */
MUSTER_PRINTF(3, 4)
static bool tell_tester(const struct instance *instance, const struct mod *mod, const char *format,
                        ...) {
    char text[1024];
    va_list args;
    if (!instance->tester) return false;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    instance->tester->fail(instance->tester->user, mod->id, text);
    return true;
}

/* ---- once a place ---------------------------------------------------------------------------- */

static struct told *told_of(struct instance *instance, const char *mod, const char *file,
                            int line) {
    struct told *oldest = &instance->told[0];
    for (int i = 0; i < ERRORS_REMEMBERED; i++) {
        struct told *told = &instance->told[i];
        if (told->line == line && strcmp(told->mod, mod) == 0 && strcmp(told->file, file) == 0)
            return told;
        if (told->next_ms < oldest->next_ms) oldest = told;
    }
    *oldest = (struct told){.line = line};
    snprintf(oldest->mod, sizeof oldest->mod, "%s", mod);
    snprintf(oldest->file, sizeof oldest->file, "%s", file);
    return oldest;
}

/* The number of the error at its place when it is to be told now, else 0. */
static uint32_t tell_now(struct instance *instance, const char *mod, const char *file, int line) {
    struct told *told = told_of(instance, mod, file, line);
    uint64_t now_ms = instance->host->loop->now_ms(instance->self);
    told->count++;
    if (told->count > TOLD_FIRST && now_ms < told->next_ms) return 0;
    told->next_ms = now_ms + TOLD_EVERY_MS;
    return told->count;
}

/* ---- the host of the lobby ------------------------------------------------------------------- */

void report_to_host(const struct lobby *lobby, const char *mod, const char *text) {
    const struct instance *instance = lobby->instance;
    struct muster_lobby_info info = {.size = sizeof info};
    if (!lobby->id.value || instance->host->lobby->get(instance->self, lobby->id, &info) ||
        !info.host.value)
        return;
    json_t *params = json_pack("{s:s,s:s}", "mod", mod, "message", text);
    char *json = params ? json_dumps(params, JSON_COMPACT) : NULL;
    json_decref(params);
    if (json) (void)instance->host->player->notify(instance->self, info.host, "mod.error", json);
    free(json);
}

/* ---- errors and kills ------------------------------------------------------------------------ */

/* The lobby's host is told once of each place. */
static void tell_host(struct script *script, const char *what, const struct sandbox_error *error) {
    uint32_t place = (uint32_t)error->line;
    char line[400];
    for (const char *c = error->file; *c; c++) place = place * 31 + (unsigned char)*c;
    for (uint32_t i = 0; i < script->told_count; i++)
        if (script->told[i] == place) return;
    if (script->told_count == SCRIPT_TOLD_MAX) return;
    script->told[script->told_count++] = place;
    snprintf(line, sizeof line, "%s: %.300s", what, error->message);
    report_to_host(script->realm->lobby, script->mod->id, line);
}

static void tell_operator(struct script *script, const char *what,
                          const struct sandbox_error *error) {
    struct lobby *lobby = script->realm->lobby;
    struct instance *instance = lobby->instance;
    struct muster_lobby_info info;
    if (tell_tester(instance, script->mod, "%s: %.600s (%s realm)", what, error->message,
                    realm_name(script->realm)))
        return;
    uint32_t count = tell_now(instance, script->mod->hash, error->file, error->line);
    if (!count) return;
    instance->host->log->write(instance->self, MUSTER_LOG_WARN,
                               "mod %s %s: %s: %.600s (%s realm, lobby %s, error %u here)%s%.1000s",
                               script->mod->id, script->mod->version, what, error->message,
                               realm_name(script->realm), lobby_key(lobby, &info), count,
                               error->traceback[0] ? "; at " : "", error->traceback);
}

/* A stop, and an error that the script raised without its place, gets the place in front. */
static void put_place(const struct sandbox_error *error, struct sandbox_error *out) {
    size_t len = strlen(error->file);
    bool is_placed = strncmp(error->message, error->file, len) == 0 && error->message[len] == ':';
    *out = *error;
    if (len && error->line && !is_placed)
        snprintf(out->message, sizeof out->message, "%s:%d: %.3900s", error->file, error->line,
                 error->message);
}

static void tell_of(struct script *script, const char *what, const struct sandbox_error *raised) {
    struct realm *realm = script->realm;
    struct sandbox_error placed;
    const struct sandbox_error *error = &placed;
    if (realm->is_replay) return;
    put_place(raised, &placed);
    if (realm->is_probe) {
        snprintf(realm->probe_error, REALM_ERROR_BYTES, "%.390s", error->message);
        return;
    }
    tell_host(script, what, error);
    tell_operator(script, what, error);
}

static void tell(struct script *script, const char *what) {
    const struct sandbox_error *error = script->sandbox ? sandbox_error(script->sandbox) : NULL;
    if (error) tell_of(script, what, error);
}

void report_refusal(struct script *script, const char *file, int line, const char *text) {
    struct instance *instance = script->realm->lobby->instance;
    struct sandbox_error error = {.line = line};
    snprintf(error.file, sizeof error.file, "%s", file);
    if (*file)
        snprintf(error.message, sizeof error.message, "%s:%d: %s", file, line, text);
    else
        snprintf(error.message, sizeof error.message, "%s", text);
    instance->host->metrics->increase(instance->self, instance->metric_errors, 1);
    tell_of(script, "error", &error);
}

void report_error(struct script *script) {
    struct instance *instance = script->realm->lobby->instance;
    instance->host->metrics->increase(instance->self, instance->metric_errors, 1);
    tell(script, "error");
}

void report_kill(struct script *script) {
    struct instance *instance = script->realm->lobby->instance;
    instance->host->metrics->increase(instance->self, instance->metric_kills, 1);
    tell(script, "stopped");
}

void report_disabled(struct script *script, const char *why) {
    struct lobby *lobby = script->realm->lobby;
    struct instance *instance = lobby->instance;
    struct muster_lobby_info info;
    char line[256];
    if (script->realm->is_replay || script->realm->is_probe) return;
    snprintf(line, sizeof line, "the mod is off in this lobby: %s", why);
    if (!tell_tester(instance, script->mod, "%s (%s realm)", line, realm_name(script->realm)))
        instance->host->log->write(instance->self, MUSTER_LOG_WARN,
                                   "mod %s %s is off in lobby %s (%s realm): %s", script->mod->id,
                                   script->mod->version, lobby_key(lobby, &info),
                                   realm_name(script->realm), why);
    report_to_host(lobby, script->mod->id, line);
}

bool report_take(const struct lobby *lobby, struct rate *rate, double per_ms, double burst) {
    uint64_t now_ms = lobby->instance->host->loop->now_ms(lobby->instance->self);
    rate->tokens += (double)(now_ms - rate->since_ms) * per_ms;
    if (rate->tokens > burst) rate->tokens = burst;
    rate->since_ms = now_ms;
    if (rate->tokens < 1) return false;
    rate->tokens--;
    return true;
}

static bool print_allowed(struct lobby *lobby) {
    return report_take(lobby, &lobby->print_rate, PRINTS_PER_MS, PRINTS_BURST);
}

bool report_may_talk(struct lobby *lobby) {
    return report_take(lobby, &lobby->talk_rate, LINES_PER_MS, LINES_BURST);
}

bool report_may_send(struct lobby *lobby) {
    return report_take(lobby, &lobby->send_rate, SENDS_PER_MS, SENDS_BURST);
}

void report_print(const struct script *script, const char *line) {
    const struct instance *instance = script->realm->lobby->instance;
    if (instance->tester) {
        if (!script->realm->is_probe)
            instance->tester->print(instance->tester->user, script->mod->id, line);
        return;
    }
    if (script->realm->is_replay || !print_allowed(script->realm->lobby)) return;
    instance->host->log->write(instance->self, MUSTER_LOG_INFO, "mod %s: %.900s", script->mod->id,
                               line);
}

void report_stretch(struct script *script, uint64_t ns) {
    struct instance *instance = script->realm->lobby->instance;
    if (ns > script->stretch_ns) script->stretch_ns = ns;
    if (ns > instance->stretch_ns) instance->stretch_ns = ns;
}

/* ---- scripts of lobbies that are late
 * ------------------------------------------------------------ */

void report_late(const struct instance *instance, const struct script *most) {
    struct muster_lobby_info info;
    const struct lobby *lobby = most ? most->realm->lobby : NULL;
    instance->host->log->write(
        instance->self, MUSTER_LOG_WARN,
        "timers of lobbies' scripts are late: %u of them, by up to %llu ms; together such scripts "
        "may take %u %% of the loop's time (lua.lobbyPercent). Most was spent by "
        "mod %s in lobby %s",
        instance->late_count, (unsigned long long)instance->late_ms, instance->lobby_percent,
        most ? most->mod->id : "", lobby ? lobby_key(lobby, &info) : "");
}

/* ---- reloads --------------------------------------------------------------------------------- */

static void tell_reload(struct script *script, const struct mod *mod, const char *what) {
    struct lobby *lobby = script->realm->lobby;
    const struct instance *instance = lobby->instance;
    struct muster_lobby_info info;
    if (script->realm->is_replay) return;
    if (!tell_tester(instance, mod, "%s (%s realm)", what, realm_name(script->realm)))
        instance->host->log->write(
            instance->self, MUSTER_LOG_WARN, "mod %s %s+%.8s: %s in lobby %s (%s realm)", mod->id,
            mod->version, mod->hash, what, lobby_key(lobby, &info), realm_name(script->realm));
    report_to_host(lobby, mod->id, what);
}

void report_not_reloaded(struct script *script, const struct mod *mod, const char *why) {
    tell_reload(script, mod, why);
}

void report_reverted(struct script *script, const struct mod *mod) {
    tell_reload(script, mod, "the new code failed, the old one is back");
}
