/* commands.c - what rules ask the arena for: one table of commands, each argument checked. INVALID:
 * out of range; NOT_FOUND: no such command, id or avatar; STATE: it is dead. What a command brings
 * about is told to the rules like what happens by itself, but for items that their caller sends
 * home or removes. */
#include "state.h"

struct call {
    struct arena *arena;
    const int64_t *args;
    const char *text;
};

static bool within(int64_t value, int64_t min, int64_t max) {
    return value >= min && value <= max;
}

static muster_status avatar_of(const struct call *call, struct avatar **out) {
    if (!within(call->args[0], 0, ARENA_SEATS_MAX - 1)) return MUSTER_INVALID;
    *out = &call->arena->avatars[call->args[0]];
    return (*out)->present ? MUSTER_OK : MUSTER_NOT_FOUND;
}

static muster_status living_of(const struct call *call, struct avatar **out) {
    muster_status status = avatar_of(call, out);
    return status == MUSTER_OK && !(*out)->alive ? MUSTER_STATE : status;
}

/* ---- "PLACE|WORD" ---------------------------------------------------------------------------- */

/* Digits to a number below MAP_SIDE_MAX; null: there is none. */
static const char *number_read(const char *text, int32_t *out) {
    const char *at = text;
    for (*out = 0; *at >= '0' && *at <= '9' && *out < MAP_SIDE_MAX; at++)
        *out = *out * 10 + *at - '0';
    return at > text && *out < MAP_SIDE_MAX ? at : NULL;
}

/* What follows "at:X,Y"; null: that is no free tile. */
static const char *tile_read(const struct map *map, const char *text, uint32_t *tile) {
    int32_t x, y;
    const char *at = number_read(text + strlen("at:"), &x);
    if (!at || *at != ',') return NULL;
    at = number_read(at + 1, &y);
    if (!at || world_is_wall(map, x, y)) return NULL;
    *tile = (uint32_t)(y * map->width + x);
    return at;
}

/* What follows the place's name; null: there is no such place. */
static const char *place_read(const struct map *map, const char *text, uint32_t *tile) {
    const struct {
        const char *name;
        uint16_t tile;
    } places[] = {
        {"center", map->center}, {"red_base", map->goals[0]}, {"blue_base", map->goals[1]}};
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        size_t len = strlen(places[i].name);
        if (strncmp(text, places[i].name, len) != 0) continue;
        *tile = places[i].tile;
        return text + len;
    }
    return strncmp(text, "at:", strlen("at:")) == 0 ? tile_read(map, text, tile) : NULL;
}

/* The middle of the place's tile, and the word behind it; null when the text is of another form. */
static const char *place_and_word(const struct call *call, int32_t *x, int32_t *y) {
    const struct map *map = call->arena->map;
    uint32_t tile = 0;
    const char *rest = place_read(map, call->text, &tile);
    if (!rest || *rest != '|') return NULL;
    *x = (int32_t)tile % map->width * TILE_UNITS + TILE_UNITS / 2;
    *y = (int32_t)tile / map->width * TILE_UNITS + TILE_UNITS / 2;
    return rest + 1;
}

/* ---- zones and items ------------------------------------------------------------------------- */

/* [id, radius, team, progress] "PLACE|LABEL" */
static muster_status command_zone(const struct call *call) {
    const int64_t *args = call->args;
    int32_t x, y;
    if (!within(args[0], 1, ZONES_MAX) || !within(args[1], 1, ZONE_RADIUS_MAX) ||
        !within(args[2], 0, ARENA_TEAMS_END - 1) || !within(args[3], 0, 100))
        return MUSTER_INVALID;
    const char *label = place_and_word(call, &x, &y);
    if (!label || !objectives_label_ok(label)) return MUSTER_INVALID;
    struct zone *zone = &call->arena->zones[args[0] - 1];
    uint32_t inside = zone->present ? zone->inside : 0;
    *zone = (struct zone){.present = 1,
                          .team = (uint32_t)args[2],
                          .progress = (uint32_t)args[3],
                          .x = x,
                          .y = y,
                          .radius = (int32_t)args[1],
                          .inside = inside};
    memcpy(zone->label, label, strlen(label));
    return MUSTER_OK;
}

/* [id] */
static muster_status command_zone_remove(const struct call *call) {
    if (!within(call->args[0], 1, ZONES_MAX)) return MUSTER_INVALID;
    struct zone *zone = &call->arena->zones[call->args[0] - 1];
    if (!zone->present) return MUSTER_NOT_FOUND;
    objectives_zone_empty(call->arena, (uint32_t)call->args[0] - 1);
    zone->present = 0;
    return MUSTER_OK;
}

/* [id, team, who] "PLACE|KIND": at home there, whatever it was before. */
static muster_status command_item(const struct call *call) {
    const int64_t *args = call->args;
    int32_t x, y;
    if (!within(args[0], 1, ITEMS_MAX) || !within(args[1], 0, ARENA_TEAMS_END - 1) ||
        !within(args[2], 0, WHO_END - 1))
        return MUSTER_INVALID;
    const char *kind = place_and_word(call, &x, &y);
    if (!kind || !objectives_kind_ok(kind)) return MUSTER_INVALID;
    struct item *item = &call->arena->items[args[0] - 1];
    *item = (struct item){.present = 1,
                          .team = (uint32_t)args[1],
                          .who = (uint32_t)args[2],
                          .home_x = x,
                          .home_y = y};
    memcpy(item->kind, kind, strlen(kind));
    objectives_home(item);
    return MUSTER_OK;
}

static muster_status item_of(const struct call *call, struct item **out) {
    if (!within(call->args[0], 1, ITEMS_MAX)) return MUSTER_INVALID;
    *out = &call->arena->items[call->args[0] - 1];
    return (*out)->present ? MUSTER_OK : MUSTER_NOT_FOUND;
}

/* [id] */
static muster_status command_item_home(const struct call *call) {
    struct item *item;
    muster_status status = item_of(call, &item);
    if (status == MUSTER_OK) objectives_home(item);
    return status;
}

/* [id] */
static muster_status command_item_remove(const struct call *call) {
    struct item *item;
    muster_status status = item_of(call, &item);
    if (status == MUSTER_OK) item->present = 0;
    return status;
}

/* [id, seat]: a pickup, even of what the seat may not take by itself. */
static muster_status command_carry(const struct call *call) {
    struct item *item;
    struct avatar *a;
    struct call carrier = {call->arena, call->args + 1, call->text};
    muster_status status = item_of(call, &item);
    if (status == MUSTER_OK) status = living_of(&carrier, &a);
    if (status != MUSTER_OK || item->carrier == (uint32_t)carrier.args[0]) return status;
    objectives_take(call->arena, (uint32_t)call->args[0] - 1, (uint32_t)carrier.args[0]);
    return MUSTER_OK;
}

/* ---- avatars --------------------------------------------------------------------------------- */

/* [seat] */
static muster_status command_spawn(const struct call *call) {
    struct avatar *a;
    muster_status status = avatar_of(call, &a);
    if (status == MUSTER_OK) combat_spawn(call->arena, (uint32_t)call->args[0]);
    return status;
}

/* [seat] */
static muster_status command_kill(const struct call *call) {
    struct avatar *a;
    muster_status status = living_of(call, &a);
    if (status == MUSTER_OK) combat_heal(call->arena, (uint32_t)call->args[0], -HEALTH_MAX);
    return status;
}

/* [seat, delta]: down as well, to death. */
static muster_status command_heal(const struct call *call) {
    struct avatar *a;
    if (!within(call->args[1], -HEALTH_MAX, HEALTH_MAX)) return MUSTER_INVALID;
    muster_status status = living_of(call, &a);
    if (status == MUSTER_OK)
        combat_heal(call->arena, (uint32_t)call->args[0], (int32_t)call->args[1]);
    return status;
}

/* [seat, team]: what flies already belongs to the team of before. */
static muster_status command_team(const struct call *call) {
    const struct instance *instance = call->arena->instance;
    uint32_t seat = (uint32_t)call->args[0], team = (uint32_t)call->args[1];
    struct avatar *a;
    if (call->arena->free_for_all) return MUSTER_INVALID;
    if (!within(call->args[1], MUSTER_TEAM_RED, MUSTER_TEAM_BLUE)) return MUSTER_INVALID;
    muster_status status = avatar_of(call, &a);
    if (status != MUSTER_OK || a->team == team) return status;
    status = instance->host->match->team_set(instance->self, call->arena->match, seat, team);
    if (status != MUSTER_OK) return status;
    a->team = team;
    objectives_team(call->arena, seat);
    return MUSTER_OK;
}

/* [seat, weapons, damage percent, level] */
static muster_status command_loadout(const struct call *call) {
    const int64_t *args = call->args;
    struct avatar *a;
    if (!within(args[1], 0, WEAPONS_ALL) || !within(args[2], 0, DAMAGE_PERCENT_MAX) ||
        !within(args[3], 0, LEVEL_MAX))
        return MUSTER_INVALID;
    muster_status status = avatar_of(call, &a);
    if (status != MUSTER_OK) return status;
    a->weapons = (uint32_t)args[1];
    a->damage_percent = (uint32_t)args[2];
    a->level = (uint32_t)args[3];
    return MUSTER_OK;
}

/* [count]: how many players bots fill the match up to, from now on. */
static muster_status command_bots(const struct call *call) {
    if (!within(call->args[0], 0, ARENA_SEATS_MAX)) return MUSTER_INVALID;
    call->arena->bot_fill = (uint32_t)call->args[0];
    return MUSTER_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t arg_count;
    muster_status (*run)(const struct call *call);
} commands[] = {
    {"bots", 1, command_bots},           {"carry", 2, command_carry},
    {"heal", 2, command_heal},           {"item", 3, command_item},
    {"item_home", 1, command_item_home}, {"item_remove", 1, command_item_remove},
    {"kill", 1, command_kill},           {"loadout", 4, command_loadout},
    {"spawn", 1, command_spawn},         {"team", 2, command_team},
    {"zone", 4, command_zone},           {"zone_remove", 1, command_zone_remove},
};

muster_status command_run(struct arena *arena, const struct muster_command *command) {
    struct call call = {arena, command->args, command->text};
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(commands[i].name, command->name) != 0) continue;
        return command->arg_count == commands[i].arg_count ? commands[i].run(&call)
                                                           : MUSTER_INVALID;
    }
    return MUSTER_NOT_FOUND;
}
