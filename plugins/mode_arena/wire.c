/* wire.c - what clients see: snapshots, events and the intro of docs/protocol.md section 6. */
#include "state.h"

#include <muster/json.h>

enum {
    FLAG_ALIVE = 1,
    FLAG_PROTECTED = 2,
    FLAG_BOT = 4,
    FLAG_CONNECTED = 8,

    MASK_STEP = 1,
    MASK_PLACE = 2,
    MASK_AIM = 4,
    MASK_HEALTH = 8,
    MASK_FLAGS = 16,
    MASK_TEAM = 32,
    MASK_GONE = 64,
    MASK_FIRST = MASK_PLACE | MASK_AIM | MASK_HEALTH | MASK_FLAGS | MASK_TEAM,

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
};

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

static void avatar_capture(const struct arena *arena, const struct avatar *a,
                           struct wire_avatar *out) {
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

void wire_capture(struct arena *arena, struct wire_view *view) {
    memset(view, 0, sizeof(*view));
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        if (arena->avatars[i].present) avatar_capture(arena, &arena->avatars[i], &view->avatars[i]);
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

/* One byte where no rules place or give anything. */
static void put_objectives(struct muster_writer *w, const struct wire_view *old,
                           const struct wire_view *now) {
    bool changed = objectives_changed(old, now);
    muster_put_u8(w, changed);
    if (!changed) return;
    put_zones(w, old, now);
    put_items(w, old, now);
    put_loadouts(w, old, now);
}

/* ---- full ----------------------------------------------------------------------------------- */

static void put_projectile(struct muster_writer *w, const struct projectile *p) {
    muster_put_u8(w, p->id);
    muster_put_u8(w, p->owner);
    muster_put_u16(w, (uint32_t)p->x & 0xFFFFu);
    muster_put_u16(w, (uint32_t)p->y & 0xFFFFu);
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
    put_objectives(w, &nothing, &arena->now);
}

/* ---- delta ---------------------------------------------------------------------------------- */

static bool is_step(int32_t d) {
    return d >= -128 && d <= 127;
}

static uint32_t change_mask(const struct wire_avatar *old, const struct wire_avatar *now) {
    if (!now->present) return old->present ? MASK_GONE : 0;
    if (!old->present) return MASK_FIRST;
    uint32_t mask = 0;
    if (old->x != now->x || old->y != now->y)
        mask |= is_step(now->x - old->x) && is_step(now->y - old->y) ? MASK_STEP : MASK_PLACE;
    if (old->aim != now->aim) mask |= MASK_AIM;
    if (old->health != now->health) mask |= MASK_HEALTH;
    if (old->flags != now->flags) mask |= MASK_FLAGS;
    if (old->team != now->team) mask |= MASK_TEAM;
    return mask;
}

static void put_change(struct muster_writer *w, uint32_t seat, uint32_t mask,
                       const struct wire_avatar *old, const struct wire_avatar *now) {
    muster_put_u8(w, seat);
    muster_put_u8(w, mask);
    if (mask & MASK_STEP) {
        muster_put_u8(w, (uint8_t)(now->x - old->x));
        muster_put_u8(w, (uint8_t)(now->y - old->y));
    }
    if (mask & MASK_PLACE) {
        muster_put_u16(w, now->x);
        muster_put_u16(w, now->y);
    }
    if (mask & MASK_AIM) muster_put_u8(w, now->aim);
    if (mask & MASK_HEALTH) muster_put_u8(w, now->health);
    if (mask & MASK_FLAGS) muster_put_u8(w, now->flags);
    if (mask & MASK_TEAM) muster_put_u8(w, now->team);
}

static void put_changes(const struct arena *arena, struct muster_writer *w) {
    uint8_t *count = muster_put_space(w, 1);
    uint32_t changes = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        const struct wire_avatar *old = &arena->before.avatars[i], *now = &arena->now.avatars[i];
        uint32_t mask = change_mask(old, now);
        if (!mask) continue;
        put_change(w, i, mask, old, now);
        changes++;
    }
    if (count) *count = (uint8_t)changes;
}

void wire_delta(const struct arena *arena, struct muster_writer *w) {
    put_changes(arena, w);
    muster_put_u8(w, arena->shot_count);
    for (uint32_t i = 0; i < arena->shot_count; i++) {
        const struct shot *shot = &arena->shots[i];
        muster_put_u8(w, shot->seat);
        put_point(w, shot->end_x, shot->end_y);
        muster_put_u8(w, shot->hit);
    }
    muster_put_u8(w, arena->added_count);
    for (uint32_t i = 0; i < arena->added_count; i++)
        put_projectile(w, &arena->projectiles[arena->added[i]]);
    muster_put_u8(w, arena->burst_count);
    for (uint32_t i = 0; i < arena->burst_count; i++) {
        muster_put_u8(w, arena->bursts[i].id);
        put_point(w, arena->bursts[i].x, arena->bursts[i].y);
    }
    bool scored = memcmp(arena->before.score, arena->now.score, sizeof(arena->now.score)) != 0;
    muster_put_u8(w, scored);
    if (scored) put_scores(w, &arena->now);
    put_objectives(w, &arena->before, &arena->now);
}

/* ---- intro ---------------------------------------------------------------------------------- */

static int64_t setting(const struct arena *arena, const char *key) {
    const struct instance *instance = arena->instance;
    return instance->host->match->setting_integer(instance->self, arena->match, key);
}

static void put_map(struct muster_json_writer *json, const struct map *map) {
    muster_json_open_object(json, "map");
    muster_json_put_text(json, "name", map->name);
    muster_json_put_int(json, "width", map->width);
    muster_json_put_int(json, "height", map->height);
    muster_json_open_array(json, "rows");
    for (int32_t y = 0; y < map->height; y++) muster_json_put_text(json, NULL, map->rows[y]);
    muster_json_close(json);
    muster_json_close(json);
}

static void put_weapons(struct muster_json_writer *json) {
    muster_json_open_object(json, "rifle");
    muster_json_put_int(json, "range", RIFLE_RANGE);
    muster_json_put_int(json, "cooldownTicks", RIFLE_COOLDOWN_TICKS);
    muster_json_close(json);
    muster_json_open_object(json, "launcher");
    muster_json_put_int(json, "speed", LAUNCHER_SPEED);
    muster_json_put_int(json, "cooldownTicks", LAUNCHER_COOLDOWN_TICKS);
    muster_json_put_int(json, "radius", LAUNCHER_RADIUS);
    muster_json_close(json);
}

void wire_intro(const struct arena *arena, struct muster_writer *w) {
    struct muster_json_writer json = muster_json_writer_make(w);
    muster_json_open_object(&json, NULL);
    put_map(&json, arena->map);
    muster_json_put_int(&json, "tileUnits", TILE_UNITS);
    muster_json_put_int(&json, "playerRadius", PLAYER_RADIUS);
    muster_json_put_int(&json, "speed", PLAYER_SPEED);
    put_weapons(&json);
    muster_json_put_int(&json, "killLimit", setting(arena, "killLimit"));
    muster_json_put_int(&json, "timeLimit", setting(arena, "timeLimit"));
    muster_json_put_bool(&json, "freeForAll", arena->free_for_all);
    muster_json_put_bool(&json, "friendlyFire", arena->friendly_fire);
    muster_json_put_int(&json, "respawnTicks",
                        arena->elimination ? 0 : arena->respawn_ms * arena->tick_rate_hz / 1000);
    muster_json_close(&json);
}
