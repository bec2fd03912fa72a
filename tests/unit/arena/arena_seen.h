/* arena_seen.h - a client of the arena in C: takes snapshots in as docs/protocol.md section 6 says,
 * and knows nothing else. For the arena tests. */
#ifndef ARENA_SEEN_H
#define ARENA_SEEN_H

#include "arena_fixture.h"

struct seen {
    struct wire_avatar avatars[256];
    struct {
        uint8_t live, owner;
        uint16_t x, y;
        int8_t vx, vy;
    } projectiles[256];
    struct wire_zone zones[256];
    struct wire_item items[256];
    uint16_t red, blue;
};

static inline struct wire_avatar *seen_avatar(struct seen *c, uint32_t seat) {
    struct wire_avatar *a = &c->avatars[seat];
    if (a->present) return a;
    a->present = 1;
    a->weapons = 3;
    a->speed = 255;
    return a;
}

static inline void seen_word(struct muster_reader *r, char word[WORD_BYTES]) {
    uint32_t len = muster_get_u8(r);
    const uint8_t *at = muster_get_bytes(r, len);
    assert_true(at && len < WORD_BYTES);
    memset(word, 0, WORD_BYTES);
    memcpy(word, at, len);
}

static inline void seen_zone(struct seen *c, struct muster_reader *r) {
    struct wire_zone *zone = &c->zones[muster_get_u8(r)];
    uint32_t mask = muster_get_u8(r);
    zone->present = 1;
    if (mask & 1) zone->team = muster_get_u8(r);
    if (mask & 2) zone->progress = muster_get_u8(r);
    if (mask & 4) {
        zone->x = muster_get_u16(r);
        zone->y = muster_get_u16(r);
        zone->radius = muster_get_u16(r);
    }
    if (mask & 8) seen_word(r, zone->label);
    if (mask & 64) memset(zone, 0, sizeof(*zone));
}

static inline void seen_item(struct seen *c, struct muster_reader *r) {
    struct wire_item *item = &c->items[muster_get_u8(r)];
    uint32_t mask = muster_get_u8(r);
    item->present = 1;
    if (mask & 1) {
        item->carrier = muster_get_u8(r);
        item->flags = muster_get_u8(r);
    }
    if (mask & 2) {
        item->x = muster_get_u16(r);
        item->y = muster_get_u16(r);
    }
    if (mask & 4) {
        item->team = muster_get_u8(r);
        item->who = muster_get_u8(r);
        item->home_x = muster_get_u16(r);
        item->home_y = muster_get_u16(r);
        seen_word(r, item->kind);
    }
    if (mask & 64) memset(item, 0, sizeof(*item));
}

static inline void seen_objectives(struct seen *c, struct muster_reader *r) {
    for (uint32_t n = muster_get_u8(r); n > 0; n--) seen_zone(c, r);
    for (uint32_t n = muster_get_u8(r); n > 0; n--) seen_item(c, r);
    for (uint32_t n = muster_get_u8(r); n > 0; n--) {
        struct wire_avatar *a = &c->avatars[muster_get_u8(r)];
        a->weapons = muster_get_u8(r);
        a->level = muster_get_u8(r);
        a->speed = muster_get_u8(r);
    }
}

static inline void seen_projectile(struct seen *c, struct muster_reader *r) {
    uint8_t id = muster_get_u8(r);
    c->projectiles[id].live = 1;
    c->projectiles[id].owner = muster_get_u8(r);
    c->projectiles[id].x = muster_get_u16(r);
    c->projectiles[id].y = muster_get_u16(r);
    c->projectiles[id].vx = (int8_t)muster_get_u8(r);
    c->projectiles[id].vy = (int8_t)muster_get_u8(r);
}

static inline void seen_full(struct seen *c, struct muster_reader *r) {
    memset(c, 0, sizeof(*c));
    for (uint32_t n = muster_get_u8(r); n > 0; n--) {
        struct wire_avatar *a = seen_avatar(c, muster_get_u8(r));
        a->team = muster_get_u8(r);
        a->flags = muster_get_u8(r);
        a->x = muster_get_u16(r);
        a->y = muster_get_u16(r);
        a->aim = muster_get_u8(r);
        a->health = muster_get_u8(r);
        a->step_x = (int16_t)muster_get_u16(r);
        a->step_y = (int16_t)muster_get_u16(r);
    }
    for (uint32_t n = muster_get_u8(r); n > 0; n--) seen_projectile(c, r);
    c->red = muster_get_u16(r);
    c->blue = muster_get_u16(r);
    if (muster_get_u8(r)) seen_objectives(c, r);
}

static inline void seen_orphans(struct seen *c, uint32_t seat) {
    for (uint32_t i = 0; i < 256; i++) {
        if (c->projectiles[i].live && c->projectiles[i].owner == seat)
            c->projectiles[i].owner = MUSTER_SEAT_NONE;
    }
}

/* One step on, which is by dx and dy other than the last. */
static inline void seen_step(struct wire_avatar *a, int32_t dx, int32_t dy) {
    a->step_x = (int16_t)(a->step_x + dx);
    a->step_y = (int16_t)(a->step_y + dy);
    a->x = (uint16_t)(a->x + a->step_x);
    a->y = (uint16_t)(a->y + a->step_y);
}

static inline void seen_place(struct wire_avatar *a, struct muster_bit_reader *b, uint32_t place) {
    uint32_t width = place == 1 ? 4 : place == 2 ? 8 : 0;
    if (place == 3) {
        a->x = (uint16_t)muster_get_bits(b, 14);
        a->y = (uint16_t)muster_get_bits(b, 14);
        a->step_x = a->step_y = 0;
    } else {
        int32_t dx = muster_get_bits_signed(b, width);
        seen_step(a, dx, muster_get_bits_signed(b, width));
    }
}

static inline void seen_change(struct seen *c, struct muster_bit_reader *b, uint32_t seat) {
    if (!muster_get_bits(b, 1)) {
        if (c->avatars[seat].present) seen_step(&c->avatars[seat], 0, 0);
        return;
    }
    struct wire_avatar *a = seen_avatar(c, seat);
    uint32_t place = muster_get_bits(b, 2), turn = muster_get_bits(b, 2);
    uint32_t has_state = muster_get_bits(b, 1);
    seen_place(a, b, place);
    if (turn == 1) a->aim = (uint8_t)(a->aim + muster_get_bits_signed(b, 4));
    if (turn == 2) a->aim = (uint8_t)muster_get_bits(b, 8);
    if (!has_state) return;
    if (!muster_get_bits(b, 1)) {
        memset(a, 0, sizeof(*a));
        seen_orphans(c, seat);
        return;
    }
    a->team = (uint8_t)muster_get_bits(b, 2);
    a->flags = (uint8_t)muster_get_bits(b, 4);
    a->health = (uint8_t)muster_get_bits(b, 7);
}

static inline void seen_added(struct seen *c, struct muster_bit_reader *b) {
    uint32_t id = muster_get_bits(b, 8);
    c->projectiles[id].live = 1;
    c->projectiles[id].owner = (uint8_t)muster_get_bits(b, 8);
    c->projectiles[id].x = (uint16_t)muster_get_bits(b, 14);
    c->projectiles[id].y = (uint16_t)muster_get_bits(b, 14);
    c->projectiles[id].vx = (int8_t)muster_get_bits_signed(b, 8);
    c->projectiles[id].vy = (int8_t)muster_get_bits_signed(b, 8);
}

static inline void seen_delta(struct seen *c, struct muster_reader *r) {
    struct muster_bit_reader b = muster_bit_reader_make(r);
    for (uint32_t i = 0; i < 256; i++) { /* those known fly on */
        c->projectiles[i].x = (uint16_t)(c->projectiles[i].x + c->projectiles[i].vx * 4);
        c->projectiles[i].y = (uint16_t)(c->projectiles[i].y + c->projectiles[i].vy * 4);
    }
    uint32_t count = muster_get_bits(&b, 8);
    for (uint32_t i = 0; i < count; i++) seen_change(c, &b, i);
    for (uint32_t i = count; i < 256; i++) {
        if (c->avatars[i].present) seen_step(&c->avatars[i], 0, 0);
    }
    while (muster_get_bits(&b, 1)) {
        muster_get_bits(&b, 5); /* a shot */
        muster_get_bits(&b, 14 + 14);
        muster_get_bits(&b, 8);
    }
    while (muster_get_bits(&b, 1)) seen_added(c, &b);
    while (muster_get_bits(&b, 1)) {
        uint32_t id = muster_get_bits(&b, 8);
        muster_get_bits(&b, 14 + 14);
        memset(&c->projectiles[id], 0, sizeof(c->projectiles[id]));
    }
    uint32_t is_scored = muster_get_bits(&b, 1), has_objectives = muster_get_bits(&b, 1);
    if (is_scored) {
        c->red = muster_get_u16(r);
        c->blue = muster_get_u16(r);
    }
    if (has_objectives) seen_objectives(c, r);
}

static inline uint32_t seen_read(struct fixture *f, struct seen *c, bool full) {
    uint8_t data[SNAPSHOT_MAX_BYTES];
    uint32_t len = testkit_match_snapshot(f->kit, f->match, 0, full, data, sizeof(data));
    struct muster_reader r = muster_reader_make(data, len);
    if (full) {
        seen_full(c, &r);
    } else {
        seen_delta(c, &r);
    }
    assert_int_equal(r.overflow, 0);
    assert_int_equal(r.pos, len); /* nothing is left over */
    return len;
}

#endif
