/* watch.c - what anticheats are told: whom a person could hit, how well it aims, what it fires.
 * Only when there are any: it costs a ray for each two enemies. It changes nothing of the match. */
#include "state.h"

enum { OFF_MAX = 32767, EDGE = 1000, CLOSE = 3 * PLAYER_RADIUS, NEAR = 4 * TILE_UNITS };

static void observe(const struct arena *arena, struct muster_fact fact) {
    const struct instance *instance = arena->instance;
    fact.size = sizeof(fact);
    if (!fact.text) fact.text = "";
    muster_status status = instance->host->match->observe(instance->self, arena->match, &fact);
    (void)status; /* nobody is there any more */
}

/* ---- who could hit whom --------------------------------------------------------------------- */

static bool is_fighting(const struct avatar *a) {
    return a->present && a->alive;
}

static bool could_hit(const struct arena *arena, const struct avatar *a, const struct avatar *b) {
    int64_t dx = a->x - b->x, dy = a->y - b->y;
    if (dx * dx + dy * dy > (int64_t)RIFLE_RANGE * RIFLE_RANGE) return false;
    return world_sees(arena->map, a->x, a->y, b->x, b->y);
}

/* The ray is the same from both ends. */
static void look(const struct arena *arena, uint32_t visible[ARENA_SEATS_MAX]) {
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        if (!is_fighting(a)) continue;
        for (uint32_t j = i + 1; j < arena->seats_end; j++) {
            const struct avatar *b = &arena->avatars[j];
            if (!is_fighting(b) || !arena_foes(arena, a->team, b->team)) continue;
            if ((a->is_bot && b->is_bot) || !could_hit(arena, a, b)) continue;
            visible[i] |= 1u << j;
            visible[j] |= 1u << i;
        }
    }
}

static void tell_visible(const struct arena *arena, uint32_t seat, uint32_t appeared) {
    for (uint32_t i = 0; appeared; i++, appeared >>= 1) {
        if (!(appeared & 1)) continue;
        bool spawned = arena->avatars[seat].spawn_untold || arena->avatars[i].spawn_untold;
        observe(arena, (struct muster_fact){.kind = MUSTER_FACT_VISIBLE,
                                            .seat = seat,
                                            .value = 1,
                                            .other_seat = i,
                                            .third_seat = MUSTER_SEAT_NONE,
                                            .text = spawned ? "spawn" : ""});
    }
}

/* ---- how well it aims ----------------------------------------------------------------------- */

/* Where a shot of this tick would go. */
static uint16_t aim_of(const struct avatar *a) {
    return a->fire & BUTTON_RIFLE ? a->rifle_aim : a->aim;
}

static int32_t off_target(const struct avatar *a, const struct avatar *target) {
    int32_t dx = target->x - a->x, dy = target->y - a->y;
    int32_t distance = trig_isqrt((int64_t)dx * dx + (int64_t)dy * dy);
    int32_t angle = (int16_t)(uint16_t)(trig_angle(dx, dy) - aim_of(a));
    int32_t half = (int16_t)trig_angle(distance > CLOSE ? distance : CLOSE, PLAYER_RADIUS);
    int32_t off = -angle * EDGE / half;
    return off > OFF_MAX ? OFF_MAX : off < -OFF_MAX ? -OFF_MAX : off;
}

/* So near that everybody hits it. */
static bool is_near(const struct avatar *a, const struct avatar *target) {
    int64_t dx = target->x - a->x, dy = target->y - a->y;
    return dx * dx + dy * dy < (int64_t)NEAR * NEAR;
}

static int32_t width_of(int32_t off) {
    return off < 0 ? -off : off;
}

static void aim_at_nearest(struct arena *arena, uint32_t seat) {
    struct watched *w = &arena->watched[seat];
    uint32_t visible = w->visible;
    w->nearest = MUSTER_SEAT_NONE;
    w->off = 0;
    for (uint32_t i = 0; visible; i++, visible >>= 1) {
        if (!(visible & 1)) continue;
        int32_t off = off_target(&arena->avatars[seat], &arena->avatars[i]);
        if (w->nearest != MUSTER_SEAT_NONE && width_of(off) >= width_of(w->off)) continue;
        w->nearest = i;
        w->off = off;
    }
}

void watch_step(struct arena *arena) {
    const struct instance *instance = arena->instance;
    uint32_t visible[ARENA_SEATS_MAX] = {0};
    arena->is_watched = instance->host->match->is_observed(instance->self, arena->match);
    if (!arena->is_watched) return;
    look(arena, visible);
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        struct watched *w = &arena->watched[i];
        uint32_t appeared = visible[i] & ~w->visible;
        w->visible = visible[i];
        if (arena->avatars[i].is_bot || !arena->avatars[i].present) continue;
        tell_visible(arena, i, appeared);
        aim_at_nearest(arena, i);
    }
}

/* ---- what it fires -------------------------------------------------------------------------- */

void watch_shot(const struct arena *arena, const struct shot *shot) {
    const struct watched *w = &arena->watched[shot->seat];
    const struct avatar *a = &arena->avatars[shot->seat];
    if (!arena->is_watched || a->is_bot) return;
    bool near = w->nearest != MUSTER_SEAT_NONE && is_near(a, &arena->avatars[w->nearest]);
    observe(arena, (struct muster_fact){.kind = MUSTER_FACT_SHOT,
                                        .seat = shot->seat,
                                        .value = w->off,
                                        .other_seat = w->nearest,
                                        .third_seat = shot->hit,
                                        .text = near ? "near" : ""});
}

void watch_refused(const struct arena *arena, uint32_t seat, uint32_t presses) {
    if (!arena->is_watched || arena->avatars[seat].is_bot) return;
    observe(arena, (struct muster_fact){.kind = MUSTER_FACT_REFUSED_FIRE,
                                        .seat = seat,
                                        .value = presses,
                                        .other_seat = MUSTER_SEAT_NONE,
                                        .third_seat = MUSTER_SEAT_NONE});
}
