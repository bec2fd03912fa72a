/* console - the commands "mods" and "hooks". */
#include "console.h"
#include "catalog.h"
#include "generate.h"
#include "inspect.h"
#include "permissions.h"
#include "probe.h"
#include "spec.h"
#include "speech.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

MUSTER_PRINTF(2, 3) static void say(struct muster_writer *answer, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len > (int)sizeof line - 1) len = sizeof line - 1;
    if (len > 0) muster_put_bytes(answer, line, (uint32_t)len);
}

/* Why nothing was done, and as the last line what that is to the host (command_add). */
static void fail(struct muster_writer *answer, muster_status status, const char *why) {
    say(answer, "%s\nFAILED%s\n", why,
        status == MUSTER_NOT_FOUND  ? " not_found"
        : status == MUSTER_CONFLICT ? " conflict"
        : status == MUSTER_STATE    ? " wrong_state"
                                    : "");
}

static void fail_lobby(struct muster_writer *answer, const char *lobby, size_t len) {
    char why[128];
    snprintf(why, sizeof why, "there is no lobby \"%.*s\" with scripts", len < 64 ? (int)len : 64,
             lobby);
    fail(answer, MUSTER_NOT_FOUND, why);
}

/* ---- mods list, hooks list ------------------------------------------------------------------- */

static void say_needs(struct muster_writer *answer, const struct mod *mod) {
    for (uint32_t i = 0; i < mod->depend_count; i++)
        say(answer, "%s%s", i ? ", " : ", needs ", mod->depends[i].text);
    for (uint32_t i = 0; i < mod->conflict_count; i++)
        say(answer, "%s%s", i ? ", " : ", not with ", mod->conflicts[i]);
}

static void say_permissions(struct muster_writer *answer, const struct instance *instance,
                            const struct mod *mod) {
    uint32_t granted = permissions_of(instance, mod->id);
    for (uint32_t bit = 1; bit <= MOD_PERMISSIONS_ALL; bit <<= 1)
        if (mod->permissions & bit)
            say(answer, ", %s%s", mod_permission_name(bit), granted & bit ? "" : " (refused)");
}

static uint32_t count_scripts(const struct instance *instance, const char *id) {
    uint32_t count = 0;
    for (const struct lobby *lobby = instance->lobbies; lobby; lobby = lobby->next)
        count += (realm_find(&lobby->lobby, id) != NULL) + (realm_find(&lobby->match, id) != NULL);
    return count;
}

static void mods_list(struct instance *instance, struct muster_writer *answer) {
    for (uint32_t i = 0; i < mods_count(instance->mods); i++) {
        const struct mod *mod = mods_at(instance->mods, i);
        if (!probe_find(instance, mod)) continue; /* it was left out */
        say(answer, "%s %s+%.8s, %s%s%s%s", mod->id, mod->version, mod->hash,
            mod->kind == MOD_MODE ? "mode" : "rule", mod->base ? " on " : "",
            mod->base ? mod->base : "",
            mod->kind == MOD_RULE && !catalog_is_offered(instance, mod->id) ? " (not offered)"
                                                                            : "");
        say_permissions(answer, instance, mod);
        say_needs(answer, mod);
        say(answer, ", runs in %u states\n", count_scripts(instance, mod->id));
    }
}

static void hooks_list_realm(const struct realm *realm, struct muster_writer *answer) {
    for (int event = 0; event < EVENT_COUNT; event++) {
        const struct handlers *handlers = &realm->handlers[event];
        for (uint32_t i = 0; i < handlers->count; i++) {
            const struct handler *handler = &handlers->items[i];
            say(answer, "  %s %-15s %-7s %u. %s, id %s, priority %d\n",
                realm->kind == REALM_MATCH ? "match" : "lobby", event_table[event].name,
                event_kind_name(event_table[event].kind), i + 1, handler->script->mod->id,
                handler->id, handler->priority);
        }
    }
}

/* arguments: a lobbyId, or nothing for all lobbies that have scripts. */
static void hooks_list(const struct instance *instance, const char *arguments,
                       struct muster_writer *answer) {
    bool is_found = false;
    for (const struct lobby *lobby = instance->lobbies; lobby; lobby = lobby->next) {
        struct muster_lobby_info info = {.size = sizeof info};
        if (instance->host->lobby->get(instance->self, lobby->id, &info)) continue;
        if (*arguments && strcmp(arguments, info.lobby_key) != 0) continue;
        is_found = true;
        say(answer, "lobby %s (%s)\n", info.lobby_key, info.game_mode);
        hooks_list_realm(&lobby->lobby, answer);
        hooks_list_realm(&lobby->match, answer);
    }
    if (*arguments && !is_found) fail_lobby(answer, arguments, strlen(arguments));
}

/* ---- mods scripts: figures of every state ---------------------------------------------------- */

static void say_script(const struct script *script, const char *lobby,
                       struct muster_writer *answer) {
    say(answer, "%s %s %s %s calls=%llu memory=%zu peak=%zu kills=%u stretchUs=%llu %s\n", lobby,
        script->realm->kind == REALM_MATCH ? "match" : "lobby", script->mod->id,
        script->mod->version, (unsigned long long)script->calls,
        script->sandbox ? sandbox_memory(script->sandbox) : 0,
        script->sandbox ? sandbox_memory_peak(script->sandbox) : 0, script->kills,
        (unsigned long long)script->stretch_ns / 1000, script->sandbox ? "runs" : "stopped");
}

static void mods_scripts(const struct instance *instance, struct muster_writer *answer) {
    for (const struct lobby *lobby = instance->lobbies; lobby; lobby = lobby->next) {
        struct muster_lobby_info info = {.size = sizeof info};
        if (instance->host->lobby->get(instance->self, lobby->id, &info))
            strcpy(info.lobby_key, "-"); /* a match without a lobby */
        for (uint32_t i = 0; i < lobby->lobby.script_count; i++)
            say_script(lobby->lobby.scripts[i], info.lobby_key, answer);
        for (uint32_t i = 0; i < lobby->match.script_count; i++)
            say_script(lobby->match.scripts[i], info.lobby_key, answer);
    }
}

/* For who measures: each answer begins the next measurement. */
static void mods_stretch(struct instance *instance, struct muster_writer *answer) {
    say(answer, "longest stretch in a script: %llu us\n",
        (unsigned long long)instance->stretch_ns / 1000);
    instance->stretch_ns = 0;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void mods_reload(struct instance *instance, const char *id, struct muster_writer *answer) {
    char error[512] = "", why[640];
    muster_status status = catalog_reload(instance, id, error, sizeof error);
    if (!status) {
        say(answer, "%s reloaded as %s+%.8s\n", id, mods_find(instance->mods, id)->version,
            mods_find(instance->mods, id)->hash);
        return;
    }
    snprintf(why, sizeof why, "%.64s was not reloaded: %s", id, error);
    fail(answer, status, why);
}

/* LOBBY NAME ARGUMENTS: a command of a mod, as players type it into the chat. */
static void mods_run(const struct instance *instance, const char *arguments,
                     struct muster_writer *answer) {
    size_t len = strcspn(arguments, " ");
    for (struct lobby *lobby = instance->lobbies; lobby; lobby = lobby->next) {
        struct muster_lobby_info info = {.size = sizeof info};
        if (instance->host->lobby->get(instance->self, lobby->id, &info)) continue;
        if (strlen(info.lobby_key) != len || strncmp(info.lobby_key, arguments, len) != 0) continue;
        const char *line = arguments + len + strspn(arguments + len, " ");
        muster_status status = speech_take_console(lobby, line);
        if (status)
            fail(answer, status, instance->console_answer);
        else
            say(answer, "%s\n", instance->console_answer);
        return;
    }
    fail_lobby(answer, arguments, len);
}

/* The rest of the text behind a first word; null when it begins with another one. */
static const char *after_word(const char *text, const char *word) {
    size_t len = strlen(word);
    if (strncmp(text, word, len) != 0 || (text[len] && text[len] != ' ')) return NULL;
    return text + len + strspn(text + len, " ");
}

static void on_mods(void *user, const char *arguments, struct muster_writer *answer) {
    struct instance *instance = user;
    const char *rest;
    if (!*arguments || after_word(arguments, "list"))
        mods_list(instance, answer);
    else if (after_word(arguments, "scripts"))
        mods_scripts(instance, answer);
    else if ((rest = after_word(arguments, "run")) && *rest)
        mods_run(instance, rest, answer);
    else if (after_word(arguments, "stretch"))
        mods_stretch(instance, answer);
    else if ((rest = after_word(arguments, "reload")) && *rest)
        mods_reload(instance, rest, answer);
    else if ((rest = after_word(arguments, "api")))
        generate(rest, answer);
    else if ((rest = after_word(arguments, "check")))
        inspect(instance, rest, answer);
    else if ((rest = after_word(arguments, "test")))
        spec_test(instance, rest, answer);
    else
        fail(answer, MUSTER_INVALID,
             "expected: mods list | scripts | stretch | run LOBBY COMMAND | reload NAME | "
             "check DIR | test DIR | api stubs|luacheck|luarc|docs");
}

static void on_hooks(void *user, const char *arguments, struct muster_writer *answer) {
    const char *rest = after_word(arguments, "list");
    hooks_list(user, rest ? rest : arguments, answer);
}

muster_status console_add(struct instance *instance) {
    const struct muster_host_admin *admin = instance->host->admin;
    muster_status status = admin->command_add(instance->self, "mods",
                                              "mods list | scripts | stretch | run LOBBY COMMAND | "
                                              "reload NAME | check DIR | test DIR | api FORMAT",
                                              on_mods, instance);
    if (status) return status;
    return admin->command_add(instance->self, "hooks", "hooks list [LOBBY]: who is asked, in order",
                              on_hooks, instance);
}
