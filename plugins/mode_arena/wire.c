/* wire.c - what clients see: snapshots and events of docs/protocol.md section 6. */
#include "state.h"

enum {
    FLAG_ALIVE = 1,
    FLAG_PROTECTED = 2,
    FLAG_BOT = 4,
    FLAG_CONNECTED = 8,

    MASK_GONE = 64, /* of a zone or item */

    ZONE_TEAM = 1,
    ZONE_PROGRESS = 2,
    ZONE_PLACE = 4,
    ZONE_LABEL = 8,
    ZONE_FIRST = ZONE_TEAM | ZONE_PROGRESS | ZONE_PLACE | ZONE_LABEL,

    ITEM_CARRIER = 1,
    ITEM_PLACE = 2,
    ITEM_WHAT = 4,
    ITEM_FIRST = ITEM_CARRIER | ITEM_PLACE | ITEM_WHAT,
    ITEM_AT_HOME = 1,

    SPEED_INTRO = 255, /* the one that the intro tells */

    /* Widths in a delta. */
    SEAT_BITS = 5,
    SPOT_BITS = 14,
    AIM_BITS = 8,
    HEALTH_BITS = 7,
    FLAGS_BITS = 4,
    TEAM_BITS = 2,
    BYTE_BITS = 8,
    NEAR_BITS = 4,
    FAR_BITS = 8,
    TURN_BITS = 4,
};
_Static_assert(1 << SEAT_BITS == ARENA_SEATS_MAX, "each seat fits");
_Static_assert(1 << SPOT_BITS == MAP_SIDE_MAX * TILE_UNITS, "each spot of a map fits");
_Static_assert(HEALTH_MAX < 1 << HEALTH_BITS, "health fits");
_Static_assert(ARENA_TEAMS_END <= 1 << TEAM_BITS, "each team fits");

/* What a full snapshot differs from. */
static const struct wire_view nothing;

void wire_event(struct arena *arena, const uint8_t *data, uint32_t len) {
    const struct instance *instance = arena->instance;
    muster_status status = instance->host->match->event(instance->self, arena->match, data, len);
    if (status != MUSTER_OK)
        instance->host->log->write(instance->self, MUSTER_LOG_WARN, "event %u lost: status %d",
                                   data[0], status);
}

/* ---- what stands after a tick --------------------------------------------------------------- */

/* Where there are no teams the first number is the most that anybody has. */
static int32_t best_score(const struct arena *arena, uint32_t team) {
    const struct muster_host_match *match = arena->instance->host->match;
    int32_t best = 0;
    for (uint32_t i = 0; team == MUSTER_TEAM_RED && i < ARENA_SEATS_MAX; i++) {
        int32_t score = match->stat(arena->instance->self, arena->match, i, MUSTER_STAT_KILLS);
        if (score > best) best = score;
    }
    return best;
}

static uint16_t score_of(const struct arena *arena, uint32_t team) {
    const struct instance *instance = arena->instance;
    int32_t score = arena->free_for_all
                        ? best_score(arena, team)
                        : instance->host->match->team_score(instance->self, arena->match, team);
    return (uint16_t)(score < 0 ? 0 : score > UINT16_MAX ? UINT16_MAX : score);
}

static bool fits(int32_t value, uint32_t bits) {
    int32_t end = 1 << (bits - 1);
    return value >= -end && value < end;
}

/* How far it is from where its last step led on to; false: too far, or nobody saw it before. */
static bool drift(const struct wire_avatar *old, const struct wire_avatar *now, int32_t *dx,
                  int32_t *dy) {
    *dx = now->x - old->x - old->step_x;
    *dy = now->y - old->y - old->step_y;
    return old->present && fits(*dx, FAR_BITS) && fits(*dy, FAR_BITS);
}

static void avatar_capture(const struct arena *arena, const struct avatar *a,
                           const struct wire_avatar *old, struct wire_avatar *out) {
    int32_t dx, dy;
    bool shielded = a->alive && a->protected_until > arena->tick;
    *out = (struct wire_avatar){
        .present = 1,
        .team = (uint8_t)(arena->free_for_all ? MUSTER_TEAM_NONE : a->team),
        .flags = (uint8_t)((a->alive ? FLAG_ALIVE : 0) | (shielded ? FLAG_PROTECTED : 0) |
                           (a->is_bot ? FLAG_BOT : 0) | (a->connected ? FLAG_CONNECTED : 0)),
        .aim = (uint8_t)(a->aim >> 8),
        .health = (uint8_t)(a->health < 0 ? 0 : a->health),
        .weapons = (uint8_t)a->weapons,
        .level = (uint8_t)a->level,
        .speed = (uint8_t)(a->speed == PLAYER_SPEED ? SPEED_INTRO : a->speed),
        .x = (uint16_t)a->x,
        .y = (uint16_t)a->y};
    if (!drift(old, out, &dx, &dy)) return;
    out->step_x = (int16_t)(old->step_x + dx);
    out->step_y = (int16_t)(old->step_y + dy);
}

static void zone_capture(const struct zone *zone, struct wire_zone *out) {
    *out = (struct wire_zone){.present = 1,
                              .team = (uint8_t)zone->team,
                              .progress = (uint8_t)zone->progress,
                              .x = (uint16_t)zone->x,
                              .y = (uint16_t)zone->y,
                              .radius = (uint16_t)zone->radius};
    memcpy(out->label, zone->label, sizeof(out->label));
}

static void item_capture(const struct item *item, struct wire_item *out) {
    *out = (struct wire_item){.present = 1,
                              .team = (uint8_t)item->team,
                              .who = (uint8_t)item->who,
                              .carrier = (uint8_t)item->carrier,
                              .flags = item->at_home ? ITEM_AT_HOME : 0,
                              .home_x = (uint16_t)item->home_x,
                              .home_y = (uint16_t)item->home_y,
                              .x = (uint16_t)item->x,
                              .y = (uint16_t)item->y};
    memcpy(out->kind, item->kind, sizeof(out->kind));
}

void wire_capture(struct arena *arena) {
    struct wire_view *view = &arena->now;
    arena->before = arena->now;
    memset(view, 0, sizeof(*view));
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        if (arena->avatars[i].present)
            avatar_capture(arena, &arena->avatars[i], &arena->before.avatars[i], &view->avatars[i]);
    }
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        if (arena->zones[i].present) zone_capture(&arena->zones[i], &view->zones[i]);
    }
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        if (arena->items[i].present) item_capture(&arena->items[i], &view->items[i]);
    }
    view->score[MUSTER_TEAM_RED] = score_of(arena, MUSTER_TEAM_RED);
    view->score[MUSTER_TEAM_BLUE] = score_of(arena, MUSTER_TEAM_BLUE);
}

/* ---- objectives ----------------------------------------------------------------------------- */

static uint32_t zone_mask(const struct wire_zone *old, const struct wire_zone *now) {
    if (!now->present) return old->present ? MASK_GONE : 0;
    if (!old->present) return ZONE_FIRST;
    uint32_t mask = 0;
    if (old->team != now->team) mask |= ZONE_TEAM;
    if (old->progress != now->progress) mask |= ZONE_PROGRESS;
    if (old->x != now->x || old->y != now->y || old->radius != now->radius) mask |= ZONE_PLACE;
    if (memcmp(old->label, now->label, sizeof(now->label)) != 0) mask |= ZONE_LABEL;
    return mask;
}

static uint32_t item_mask(const struct wire_item *old, const struct wire_item *now) {
    if (!now->present) return old->present ? MASK_GONE : 0;
    if (!old->present) return ITEM_FIRST;
    uint32_t mask = 0;
    if (old->carrier != now->carrier || old->flags != now->flags) mask |= ITEM_CARRIER;
    if (old->x != now->x || old->y != now->y) mask |= ITEM_PLACE;
    if (old->team != now->team || old->who != now->who || old->home_x != now->home_x ||
        old->home_y != now->home_y || memcmp(old->kind, now->kind, sizeof(now->kind)) != 0)
        mask |= ITEM_WHAT;
    return mask;
}

/* What an avatar has that is seen for the first time, until it is told otherwise. */
static const struct wire_avatar plain = {.weapons = WEAPONS_ALL, .speed = SPEED_INTRO};

static bool loadout_changed(const struct wire_avatar *old, const struct wire_avatar *now) {
    const struct wire_avatar *known = old->present ? old : &plain;
    return now->present && (now->weapons != known->weapons || now->level != known->level ||
                            now->speed != known->speed);
}

static bool objectives_changed(const struct wire_view *old, const struct wire_view *now) {
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        if (zone_mask(&old->zones[i], &now->zones[i])) return true;
    }
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        if (item_mask(&old->items[i], &now->items[i])) return true;
    }
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        if (loadout_changed(&old->avatars[i], &now->avatars[i])) return true;
    }
    return false;
}

static void put_point(struct muster_writer *w, int32_t x, int32_t y) {
    muster_put_u16(w, (uint32_t)x & 0xFFFFu);
    muster_put_u16(w, (uint32_t)y & 0xFFFFu);
}

static void put_word(struct muster_writer *w, const char *word) {
    uint32_t len = (uint32_t)strlen(word);
    muster_put_u8(w, len);
    muster_put_bytes(w, word, len);
}

static void put_zone(struct muster_writer *w, uint32_t id, uint32_t mask,
                     const struct wire_zone *zone) {
    muster_put_u8(w, id);
    muster_put_u8(w, mask);
    if (mask & ZONE_TEAM) muster_put_u8(w, zone->team);
    if (mask & ZONE_PROGRESS) muster_put_u8(w, zone->progress);
    if (mask & ZONE_PLACE) {
        put_point(w, zone->x, zone->y);
        muster_put_u16(w, zone->radius);
    }
    if (mask & ZONE_LABEL) put_word(w, zone->label);
}

static void put_item(struct muster_writer *w, uint32_t id, uint32_t mask,
                     const struct wire_item *item) {
    muster_put_u8(w, id);
    muster_put_u8(w, mask);
    if (mask & ITEM_CARRIER) {
        muster_put_u8(w, item->carrier);
        muster_put_u8(w, item->flags);
    }
    if (mask & ITEM_PLACE) put_point(w, item->x, item->y);
    if (!(mask & ITEM_WHAT)) return;
    muster_put_u8(w, item->team);
    muster_put_u8(w, item->who);
    put_point(w, item->home_x, item->home_y);
    put_word(w, item->kind);
}

static void put_zones(struct muster_writer *w, const struct wire_view *old,
                      const struct wire_view *now) {
    uint8_t *count = muster_put_space(w, 1);
    uint32_t changes = 0;
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        uint32_t mask = zone_mask(&old->zones[i], &now->zones[i]);
        if (!mask) continue;
        put_zone(w, i + 1, mask, &now->zones[i]);
        changes++;
    }
    if (count) *count = (uint8_t)changes;
}

static void put_items(struct muster_writer *w, const struct wire_view *old,
                      const struct wire_view *now) {
    uint8_t *count = muster_put_space(w, 1);
    uint32_t changes = 0;
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        uint32_t mask = item_mask(&old->items[i], &now->items[i]);
        if (!mask) continue;
        put_item(w, i + 1, mask, &now->items[i]);
        changes++;
    }
    if (count) *count = (uint8_t)changes;
}

static void put_loadouts(struct muster_writer *w, const struct wire_view *old,
                         const struct wire_view *now) {
    uint8_t *count = muster_put_space(w, 1);
    uint32_t changes = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        const struct wire_avatar *a = &now->avatars[i];
        if (!loadout_changed(&old->avatars[i], a)) continue;
        muster_put_u8(w, i);
        muster_put_u8(w, a->weapons);
        muster_put_u8(w, a->level);
        muster_put_u8(w, a->speed);
        changes++;
    }
    if (count) *count = (uint8_t)changes;
}

static void put_objectives(struct muster_writer *w, const struct wire_view *old,
                           const struct wire_view *now) {
    put_zones(w, old, now);
    put_items(w, old, now);
    put_loadouts(w, old, now);
}

/* ---- full ----------------------------------------------------------------------------------- */

static void put_projectile(struct muster_writer *w, const struct projectile *p) {
    muster_put_u8(w, p->id);
    muster_put_u8(w, p->owner);
    put_point(w, p->x, p->y);
    muster_put_u8(w, (uint8_t)(p->vx / 4));
    muster_put_u8(w, (uint8_t)(p->vy / 4));
}

static void put_avatar(struct muster_writer *w, uint32_t seat, const struct wire_avatar *a) {
    muster_put_u8(w, seat);
    muster_put_u8(w, a->team);
    muster_put_u8(w, a->flags);
    muster_put_u16(w, a->x);
    muster_put_u16(w, a->y);
    muster_put_u8(w, a->aim);
    muster_put_u8(w, a->health);
    put_point(w, a->step_x, a->step_y);
}

static void put_scores(struct muster_writer *w, const struct wire_view *view) {
    muster_put_u16(w, view->score[MUSTER_TEAM_RED]);
    muster_put_u16(w, view->score[MUSTER_TEAM_BLUE]);
}

void wire_full(const struct arena *arena, struct muster_writer *w) {
    uint8_t *count = muster_put_space(w, 1);
    uint32_t avatars = 0, projectiles = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        if (!arena->now.avatars[i].present) continue;
        put_avatar(w, i, &arena->now.avatars[i]);
        avatars++;
    }
    if (count) *count = (uint8_t)avatars;
    count = muster_put_space(w, 1);
    for (uint32_t i = 0; i < PROJECTILES_MAX; i++) {
        if (!arena->projectiles[i].live) continue;
        put_projectile(w, &arena->projectiles[i]);
        projectiles++;
    }
    if (count) *count = (uint8_t)projectiles;
    put_scores(w, &arena->now);
    bool has_objectives = objectives_changed(&nothing, &arena->now);
    muster_put_u8(w, has_objectives);
    if (has_objectives) put_objectives(w, &nothing, &arena->now);
}

/* ---- delta ---------------------------------------------------------------------------------- */

enum place { PLACE_AHEAD, PLACE_NEAR, PLACE_FAR, PLACE_WHOLE };
enum turn { TURN_NONE, TURN_SMALL, TURN_WHOLE };

/* What of an avatar is other than who saw it before expects: one step on, and else the same. */
struct change {
    enum place place;
    enum turn turn;
    bool has_state;
    int32_t dx;
    int32_t dy;
    int32_t turned;
};

static bool is_change(const struct change *change) {
    return change->place || change->turn || change->has_state;
}

static struct change change_of(const struct wire_avatar *old, const struct wire_avatar *now) {
    struct change c = {.has_state = old->present != now->present || old->flags != now->flags ||
                                    old->health != now->health || old->team != now->team};
    if (!now->present) return c;
    c.turned = (int8_t)(now->aim - old->aim);
    if (!drift(old, now, &c.dx, &c.dy)) {
        c.place = PLACE_WHOLE;
    } else if (c.dx || c.dy) {
        c.place = fits(c.dx, NEAR_BITS) && fits(c.dy, NEAR_BITS) ? PLACE_NEAR : PLACE_FAR;
    }
    if (!old->present || !fits(c.turned, TURN_BITS)) {
        c.turn = TURN_WHOLE;
    } else if (c.turned) {
        c.turn = TURN_SMALL;
    }
    return c;
}

static void put_pair(struct muster_bit_writer *b, int32_t x, int32_t y, uint32_t bits) {
    muster_put_bits(b, (uint32_t)x, bits);
    muster_put_bits(b, (uint32_t)y, bits);
}

static void put_place(struct muster_bit_writer *b, const struct change *change,
                      const struct wire_avatar *now) {
    if (change->place == PLACE_NEAR) put_pair(b, change->dx, change->dy, NEAR_BITS);
    if (change->place == PLACE_FAR) put_pair(b, change->dx, change->dy, FAR_BITS);
    if (change->place == PLACE_WHOLE) put_pair(b, now->x, now->y, SPOT_BITS);
}

static void put_change(struct muster_bit_writer *b, const struct change *change,
                       const struct wire_avatar *now) {
    bool changed = is_change(change);
    muster_put_bits(b, changed, 1);
    if (!changed) return;
    muster_put_bits(b, change->place, 2);
    muster_put_bits(b, change->turn, 2);
    muster_put_bits(b, change->has_state, 1);
    put_place(b, change, now);
    if (change->turn == TURN_SMALL) muster_put_bits(b, (uint32_t)change->turned, TURN_BITS);
    if (change->turn == TURN_WHOLE) muster_put_bits(b, now->aim, AIM_BITS);
    if (!change->has_state) return;
    muster_put_bits(b, now->present, 1);
    if (!now->present) return;
    muster_put_bits(b, now->team, TEAM_BITS);
    muster_put_bits(b, now->flags, FLAGS_BITS);
    muster_put_bits(b, now->health, HEALTH_BITS);
}

/* Up to the last seat that has one. */
static void put_changes(const struct arena *arena, struct muster_bit_writer *b) {
    struct change changes[ARENA_SEATS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        changes[i] = change_of(&arena->before.avatars[i], &arena->now.avatars[i]);
        if (is_change(&changes[i])) count = i + 1;
    }
    muster_put_bits(b, count, BYTE_BITS);
    for (uint32_t i = 0; i < count; i++) put_change(b, &changes[i], &arena->now.avatars[i]);
}

/* Lists: a bit before each entry, and one that is 0 behind the last. */
static void put_shots(const struct arena *arena, struct muster_bit_writer *b) {
    for (uint32_t i = 0; i < arena->shot_count; i++) {
        const struct shot *shot = &arena->shots[i];
        muster_put_bits(b, 1, 1);
        muster_put_bits(b, shot->seat, SEAT_BITS);
        put_pair(b, shot->end_x, shot->end_y, SPOT_BITS);
        muster_put_bits(b, shot->hit, BYTE_BITS);
    }
    muster_put_bits(b, 0, 1);
}

static void put_added(const struct arena *arena, struct muster_bit_writer *b) {
    for (uint32_t i = 0; i < arena->added_count; i++) {
        const struct projectile *p = &arena->projectiles[arena->added[i]];
        muster_put_bits(b, 1, 1);
        muster_put_bits(b, p->id, BYTE_BITS);
        muster_put_bits(b, p->owner, BYTE_BITS);
        put_pair(b, p->x, p->y, SPOT_BITS);
        put_pair(b, p->vx / 4, p->vy / 4, BYTE_BITS);
    }
    muster_put_bits(b, 0, 1);
}

static void put_removed(const struct arena *arena, struct muster_bit_writer *b) {
    for (uint32_t i = 0; i < arena->burst_count; i++) {
        const struct burst *burst = &arena->bursts[i];
        muster_put_bits(b, 1, 1);
        muster_put_bits(b, burst->id, BYTE_BITS);
        put_pair(b, burst->x, burst->y, SPOT_BITS);
    }
    muster_put_bits(b, 0, 1);
}

void wire_delta(const struct arena *arena, struct muster_writer *w) {
    const struct wire_view *old = &arena->before, *now = &arena->now;
    bool scored = memcmp(old->score, now->score, sizeof(now->score)) != 0;
    bool has_objectives = objectives_changed(old, now);
    struct muster_bit_writer bits = muster_bit_writer_make(w);
    put_changes(arena, &bits);
    put_shots(arena, &bits);
    put_added(arena, &bits);
    put_removed(arena, &bits);
    muster_put_bits(&bits, scored, 1);
    muster_put_bits(&bits, has_objectives, 1);
    muster_bit_writer_end(&bits);
    if (scored) put_scores(w, now);
    if (has_objectives) put_objectives(w, old, now);
}
