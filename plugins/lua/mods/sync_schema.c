/* sync_schema - what a mode declares in mode.sync; see sync.h. */
#include "internal.h"
#include "sync.h"

#include <jansson.h>
#include <string.h>

#define TYPE_NAME(NAME, name, bytes) name,
#define TYPE_BYTES(NAME, name, bytes) bytes,
static const char *const type_names[] = {SYNC_TYPE_MAP(TYPE_NAME)};
static const uint8_t type_bytes[] = {SYNC_TYPE_MAP(TYPE_BYTES)};
static const char *const visible_names[] = {"all", "team", "owner"};
static const char *const per_names[] = {"", "player"};

uint32_t sync_type_bytes(uint32_t type) {
    return type_bytes[type];
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A string of the field's table, the one on top; without it, the default. */
static const char *text_of(lua_State *L, int place, const char *key, const char *otherwise) {
    lua_pushstring(L, key);
    int type = lua_rawget(L, -2);
    const char *text = type == LUA_TSTRING ? lua_tostring(L, -1) : otherwise; /* the table has it */
    lua_pop(L, 1);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "mode.sync[%d].%s: expected a string, found a %s", place, key,
                   lua_typename(L, type));
    return text;
}

/* Index of a word among those that are expected. */
static uint8_t word_of(lua_State *L, int place, const char *key, const char *text,
                       const char *const *words, uint8_t count, const char *expected) {
    uint8_t i = 0;
    while (i < count && strcmp(words[i], text) != 0) i++;
    if (i == count)
        luaL_error(L, "mode.sync[%d].%s: expected %s, found \"%s\"", place, key, expected, text);
    return i;
}

static void refuse_other_keys(lua_State *L, int place) {
    static const char *const keys[] = {"name", "type", "per", "visible"};
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        size_t i = 0;
        while (i < sizeof keys / sizeof *keys && strcmp(keys[i], key) != 0) i++;
        if (i == sizeof keys / sizeof *keys)
            luaL_error(L, "mode.sync[%d]: expected name, type, per and visible, found \"%s\"",
                       place, key);
    }
}

static void read_name(lua_State *L, int place, const struct sync_schema *schema,
                      struct sync_field *field) {
    const char *name = text_of(L, place, "name", "");
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (name[len] || len == 0 || len > SYNC_NAME_MAX || *name < 'a' || *name > 'z')
        luaL_error(L, "mode.sync[%d].name: expected 1 to %d of a-z, 0-9 and _, a letter first",
                   place, SYNC_NAME_MAX);
    for (uint32_t i = 0; i < schema->count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            luaL_error(L, "mode.sync[%d].name: there is a \"%s\" before", place, name);
    memcpy(field->name, name, len + 1);
}

/* The table on top declares the next field. */
static void read_field(lua_State *L, int place, struct sync_schema *schema) {
    struct sync_field *field = &schema->fields[schema->count];
    if (!lua_istable(L, -1))
        luaL_error(L, "mode.sync[%d]: expected a table, found a %s", place, luaL_typename(L, -1));
    refuse_other_keys(L, place);
    read_name(L, place, schema, field);
    field->type = word_of(L, place, "type", text_of(L, place, "type", ""), type_names,
                          SYNC_TYPE_COUNT, "bool, u8, i16, u16, i32, u32, f32 or string");
    field->per_player =
        word_of(L, place, "per", text_of(L, place, "per", ""), per_names, 2, "player or nothing");
    field->visible = word_of(L, place, "visible", text_of(L, place, "visible", "all"),
                             visible_names, SYNC_VISIBLE_COUNT, "all, team or owner");
    if (field->visible != SYNC_ALL && !field->per_player)
        luaL_error(L, "mode.sync[%d].visible: only a field with per = \"player\" has an owner",
                   place);
    uint32_t *end = field->per_player ? &schema->seat_bytes : &schema->shared_bytes;
    field->offset = (uint16_t)*end;
    *end += type_bytes[field->type];
    schema->count++;
}

void sync_schema_read(lua_State *L, int index, struct sync_schema *out) {
    memset(out, 0, sizeof *out);
    if (!lua_istable(L, index))
        luaL_error(L, "mode.sync: expected a list of fields, found a %s", luaL_typename(L, index));
    index = lua_absindex(L, index);
    lua_Unsigned count = lua_rawlen(L, index);
    if (count == 0 || count > SYNC_FIELDS_MAX)
        luaL_error(L, "mode.sync: expected a list of 1 to %d fields, found %I", SYNC_FIELDS_MAX,
                   (lua_Integer)count);
    sandbox_charge(L, count * 100);
    for (int place = 1; place <= (int)count; place++) {
        lua_rawgeti(L, index, place);
        read_field(L, place, out);
        lua_pop(L, 1);
    }
}

/* ---- questions ------------------------------------------------------------------------------- */

uint32_t sync_words(uint32_t seats_max) {
    return (seats_max + SYNC_WORD_SEATS - 1) / SYNC_WORD_SEATS;
}

bool sync_schema_is_private(const struct sync_schema *schema) {
    for (uint32_t i = 0; i < schema->count; i++)
        if (schema->fields[i].visible != SYNC_ALL) return true;
    return false;
}

bool sync_schema_same(const struct sync_schema *a, const struct sync_schema *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* A delta of all there is: bits, the two sets of seats, and each field's own. */
uint32_t sync_schema_bytes_max(const struct sync_schema *schema, uint32_t seats_max) {
    uint32_t set = sync_words(seats_max) * 4, bytes = (schema->count + 8) / 8 + set * 2;
    for (uint32_t i = 0; i < schema->count; i++) {
        const struct sync_field *field = &schema->fields[i];
        uint32_t each = type_bytes[field->type];
        bytes += field->per_player ? set + each * seats_max : each;
    }
    return bytes;
}

char *sync_schema_json(const struct sync_schema *schema) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < schema->count; i++) {
        const struct sync_field *field = &schema->fields[i];
        json_t *item = json_pack("{s:s,s:s,s:s}", "name", field->name, "type",
                                 type_names[field->type], "visible", visible_names[field->visible]);
        if (field->per_player) json_object_set_new(item, "per", json_string("player"));
        json_array_append_new(list, item);
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}
