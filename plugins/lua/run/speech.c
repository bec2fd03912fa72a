/* speech - see speech.h. In the match realm a command goes through the log, as it steers. */
#include "speech.h"
#include "ask.h"
#include "note.h"
#include "players.h"
#include "returned.h"
#include "state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 300, WORD_BYTES = MOD_ID_MAX + SCRIPT_ID_MAX + 2 };

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
    return 2 + script_push_state(L, call->script);
}

static void take_answer(lua_State *L, void *user) {
    struct call *call = user;
    size_t len;
    if (lua_isnil(L, -1)) return;
    if (lua_type(L, -1) != LUA_TSTRING) {
        const char *what = lua_pushfstring(L, "the command '%s'", call->command->name);
        lua_rawgeti(L, LUA_REGISTRYINDEX, call->command->function);
        returned_wrong(L, -3, what, "a string, or nil");
    }
    const char *text = lua_tolstring(L, -1, &len);
    sandbox_clean(text, len, call->answer, sizeof call->answer);
}

/* Who has the command that a line names. */
struct choice {
    struct script *script; /* null: nobody */
    char name[SCRIPT_ID_MAX];
    bool is_ambiguous; /* several mods have it: the script is the first one */
    char others[LINE_MAX_BYTES];
};

static void add_choice(struct choice *choice, struct script *script) {
    size_t used = strlen(choice->others), room = sizeof choice->others - used;
    char word[WORD_BYTES];
    snprintf(word, sizeof word, "/%s:%s", script->mod->id, choice->name);
    if (strstr(choice->others, word)) return; /* in its other realm */
    choice->is_ambiguous = choice->script != NULL;
    if (!choice->script) choice->script = script;
    snprintf(choice->others + used, room, "%s%s", used ? ", " : "", word);
}

static void look_in(const struct realm *realm, const char *mod, struct choice *choice) {
    for (uint32_t i = 0; i < realm->script_count; i++) {
        struct script *script = realm->scripts[i];
        if (!script_command_find(script, choice->name)) continue; /* a stopped one has none */
        if (!*mod || strcmp(mod, script->mod->id) == 0) add_choice(choice, script);
    }
}

/* word: "name", or "mod:name". The match's commands come first, for those who take part. */
static void choose(const struct lobby *lobby, const char *word, bool takes_part,
                   struct choice *choice) {
    char mod[SCRIPT_ID_MAX] = "";
    const char *colon = strchr(word, ':');
    *choice = (struct choice){.script = NULL};
    if (colon) snprintf(mod, sizeof mod, "%.*s", (int)(colon - word), word);
    snprintf(choice->name, sizeof choice->name, "%s", colon ? colon + 1 : word);
    if (takes_part) look_in(&lobby->match, mod, choice);
    look_in(&lobby->lobby, mod, choice);
}

/* False: it failed. */
static bool run(struct script *script, const char *name, uint64_t who, const char *arguments,
                muster_player_id answer_to) {
    struct lobby *lobby = script->realm->lobby;
    const struct command *command = script_command_find(script, name);
    struct call call = {script, command, who, arguments, ""};
    if (!command) return false;
    struct sandbox_call entry = {.function = command->function,
                                 .push = push_call,
                                 .results = 1,
                                 .take = take_answer,
                                 .arg = &call};
    bool done = script_call(script, &entry);
    if (!done)
        snprintf(call.answer, sizeof call.answer, "/%s has failed: %s has a mistake", name,
                 script->mod->id);
    if (answer_to.value && call.answer[0])
        speech_tell(lobby, answer_to, call.answer);
    else if (!answer_to.value)
        strcpy(lobby->instance->console_answer, call.answer);
    return done;
}

static muster_player_id session_on(const struct lobby *lobby, uint32_t seat) {
    const struct instance *instance = lobby->instance;
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0;
    while (instance->host->lobby->member_next(instance->self, lobby->id, &index, &member) ==
           MUSTER_OK)
        if (member.seat == seat) return member.player;
    return (muster_player_id){0};
}

void speech_tell_seat(const struct lobby *lobby, uint32_t seat, const char *text) {
    muster_player_id player = {0};
    if (!lobby->match.is_replay) player = session_on(lobby, seat);
    if (player.value) speech_tell(lobby, player, text);
}

void speech_run(struct script *script, const char *name, uint32_t seat, const char *arguments) {
    struct lobby *lobby = script->realm->lobby;
    bool is_nobody = script->realm->is_replay || seat == MUSTER_SEAT_NONE;
    muster_player_id player = {0};
    if (!is_nobody) player = session_on(lobby, seat);
    lobby->instance->console_failed = !run(script, name, seat, arguments, player);
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

static void tell_command(const struct lobby *lobby, muster_player_id player,
                         const struct script *script, const struct command *command) {
    struct choice choice;
    char line[LINE_MAX_BYTES];
    choose(lobby, command->name, true, &choice);
    snprintf(line, sizeof line, "/%s%s%s: %s", choice.is_ambiguous ? script->mod->id : "",
             choice.is_ambiguous ? ":" : "", command->name, command->help);
    speech_tell(lobby, player, line);
}

/* One that a mod has in both realms is told once. */
static void tell_commands(const struct lobby *lobby, muster_player_id player, bool takes_part) {
    speech_tell(lobby, player, "/rules: the rules of this lobby");
    for (uint32_t i = 0; takes_part && i < lobby->match.script_count; i++)
        for (uint32_t c = 0; c < lobby->match.scripts[i]->command_count; c++)
            tell_command(lobby, player, lobby->match.scripts[i],
                         &lobby->match.scripts[i]->commands[c]);
    for (uint32_t i = 0; i < lobby->lobby.script_count; i++) {
        const struct script *script = lobby->lobby.scripts[i];
        const struct script *twin = realm_find(&lobby->match, script->mod->id);
        for (uint32_t c = 0; c < script->command_count; c++) {
            bool is_told =
                takes_part && twin && script_command_find(twin, script->commands[c].name);
            if (!is_told) tell_command(lobby, player, script, &script->commands[c]);
        }
    }
}

bool speech_is_built_in(const char *name) {
    return strcmp(name, "rules") == 0 || strcmp(name, "help") == 0;
}

static void run_built_in(struct lobby *lobby, muster_player_id player, const char *name,
                         bool takes_part) {
    struct listener listener = {lobby, player};
    if (strcmp(name, "rules") == 0)
        realm_collect(&lobby->lobby, EVENT_DESCRIBE, tell_rule, &listener);
    else
        tell_commands(lobby, player, takes_part);
}

/* ---- a line ---------------------------------------------------------------------------------- */

/* The word in front of a line, cut to size; the rest of the line. */
static const char *split(const char *line, char word[WORD_BYTES]) {
    size_t len = strcspn(line, " ");
    snprintf(word, WORD_BYTES, "%.*s", (int)len, line);
    return line + len + strspn(line + len, " ");
}

/* Nobody but its player hears of a line that is no command: it was meant to be one. */
static void refuse(const struct lobby *lobby, muster_player_id player, const char *word,
                   const struct choice *choice) {
    char line[LINE_MAX_BYTES + 32];
    if (choice->is_ambiguous)
        snprintf(line, sizeof line, "say which: %s", choice->others);
    else
        snprintf(line, sizeof line, "there is no command /%s now; /help lists those that there are",
                 word);
    speech_tell(lobby, player, line);
}

static const char untaken[] = "the command could not be taken";

static void take_command(struct choice *choice, muster_player_id player, uint32_t seat,
                         const char *arguments) {
    struct script *script = choice->script;
    struct lobby *lobby = script->realm->lobby;
    if (script->realm->kind == REALM_LOBBY)
        run(script, choice->name, player.value, arguments, player);
    else if (note_command(&lobby->match, script->index, choice->name, seat, arguments))
        speech_tell(lobby, player, untaken);
}

void speech_take(struct lobby *lobby, muster_player_id player, uint32_t seat, const char *line) {
    char word[WORD_BYTES];
    struct choice choice;
    bool takes_part = seat != MUSTER_SEAT_NONE;
    const char *arguments = split(line, word);
    choose(lobby, word, takes_part, &choice);
    if (speech_is_built_in(word))
        run_built_in(lobby, player, word, takes_part);
    else if (choice.script && !choice.is_ambiguous)
        take_command(&choice, player, seat, arguments);
    else
        refuse(lobby, player, word, &choice);
}

muster_status speech_take_console(struct lobby *lobby, const char *line) {
    struct instance *instance = lobby->instance;
    char word[WORD_BYTES];
    struct choice choice;
    const char *arguments = split(line, word);
    choose(lobby, word, true, &choice);
    instance->console_answer[0] = '\0';
    if (!choice.script || choice.is_ambiguous) {
        snprintf(instance->console_answer, sizeof instance->console_answer, "%s%.280s",
                 choice.script ? "say which: " : "",
                 choice.script ? choice.others : "no mod there has that command");
        return choice.script ? MUSTER_CONFLICT : MUSTER_NOT_FOUND;
    }
    struct script *script = choice.script;
    if (script->realm->kind == REALM_LOBBY)
        return run(script, choice.name, 0, arguments, (muster_player_id){0}) ? MUSTER_OK
                                                                             : MUSTER_INVALID;
    if (note_command(&lobby->match, script->index, choice.name, MUSTER_SEAT_NONE, arguments)) {
        strcpy(instance->console_answer, untaken);
        return MUSTER_LIMIT;
    }
    return instance->console_failed ? MUSTER_INVALID : MUSTER_OK;
}
