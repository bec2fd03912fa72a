/* args - see args.h. */
#include "args.h"
#include "internal.h"
#include "mod.h"
#include "returned.h"
#include "script.h"
#include "teams.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES_MAX = 80, MESSAGE_BYTES_MAX = 600, OPTION_UNITS = 10 };

const char *args_text(lua_State *L, int index, size_t max) {
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    if (len > max) luaL_argerror(L, index, lua_pushfstring(L, "over %d bytes", (int)max));
    for (size_t at = 0; at < len;) {
        size_t n = errors_utf8_length((const unsigned char *)text + at, len - at);
        if (n == 0 || (n == 1 && ((unsigned char)text[at] < 0x20 || text[at] == 0x7f)))
            luaL_argerror(L, index, "expected text without control bytes");
        at += n;
    }
    return text;
}

int args_unexpected(lua_State *L, int index, const char *name, const char *expected) {
    char text[MESSAGE_BYTES_MAX], found[SHOWN_BYTES_MAX];
    index = lua_absindex(L, index);
    snprintf(found, sizeof found, "%s", returned_show(L, index));
    snprintf(text, sizeof text, "expected %s, found %s", expected, found);
    if (name) return luaL_error(L, "%s: %s", name, text);
    return luaL_argerror(L, index, text);
}

/* "red, blue or none" */
static void list_words(char *out, size_t size, const char *const words[]) {
    size_t used = 0;
    for (size_t i = 0; words[i] && used < size; i++) {
        const char *glue = !i ? "" : words[i + 1] ? ", " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", glue, words[i]);
    }
}

uint32_t args_choice(lua_State *L, int index, const char *name, const char *const words[]) {
    char expected[MESSAGE_BYTES_MAX];
    const char *word = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    uint32_t i = 0;
    while (words[i] && strcmp(words[i], word) != 0) i++;
    if (words[i]) return i;
    list_words(expected, sizeof expected, words);
    return (uint32_t)args_unexpected(L, index, name, expected);
}

/* A choice among the mode's teams from `first` on. */
static uint32_t choose_team(lua_State *L, int index, const char *name, uint32_t first) {
    const struct realm *realm = realm_of(L);
    const char *words[MUSTER_TEAMS_MAX + 2] = {NULL};
    uint32_t team, count = teams_count(realm);
    if (!teams_are_known(realm) && lua_type(L, index) == LUA_TSTRING &&
        teams_find(realm, lua_tostring(L, index), &team) && team >= first)
        return team;
    if (first > count) return luaL_error(L, "this mode has no teams");
    for (uint32_t i = first; i <= count; i++) words[i - first] = teams_name(realm, i);
    return first + args_choice(L, index, name, words);
}

uint32_t args_team(lua_State *L, int index, const char *name) {
    return choose_team(L, index, name, MUSTER_TEAM_NONE);
}

uint32_t args_real_team(lua_State *L, int index) {
    return choose_team(L, index, NULL, 1);
}

void args_push_team(lua_State *L, uint32_t team) {
    lua_pushstring(L, teams_name(realm_of(L), team));
}

int64_t args_named_integer(lua_State *L, int index, const char *name, int64_t min, int64_t max) {
    char expected[80];
    int is_integer = 0;
    lua_Integer value = 0;
    if (lua_type(L, index) == LUA_TNUMBER)
        value = lua_tointegerx(L, index, &is_integer);
    else if (!name)
        return luaL_typeerror(L, index, "number");
    if (is_integer && value >= min && value <= max) return value;
    double number = lua_tonumber(L, index);
    snprintf(expected, sizeof expected, "%s%lld to %lld",
             number != floor(number) && isfinite(number) ? "an integer, " : "", (long long)min,
             (long long)max);
    return args_unexpected(L, index, name, expected);
}

int64_t args_integer(lua_State *L, int index, int64_t min, int64_t max) {
    return args_named_integer(L, index, NULL, min, max);
}

int args_field(lua_State *L, int index, const char *name) {
    index = lua_absindex(L, index);
    lua_pushstring(L, name);
    return lua_rawget(L, index);
}

static bool is_known(const char *key, const char *const known[], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(known[i], key) == 0) return true;
    return false;
}

/* Of several strange ones the first by its bytes: the same in a replay. */
static const char *find_strange(lua_State *L, int index, const char *const known[], size_t count) {
    const char *strange = NULL;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        sandbox_charge(L, OPTION_UNITS);
        if (!is_known(key, known, count) && (!strange || strcmp(key, strange) < 0)) strange = key;
    }
    return strange;
}

void args_fields(lua_State *L, int index, const char *what, const char *const known[]) {
    size_t count = 0;
    luaL_checktype(L, index, LUA_TTABLE);
    while (known[count]) count++;
    const char *strange = find_strange(L, lua_absindex(L, index), known, count);
    if (!strange) return;
    const char *near = mod_word_nearest(strange, known, count);
    char words[MESSAGE_BYTES_MAX];
    list_words(words, sizeof words, known);
    if (near) luaL_error(L, "%sunknown field '%s'; did you mean '%s'?", what, strange, near);
    luaL_error(L, "%sunknown field '%s'; there is %s", what, strange, words);
}

void args_options(lua_State *L, int index, const char *const known[]) {
    args_fields(L, index, "", known);
}
