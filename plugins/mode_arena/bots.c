/* bots.c - players that the server moves: they patrol, hunt, aim with error and delay, strafe and
 * retreat. They act through the same inputs as people, under the same rules. Integers only; chance
 * comes from the match's generator. */
#include <string.h>

#include "state.h"

struct skill {
    int32_t error;     /* widest aiming error, angle */
    int32_t turn;      /* widest turn of a tick, angle */
    uint32_t reaction; /* ticks from sight to fire */
    uint32_t launcher; /* chance of a launch each tick it is possible, per mille */
    int32_t retreat;   /* health below which it runs */
};

static const struct skill skills[BOT_SKILL_END] = {
    [BOT_EASY] = {3000, 1600, 14, 10, 0},
    [BOT_NORMAL] = {1500, 2800, 8, 30, 30},
    [BOT_HARD] = {600, 5000, 4, 60, 35},
};

enum {
    SIGHT = 14 * TILE_UNITS,
    LOOK_TICKS = 4,   /* between looks for a target */
    FIELD_TICKS = 10, /* between floods of one team's field */
    HUNT_STEPS = 10,  /* enemies this near are always hunted */
    GOAL_TICKS = 200,
    WATCH_TURN = 600,  /* a tick, of who stands guard */
    ERRAND_TICKS = 10, /* between choices of what to do about zones and items */
    STUCK_TICKS = 8,
    AIM_TOLERANCE = 700,
};

static uint32_t roll(struct arena *arena, uint32_t bound) {
    const struct instance *instance = arena->instance;
    return (uint32_t)instance->host->match->random(instance->self, arena->match, bound);
}

void bots_reset(struct arena *arena, uint32_t seat) {
    struct avatar *a = &arena->avatars[seat];
    a->bot = (struct bot){.target = MUSTER_SEAT_NONE, .last_x = a->x, .last_y = a->y};
}

/* ---- how many ------------------------------------------------------------------------------- */

static void count_players(const struct arena *arena, uint32_t players[ARENA_TEAMS_END],
                          uint32_t *bots) {
    memset(players, 0, ARENA_TEAMS_END * sizeof(*players));
    *bots = 0;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        if (!a->present) continue;
        players[a->team]++;
        *bots += a->is_bot;
    }
}

#define NAMES 16
static const char *const names[NAMES] = {"Ada",  "Bela", "Cleo", "Dora", "Emil", "Finn",
                                         "Gwen", "Hugo", "Ines", "Juno", "Karl", "Lena",
                                         "Milo", "Nora", "Otto", "Pia"};

static bool name_taken(const struct arena *arena, const char *name) {
    const struct instance *instance = arena->instance;
    for (uint32_t seat = 0; seat < ARENA_SEATS_MAX; seat++) {
        struct muster_seat_info info = {.size = sizeof info};
        if (instance->host->match->seat_get(instance->self, arena->match, seat, &info)) continue;
        if (strcasecmp(info.display_name, name) == 0) return true;
    }
    return false;
}

/* A name at random; the next free one when somebody bears it already. */
static const char *pick_name(struct arena *arena) {
    uint32_t first = (uint32_t)roll(arena, NAMES);
    for (uint32_t i = 0; i < NAMES; i++) {
        const char *name = names[(first + i) % NAMES];
        if (!name_taken(arena, name)) return name;
    }
    return names[first];
}

static void bot_enter(struct arena *arena, uint32_t team) {
    const struct instance *instance = arena->instance;
    uint32_t seat;
    muster_status status =
        instance->host->match->bot_add(instance->self, arena->match, pick_name(arena),
                                       arena->free_for_all ? MUSTER_TEAM_NONE : team, &seat);
    if (status != MUSTER_OK || seat >= ARENA_SEATS_MAX) return; /* full: tried again later */
    combat_enter(arena, seat, team);
    arena->avatars[seat].is_bot = 1;
    if (!arena->started || !arena->elimination) combat_spawn(arena, seat);
    bots_reset(arena, seat);
}

static bool bot_leave(struct arena *arena, uint32_t team) {
    const struct instance *instance = arena->instance;
    for (uint32_t i = ARENA_SEATS_MAX; i-- > 0;) {
        struct avatar *a = &arena->avatars[i];
        if (!a->present || !a->is_bot || a->team != team) continue;
        combat_remove(arena, i);
        muster_status status = instance->host->match->bot_remove(instance->self, arena->match, i);
        (void)status; /* a bot that the host took away already is gone as well */
        return true;
    }
    return false;
}

/* How many players bots fill the match up to: it has no more seats than people may take. */
static uint32_t fill_of(const struct arena *arena) {
    return arena->bot_fill < arena->seats_max ? arena->bot_fill : arena->seats_max;
}

void bots_yield(struct arena *arena, uint32_t team) {
    uint32_t players[ARENA_TEAMS_END], bots;
    uint32_t other = team == MUSTER_TEAM_RED ? MUSTER_TEAM_BLUE : MUSTER_TEAM_RED;
    uint32_t kept = arena->bot_fill ? 1 : 0; /* of a side: without one nobody can win */
    count_players(arena, players, &bots);
    if (!bots || players[MUSTER_TEAM_RED] + players[MUSTER_TEAM_BLUE] <= fill_of(arena)) return;
    bool left = players[team] > kept && bot_leave(arena, team);
    if (!left && players[other] > kept) (void)bot_leave(arena, other);
}

static bool bot_is_wanted(const struct arena *arena, const uint32_t players[ARENA_TEAMS_END]) {
    uint32_t total = players[MUSTER_TEAM_RED] + players[MUSTER_TEAM_BLUE];
    bool side_is_empty = !players[MUSTER_TEAM_RED] || !players[MUSTER_TEAM_BLUE];
    if (arena->bot_fill && total && side_is_empty) return true;
    return total < fill_of(arena);
}

void bots_populate(struct arena *arena) {
    uint32_t players[ARENA_TEAMS_END], bots;
    count_players(arena, players, &bots);
    bool red_smaller = players[MUSTER_TEAM_RED] <= players[MUSTER_TEAM_BLUE];
    if (bot_is_wanted(arena, players))
        bot_enter(arena, red_smaller ? MUSTER_TEAM_RED : MUSTER_TEAM_BLUE);
    else
        bots_yield(arena, red_smaller ? MUSTER_TEAM_BLUE : MUSTER_TEAM_RED);
}

/* ---- where the enemies are ------------------------------------------------------------------ */

/* Where there is no room for a field there are no enemies. */
static void field_flood(struct arena *arena, uint32_t team) {
    struct enemy_field *field = &arena->enemies[team];
    bool is_flooded =
        field->source_count == 0 ||
        map_flood_kept(arena->map, field->sources, field->source_count, &field->distance);
    if (!is_flooded) field->source_count = 0;
}

static void field_update(struct arena *arena, uint32_t team) {
    struct enemy_field *field = &arena->enemies[team];
    field->source_count = 0;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        if (!a->present || !a->alive || a->team == team) continue;
        field->sources[field->source_count++] = (uint16_t)world_tile(arena->map, a->x, a->y);
    }
    field_flood(arena, team);
}

void bots_refresh(struct arena *arena) {
    field_flood(arena, MUSTER_TEAM_RED);
    field_flood(arena, MUSTER_TEAM_BLUE);
    errands_refresh(arena);
}

/* ---- walking -------------------------------------------------------------------------------- */

static void head_for(const struct avatar *a, int32_t x, int32_t y, struct muster_input *in) {
    int32_t dx = x - a->x, dy = y - a->y;
    int32_t length = trig_isqrt((int64_t)dx * dx + (int64_t)dy * dy);
    if (length < 4) return;
    in->move_x = (int8_t)(dx * 127 / length);
    in->move_y = (int8_t)(dy * 127 / length);
}

/* To the neighbouring tile that lies nearest to the field's sources; no cutting of corners. */
static void follow(const struct arena *arena, const struct avatar *a, const uint16_t *distance,
                   struct muster_input *in) {
    const struct map *map = arena->map;
    int32_t tx = a->x >> TILE_SHIFT, ty = a->y >> TILE_SHIFT, best_x = tx, best_y = ty;
    uint32_t best = (uint32_t)distance[ty * map->width + tx] * 2;
    for (int32_t dy = -1; dy <= 1; dy++) {
        for (int32_t dx = -1; dx <= 1; dx++) {
            if (world_is_wall(map, tx + dx, ty + dy)) continue;
            if (world_is_wall(map, tx + dx, ty) || world_is_wall(map, tx, ty + dy)) continue;
            uint32_t cost = (uint32_t)distance[(ty + dy) * map->width + tx + dx] * 2;
            if (cost >= best) continue;
            best = cost;
            best_x = tx + dx;
            best_y = ty + dy;
        }
    }
    head_for(a, best_x * TILE_UNITS + TILE_UNITS / 2, best_y * TILE_UNITS + TILE_UNITS / 2, in);
}

static void goal_choose(struct arena *arena, struct bot *bot) {
    bot->goal = roll(arena, arena->map->goal_count);
    bot->hunting = roll(arena, 2);
    bot->goal_tick = arena->tick + GOAL_TICKS / 2 + roll(arena, GOAL_TICKS);
}

/* On its way to a zone or an item; false: it has nothing to do there, or is there. */
static bool walk_errand(const struct arena *arena, const struct avatar *a, const struct way *way,
                        struct muster_input *in) {
    if (way->kind == WAY_FIELD) follow(arena, a, way->field, in);
    if (way->kind == WAY_STRAIGHT) head_for(a, way->x, way->y, in);
    return way->kind == WAY_FIELD || way->kind == WAY_STRAIGHT;
}

static void patrol(struct arena *arena, struct avatar *a, struct muster_input *in) {
    struct bot *bot = &a->bot;
    uint32_t tile = world_tile(arena->map, a->x, a->y);
    if (arena->tick >= bot->goal_tick || bot->goal >= arena->map->goal_count ||
        arena->map->goal_fields[bot->goal][tile] <= 1)
        goal_choose(arena, bot);
    const struct enemy_field *enemies = &arena->enemies[a->team];
    uint32_t steps = enemies->source_count ? enemies->distance[tile] : (uint32_t)FIELD_FAR;
    bool hunts = steps != FIELD_FAR && (bot->hunting || steps <= HUNT_STEPS);
    follow(arena, a, hunts ? enemies->distance : arena->map->goal_fields[bot->goal], in);
}

/* A bot that wants to move and does not: another way. */
static void unstick(struct arena *arena, struct avatar *a, const struct muster_input *in) {
    struct bot *bot = &a->bot;
    bool still = a->x == bot->last_x && a->y == bot->last_y && (in->move_x || in->move_y);
    bot->stuck_ticks = still ? bot->stuck_ticks + 1 : 0;
    bot->last_x = a->x;
    bot->last_y = a->y;
    if (bot->stuck_ticks < STUCK_TICKS) return;
    bot->stuck_ticks = 0;
    bot->strafe = -bot->strafe;
    goal_choose(arena, bot);
}

/* ---- fighting ------------------------------------------------------------------------------- */

static int64_t distance_squared(const struct avatar *a, const struct avatar *b) {
    int64_t dx = a->x - b->x, dy = a->y - b->y;
    return dx * dx + dy * dy;
}

static bool is_target(const struct arena *arena, const struct avatar *a, uint32_t seat) {
    if (seat >= ARENA_SEATS_MAX) return false;
    const struct avatar *t = &arena->avatars[seat];
    return t != a && t->present && t->alive && arena_foes(arena, a->team, t->team) &&
           distance_squared(a, t) <= (int64_t)SIGHT * SIGHT &&
           world_sees(arena->map, a->x, a->y, t->x, t->y);
}

static uint32_t nearest_target(const struct arena *arena, const struct avatar *a) {
    uint32_t best = MUSTER_SEAT_NONE;
    int64_t nearest = INT64_MAX;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        int64_t distance = distance_squared(a, &arena->avatars[i]);
        if (distance >= nearest || !is_target(arena, a, i)) continue;
        best = i;
        nearest = distance;
    }
    return best;
}

static void look(struct arena *arena, uint32_t seat, const struct skill *skill) {
    struct avatar *a = &arena->avatars[seat];
    struct bot *bot = &a->bot;
    bool lost = !is_target(arena, a, bot->target);
    if (!lost && (arena->tick + seat) % LOOK_TICKS) return;
    uint32_t seen = nearest_target(arena, a);
    if (seen != MUSTER_SEAT_NONE && seen != bot->target && lost)
        bot->ready_tick = arena->tick + skill->reaction + roll(arena, skill->reaction);
    bot->target = seen;
}

static uint16_t turned(uint16_t from, uint16_t to, int32_t limit) {
    int32_t diff = (int16_t)(uint16_t)(to - from);
    if (diff > limit) diff = limit;
    if (diff < -limit) diff = -limit;
    return (uint16_t)(from + diff);
}

static void take_aim(struct arena *arena, struct avatar *a, const struct avatar *target,
                     const struct skill *skill, struct muster_input *in) {
    struct bot *bot = &a->bot;
    if (arena->tick >= bot->error_tick) {
        bot->error = (int32_t)roll(arena, (uint32_t)skill->error * 2 + 1) - skill->error;
        bot->error_tick = arena->tick + 6 + roll(arena, 10);
    }
    uint16_t wanted = trig_angle(target->x - a->x, target->y - a->y);
    wanted = (uint16_t)(wanted + bot->error);
    in->aim = turned(a->aim, wanted, skill->turn);
    int32_t off = (int16_t)(uint16_t)(wanted - in->aim);
    if (arena->tick < bot->ready_tick || off > AIM_TOLERANCE || off < -AIM_TOLERANCE) return;
    int64_t distance = distance_squared(a, target);
    if (distance <= (int64_t)RIFLE_RANGE * RIFLE_RANGE) in->held |= BUTTON_RIFLE;
    bool safe = distance >= (int64_t)9 * TILE_UNITS * TILE_UNITS;
    if (safe && arena->tick >= a->launcher_tick && roll(arena, 1000) < skill->launcher)
        in->pressed |= BUTTON_LAUNCHER;
}

/* Sideways, nearer when far, back when too near. */
static void dance(struct arena *arena, struct avatar *a, const struct avatar *target,
                  struct muster_input *in) {
    struct bot *bot = &a->bot;
    if (arena->tick >= bot->strafe_tick) {
        bot->strafe = (int32_t)roll(arena, 3) - 1;
        bot->strafe_tick = arena->tick + 8 + roll(arena, 16);
    }
    int32_t dx = target->x - a->x, dy = target->y - a->y;
    int32_t length = trig_isqrt((int64_t)dx * dx + (int64_t)dy * dy);
    int32_t forward = length > 6 * TILE_UNITS ? 1 : length < 3 * TILE_UNITS ? -1 : 0;
    head_for(a, a->x + dx * forward - dy * bot->strafe, a->y + dy * forward + dx * bot->strafe, in);
}

/* Who has something to do goes on with it while it fires. */
static void fight(struct arena *arena, struct avatar *a, const struct skill *skill,
                  const struct way *way, struct muster_input *in) {
    const struct avatar *target = &arena->avatars[a->bot.target];
    take_aim(arena, a, target, skill, in);
    if (a->health < skill->retreat && a->bot.errand != ERRAND_HOME) {
        follow(arena, a, arena->map->goal_fields[a->team - 1], in); /* goals 0 and 1: the bases */
    } else if (!walk_errand(arena, a, way, in)) {
        dance(arena, a, target, in);
    }
}

static void wander(struct arena *arena, struct avatar *a, const struct skill *skill,
                   const struct way *way, struct muster_input *in) {
    if (way->kind == WAY_THERE) {
        in->aim = (uint16_t)(a->aim + WATCH_TURN);
        return;
    }
    if (way->kind == WAY_HUNT) {
        follow(arena, a, way->field, in);
    } else if (!walk_errand(arena, a, way, in)) {
        patrol(arena, a, in);
    }
    if (in->move_x || in->move_y)
        in->aim = turned(a->aim, trig_angle(in->move_x, in->move_y), skill->turn);
}

static void bot_think(struct arena *arena, uint32_t seat) {
    struct avatar *a = &arena->avatars[seat];
    const struct skill *skill = &skills[arena->bot_skill];
    struct muster_input in = {.aim = a->aim};
    look(arena, seat, skill);
    if ((arena->tick + seat) % ERRAND_TICKS == 0) errands_choose(arena, seat);
    struct way way = errands_way(arena, seat);
    if (a->bot.target != MUSTER_SEAT_NONE) {
        fight(arena, a, skill, &way, &in);
    } else {
        wander(arena, a, skill, &way, &in);
    }
    combat_input(arena, seat, &in);
    unstick(arena, a, &in);
}

void bots_think(struct arena *arena) {
    bool any = false;
    for (uint32_t i = 0; i < arena->seats_end; i++)
        any |= arena->avatars[i].present && arena->avatars[i].is_bot;
    if (!any) return;
    if (arena->tick % FIELD_TICKS == 0) field_update(arena, MUSTER_TEAM_RED);
    if (arena->tick % FIELD_TICKS == FIELD_TICKS / 2) field_update(arena, MUSTER_TEAM_BLUE);
    errands_watch(arena);
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        if (a->present && a->is_bot && a->alive) bot_think(arena, i);
    }
}
