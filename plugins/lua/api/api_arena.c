/* api_arena - commands to the base mode "arena", in words; docs/protocol.md section 6 says what
 * they do. They are queued, recorded, and applied at the start of the next tick. */
#include "api.h"
#include "args.h"
#include "objects.h"
#include "report.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ARENA_UNITS = 100,
    TILE_UNITS = 256,
    WORD_BYTES_MAX = 15,
    PLACE_BYTES_MAX = 31,
    COMMANDS_BURST = 48,
    COMMANDS_PER_TICK = 4,
    HEALTH_MAX = 100,
    HEALTH_ASKED_MAX = 100000, /* more than all of it is all of it */
};

static int send_command(lua_State *L, const char *name, uint32_t seat, const char *text,
                        const int64_t *args, uint32_t count) {
    struct realm *realm = realm_of(L);
    struct muster_command command = {.size = sizeof command,
                                     .seat = seat,
                                     .name = name,
                                     .text = text,
                                     .args = args,
                                     .arg_count = count};
    struct command_place place;
    sandbox_charge(L, ARENA_UNITS);
    if (realm->lobby->mode && !realm->is_probe)
        return luaL_error(L, "arena.%s: %s is not played on the base arena", name,
                          realm->game_mode);
    objects_place(L, &place);
    /* Our own count: a replay queues none. */
    if (!realm_quota(realm, &realm->commands, COMMANDS_PER_TICK, COMMANDS_BURST))
        return luaL_error(L, "too many commands: %d at once, then %d a tick", COMMANDS_BURST,
                          COMMANDS_PER_TICK);
    bool counts = script_act(L);
    realm->commands.left--;
    if (!counts) return 0;
    objects_note(script_of(L), &command, &place);
    if (realm_host(realm)->match->command(realm_self(realm), realm->match, &command))
        report_refusal(script_of(L), place.file, place.line, "too many commands wait");
    return 0;
}

/* ---- fields of an options table -------------------------------------------------------------- */

static int64_t integer_field(lua_State *L, const char *name, int64_t min, int64_t max,
                             int64_t fallback) {
    bool is_missing = args_field(L, 1, name) == LUA_TNIL && fallback >= min;
    int64_t value = is_missing ? fallback : args_named_integer(L, -1, name, min, max);
    lua_pop(L, 1);
    return value;
}

static int64_t id_field(lua_State *L, enum object_kind kind) {
    int64_t id = integer_field(L, "id", 1, OBJECTS_MAX, 0);
    objects_check_free(L, kind, (uint32_t)id);
    return id;
}

static int64_t choice_field(lua_State *L, const char *name, const char *const words[],
                            int64_t fallback) {
    if (args_field(L, 1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        return fallback;
    }
    uint32_t choice = args_choice(L, -1, name, words);
    lua_pop(L, 1);
    return choice;
}

static int64_t team_field(lua_State *L) {
    bool is_given = args_field(L, 1, "team") != LUA_TNIL;
    uint32_t team = is_given ? args_team(L, -1, "team") : MUSTER_TEAM_NONE;
    lua_pop(L, 1);
    return team;
}

/* "at:12,7" */
static bool is_tile(const char *place) {
    static const char digits[] = "0123456789";
    if (strncmp(place, "at:", 3) != 0) return false;
    size_t x = strspn(place + 3, digits);
    if (x == 0 || place[3 + x] != ',') return false;
    size_t y = strspn(place + 4 + x, digits);
    return y > 0 && place[4 + x + y] == '\0';
}

/* The base looks whether the tile is free, with the next tick. */
static bool is_place(const char *place) {
    static const char *const names[] = {"center", "red_base", "blue_base"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(place, names[i]) == 0) return true;
    return is_tile(place);
}

/* Printable, and not what JSON would have to escape. */
static bool is_label(const char *label) {
    for (; *label; label++)
        if (*label < ' ' || *label > '~' || *label == '"' || *label == '\\') return false;
    return true;
}

static bool is_kind(const char *kind) {
    return *kind && kind[strspn(kind, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static const struct word_field {
    const char *name, *fallback, *expected;
    bool (*is_good)(const char *word);
} label_field = {"label", "", "up to 15 characters of ASCII without \" and \\", is_label},
  kind_field = {"kind", "flag", "1 to 15 of a-z and _", is_kind};

/* "PLACE|WORD" */
static const char *place_text(lua_State *L, char out[96], const struct word_field *field) {
    const char *word = field->fallback;
    const char *place = args_field(L, 1, "place") == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (strlen(place) > PLACE_BYTES_MAX || !is_place(place))
        args_unexpected(L, -1, "place", "center, red_base, blue_base or at:X,Y");
    if (args_field(L, 1, field->name) != LUA_TNIL) {
        word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "\n";
        if (strlen(word) > WORD_BYTES_MAX || !field->is_good(word))
            args_unexpected(L, -1, field->name, field->expected);
    }
    snprintf(out, 96, "%s|%s", place, word);
    lua_pop(L, 2);
    return out;
}

/* ---- zones and items ------------------------------------------------------------------------- */

static int arena_zone(lua_State *L) {
    static const char *const known[] = {"id", "place", "radius", "team", "progress", "label", NULL};
    char text[96];
    lua_settop(L, 1);
    args_options(L, 1, known);
    if (args_field(L, 1, "radius") != LUA_TNUMBER || !(lua_tonumber(L, -1) >= 0.25) ||
        !(lua_tonumber(L, -1) <= 32))
        return args_unexpected(L, -1, "radius", "0.25 to 32 tiles");
    int64_t radius = (int64_t)(lua_tonumber(L, -1) * TILE_UNITS);
    lua_settop(L, 1);
    int64_t args[] = {id_field(L, OBJECT_ZONE), radius, team_field(L),
                      integer_field(L, "progress", 0, 100, 0)};
    return send_command(L, "zone", MUSTER_SEAT_NONE, place_text(L, text, &label_field), args, 4);
}

static int arena_item(lua_State *L) {
    static const char *const who[] = {"anyone", "enemies", "team", NULL};
    static const char *const known[] = {"id", "place", "kind", "team", "who", NULL};
    char text[96];
    lua_settop(L, 1);
    args_options(L, 1, known);
    int64_t args[] = {id_field(L, OBJECT_ITEM), team_field(L), choice_field(L, "who", who, 0)};
    if (args[2] && args[1] == MUSTER_TEAM_NONE)
        return luaL_error(L, "who: '%s' needs a team", who[args[2]]);
    return send_command(L, "item", MUSTER_SEAT_NONE, place_text(L, text, &kind_field), args, 3);
}

static int send_id(lua_State *L, const char *name, enum object_kind kind) {
    int64_t id = args_integer(L, 1, 1, OBJECTS_MAX);
    objects_check_own(L, kind, (uint32_t)id);
    return send_command(L, name, MUSTER_SEAT_NONE, "", &id, 1);
}

static int arena_zone_remove(lua_State *L) {
    return send_id(L, "zone_remove", OBJECT_ZONE);
}

static int arena_item_home(lua_State *L) {
    return send_id(L, "item_home", OBJECT_ITEM);
}

static int arena_item_remove(lua_State *L) {
    return send_id(L, "item_remove", OBJECT_ITEM);
}

static int arena_carry(lua_State *L) {
    int64_t id = args_integer(L, 1, 1, OBJECTS_MAX);
    uint32_t seat = (uint32_t)player_check(L, 2)->who;
    objects_check_own(L, OBJECT_ITEM, (uint32_t)id);
    int64_t args[] = {id, seat};
    return send_command(L, "carry", seat, "", args, 2);
}

/* ---- lives ----------------------------------------------------------------------------------- */

static int send_seat(lua_State *L, const char *name) {
    int64_t seat = (int64_t)player_check(L, 1)->who;
    return send_command(L, name, (uint32_t)seat, "", &seat, 1);
}

static int arena_spawn(lua_State *L) {
    return send_seat(L, "spawn");
}

static int arena_kill(lua_State *L) {
    return send_seat(L, "kill");
}

static int arena_heal(lua_State *L) {
    int64_t seat = (int64_t)player_check(L, 1)->who;
    int64_t health = args_integer(L, 2, -HEALTH_ASKED_MAX, HEALTH_ASKED_MAX);
    if (health > HEALTH_MAX) health = HEALTH_MAX;
    if (health < -HEALTH_MAX) health = -HEALTH_MAX;
    int64_t args[] = {seat, health};
    return send_command(L, "heal", (uint32_t)seat, "", args, 2);
}

static int arena_team(lua_State *L) {
    int64_t seat = (int64_t)player_check(L, 1)->who;
    int64_t args[] = {seat, args_real_team(L, 2)};
    return send_command(L, "team", (uint32_t)seat, "", args, 2);
}

static bool flag_field(lua_State *L, const char *name) {
    int type = args_field(L, 1, name);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN) args_unexpected(L, -1, name, "a boolean");
    bool on = type == LUA_TNIL || lua_toboolean(L, -1);
    lua_pop(L, 1);
    return on;
}

static int arena_loadout(lua_State *L) {
    static const char *const known[] = {"rifle", "launcher", "damage", "level", NULL};
    int64_t seat = (int64_t)player_check(L, 1)->who;
    lua_settop(L, 2);
    args_options(L, 2, known);
    lua_replace(L, 1);
    int64_t weapons = flag_field(L, "rifle") | flag_field(L, "launcher") << 1;
    int64_t args[] = {seat, weapons, integer_field(L, "damage", 0, 1000, 100),
                      integer_field(L, "level", 0, 255, 0)};
    return send_command(L, "loadout", (uint32_t)seat, "", args, 4);
}

static int arena_bots(lua_State *L) {
    int64_t count = args_integer(L, 1, 0, 16);
    return send_command(L, "bots", MUSTER_SEAT_NONE, "", &count, 1);
}

const struct api_function api_arena[] = {
    {"zone", arena_zone, REALM_MATCH, 0,
     "zone: {id: integer, place: string, radius: number, team?: Team, progress?: integer, label?: "
     "string}",
     "",
     "A round zone that everybody sees: ids 1 to 8, radius in tiles, progress 0 to 100, a label of "
     "15 bytes. place: center, red_base, blue_base, or at:X,Y: a tile of the map that is no wall. "
     "The "
     "same id again changes it; ids are shared by the mods of a match, and who uses one first has "
     "it.",
     "arena.zone{id = 1, place = \"center\", radius = 2.5, label = \"Hill\"}"},
    {"zone_remove", arena_zone_remove, REALM_MATCH, 0, "id: integer", "",
     "Takes a zone away; who is inside leaves it.",
     "arena.zone{id = 1, place = \"center\", radius = 2}\narena.zone_remove(1)"},
    {"item", arena_item, REALM_MATCH, 0,
     "item: {id: integer, place: string, kind?: string, team?: Team, who?: string}", "",
     "A thing that players carry: ids 1 to 8, as for zones; kind is a word that is shown (flag, "
     "crown). who may "
     "pick it up: anyone (default), enemies or team, of its team.",
     "arena.item{id = 1, place = \"red_base\", kind = \"flag\", team = \"red\", who = "
     "\"enemies\"}"},
    {"item_home", arena_item_home, REALM_MATCH, 0, "id: integer", "", "Brings an item home.",
     "arena.item{id = 1, place = \"center\"}\narena.item_home(1)"},
    {"item_remove", arena_item_remove, REALM_MATCH, 0, "id: integer", "", "Takes an item away.",
     "arena.item{id = 1, place = \"center\"}\narena.item_remove(1)"},
    {"carry", arena_carry, REALM_MATCH, 0, "id: integer, player: Player", "",
     "Gives an item to a player.",
     "arena.item{id = 1, place = \"center\"}\narena.carry(1, player)"},
    {"spawn", arena_spawn, REALM_MATCH, 0, "player: Player", "",
     "Lets a player live again now, or moves one who lives to a spawn.", "arena.spawn(player)"},
    {"kill", arena_kill, REALM_MATCH, 0, "player: Player", "", "A death without a killer.",
     "arena.kill(player)"},
    {"heal", arena_heal, REALM_MATCH, 0, "player: Player, health: integer", "",
     "Adds health, up to 100; a negative number hurts.", "arena.heal(player, 25)"},
    {"team", arena_team, REALM_MATCH, 0, "player: Player, team: Team", "",
     "Moves a player to another team.", "arena.team(player, \"blue\")"},
    {"loadout", arena_loadout, REALM_MATCH, 0,
     "player: Player, loadout: {rifle?: boolean, launcher?: boolean, damage?: integer, level?: "
     "integer}",
     "",
     "Which weapons a player has (both unless said otherwise), what they do in percent, and a "
     "level "
     "that is shown beside the name.",
     "arena.loadout(player, {launcher = false, damage = 150, level = 2})"},
    {"bots", arena_bots, REALM_MATCH, 0, "players: integer", "",
     "Bots fill the match up to so many players from now on, at most up to maxPlayers.",
     "arena.bots(6)"},
    {NULL}};
