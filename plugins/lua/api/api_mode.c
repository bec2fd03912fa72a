/* api_mode - sync and the writer: what clients see of a mode that owns everything. */
#include "api.h"
#include "args.h"
#include "mode.h"

#include <lauxlib.h>
#include <string.h>

enum { SYNC_UNITS = 20, WRITER_UNITS = 5, BYTES_PER_UNIT = 16 };

static struct mode *mode_at(lua_State *L) {
    struct mode *mode = mode_of(script_of(L));
    if (!mode) luaL_error(L, "only a mode without a base tells clients of its state");
    return mode;
}

/* ---- sync ------------------------------------------------------------------------------------ */

struct place {
    struct sync *sync;
    uint32_t field, seat;
};

/* The field named by argument 1, of the player at index where it is per player. */
static struct place check_place(lua_State *L, int player_index) {
    struct place place = {.sync = mode_at(L)->sync};
    const char *name = args_text(L, 1, SYNC_NAME_MAX);
    sandbox_charge(L, SYNC_UNITS);
    if (place.sync) place.field = sync_find(place.sync, name);
    if (!place.sync || place.field == SYNC_FIELDS_MAX)
        luaL_error(L, "mode.sync declares no field '%s'", name);
    if (!place.sync->schema.fields[place.field].per_player) {
        if (!lua_isnoneornil(L, player_index))
            luaL_error(L, "the sync field '%s' is not per player", name);
        return place;
    }
    uint64_t who = player_check(L, player_index)->who;
    if (who >= place.sync->seats_max || !sync_seats_have(&place.sync->seats, (uint32_t)who))
        luaL_argerror(L, player_index, "this player has no sync fields");
    place.seat = (uint32_t)who;
    return place;
}

/* Its own fields a start may read again; from a saved state it goes on with those of before. */
static bool is_starting(lua_State *L) {
    return realm_of(L)->is_probe || script_of(L)->takes_over;
}

static int sync_set_value(lua_State *L) {
    struct place place = check_place(L, 3);
    struct sync_value value;
    luaL_checkany(L, 2);
    sync_read(L, place.sync, place.field, 2, &value);
    if (script_act(L) || is_starting(L)) sync_set(place.sync, place.field, place.seat, &value);
    return 0;
}

static int sync_get_value(lua_State *L) {
    struct place place = check_place(L, 2);
    sync_push(L, place.sync, place.field, place.seat);
    return 1;
}

const struct api_function api_sync[] = {
    {"set", sync_set_value, REALM_MATCH, 0, "name: string, value: any, player?: Player", "",
     "Gives a field of mode.sync a value; a field with per = \"player\" that of one player. It "
     "goes "
     "out with this tick's snapshot, to those who may see it.",
     "sync.set(\"rope\", state.rope)"},
    {"get", sync_get_value, REALM_MATCH, 0, "name: string, player?: Player", "any",
     "The value of a field: what was set, or 0, false or an empty string.",
     "local rope = sync.get(\"rope\")"},
    {NULL}};

/* ---- Writer ---------------------------------------------------------------------------------- */

static const char writer_key; /* its address names the one userdata in the registry */

/* It holds nothing: what it writes to is the mode's, for as long as mode.snapshot runs. */
void api_mode_push_writer(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &writer_key) == LUA_TUSERDATA) return;
    lua_pop(L, 1);
    script_of(L)->writer = lua_newuserdatauv(L, 0, 0);
    luaL_setmetatable(L, "Writer");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &writer_key);
}

/* There is one writer in a state: it is that, or it is none. */
static struct mode *check_writer(lua_State *L) {
    const struct script *script = script_of(L);
    if (!script->writer || lua_touserdata(L, 1) != script->writer) luaL_typeerror(L, 1, "Writer");
    struct mode *mode = script->realm->lobby->mode;
    if (!mode || !mode->out) luaL_error(L, "no snapshot is written now");
    return mode;
}

/* Room for so many bits and bytes more than there are. */
static void check_space(lua_State *L, const struct mode *mode, uint32_t bits, size_t bytes) {
    const struct muster_writer *out = mode->out;
    if ((mode->bits.held_bits + bits + 7) / 8 + bytes > out->cap - out->len)
        luaL_error(L, "the snapshot is over its %I bytes (snapshotMaxBytes of mod.json)",
                   (lua_Integer)out->cap);
}

static uint8_t *take_space(lua_State *L, struct mode *mode, size_t bytes) {
    check_space(L, mode, 0, bytes);
    muster_bit_writer_end(&mode->bits);
    return muster_put_space(mode->out, (uint32_t)bytes);
}

static int put_number(lua_State *L, int64_t min, int64_t max, size_t bytes) {
    struct mode *mode = check_writer(L);
    uint64_t value = (uint64_t)args_integer(L, 2, min, max);
    sandbox_charge(L, WRITER_UNITS);
    uint8_t *at = take_space(L, mode, bytes);
    for (size_t i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> 8 * i);
    return 0;
}

static int writer_u8(lua_State *L) {
    return put_number(L, 0, UINT8_MAX, 1);
}

static int writer_u16(lua_State *L) {
    return put_number(L, 0, UINT16_MAX, 2);
}

static int writer_u32(lua_State *L) {
    return put_number(L, 0, UINT32_MAX, 4);
}

static int writer_i8(lua_State *L) {
    return put_number(L, INT8_MIN, INT8_MAX, 1);
}

static int writer_i16(lua_State *L) {
    return put_number(L, INT16_MIN, INT16_MAX, 2);
}

static int writer_i32(lua_State *L) {
    return put_number(L, INT32_MIN, INT32_MAX, 4);
}

static int writer_bytes(lua_State *L) {
    size_t len;
    struct mode *mode = check_writer(L);
    luaL_checktype(L, 2, LUA_TSTRING);
    const char *text = lua_tolstring(L, 2, &len);
    sandbox_charge(L, WRITER_UNITS + len / BYTES_PER_UNIT);
    uint8_t *at = take_space(L, mode, len);
    if (len) memcpy(at, text, len);
    return 0;
}

static int writer_bits(lua_State *L) {
    struct mode *mode = check_writer(L);
    uint32_t width = (uint32_t)args_integer(L, 3, 1, 32);
    uint32_t value = (uint32_t)args_integer(L, 2, 0, (INT64_C(1) << width) - 1);
    sandbox_charge(L, WRITER_UNITS);
    check_space(L, mode, width, 0);
    muster_put_bits(&mode->bits, value, width);
    return 0;
}

const struct api_function api_writer[] = {
    {"u8", writer_u8, REALM_MATCH, 0, "value: integer", "", "One byte, 0 to 255.", "out:u8(3)"},
    {"u16", writer_u16, REALM_MATCH, 0, "value: integer", "",
     "Two bytes, the lower one first, as in all that follow.", "out:u16(1000)"},
    {"u32", writer_u32, REALM_MATCH, 0, "value: integer", "", "Four bytes.", "out:u32(100000)"},
    {"i8", writer_i8, REALM_MATCH, 0, "value: integer", "", "One byte, -128 to 127.", "out:i8(-3)"},
    {"i16", writer_i16, REALM_MATCH, 0, "value: integer", "", "Two bytes, two's complement.",
     "out:i16(-1000)"},
    {"i32", writer_i32, REALM_MATCH, 0, "value: integer", "", "Four bytes, two's complement.",
     "out:i32(-100000)"},
    {"bytes", writer_bytes, REALM_MATCH, 0, "text: string", "",
     "The bytes of a string as they are, without a length.", "out:bytes(\"abc\")"},
    {"bits", writer_bits, REALM_MATCH, 0, "value: integer, width: integer", "",
     "So many bits, 1 to 32, for a value that needs no whole byte: the lowest one first, from the "
     "lowest that is free in a byte on. Whole bytes after it begin at the next byte.",
     "out:bits(100, 7)\nout:bits(-16 & 31, 5) -- -16 to 15"},
    {NULL}};
