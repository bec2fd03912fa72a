/* combat.c - inputs, weapons, damage, death and respawn, and what rules are told of them. Every
 * rule is checked here; what a client claims beyond them is ignored and counted. */
#include "state.h"

static const struct muster_host_match *match_of(const struct arena *arena) {
    return arena->instance->host->match;
}

/* A number as the rules want it, at least min and at most max. */
static int64_t adjusted(struct arena *arena, const struct muster_param *param, int64_t value,
                        int64_t min, int64_t max) {
    value = match_of(arena)->adjust(arena->instance->self, arena->match, param, value);
    return value < min ? min : value > max ? max : value;
}

static struct muster_param param_of(const char *name, uint32_t seat, uint32_t other) {
    return (struct muster_param){
        .size = sizeof(struct muster_param), .seat = seat, .other_seat = other, .name = name};
}

static void stat_add(struct arena *arena, uint32_t seat, uint32_t stat, int32_t delta) {
    muster_status status =
        match_of(arena)->stat_add(arena->instance->self, arena->match, seat, stat, delta);
    (void)status; /* a row that is gone counts no more */
}

static void alive_set(struct arena *arena, uint32_t seat, uint32_t alive) {
    arena->avatars[seat].alive = alive;
    muster_status status =
        match_of(arena)->alive_set(arena->instance->self, arena->match, seat, alive);
    (void)status; /* the avatar goes with its seat */
}

static uint32_t ticks_of(const struct arena *arena, int64_t ms) {
    return (uint32_t)(ms * arena->tick_rate_hz / 1000);
}

/* ---- input ---------------------------------------------------------------------------------- */

static void impossible(struct arena *arena, uint32_t seat) {
    match_of(arena)->fact(arena->instance->self, arena->match, seat, MUSTER_FACT_IMPOSSIBLE, 1);
}

static bool is_possible(const struct muster_input *input) {
    uint32_t buttons = input->held | input->pressed;
    if (input->sample_count > MUSTER_INPUT_SAMPLES_MAX) return false;
    for (uint32_t i = 0; i < input->sample_count; i++) buttons |= input->samples[i].pressed;
    return !(buttons & ~(uint32_t)BUTTONS_KNOWN) && input->move_x != -128 && input->move_y != -128;
}

/* Time earns one move a tick. A late input after one that the host repeated has been moved
 * already; more inputs than time has earned are a speed hack. */
static bool may_move(struct arena *arena, uint32_t seat, bool repeated) {
    struct avatar *a = &arena->avatars[seat];
    if (a->move_credit) {
        a->move_credit--;
        if (repeated && a->repeats < REPEATS_MAX) a->repeats++;
        return true;
    }
    if (repeated) return false;
    if (a->repeats) {
        a->repeats--;
    } else {
        impossible(arena, seat);
    }
    return false;
}

static void wish(struct avatar *a, uint32_t buttons, uint16_t aim) {
    if (buttons & BUTTON_RIFLE) a->rifle_aim = aim;
    if (buttons & BUTTON_LAUNCHER) a->launcher_aim = aim;
    a->fire |= buttons & (BUTTON_RIFLE | BUTTON_LAUNCHER);
}

/* A click between two ticks fires where it aimed; otherwise the newest aim counts. */
static void wishes_take(struct avatar *a, const struct muster_input *input) {
    uint32_t count = input->sample_count, sampled = 0;
    if (count > MUSTER_INPUT_SAMPLES_MAX) count = MUSTER_INPUT_SAMPLES_MAX;
    wish(a, input->held | (input->repeated ? 0u : input->pressed), input->aim);
    if (input->repeated) return;
    uint32_t presses = 0;
    for (uint32_t i = 0; i < count; i++) {
        wish(a, input->samples[i].pressed & ~sampled, input->samples[i].aim);
        sampled |= input->samples[i].pressed;
        presses += input->samples[i].pressed & BUTTON_RIFLE;
    }
    a->presses += presses ? presses : input->pressed & BUTTON_RIFLE;
}

void combat_input(struct arena *arena, uint32_t seat, const struct muster_input *input) {
    struct avatar *a = &arena->avatars[seat];
    if (!input->repeated && !is_possible(input)) impossible(arena, seat);
    bool moves = may_move(arena, seat, input->repeated);
    if (!a->alive) return;
    a->aim = input->aim;
    wishes_take(a, input);
    if (!moves || (!input->move_x && !input->move_y)) return;
    struct muster_param param = param_of("speed", seat, MUSTER_SEAT_NONE);
    a->speed = (uint32_t)adjusted(arena, &param, PLAYER_SPEED, 0, SPEED_MAX);
    world_move(arena->map, &a->x, &a->y, input->move_x, input->move_y, (int32_t)a->speed);
}

/* ---- come and go ----------------------------------------------------------------------------- */

void combat_remove(struct arena *arena, uint32_t seat) {
    objectives_lose(arena, seat);
    arena->avatars[seat].present = 0;
    for (uint32_t i = 0; i < PROJECTILES_MAX; i++) {
        if (arena->projectiles[i].owner == seat) arena->projectiles[i].owner = MUSTER_SEAT_NONE;
    }
    for (uint32_t i = 0; i < arena->seats_end; i++) arena->avatars[i].damaged_by[seat] = 0;
}

void combat_enter(struct arena *arena, uint32_t seat, uint32_t team) {
    combat_remove(arena, seat);
    if (seat >= arena->seats_end) arena->seats_end = seat + 1;
    arena->avatars[seat] = (struct avatar){.present = 1,
                                           .team = team,
                                           .connected = 1,
                                           .speed = PLAYER_SPEED,
                                           .move_credit = MOVE_CREDIT_MAX,
                                           .weapons = WEAPONS_ALL,
                                           .damage_percent = DAMAGE_PERCENT};
}

/* ---- spawn ---------------------------------------------------------------------------------- */

/* Squared distance in tiles from a tile to the nearest living enemy. */
static int32_t enemy_distance(const struct arena *arena, uint32_t tile, uint32_t team) {
    int32_t best = INT32_MAX;
    int32_t x = (int32_t)tile % arena->map->width, y = (int32_t)tile / arena->map->width;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        if (!a->present || !a->alive || !arena_foes(arena, team, a->team)) continue;
        int32_t dx = (a->x >> TILE_SHIFT) - x, dy = (a->y >> TILE_SHIFT) - y;
        if (dx * dx + dy * dy < best) best = dx * dx + dy * dy;
    }
    return best;
}

static uint32_t spawn_tile(struct arena *arena, uint32_t team) {
    uint32_t count = arena->map->spawn_count[team];
    uint32_t first = (uint32_t)match_of(arena)->random(arena->instance->self, arena->match, count);
    uint32_t best = arena->map->spawns[team][first];
    int32_t best_distance = -1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t tile = arena->map->spawns[team][(first + i) % count];
        int32_t distance = enemy_distance(arena, tile, team);
        if (distance <= best_distance) continue;
        best = tile;
        best_distance = distance;
    }
    return best;
}

void combat_spawn(struct arena *arena, uint32_t seat) {
    struct avatar *a = &arena->avatars[seat];
    uint32_t tile = spawn_tile(arena, a->team);
    int32_t width = arena->map->width;
    a->x = (int32_t)tile % width * TILE_UNITS + TILE_UNITS / 2;
    a->y = (int32_t)tile / width * TILE_UNITS + TILE_UNITS / 2;
    a->aim = trig_angle(width * TILE_UNITS / 2 - a->x, arena->map->height * TILE_UNITS / 2 - a->y);
    a->health = HEALTH_MAX;
    a->respawn_tick = 0;
    a->fire = 0;
    a->protected_until = arena->tick + ticks_of(arena, arena->protection_ms);
    memset(a->damaged_by, 0, sizeof(a->damaged_by));
    alive_set(arena, seat, 1);
    a->spawn_untold = 1;
    uint8_t event[2] = {EVENT_SPAWN, (uint8_t)seat};
    wire_event(arena, event, sizeof(event));
}

/* ---- damage --------------------------------------------------------------------------------- */

/* The enemy, other than the killer, who hurt the victim last within the assist time. */
static uint32_t assist_of(const struct arena *arena, uint32_t victim, uint32_t killer) {
    uint32_t best = MUSTER_SEAT_NONE, newest = 0;
    uint32_t window = ticks_of(arena, ASSIST_MS);
    const struct avatar *v = &arena->avatars[victim];
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        uint32_t at = v->damaged_by[i];
        if (!a->present || i == killer || i == victim || !arena_foes(arena, a->team, v->team))
            continue;
        if (!at || arena->tick + 1 - at > window || at <= newest) continue;
        best = i;
        newest = at;
    }
    return best;
}

static void score_kill(struct arena *arena, uint32_t victim, uint32_t killer) {
    uint32_t team = arena->avatars[killer].team;
    if (!arena_foes(arena, team, arena->avatars[victim].team)) {
        stat_add(arena, killer, MUSTER_STAT_SCORE, -1);
        return;
    }
    stat_add(arena, killer, MUSTER_STAT_KILLS, 1);
    stat_add(arena, killer, MUSTER_STAT_SCORE, 1);
    if (arena->free_for_all) return;
    struct muster_param param = param_of("score", killer, victim);
    int64_t points = adjusted(arena, &param, 1, -KILL_POINTS_MAX, KILL_POINTS_MAX);
    muster_status status =
        match_of(arena)->team_score_add(arena->instance->self, arena->match, team, (int32_t)points);
    (void)status; /* the team is always one of two */
}

/* When the dead come back; a negative answer of the rules: never. */
static void respawn_set(struct arena *arena, uint32_t victim, uint32_t killer) {
    if (arena->elimination) return;
    struct muster_param param = param_of("respawn_ms", victim, killer);
    int64_t ms = adjusted(arena, &param, arena->respawn_ms, -1, RESPAWN_MS_MAX);
    if (ms >= 0) arena->avatars[victim].respawn_tick = arena->tick + 1 + ticks_of(arena, ms);
}

/* What every death is, whoever brought it about. */
static void die(struct arena *arena, const struct death *death) {
    struct avatar *v = &arena->avatars[death->victim];
    v->health = 0;
    v->fire = 0;
    alive_set(arena, death->victim, 0);
    stat_add(arena, death->victim, MUSTER_STAT_DEATHS, 1);
    if (death->killer != MUSTER_SEAT_NONE) score_kill(arena, death->victim, death->killer);
    if (death->assist != MUSTER_SEAT_NONE) stat_add(arena, death->assist, MUSTER_STAT_ASSISTS, 1);
    respawn_set(arena, death->victim, death->killer);
    arena->deaths[arena->death_count++] = *death;
    uint32_t killer = death->own_hand ? death->victim : death->killer;
    uint8_t event[5] = {EVENT_KILL, (uint8_t)killer, (uint8_t)death->victim, (uint8_t)death->weapon,
                        (uint8_t)death->assist};
    wire_event(arena, event, sizeof(event));
}

static void die_of(struct arena *arena, uint32_t victim, uint32_t attacker, uint32_t weapon) {
    uint32_t killer = attacker == victim ? MUSTER_SEAT_NONE : attacker;
    struct death death = {victim, killer, assist_of(arena, victim, killer), weapon,
                          attacker == victim};
    if (killer == MUSTER_SEAT_NONE) stat_add(arena, victim, MUSTER_STAT_SCORE, -1);
    die(arena, &death);
}

void combat_heal(struct arena *arena, uint32_t seat, int32_t delta) {
    struct avatar *a = &arena->avatars[seat];
    struct death death = {seat, MUSTER_SEAT_NONE, MUSTER_SEAT_NONE, 0, 0};
    a->health += delta;
    if (a->health > HEALTH_MAX) a->health = HEALTH_MAX;
    if (a->health <= 0) die(arena, &death);
}

/* What the weapon does, as rules gave it to who fires it. */
static int32_t damage_of(const struct arena *arena, uint32_t attacker, int32_t amount) {
    if (attacker == MUSTER_SEAT_NONE) return amount;
    return amount * (int32_t)arena->avatars[attacker].damage_percent / DAMAGE_PERCENT;
}

static void hurt(struct arena *arena, uint32_t victim, uint32_t attacker, uint32_t attacker_team,
                 uint32_t weapon, int32_t amount) {
    struct avatar *v = &arena->avatars[victim];
    bool mate = attacker != victim && !arena_foes(arena, attacker_team, v->team);
    if (!v->alive || v->protected_until > arena->tick || (mate && !arena->friendly_fire)) return;
    struct muster_param param = param_of("damage", victim, attacker);
    amount = (int32_t)adjusted(arena, &param, damage_of(arena, attacker, amount), 0, DAMAGE_MAX);
    if (!amount) return;
    v->health -= amount;
    if (attacker != MUSTER_SEAT_NONE) v->damaged_by[attacker] = arena->tick + 1;
    if (arena->hit_count++ < HIT_EVENTS_MAX) {
        uint8_t event[4] = {EVENT_HIT, (uint8_t)attacker, (uint8_t)victim,
                            (uint8_t)(amount > 255 ? 255 : amount)};
        wire_event(arena, event, sizeof(event));
    }
    if (v->health <= 0) die_of(arena, victim, attacker, weapon);
}

/* ---- projectiles ---------------------------------------------------------------------------- */

static void burst(struct arena *arena, struct projectile *p, int32_t x, int32_t y) {
    p->live = 0;
    arena->bursts[arena->burst_count++] = (struct burst){p->id, x, y};
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        struct avatar *a = &arena->avatars[i];
        if (!a->present || !a->alive) continue;
        int32_t dx = a->x - x, dy = a->y - y;
        int32_t distance = trig_isqrt((int64_t)dx * dx + (int64_t)dy * dy) - PLAYER_RADIUS;
        if (distance < 0) distance = 0;
        if (distance >= LAUNCHER_RADIUS || !world_sees(arena->map, x, y, a->x, a->y)) continue;
        hurt(arena, i, p->owner, p->team, WEAPON_LAUNCHER,
             LAUNCHER_DAMAGE * (LAUNCHER_RADIUS - distance) / LAUNCHER_RADIUS);
    }
}

/* How far along the line (dx, dy), 16384 = 1, an avatar is met; -1: not within reach. */
static int32_t meets(const struct avatar *a, int32_t x, int32_t y, int32_t dx, int32_t dy,
                     int32_t reach) {
    int32_t rx = a->x - x, ry = a->y - y;
    int32_t along = (int32_t)(((int64_t)rx * dx + (int64_t)ry * dy) >> 14);
    int64_t across = ((int64_t)rx * dy - (int64_t)ry * dx) >> 14;
    if (along < 0 || along > reach) return -1;
    return across >= -PLAYER_RADIUS && across <= PLAYER_RADIUS ? along : -1;
}

/* The first living avatar on the line; mates are passed unless friendly fire is on. */
static uint32_t first_met(const struct arena *arena, uint32_t from, uint32_t team, int32_t x,
                          int32_t y, int32_t dx, int32_t dy, int32_t reach, int32_t *along) {
    uint32_t best = MUSTER_SEAT_NONE;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        if (!a->present || !a->alive || i == from) continue;
        if (!arena_foes(arena, team, a->team) && !arena->friendly_fire) continue;
        int32_t at = meets(a, x, y, dx, dy, reach);
        if (at < 0 || (best != MUSTER_SEAT_NONE && at >= *along)) continue;
        best = i;
        *along = at;
    }
    return best;
}

static void projectile_step(struct arena *arena, struct projectile *p) {
    int32_t end_x, end_y, along = 0;
    bool wall = world_raycast(arena->map, p->x, p->y, p->x + p->vx, p->y + p->vy, &end_x, &end_y);
    int32_t length = trig_isqrt((int64_t)p->vx * p->vx + (int64_t)p->vy * p->vy);
    int32_t ex = end_x - p->x, ey = end_y - p->y;
    int32_t reach = trig_isqrt((int64_t)ex * ex + (int64_t)ey * ey);
    int32_t dx = p->vx * 16384 / length, dy = p->vy * 16384 / length;
    uint32_t met = first_met(arena, p->owner, p->team, p->x, p->y, dx, dy, reach, &along);
    if (met != MUSTER_SEAT_NONE) {
        burst(arena, p, p->x + ((dx * along) >> 14), p->y + ((dy * along) >> 14));
        return;
    }
    p->x = end_x;
    p->y = end_y;
    if (wall || arena->tick >= p->end_tick) burst(arena, p, end_x, end_y);
}

static struct projectile *projectile_slot(struct arena *arena) {
    for (uint32_t i = 0; i < PROJECTILES_MAX; i++) {
        if (!arena->projectiles[i].live) return &arena->projectiles[i];
    }
    return NULL;
}

static void launch(struct arena *arena, uint32_t seat) {
    struct avatar *a = &arena->avatars[seat];
    struct projectile *p = projectile_slot(arena);
    int32_t dx, dy;
    if (!p) return;
    uint32_t end = (uint32_t)(p - arena->projectiles) + 1;
    if (end > arena->projectiles_end) arena->projectiles_end = end;
    trig_direction(a->launcher_aim, &dx, &dy);
    arena->projectile_id = (arena->projectile_id + 1) & 255;
    *p = (struct projectile){.live = 1,
                             .id = arena->projectile_id,
                             .owner = seat,
                             .team = a->team,
                             .x = a->x,
                             .y = a->y,
                             .vx = LAUNCHER_SPEED / 4 * dx / 16384 * 4,
                             .vy = LAUNCHER_SPEED / 4 * dy / 16384 * 4,
                             .end_tick = arena->tick + LAUNCHER_LIFE_TICKS};
    arena->added[arena->added_count++] = (uint32_t)(p - arena->projectiles);
    a->launcher_tick = arena->tick + LAUNCHER_COOLDOWN_TICKS;
    a->protected_until = 0;
}

/* ---- what the rules are told ----------------------------------------------------------------- */

void combat_tell(struct arena *arena, struct muster_fact fact) {
    fact.size = sizeof(fact);
    fact.tick = arena->tick;
    muster_status status = match_of(arena)->tell(arena->instance->self, arena->match, &fact);
    (void)status; /* rules that are gone hear nothing */
}

static void spawn_tell(struct arena *arena, uint32_t seat) {
    struct avatar *a = &arena->avatars[seat];
    if (!a->present || !a->spawn_untold) return;
    a->spawn_untold = 0;
    combat_tell(arena, (struct muster_fact){.kind = "spawn",
                                            .seat = seat,
                                            .other_seat = MUSTER_SEAT_NONE,
                                            .third_seat = MUSTER_SEAT_NONE,
                                            .text = ""});
}

void combat_announce(struct arena *arena) {
    static const char *const weapons[] = {"", "rifle", "launcher"};
    for (uint32_t i = 0; i < arena->seats_end; i++) spawn_tell(arena, i);
    for (uint32_t i = 0; i < arena->death_count; i++) {
        const struct death *death = &arena->deaths[i];
        combat_tell(arena, (struct muster_fact){.kind = "kill",
                                                .seat = death->victim,
                                                .value = 1,
                                                .other_seat = death->killer,
                                                .third_seat = death->assist,
                                                .text = weapons[death->weapon]});
        objectives_lose(arena, death->victim);
    }
    arena->death_count = 0;
}

/* ---- the tick ------------------------------------------------------------------------------- */

static void shoot(struct arena *arena, uint32_t seat) {
    struct avatar *a = &arena->avatars[seat];
    int32_t dx, dy, end_x, end_y, along = 0;
    trig_direction(a->rifle_aim, &dx, &dy);
    world_raycast(arena->map, a->x, a->y, a->x + ((dx * RIFLE_RANGE) >> 14),
                  a->y + ((dy * RIFLE_RANGE) >> 14), &end_x, &end_y);
    int32_t ex = end_x - a->x, ey = end_y - a->y;
    int32_t reach = trig_isqrt((int64_t)ex * ex + (int64_t)ey * ey);
    uint32_t hit = first_met(arena, seat, a->team, a->x, a->y, dx, dy, reach, &along);
    if (hit != MUSTER_SEAT_NONE) {
        end_x = a->x + ((dx * along) >> 14);
        end_y = a->y + ((dy * along) >> 14);
    }
    arena->shots[arena->shot_count++] = (struct shot){seat, end_x, end_y, hit};
    a->rifle_tick = arena->tick + RIFLE_COOLDOWN_TICKS;
    a->protected_until = 0;
}

/* All shots of a tick are aimed before the first one hurts, so two can kill each other. The seat
 * that begins changes with the tick: no seat is always the faster one. */
static void fire_step(struct arena *arena) {
    for (uint32_t n = 0; n < ARENA_SEATS_MAX; n++) {
        uint32_t seat = (arena->tick + n) % ARENA_SEATS_MAX;
        if (seat >= arena->seats_end) continue;
        struct avatar *a = &arena->avatars[seat];
        uint32_t fire = a->fire, presses = a->presses;
        a->fire = a->presses = 0;
        if (!a->present || !a->alive) continue;
        if (!(a->weapons & WEAPON_RIFLE)) fire &= ~(uint32_t)BUTTON_RIFLE;
        if (!(a->weapons & WEAPON_LAUNCHER)) fire &= ~(uint32_t)BUTTON_LAUNCHER;
        if (fire & BUTTON_RIFLE && arena->tick >= a->rifle_tick)
            shoot(arena, seat);
        else if (presses && (a->weapons & WEAPON_RIFLE))
            watch_refused(arena, seat, presses);
        if (fire & BUTTON_LAUNCHER && arena->tick >= a->launcher_tick) launch(arena, seat);
    }
    for (uint32_t i = 0; i < arena->shot_count; i++) watch_shot(arena, &arena->shots[i]);
    for (uint32_t i = 0; i < arena->shot_count; i++) {
        const struct shot *shot = &arena->shots[i];
        if (shot->hit == MUSTER_SEAT_NONE) continue;
        hurt(arena, shot->hit, shot->seat, arena->avatars[shot->seat].team, WEAPON_RIFLE,
             RIFLE_DAMAGE);
    }
}

static void respawn_step(struct arena *arena) {
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        struct avatar *a = &arena->avatars[i];
        if (!a->present) continue;
        if (a->move_credit < MOVE_CREDIT_MAX) a->move_credit++;
        if (!a->alive && a->respawn_tick && arena->tick >= a->respawn_tick) combat_spawn(arena, i);
    }
}

/* Mostly none flies, and the places of all are long out of the caches. */
static void fly_step(struct arena *arena) {
    uint32_t end = 0;
    for (uint32_t i = 0; i < arena->projectiles_end; i++) {
        struct projectile *p = &arena->projectiles[i];
        if (p->live) projectile_step(arena, p);
        if (p->live) end = i + 1;
    }
    arena->projectiles_end = end;
}

void combat_step(struct arena *arena) {
    respawn_step(arena);
    fly_step(arena);
    watch_step(arena);
    fire_step(arena);
}
