/* errands.c - what bots do about zones and items: which one each of them goes for, and the way
 * there. Who attacks and who guards goes by the order of seats. Without zones and items there are
 * no errands. */
#include "state.h"

enum {
    GUARD_EVERY = 3,              /* of so many bots of a team one guards */
    POST_RADIUS = 3 * TILE_UNITS, /* how near is near, at an item's home */
    MATE_COST = 6 * TILE_UNITS,   /* a way that a mate goes already counts as so much longer */
    TRAIL_TICKS = 10,             /* between looks for who carries an item */
    BASE_RADIUS = TILE_UNITS / 2, /* how near is near, at a base that is no zone */
};

/* ---- which one ------------------------------------------------------------------------------- */

static bool any_objective(const struct arena *arena) {
    bool any = false;
    for (uint32_t i = 0; i < ZONES_MAX; i++) any |= arena->zones[i].present;
    for (uint32_t i = 0; i < ITEMS_MAX; i++) any |= arena->items[i].present;
    return any;
}

/* Every third bot of a team, counted by seats. */
static bool is_guard(const struct arena *arena, uint32_t seat) {
    uint32_t rank = 0;
    for (uint32_t i = 0; i < seat; i++) {
        const struct avatar *a = &arena->avatars[i];
        rank += a->present && a->is_bot && a->team == arena->avatars[seat].team;
    }
    return rank % GUARD_EVERY == GUARD_EVERY - 1;
}

static uint32_t mates_on(const struct arena *arena, uint32_t seat, uint32_t errand,
                         uint32_t index) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        count += i != seat && a->present && a->alive && a->is_bot &&
                 a->team == arena->avatars[seat].team && a->bot.errand == errand &&
                 a->bot.errand_index == index;
    }
    return count;
}

static bool enemies_inside(const struct arena *arena, const struct zone *zone, uint32_t team) {
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        if (zone->inside >> i & 1 && arena->avatars[i].team != team) return true;
    }
    return false;
}

/* Not wholly the team's, or contested. */
static bool zone_calls(const struct arena *arena, const struct zone *zone, uint32_t team) {
    return zone->team != team || zone->progress < 100 || enemies_inside(arena, zone, team);
}

/* It can be taken or brought back, or has to be taken from who has it. */
static bool item_calls(const struct arena *arena, const struct item *item, uint32_t team) {
    bool takes = objectives_may_take(item, team);
    if (item->carrier == MUSTER_SEAT_NONE) return takes || (item->team == team && !item->at_home);
    return arena->avatars[item->carrier].team != team && (takes || item->team == team);
}

/* What a guard watches: a zone of the team, or the home of an item that it loses to others. */
static bool is_post(const struct item *item, uint32_t team) {
    return item->team == team && item->at_home && !objectives_may_take(item, team);
}

struct choice {
    uint32_t errand;
    uint32_t index;
    int64_t cost;
};

static void consider(const struct arena *arena, uint32_t seat, struct choice *best,
                     struct choice other, int32_t x, int32_t y) {
    int64_t dx = arena->avatars[seat].x - x, dy = arena->avatars[seat].y - y;
    other.cost = trig_isqrt(dx * dx + dy * dy) +
                 (int64_t)mates_on(arena, seat, other.errand, other.index) * MATE_COST;
    if (best->errand == ERRAND_NONE || other.cost < best->cost) *best = other;
}

static void consider_items(const struct arena *arena, uint32_t seat, struct choice *best) {
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        const struct item *item = &arena->items[i];
        if (!item->present || !item_calls(arena, item, arena->avatars[seat].team)) continue;
        bool carried = item->carrier != MUSTER_SEAT_NONE;
        const struct avatar *carrier = carried ? &arena->avatars[item->carrier] : NULL;
        struct choice choice = {.errand = ERRAND_ITEM, .index = i};
        consider(arena, seat, best, choice, carried ? carrier->x : item->x,
                 carried ? carrier->y : item->y);
    }
}

/* Walls may part those who wait in the same zone: who is there goes and looks, until it is alone.
 */
static uint32_t zone_errand(const struct arena *arena, uint32_t seat, uint32_t index) {
    const struct avatar *a = &arena->avatars[seat];
    const struct zone *zone = &arena->zones[index];
    bool clears = a->bot.errand == ERRAND_CLEAR && a->bot.errand_index == index;
    bool is_inside = zone->inside >> seat & 1;
    return enemies_inside(arena, zone, a->team) && (clears || is_inside) ? ERRAND_CLEAR
                                                                         : ERRAND_ZONE;
}

static void consider_zones(const struct arena *arena, uint32_t seat, bool own,
                           struct choice *best) {
    uint32_t team = arena->avatars[seat].team;
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        const struct zone *zone = &arena->zones[i];
        if (!zone->present) continue;
        if (own ? zone->team != team : !zone_calls(arena, zone, team)) continue;
        struct choice choice = {.errand = zone_errand(arena, seat, i), .index = i};
        consider(arena, seat, best, choice, zone->x, zone->y);
    }
}

static void consider_posts(const struct arena *arena, uint32_t seat, struct choice *best) {
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        const struct item *item = &arena->items[i];
        if (!item->present || !is_post(item, arena->avatars[seat].team)) continue;
        struct choice choice = {.errand = ERRAND_POST, .index = i};
        consider(arena, seat, best, choice, item->home_x, item->home_y);
    }
}

/* The enemies' thing, which is worth something at home. */
static bool carries_loot(const struct arena *arena, uint32_t seat) {
    uint32_t team = arena->avatars[seat].team;
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        const struct item *item = &arena->items[i];
        if (item->present && item->carrier == seat && item->team != MUSTER_TEAM_NONE &&
            item->team != team)
            return true;
    }
    return false;
}

void errands_choose(struct arena *arena, uint32_t seat) {
    struct bot *bot = &arena->avatars[seat].bot;
    struct choice best = {.errand = ERRAND_NONE};
    bool any = any_objective(arena);
    if (any && carries_loot(arena, seat)) best.errand = ERRAND_HOME;
    if (any && !best.errand && is_guard(arena, seat)) {
        consider_posts(arena, seat, &best);
        if (!best.errand) consider_zones(arena, seat, true, &best);
    }
    if (any && !best.errand) consider_items(arena, seat, &best);
    if (any && !best.errand) consider_zones(arena, seat, false, &best);
    bot->errand = best.errand;
    bot->errand_index = best.index;
}

/* ---- where it is ----------------------------------------------------------------------------- */

struct place {
    int32_t x;
    int32_t y;
    int32_t radius; /* within it the bot is there */
    uint32_t tile;  /* where the way leads */
};

static struct place place_at(const struct arena *arena, int32_t x, int32_t y, int32_t radius) {
    return (struct place){x, y, radius, world_tile(arena->map, x, y)};
}

static struct place item_place(const struct arena *arena, const struct item *item) {
    if (item->carrier == MUSTER_SEAT_NONE) return place_at(arena, item->x, item->y, 0);
    const struct avatar *carrier = &arena->avatars[item->carrier];
    return (struct place){carrier->x, carrier->y, 0, item->trail};
}

static struct place zone_place(const struct arena *arena, const struct zone *zone) {
    return place_at(arena, zone->x, zone->y, zone->radius * 3 / 4);
}

/* The team's own zone, else the home of its own item, else where its spawns are. */
static struct place base_place(const struct arena *arena, uint32_t team) {
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        const struct zone *zone = &arena->zones[i];
        if (zone->present && zone->team == team) return zone_place(arena, zone);
    }
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        const struct item *item = &arena->items[i];
        if (item->present && item->team == team)
            return place_at(arena, item->home_x, item->home_y, BASE_RADIUS);
    }
    int32_t tile = arena->map->goals[team - 1], width = arena->map->width;
    return place_at(arena, tile % width * TILE_UNITS + TILE_UNITS / 2,
                    tile / width * TILE_UNITS + TILE_UNITS / 2, BASE_RADIUS);
}

static struct place errand_place(const struct arena *arena, const struct avatar *a) {
    const struct item *item = &arena->items[a->bot.errand_index];
    switch (a->bot.errand) {
    case ERRAND_ZONE: return zone_place(arena, &arena->zones[a->bot.errand_index]);
    case ERRAND_ITEM: return item_place(arena, item);
    case ERRAND_POST: return place_at(arena, item->home_x, item->home_y, POST_RADIUS);
    default: return base_place(arena, a->team);
    }
}

/* ---- the way there --------------------------------------------------------------------------- */

/* Where there is no room for a route there is none. */
static void route_flood(const struct arena *arena, struct route *route) {
    uint16_t tile = (uint16_t)route->tile;
    route->valid = map_flood_kept(arena->map, &tile, 1, &route->distance);
}

/* An empty one, else the one that nobody has used for longest; null: all are in use. */
static struct route *route_slot(struct arena *arena) {
    struct route *oldest = &arena->routes[0];
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        struct route *route = &arena->routes[i];
        if (!route->valid) return route;
        if (route->used_tick < oldest->used_tick) oldest = route;
    }
    return oldest->used_tick + 1 < arena->tick ? oldest : NULL;
}

static const uint16_t *field_to(struct arena *arena, uint32_t tile) {
    for (uint32_t i = 0; i < arena->map->goal_count; i++) {
        if (arena->map->goals[i] == tile) return arena->map->goal_fields[i];
    }
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        struct route *route = &arena->routes[i];
        if (!route->valid || route->tile != tile) continue;
        route->used_tick = arena->tick;
        return route->distance;
    }
    struct route *route = arena->route_tick == arena->tick + 1 ? NULL : route_slot(arena);
    if (!route) return NULL;
    arena->route_tick = arena->tick + 1;
    route->tile = tile;
    route->used_tick = arena->tick;
    route_flood(arena, route);
    return route->valid ? route->distance : NULL;
}

/* Taken away since it was chosen. */
static bool is_gone(const struct arena *arena, const struct bot *bot) {
    switch (bot->errand) {
    case ERRAND_ZONE: return !arena->zones[bot->errand_index].present;
    case ERRAND_ITEM:
    case ERRAND_POST: return !arena->items[bot->errand_index].present;
    default: return false;
    }
}

static struct way hunt_way(const struct arena *arena, uint32_t team) {
    const struct enemy_field *enemies = &arena->enemies[team];
    return (struct way){.kind = enemies->source_count ? WAY_HUNT : WAY_THERE,
                        .field = enemies->distance};
}

struct way errands_way(struct arena *arena, uint32_t seat) {
    const struct avatar *a = &arena->avatars[seat];
    struct way way = {.kind = WAY_NONE};
    if (a->bot.errand == ERRAND_NONE || is_gone(arena, &a->bot)) return way;
    if (a->bot.errand == ERRAND_CLEAR) return hunt_way(arena, a->team);
    struct place place = errand_place(arena, a);
    int64_t dx = a->x - place.x, dy = a->y - place.y;
    way.x = place.x;
    way.y = place.y;
    way.field = field_to(arena, place.tile);
    uint32_t steps = way.field ? way.field[world_tile(arena->map, a->x, a->y)] : FIELD_FAR;
    if (steps == FIELD_FAR) return way;
    bool is_there = place.radius && dx * dx + dy * dy <= (int64_t)place.radius * place.radius;
    way.kind = is_there ? WAY_THERE : steps <= 1 ? WAY_STRAIGHT : WAY_FIELD;
    return way;
}

void errands_watch(struct arena *arena) {
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        struct item *item = &arena->items[i];
        if (!item->present || item->carrier == MUSTER_SEAT_NONE) continue;
        if ((arena->tick + i) % TRAIL_TICKS) continue;
        const struct avatar *carrier = &arena->avatars[item->carrier];
        item->trail = world_tile(arena->map, carrier->x, carrier->y);
    }
}

void errands_refresh(struct arena *arena) {
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        if (arena->routes[i].valid) route_flood(arena, &arena->routes[i]);
    }
}
