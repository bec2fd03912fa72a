/* save.c - all of a match's state as bytes and back. What is read is checked: a record file may be
 * damaged, and no value in it may lead outside an array or the map. */
#include "state.h"

static void put_bot(struct muster_writer *w, const struct bot *bot) {
    muster_put_u32(w, bot->target);
    muster_put_u32(w, bot->ready_tick);
    muster_put_u32(w, bot->strafe_tick);
    muster_put_u32(w, bot->error_tick);
    muster_put_u32(w, bot->goal_tick);
    muster_put_i32(w, bot->strafe);
    muster_put_i32(w, bot->error);
    muster_put_u32(w, bot->goal);
    muster_put_u32(w, bot->hunting);
    muster_put_u8(w, bot->errand);
    muster_put_u8(w, bot->errand_index);
    muster_put_u32(w, bot->stuck_ticks);
    muster_put_i32(w, bot->last_x);
    muster_put_i32(w, bot->last_y);
}

static void get_bot(struct muster_reader *r, struct bot *bot) {
    bot->target = muster_get_u32(r);
    bot->ready_tick = muster_get_u32(r);
    bot->strafe_tick = muster_get_u32(r);
    bot->error_tick = muster_get_u32(r);
    bot->goal_tick = muster_get_u32(r);
    bot->strafe = muster_get_i32(r);
    bot->error = muster_get_i32(r);
    bot->goal = muster_get_u32(r);
    bot->hunting = muster_get_u32(r);
    bot->errand = muster_get_u8(r);
    bot->errand_index = muster_get_u8(r);
    bot->stuck_ticks = muster_get_u32(r);
    bot->last_x = muster_get_i32(r);
    bot->last_y = muster_get_i32(r);
}

static bool bot_ok(const struct bot *bot) {
    return (bot->target < ARENA_SEATS_MAX || bot->target == MUSTER_SEAT_NONE) &&
           bot->strafe >= -1 && bot->strafe <= 1 && bot->error > -65536 && bot->error < 65536 &&
           bot->errand < ERRAND_END && bot->errand_index < OBJECTIVES_MAX;
}

static void put_damage(struct muster_writer *w, const struct avatar *a) {
    uint8_t *count = muster_put_space(w, 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        if (!a->damaged_by[i]) continue;
        muster_put_u8(w, i);
        muster_put_u32(w, a->damaged_by[i]);
        n++;
    }
    if (count) *count = (uint8_t)n;
}

static void put_avatar(struct muster_writer *w, const struct avatar *a) {
    muster_put_u8(w, a->present);
    if (!a->present) return;
    muster_put_u8(w, a->team);
    muster_put_u8(w, a->alive);
    muster_put_u8(w, a->is_bot);
    muster_put_u8(w, a->connected);
    muster_put_i32(w, a->x);
    muster_put_i32(w, a->y);
    muster_put_u16(w, a->aim);
    muster_put_i32(w, a->health);
    muster_put_u32(w, a->respawn_tick);
    muster_put_u32(w, a->protected_until);
    muster_put_u32(w, a->rifle_tick);
    muster_put_u32(w, a->launcher_tick);
    muster_put_u8(w, a->speed);
    muster_put_u8(w, a->move_credit);
    muster_put_u8(w, a->repeats);
    muster_put_u8(w, a->spawn_untold);
    muster_put_u8(w, a->weapons);
    muster_put_u16(w, a->damage_percent);
    muster_put_u8(w, a->level);
    put_damage(w, a);
    put_bot(w, &a->bot);
    muster_put_u8(w, a->fire);
    muster_put_u16(w, a->rifle_aim);
    muster_put_u16(w, a->launcher_aim);
}

static bool is_on_map(const struct arena *arena, int32_t x, int32_t y) {
    return x >= 0 && y >= 0 && x < arena->map->width * TILE_UNITS &&
           y < arena->map->height * TILE_UNITS;
}

static uint32_t tiles_of(const struct arena *arena) {
    return (uint32_t)(arena->map->width * arena->map->height);
}

static bool avatar_ok(const struct arena *arena, const struct avatar *a) {
    return a->team >= MUSTER_TEAM_RED && a->team < ARENA_TEAMS_END && a->alive <= 1 &&
           a->is_bot <= 1 && a->connected <= 1 && a->health <= HEALTH_MAX &&
           is_on_map(arena, a->x, a->y) && a->spawn_untold <= 1 && a->weapons <= WEAPONS_ALL &&
           a->speed <= SPEED_MAX && a->damage_percent <= DAMAGE_PERCENT_MAX && bot_ok(&a->bot);
}

static bool get_avatar(const struct arena *arena, struct muster_reader *r, struct avatar *a) {
    *a = (struct avatar){.present = muster_get_u8(r)};
    if (!a->present) return true;
    a->team = muster_get_u8(r);
    a->alive = muster_get_u8(r);
    a->is_bot = muster_get_u8(r);
    a->connected = muster_get_u8(r);
    a->x = muster_get_i32(r);
    a->y = muster_get_i32(r);
    a->aim = muster_get_u16(r);
    a->health = muster_get_i32(r);
    a->respawn_tick = muster_get_u32(r);
    a->protected_until = muster_get_u32(r);
    a->rifle_tick = muster_get_u32(r);
    a->launcher_tick = muster_get_u32(r);
    a->speed = muster_get_u8(r);
    a->move_credit = muster_get_u8(r);
    a->repeats = muster_get_u8(r);
    a->spawn_untold = muster_get_u8(r);
    a->weapons = muster_get_u8(r);
    a->damage_percent = muster_get_u16(r);
    a->level = muster_get_u8(r);
    for (uint32_t n = muster_get_u8(r); n > 0; n--) {
        uint32_t seat = muster_get_u8(r);
        if (seat >= ARENA_SEATS_MAX) return false;
        a->damaged_by[seat] = muster_get_u32(r);
    }
    get_bot(r, &a->bot);
    a->fire = muster_get_u8(r);
    a->rifle_aim = muster_get_u16(r);
    a->launcher_aim = muster_get_u16(r);
    return a->present == 1 && avatar_ok(arena, a);
}

static void put_projectile(struct muster_writer *w, const struct projectile *p) {
    muster_put_u8(w, p->live);
    if (!p->live) return;
    muster_put_u8(w, p->id);
    muster_put_u8(w, p->owner);
    muster_put_u8(w, p->team);
    muster_put_i32(w, p->x);
    muster_put_i32(w, p->y);
    muster_put_i32(w, p->vx);
    muster_put_i32(w, p->vy);
    muster_put_u32(w, p->end_tick);
}

static bool projectile_ok(const struct arena *arena, const struct projectile *p) {
    int32_t max = LAUNCHER_SPEED;
    return p->live == 1 && (p->owner < ARENA_SEATS_MAX || p->owner == MUSTER_SEAT_NONE) &&
           p->team < ARENA_TEAMS_END && is_on_map(arena, p->x, p->y) && p->vx >= -max &&
           p->vx <= max && p->vy >= -max && p->vy <= max && (p->vx || p->vy);
}

static bool get_projectile(const struct arena *arena, struct muster_reader *r,
                           struct projectile *p) {
    *p = (struct projectile){.live = muster_get_u8(r)};
    if (!p->live) return true;
    p->id = muster_get_u8(r);
    p->owner = muster_get_u8(r);
    p->team = muster_get_u8(r);
    p->x = muster_get_i32(r);
    p->y = muster_get_i32(r);
    p->vx = muster_get_i32(r);
    p->vy = muster_get_i32(r);
    p->end_tick = muster_get_u32(r);
    return projectile_ok(arena, p);
}

static void put_zone(struct muster_writer *w, const struct zone *zone) {
    muster_put_u8(w, zone->present);
    if (!zone->present) return;
    muster_put_u8(w, zone->team);
    muster_put_u8(w, zone->progress);
    muster_put_i32(w, zone->x);
    muster_put_i32(w, zone->y);
    muster_put_i32(w, zone->radius);
    muster_put_u32(w, zone->inside);
    muster_put_str(w, zone->label);
}

static bool get_zone(const struct arena *arena, struct muster_reader *r, struct zone *zone) {
    *zone = (struct zone){.present = muster_get_u8(r)};
    if (!zone->present) return true;
    zone->team = muster_get_u8(r);
    zone->progress = muster_get_u8(r);
    zone->x = muster_get_i32(r);
    zone->y = muster_get_i32(r);
    zone->radius = muster_get_i32(r);
    zone->inside = muster_get_u32(r);
    muster_get_str(r, zone->label, sizeof(zone->label));
    return zone->present == 1 && zone->team < ARENA_TEAMS_END && zone->progress <= 100 &&
           is_on_map(arena, zone->x, zone->y) && zone->radius > 0 &&
           zone->radius <= ZONE_RADIUS_MAX && objectives_label_ok(zone->label);
}

static void put_item(struct muster_writer *w, const struct item *item) {
    muster_put_u8(w, item->present);
    if (!item->present) return;
    muster_put_u8(w, item->team);
    muster_put_u8(w, item->who);
    muster_put_i32(w, item->home_x);
    muster_put_i32(w, item->home_y);
    muster_put_i32(w, item->x);
    muster_put_i32(w, item->y);
    muster_put_u8(w, item->carrier);
    muster_put_u8(w, item->at_home);
    muster_put_u32(w, item->touching);
    muster_put_u16(w, item->trail);
    muster_put_str(w, item->kind);
}

/* Nobody carries anything, or a living avatar does: read after the avatars. */
static bool carrier_ok(const struct arena *arena, const struct item *item) {
    if (item->carrier == MUSTER_SEAT_NONE) return true;
    if (item->carrier >= ARENA_SEATS_MAX || item->at_home) return false;
    const struct avatar *a = &arena->avatars[item->carrier];
    return a->present && a->alive;
}

static bool get_item(const struct arena *arena, struct muster_reader *r, struct item *item) {
    *item = (struct item){.present = muster_get_u8(r)};
    if (!item->present) return true;
    item->team = muster_get_u8(r);
    item->who = muster_get_u8(r);
    item->home_x = muster_get_i32(r);
    item->home_y = muster_get_i32(r);
    item->x = muster_get_i32(r);
    item->y = muster_get_i32(r);
    item->carrier = muster_get_u8(r);
    item->at_home = muster_get_u8(r);
    item->touching = muster_get_u32(r);
    item->trail = muster_get_u16(r);
    muster_get_str(r, item->kind, sizeof(item->kind));
    return item->present == 1 && item->team < ARENA_TEAMS_END && item->who < WHO_END &&
           item->at_home <= 1 && item->trail < tiles_of(arena) &&
           is_on_map(arena, item->home_x, item->home_y) && is_on_map(arena, item->x, item->y) &&
           carrier_ok(arena, item) && objectives_kind_ok(item->kind);
}

static void put_field(struct muster_writer *w, const struct enemy_field *field) {
    muster_put_u8(w, field->source_count);
    for (uint32_t i = 0; i < field->source_count; i++) muster_put_u16(w, field->sources[i]);
}

static bool get_field(const struct arena *arena, struct muster_reader *r,
                      struct enemy_field *field) {
    field->source_count = muster_get_u8(r);
    if (field->source_count > ARENA_SEATS_MAX) return false;
    for (uint32_t i = 0; i < field->source_count; i++) {
        field->sources[i] = muster_get_u16(r);
        if (field->sources[i] >= tiles_of(arena)) return false;
    }
    return true;
}

static void put_route(struct muster_writer *w, const struct route *route) {
    muster_put_u8(w, route->valid);
    if (!route->valid) return;
    muster_put_u16(w, route->tile);
    muster_put_u32(w, route->used_tick);
}

static bool get_route(const struct arena *arena, struct muster_reader *r, struct route *route) {
    route->valid = muster_get_u8(r);
    if (!route->valid) return true;
    route->tile = muster_get_u16(r);
    route->used_tick = muster_get_u32(r);
    return route->valid == 1 && route->tile < tiles_of(arena);
}

void save_write(const struct arena *arena, struct muster_writer *w) {
    muster_put_u32(w, arena->tick);
    muster_put_u8(w, arena->started);
    muster_put_u8(w, arena->bot_fill);
    muster_put_u8(w, arena->projectile_id);
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) put_avatar(w, &arena->avatars[i]);
    for (uint32_t i = 0; i < PROJECTILES_MAX; i++) put_projectile(w, &arena->projectiles[i]);
    for (uint32_t i = 0; i < ZONES_MAX; i++) put_zone(w, &arena->zones[i]);
    for (uint32_t i = 0; i < ITEMS_MAX; i++) put_item(w, &arena->items[i]);
    put_field(w, &arena->enemies[MUSTER_TEAM_RED]);
    put_field(w, &arena->enemies[MUSTER_TEAM_BLUE]);
    for (uint32_t i = 0; i < ROUTES_MAX; i++) put_route(w, &arena->routes[i]);
}

static uint32_t seats_end(const struct arena *arena) {
    static const struct avatar nobody;
    uint32_t end = ARENA_SEATS_MAX;
    while (end > 0 && memcmp(&arena->avatars[end - 1], &nobody, sizeof nobody) == 0) end--;
    return end;
}

muster_status save_read(struct arena *arena, struct muster_reader *r) {
    bool ok = true;
    arena->tick = muster_get_u32(r);
    arena->started = muster_get_u8(r);
    arena->bot_fill = muster_get_u8(r);
    arena->projectile_id = muster_get_u8(r);
    arena->projectiles_end = PROJECTILES_MAX; /* the next step knows better */
    for (uint32_t i = 0; ok && i < ARENA_SEATS_MAX; i++)
        ok = get_avatar(arena, r, &arena->avatars[i]);
    arena->seats_end = seats_end(arena);
    for (uint32_t i = 0; ok && i < PROJECTILES_MAX; i++)
        ok = get_projectile(arena, r, &arena->projectiles[i]);
    for (uint32_t i = 0; ok && i < ZONES_MAX; i++) ok = get_zone(arena, r, &arena->zones[i]);
    for (uint32_t i = 0; ok && i < ITEMS_MAX; i++) ok = get_item(arena, r, &arena->items[i]);
    ok = ok && get_field(arena, r, &arena->enemies[MUSTER_TEAM_RED]) &&
         get_field(arena, r, &arena->enemies[MUSTER_TEAM_BLUE]);
    for (uint32_t i = 0; ok && i < ROUTES_MAX; i++) ok = get_route(arena, r, &arena->routes[i]);
    return ok && !r->overflow ? MUSTER_OK : MUSTER_INVALID;
}
