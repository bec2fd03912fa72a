/* world.c - movement, collision and sight lines on the tile map. */
#include "state.h"

#include <stdlib.h>

bool world_is_wall(const struct map *map, int32_t tile_x, int32_t tile_y) {
    if (tile_x < 0 || tile_y < 0 || tile_x >= map->width || tile_y >= map->height) return true;
    return map->wall[tile_y * map->width + tile_x];
}

uint32_t world_tile(const struct map *map, int32_t x, int32_t y) {
    return (uint32_t)((y >> TILE_SHIFT) * map->width + (x >> TILE_SHIFT));
}

static bool is_blocked(const struct map *map, int32_t x, int32_t y) {
    int32_t right = (x + PLAYER_RADIUS) >> TILE_SHIFT, down = (y + PLAYER_RADIUS) >> TILE_SHIFT;
    for (int32_t ty = (y - PLAYER_RADIUS) >> TILE_SHIFT; ty <= down; ty++) {
        for (int32_t tx = (x - PLAYER_RADIUS) >> TILE_SHIFT; tx <= right; tx++) {
            if (world_is_wall(map, tx, ty)) return true;
        }
    }
    return false;
}

/* Where an axis ends up flush against the border it ran into. */
static int32_t flush(int32_t wanted, int32_t delta) {
    if (delta > 0) {
        int32_t border = ((wanted + PLAYER_RADIUS) >> TILE_SHIFT) * TILE_UNITS;
        return border - PLAYER_RADIUS - 1;
    }
    int32_t border = (((wanted - PLAYER_RADIUS) >> TILE_SHIFT) + 1) * TILE_UNITS;
    return border + PLAYER_RADIUS;
}

void world_move(const struct map *map, int32_t *x, int32_t *y, int32_t move_x, int32_t move_y,
                int32_t speed) {
    int32_t length_squared = move_x * move_x + move_y * move_y;
    if (length_squared > 127 * 127) {
        int32_t length = trig_isqrt(length_squared);
        move_x = move_x * 127 / length;
        move_y = move_y * 127 / length;
    }
    int32_t dx = move_x * speed / 127, dy = move_y * speed / 127;
    if (dx) *x = is_blocked(map, *x + dx, *y) ? flush(*x + dx, dx) : *x + dx;
    if (dy) *y = is_blocked(map, *x, *y + dy) ? flush(*y + dy, dy) : *y + dy;
}

/* One axis of a line over tiles. */
struct axis {
    int32_t from;
    int32_t length; /* how far the line goes on this axis, >= 0 */
    int32_t sign;
    int32_t tile;
    int32_t next; /* distance at which the next tile is entered */
};

static struct axis axis_make(int32_t from, int32_t to) {
    struct axis a = {.from = from, .length = abs(to - from), .sign = to < from ? -1 : 1};
    a.tile = from >> TILE_SHIFT;
    a.next = a.sign > 0 ? (a.tile + 1) * TILE_UNITS - from : from - a.tile * TILE_UNITS + 1;
    return a;
}

bool world_raycast(const struct map *map, int32_t x, int32_t y, int32_t to_x, int32_t to_y,
                   int32_t *end_x, int32_t *end_y) {
    struct axis ax = axis_make(x, to_x), ay = axis_make(y, to_y);
    for (;;) {
        bool step_x = !ay.length ||
                      (ax.length && (int64_t)ax.next * ay.length <= (int64_t)ay.next * ax.length);
        struct axis *a = step_x ? &ax : &ay;
        const struct axis *other = step_x ? &ay : &ax;
        if (a->next > a->length) break;
        a->tile += a->sign;
        if (world_is_wall(map, ax.tile, ay.tile)) {
            int32_t along = a->next - 1;
            int32_t across = (int32_t)((int64_t)along * other->length / a->length);
            *(step_x ? end_x : end_y) = a->from + a->sign * along;
            *(step_x ? end_y : end_x) = other->from + other->sign * across;
            return true;
        }
        a->next += TILE_UNITS;
    }
    *end_x = to_x;
    *end_y = to_y;
    return false;
}

bool world_sees(const struct map *map, int32_t x, int32_t y, int32_t to_x, int32_t to_y) {
    int32_t end_x, end_y;
    return !world_raycast(map, x, y, to_x, to_y, &end_x, &end_y);
}
