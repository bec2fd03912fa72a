/* objectives.c - zones and items on the map: who is in them, who took them. What they are good for
 * is the business of the rules that placed them (commands.c). */
#include "state.h"

bool objectives_label_ok(const char *label) {
    size_t len = strlen(label);
    for (size_t i = 0; i < len; i++) {
        if (label[i] < ' ' || label[i] > '~' || label[i] == '"' || label[i] == '\\') return false;
    }
    return len < WORD_BYTES;
}

bool objectives_kind_ok(const char *kind) {
    size_t len = strlen(kind);
    return len > 0 && len < WORD_BYTES && strspn(kind, "abcdefghijklmnopqrstuvwxyz_") == len;
}

static bool is_within(const struct avatar *a, int32_t x, int32_t y, int32_t radius) {
    int64_t dx = a->x - x, dy = a->y - y;
    return a->present && a->alive && dx * dx + dy * dy <= (int64_t)radius * radius;
}

/* ---- zones ---------------------------------------------------------------------------------- */

static void zone_tell(struct arena *arena, uint32_t index, uint32_t seat, bool entered) {
    combat_tell(arena, (struct muster_fact){.kind = entered ? "zone_enter" : "zone_leave",
                                            .seat = seat,
                                            .value = index + 1,
                                            .other_seat = MUSTER_SEAT_NONE,
                                            .third_seat = MUSTER_SEAT_NONE,
                                            .text = ""});
}

static void zone_step(struct arena *arena, uint32_t index) {
    struct zone *zone = &arena->zones[index];
    uint32_t before = zone->inside;
    zone->inside = 0;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        if (is_within(&arena->avatars[i], zone->x, zone->y, zone->radius)) zone->inside |= 1u << i;
    }
    uint32_t changed = before ^ zone->inside;
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        if (changed >> i & 1) zone_tell(arena, index, i, zone->inside >> i & 1);
    }
}

void objectives_zone_empty(struct arena *arena, uint32_t index) {
    struct zone *zone = &arena->zones[index];
    uint32_t inside = zone->inside;
    zone->inside = 0;
    for (uint32_t i = 0; i < arena->seats_end; i++)
        if (inside >> i & 1) zone_tell(arena, index, i, false);
}

/* ---- items ---------------------------------------------------------------------------------- */

bool objectives_may_take(const struct item *item, uint32_t team) {
    if (item->who == WHO_ANYONE) return true;
    return (team == item->team) == (item->who == WHO_TEAM);
}

static void item_tell(struct arena *arena, const char *kind, uint32_t index, uint32_t seat) {
    combat_tell(arena, (struct muster_fact){.kind = kind,
                                            .seat = seat,
                                            .value = index + 1,
                                            .other_seat = MUSTER_SEAT_NONE,
                                            .third_seat = MUSTER_SEAT_NONE,
                                            .text = arena->items[index].kind});
}

void objectives_take(struct arena *arena, uint32_t index, uint32_t seat) {
    struct item *item = &arena->items[index];
    item->carrier = seat;
    item->at_home = 0;
    item->touching = 0;
    item->trail = world_tile(arena->map, arena->avatars[seat].x, arena->avatars[seat].y);
    item_tell(arena, "pickup", index, seat);
}

void objectives_home(struct item *item) {
    item->x = item->home_x;
    item->y = item->home_y;
    item->carrier = MUSTER_SEAT_NONE;
    item->at_home = 1;
    item->touching = 0;
}

static void item_drop(struct arena *arena, uint32_t index) {
    struct item *item = &arena->items[index];
    uint32_t seat = item->carrier;
    item->x = arena->avatars[seat].x;
    item->y = arena->avatars[seat].y;
    item->carrier = MUSTER_SEAT_NONE;
    item_tell(arena, "drop", index, seat);
}

/* The seat that begins changes with the tick, as for shots. A mate who stays at the item touches it
 * once. */
static void item_step(struct arena *arena, uint32_t index) {
    struct item *item = &arena->items[index];
    uint32_t before = item->touching;
    item->touching = 0;
    for (uint32_t n = 0; n < ARENA_SEATS_MAX && item->carrier == MUSTER_SEAT_NONE; n++) {
        uint32_t seat = (arena->tick + n) % ARENA_SEATS_MAX;
        if (seat >= arena->seats_end) continue;
        const struct avatar *a = &arena->avatars[seat];
        if (!is_within(a, item->x, item->y, ITEM_REACH)) continue;
        if (objectives_may_take(item, a->team)) {
            objectives_take(arena, index, seat);
        } else if (a->team == item->team && !item->at_home) {
            item->touching |= 1u << seat;
            if (!(before >> seat & 1)) item_tell(arena, "touch", index, seat);
        }
    }
}

/* ---- all of them ---------------------------------------------------------------------------- */

void objectives_lose(struct arena *arena, uint32_t seat) {
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        if (arena->items[i].present && arena->items[i].carrier == seat) item_drop(arena, i);
    }
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        struct zone *zone = &arena->zones[i];
        if (!zone->present || !(zone->inside >> seat & 1)) continue;
        zone->inside &= ~(1u << seat);
        zone_tell(arena, i, seat, false);
    }
}

void objectives_team(struct arena *arena, uint32_t seat) {
    uint32_t team = arena->avatars[seat].team;
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        const struct item *item = &arena->items[i];
        if (!item->present || item->carrier != seat) continue;
        if (!objectives_may_take(item, team)) item_drop(arena, i);
    }
}

void objectives_step(struct arena *arena) {
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        if (arena->zones[i].present) zone_step(arena, i);
    }
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        if (arena->items[i].present) item_step(arena, i);
    }
}
