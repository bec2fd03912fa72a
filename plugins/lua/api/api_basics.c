/* api_basics - hooks, timer, command, bus, i18n: what both realms have. */
#include "args.h"
#include "manual.h"
#include "note.h"
#include "speech.h"
#include "timers.h"
#include "value.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum {
    FIELDS_MAX = 64,
    HOOK_UNITS = 200,
    MESSAGE_BYTES_MAX = 2048,
    TEXT_BYTES_MAX = 1024,
    VARS_MAX = 16
};

/* ---- hooks ----------------------------------------------------------------------------------- */

static enum event check_event(lua_State *L, int index) {
    const char *name = luaL_checkstring(L, index);
    enum event event = event_find(name);
    if (event == EVENT_COUNT)
        luaL_argerror(L, index, lua_pushfstring(L, "there is no event '%s'", name));
    return event;
}

/* Reference to the function at index. */
static int take_function(lua_State *L, int index) {
    luaL_checktype(L, index, LUA_TFUNCTION);
    lua_pushvalue(L, index);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* The priority, or {priority =, on_error =}. */
static void read_hook_options(lua_State *L, enum event event, struct handler *out) {
    static const char *const known[] = {"priority", "on_error", NULL};
    static const char *const ways[] = {"deny", "allow", NULL};
    lua_settop(L, 4);
    if (lua_isnil(L, 4)) return;
    if (lua_type(L, 4) == LUA_TNUMBER) {
        out->priority = (int16_t)args_integer(L, 4, -100, 100);
        return;
    }
    args_options(L, 4, known);
    if (args_field(L, 4, "priority") != LUA_TNIL)
        out->priority = (int16_t)args_named_integer(L, -1, "priority", -100, 100);
    if (args_field(L, 4, "on_error") != LUA_TNIL) {
        if (!event_is_gate(event))
            luaL_error(L, "on_error: '%s' denies nothing", event_table[event].name);
        out->is_open = args_choice(L, -1, "on_error", ways) == 1;
    }
    lua_settop(L, 4);
}

/* While init.lua runs, an event of the other realm is none of this state's business: its twin hooks
 * it there. Afterwards nobody would; and a mode has no twin. */
static void check_realm(lua_State *L, const struct script *script, enum event event) {
    const char *name = event_table[event].name;
    if (script->mod->kind == MOD_MODE && event_table[event].realms == REALM_LOBBY)
        luaL_error(L,
                   "'%s' happens in the lobby realm, and a mode has none: hook it in a rule, and "
                   "name the rule in depends",
                   name);
    if (script->is_loaded && !(event_table[event].realms & script->realm->kind))
        luaL_error(L, "'%s' happens in the other realm: hook it while init.lua runs", name);
}

static int hooks_on(lua_State *L) {
    struct script *script = script_of(L);
    enum event event = check_event(L, 1);
    const char *id = args_text(L, 2, SCRIPT_ID_MAX - 1);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    struct handler handler = {.priority = 0};
    read_hook_options(L, event, &handler);
    sandbox_charge(L, HOOK_UNITS);
    check_realm(L, script, event);
    if (!(event_table[event].realms & script->realm->kind)) return 0;
    if (!script->is_loaded && realm_find_hook(script, event, id))
        return luaL_error(L, "this mod hooks '%s' as '%s' already", event_table[event].name, id);
    snprintf(handler.id, sizeof handler.id, "%s", id);
    handler.function = take_function(L, 3);
    if (!realm_hook(script, event, &handler))
        return luaL_error(L, "too many handlers of '%s'", event_table[event].name);
    return 0;
}

static int hooks_off(lua_State *L) {
    enum event event = check_event(L, 1);
    const char *id = args_text(L, 2, SCRIPT_ID_MAX - 1);
    sandbox_charge(L, HOOK_UNITS);
    realm_unhook(script_of(L), event, id);
    return 0;
}

const struct api_function api_hooks[] = {
    {"on", hooks_on, REALM_BOTH, 0,
     "event: Event, id: string, handler: function, options?: integer|HookOptions", "",
     "Calls handler whenever the event happens. The same id again, later, replaces the handler; "
     "twice "
     "while init.lua runs is an error. "
     "Higher priorities (-100 to 100, default 0) are asked first, then mods in their order; the "
     "options are that number, or {priority =, on_error =}, with on_error = \"deny\" (default) or "
     "\"allow\" for gates. An event of the other realm is ignored.",
     "hooks.on(\"player_leave\", \"bye\", function(player, reason)\n    print(player:name(), "
     "reason)\nend)"},
    {"off", hooks_off, REALM_BOTH, 0, "event: Event, id: string", "",
     "Takes a handler away; no harm if there is none.", "hooks.off(\"player_leave\", \"bye\")"},
    {NULL}};

/* The field of the mode's table on top, as a handler. */
static void hook_field(lua_State *L, struct script *script, const char *field, enum event event) {
    struct handler handler = {.is_mode = true};
    if (args_field(L, -1, field) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return;
    }
    snprintf(handler.id, sizeof handler.id, "mode.%s", field);
    handler.function = luaL_ref(L, LUA_REGISTRYINDEX);
    if (!realm_hook(script, event, &handler)) luaL_error(L, "too many handlers of '%s'", field);
}

void api_mode_hook_fields(lua_State *L, struct script *script) {
    for (int event = 0; event < EVENT_COUNT; event++)
        if (event_table[event].realms & REALM_MATCH)
            hook_field(L, script, event_table[event].name, (enum event)event);
    hook_field(L, script, "join", EVENT_PLAYER_JOIN);
    hook_field(L, script, "leave", EVENT_PLAYER_LEAVE);
}

static const char *const base_aliases[] = {"join", "leave"}; /* of player_join and player_leave */

/* The names of the fields that count in such a mode. */
static size_t mode_fields(const struct mod *mod, const char *names[FIELDS_MAX]) {
    size_t count = 0;
    for (const struct manual_callback *c = manual_callbacks; c->name; c++)
        if (!mod->base || c->with_base) names[count++] = c->name;
    for (const struct manual_global *f = manual_fields; !mod->base && f->name; f++)
        names[count++] = f->name;
    for (int event = 0; mod->base && event < EVENT_COUNT; event++)
        if (event_table[event].realms & REALM_MATCH) names[count++] = event_table[event].name;
    for (size_t i = 0; mod->base && i < sizeof base_aliases / sizeof *base_aliases; i++)
        names[count++] = base_aliases[i];
    names[count] = NULL;
    return count;
}

static bool is_callback(const char *name) {
    for (const struct manual_global *f = manual_fields; f->name; f++)
        if (strcmp(f->name, name) == 0) return false;
    return true;
}

void api_mode_check_fields(lua_State *L, const struct mod *mod) {
    const char *names[FIELDS_MAX];
    size_t count = mode_fields(mod, names);
    args_fields(L, -1, "the mode's table: ", names);
    bool saves = args_field(L, -1, "save") != LUA_TNIL;
    bool restores = args_field(L, -2, "restore") != LUA_TNIL;
    lua_pop(L, 2);
    if (saves && !restores)
        luaL_error(L, "mode.save goes with mode.restore, which makes the state of what it returns");
    for (size_t i = 0; i < count; i++) {
        int type = args_field(L, -1, names[i]);
        lua_pop(L, 1);
        if (type != LUA_TNIL && type != LUA_TFUNCTION && is_callback(names[i]))
            luaL_error(L, "mode.%s: expected a function, found a %s", names[i],
                       lua_typename(L, type));
    }
}

/* ---- timer ----------------------------------------------------------------------------------- */

static int add_timer(lua_State *L, bool repeats) {
    luaL_checktype(L, 1, LUA_TNUMBER);
    double seconds = lua_tonumber(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (!(seconds >= (repeats ? 0.05 : 0) && seconds <= 30 * 86400.0))
        return args_unexpected(L, 1, NULL,
                               repeats ? "0.05 to 2592000 seconds" : "0 to 2592000 seconds");
    sandbox_charge(L, HOOK_UNITS);
    lua_pushinteger(L, script_timer_add(L, seconds, repeats));
    return 1;
}

static int timer_after(lua_State *L) {
    return add_timer(L, false);
}

static int timer_every(lua_State *L) {
    return add_timer(L, true);
}

static int timer_cancel(lua_State *L) {
    uint32_t id = (uint32_t)args_integer(L, 1, 0, UINT32_MAX);
    sandbox_charge(L, 20);
    lua_pushboolean(L, script_timer_cancel(script_of(L), id));
    return 1;
}

const struct api_function api_timer[] = {
    {"after", timer_after, REALM_BOTH, 0, "seconds: number, fn: fun(state?: table)", "integer",
     "Calls fn once, so many seconds from now; in a mode with its state. Timers do not outlive a "
     "reload: keep deadlines in "
     "the state, or begin them in init.",
     "timer.after(5, function() print(\"five seconds later\") end)"},
    {"every", timer_every, REALM_BOTH, 0, "seconds: number, fn: fun(state?: table)", "integer",
     "Calls fn again and again, every so many seconds (0.05 at least).",
     "local beat = timer.every(1, function() print(\"a second\") end)\ntimer.cancel(beat)"},
    {"cancel", timer_cancel, REALM_BOTH, 0, "timer: integer", "boolean",
     "Takes a timer back; false when it is gone already.",
     "timer.cancel(timer.after(60, function() end))"},
    {NULL}};

/* ---- command --------------------------------------------------------------------------------- */

static bool is_word(const char *text) {
    if (*text < 'a' || *text > 'z') return false;
    for (; *text; text++)
        if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') || *text == '_'))
            return false;
    return true;
}

static int command_register(lua_State *L) {
    static const char *const known[] = {"name", "help", "fn", NULL};
    struct script *script = script_of(L);
    lua_settop(L, 1);
    args_options(L, 1, known);
    args_field(L, 1, "name");
    const char *name = args_text(L, 2, 31);
    args_field(L, 1, "help");
    const char *help = lua_isnil(L, 3) ? "" : args_text(L, 3, 95);
    luaL_argcheck(L, is_word(name), 1, "name: expected a word of a-z, 0-9 and _");
    luaL_argcheck(L, args_field(L, 1, "fn") == LUA_TFUNCTION, 1, "fn: expected a function");
    sandbox_charge(L, HOOK_UNITS);
    if (speech_is_built_in(name)) return luaL_error(L, "/%s is the server's own", name);
    if (!script->is_loaded && script_command_find(script, name))
        return luaL_error(L, "this mod has a command /%s already", name);
    if (!script_command_add(script, name, help, luaL_ref(L, LUA_REGISTRYINDEX)))
        return luaL_error(L, "too many commands");
    return 0;
}

const struct api_function api_command[] = {
    {"register", command_register, REALM_BOTH, 0,
     "options: {name: string, help?: string, fn: fun(player?: Player, arguments: string, state?: "
     "table): string?}",
     "",
     "A command of the chat (/name arguments) and of the console (mods run LOBBY name arguments): "
     "player is nil then, which fn has to expect. A mode's fn gets the state as well. What fn "
     "returns is shown to who typed it. In the "
     "match realm it is there while a match runs, for those who play, and is part of its "
     "recording. "
     "When two mods have the same name, players say /mod:name.",
     "command.register{name = \"hello\", help = \"says hello\", fn = function(player)\n    return "
     "\"Hello, \" .. (player and player:name() or \"console\")\nend}"},
    {NULL}};

/* ---- bus ------------------------------------------------------------------------------------- */

static int bus_emit(lua_State *L) {
    char bytes[MESSAGE_BYTES_MAX];
    struct script *script = script_of(L);
    const char *name = args_text(L, 1, SCRIPT_ID_MAX - 1);
    lua_settop(L, 2);
    sandbox_charge(L, HOOK_UNITS);
    size_t len = value_encode(L, 2, bytes, sizeof bytes);
    if (!script_act(L)) return 0;
    if (!lobby_emit(script->realm, name, bytes, (uint32_t)len))
        return luaL_error(L, "too many messages wait");
    return 0;
}

static int bus_on(lua_State *L) {
    struct script *script = script_of(L);
    const char *name = args_text(L, 1, SCRIPT_ID_MAX / 2 - 1);
    const char *id = args_text(L, 2, SCRIPT_ID_MAX / 2 - 1);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    sandbox_charge(L, HOOK_UNITS);
    if (!script->is_loaded && realm_bus_find(script, name, id))
        return luaL_error(L, "this mod hears '%s' as '%s' already", name, id);
    if (!realm_bus_hook(script, name, id, take_function(L, 3)))
        return luaL_error(L, "too many handlers of messages");
    return 0;
}

const struct api_function api_bus[] = {
    {"emit", bus_emit, REALM_BOTH, 0, "name: string, value: any", "",
     "Sends a plain value to every mod of this lobby that listens: in the same realm with the next "
     "tick (in the lobby: at once after this call), and from the lobby realm to the match realm "
     "when a match runs.",
     "bus.emit(\"goal\", {team = \"red\"})"},
    {"on", bus_on, REALM_BOTH, 0,
     "name: string, id: string, handler: fun(value: any, state?: table)", "",
     "Listens; in a mode with its state. The same id again, later, replaces the handler; twice "
     "while init.lua runs is an "
     "error.",
     "bus.on(\"goal\", \"cheer\", function(goal) print(goal.team) end)"},
    {NULL}};

/* ---- i18n ------------------------------------------------------------------------------------ */

struct text {
    char bytes[TEXT_BYTES_MAX];
    size_t used;
};

/* What is too long is cut. */
static void add(struct text *text, const char *bytes, size_t len) {
    size_t room = sizeof text->bytes - text->used;
    if (len > room) len = room;
    memcpy(text->bytes + text->used, bytes, len);
    text->used += len;
}

/* {name} stands for the variable of that name; without one it stays as it is. */
static void add_variable(lua_State *L, struct text *text, const char *name, size_t len) {
    size_t value_len;
    lua_pushlstring(L, name, len);
    if (lua_istable(L, 2))
        lua_rawget(L, 2);
    else
        lua_pushnil(L);
    if (lua_isnil(L, -1)) {
        add(text, name - 1, len + 2);
    } else {
        const char *value = sandbox_tostring(L, -1, &value_len);
        add(text, value, value_len);
    }
    lua_settop(L, 2);
}

static int i18n_t(lua_State *L) {
    struct text text = {.used = 0};
    const char *key = args_text(L, 1, 64);
    lua_settop(L, 2);
    const char *at = mod_text(script_of(L)->mod, "en", key);
    if (!at) at = key;
    for (unsigned vars = 0; *at;) {
        sandbox_charge(L, 20);
        size_t plain = strcspn(at, "{");
        const char *end = strchr(at + plain, '}');
        if (!end || vars++ >= VARS_MAX) plain = strlen(at);
        add(&text, at, plain);
        at += plain;
        if (!*at) break;
        add_variable(L, &text, at + 1, (size_t)(end - at) - 1);
        at = end + 1;
    }
    lua_pushlstring(L, text.bytes, text.used);
    return 1;
}

const struct api_function api_i18n[] = {
    {"t", i18n_t, REALM_BOTH, 0, "key: string, variables?: table", "string",
     "The text of locale/en.json with this key; {name} in it becomes variables.name. A key without "
     "a text is its own text.",
     "print(i18n.t(\"welcome\", {name = \"Ada\"}))"},
    {NULL}};
