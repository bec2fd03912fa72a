/* speech - see speech.h. In the match realm a command goes through the log, as it steers. */
#include "speech.h"
#include "api.h"
#include "note.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 300 };

void speech_tell(const struct lobby *lobby, muster_player_id player, const char *text) {
    const struct instance *instance = lobby->instance;
    json_t *params =
        json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:I}", "playerId", "", "displayName", "", "seat",
                  (int)MUSTER_SEAT_NONE, "team", "none", "text", text, "channel", "all", "at",
                  (json_int_t)instance->host->loop->unix_ms(instance->self));
    char *json = params ? json_dumps(params, JSON_COMPACT) : NULL;
    json_decref(params);
    if (json) (void)instance->host->player->notify(instance->self, player, "lobby.chat", json);
    free(json);
}

/* ---- running a command ----------------------------------------------------------------------- */

struct call {
    struct script *script;
    const struct command *command;
    uint64_t who;
    const char *arguments;
    char answer[LINE_MAX_BYTES];
};

static int push_call(lua_State *L, void *user) {
    const struct call *call = user;
    player_push(call->script, L, call->who);
    lua_pushstring(L, call->arguments);
    return 2;
}

static void take_answer(lua_State *L, void *user) {
    struct call *call = user;
    size_t len;
    if (lua_isnil(L, -1)) return;
    if (lua_type(L, -1) != LUA_TSTRING) {
        const char *what = lua_pushfstring(L, "the command '%s'", call->command->name);
        lua_rawgeti(L, LUA_REGISTRYINDEX, call->command->function);
        api_wrong_answer(L, -3, what, "a string, or nil");
    }
    const char *text = lua_tolstring(L, -1, &len);
    sandbox_clean(text, len, call->answer, sizeof call->answer);
}

static const struct command *find_command(const struct script *script, const char *name) {
    for (uint32_t i = 0; i < script->command_count; i++)
        if (strcmp(script->commands[i].name, name) == 0) return &script->commands[i];
    return NULL;
}

static struct script *find_script(const struct realm *realm, const char *name) {
    for (uint32_t i = 0; i < realm->script_count; i++)
        if (realm->scripts[i]->sandbox && find_command(realm->scripts[i], name))
            return realm->scripts[i];
    return NULL;
}

static void run(struct script *script, const char *name, uint64_t who, const char *arguments,
                muster_player_id answer_to) {
    const struct command *command = find_command(script, name);
    struct call call = {script, command, who, arguments, ""};
    if (!command) return;
    struct sandbox_call entry = {.function = command->function,
                                 .push = push_call,
                                 .results = 1,
                                 .take = take_answer,
                                 .arg = &call};
    script_call(script, &entry);
    if (!call.answer[0]) return;
    if (answer_to)
        speech_tell(script->realm->lobby, answer_to, call.answer);
    else
        strcpy(script->realm->lobby->console_answer, call.answer);
}

static muster_player_id session_on(const struct lobby *lobby, uint32_t seat) {
    const struct instance *instance = lobby->instance;
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0;
    while (instance->host->lobby->member_next(instance->self, lobby->id, &index, &member) ==
           MUSTER_OK)
        if (member.seat == seat) return member.player;
    return 0;
}

void speech_tell_seat(const struct lobby *lobby, uint32_t seat, const char *text) {
    muster_player_id player = lobby->match.is_replay ? 0 : session_on(lobby, seat);
    if (player) speech_tell(lobby, player, text);
}

void speech_run(struct script *script, const char *name, uint32_t seat, const char *arguments) {
    struct lobby *lobby = script->realm->lobby;
    bool is_nobody = script->realm->is_replay || seat == MUSTER_SEAT_NONE;
    muster_player_id player = is_nobody ? 0 : session_on(lobby, seat);
    run(script, name, seat, arguments, player);
}

/* ---- built in -------------------------------------------------------------------------------- */

struct listener {
    const struct lobby *lobby;
    muster_player_id player;
};

static void tell_rule(void *user, const char *mod, const char *text) {
    const struct listener *listener = user;
    char line[LINE_MAX_BYTES];
    snprintf(line, sizeof line, "%s: %s", mod, text);
    speech_tell(listener->lobby, listener->player, line);
}

static void tell_commands(const struct lobby *lobby, muster_player_id player) {
    const struct realm *realms[] = {&lobby->lobby, &lobby->match};
    speech_tell(lobby, player, "/rules: the rules of this lobby");
    for (int r = 0; r < 2; r++)
        for (uint32_t i = 0; i < realms[r]->script_count; i++) {
            const struct script *script = realms[r]->scripts[i];
            for (uint32_t c = 0; c < script->command_count; c++) {
                char line[LINE_MAX_BYTES];
                snprintf(line, sizeof line, "/%s: %s", script->commands[c].name,
                         script->commands[c].help);
                speech_tell(lobby, player, line);
            }
        }
}

static bool run_built_in(struct lobby *lobby, muster_player_id player, const char *name) {
    struct listener listener = {lobby, player};
    if (strcmp(name, "rules") == 0)
        realm_collect(&lobby->lobby, EVENT_DESCRIBE, tell_rule, &listener);
    else if (strcmp(name, "help") == 0)
        tell_commands(lobby, player);
    else
        return false;
    return true;
}

/* ---- a line ---------------------------------------------------------------------------------- */

/* The name in front of a line; the rest of it, or null: no name. */
static const char *split(const char *line, char name[SCRIPT_ID_MAX]) {
    size_t len = strcspn(line, " ");
    if (len == 0 || len >= SCRIPT_ID_MAX) return NULL;
    memcpy(name, line, len);
    name[len] = '\0';
    return line + len + strspn(line + len, " ");
}

bool speech_take(struct lobby *lobby, muster_player_id player, uint32_t seat, const char *line) {
    char name[SCRIPT_ID_MAX];
    const char *arguments = split(line, name);
    if (!arguments) return false;
    struct script *script = seat == MUSTER_SEAT_NONE ? NULL : find_script(&lobby->match, name);
    if (script) {
        if (note_command(&lobby->match, script->index, name, seat, arguments))
            speech_tell(lobby, player, "the command could not be taken");
        return true;
    }
    script = find_script(&lobby->lobby, name);
    if (script) {
        run(script, name, player, arguments, player);
        return true;
    }
    return run_built_in(lobby, player, name);
}

bool speech_take_console(struct lobby *lobby, const char *line) {
    char name[SCRIPT_ID_MAX];
    const char *arguments = split(line, name);
    if (!arguments) return false;
    lobby->console_answer[0] = '\0';
    struct script *script = find_script(&lobby->match, name);
    if (script)
        return note_command(&lobby->match, script->index, name, MUSTER_SEAT_NONE, arguments) ==
               MUSTER_OK;
    script = find_script(&lobby->lobby, name);
    if (script) run(script, name, 0, arguments, 0);
    return script != NULL;
}
