#include "sim.h"

#include <math.h>

#define FAR 0xFFFF

/* ---- chance ---------------------------------------------------------------------------------- */

static uint64_t chance_next(struct chance *chance) {
    uint64_t z = chance->state += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

double chance_uniform(struct chance *chance) {
    return (double)(chance_next(chance) >> 11) / (double)(UINT64_C(1) << 53);
}

/* Twelve uniform ones: as good as normal up to four deviations, and cheap. */
double chance_normal(struct chance *chance) {
    double sum = -6;
    for (int i = 0; i < 3; i++) {
        uint64_t bits = chance_next(chance);
        for (int part = 0; part < 4; part++, bits >>= 16) sum += (double)(bits & 0xFFFF) / 65536;
    }
    return sum;
}

double chance_exponential(struct chance *chance, double mean) {
    return -log(1 - chance_uniform(chance)) * mean;
}

double chance_lognormal(struct chance *chance, double median, double sigma) {
    return median * exp(sigma * chance_normal(chance));
}

/* ---- the map --------------------------------------------------------------------------------- */

void sim_map_row(struct sim_map *map, const char *row) {
    map->width = (int32_t)strlen(row);
    for (int32_t x = 0; x < map->width; x++)
        map->wall[map->height * map->width + x] = row[x] == '#';
    map->height++;
}

void sim_map_done(struct sim_map *map) {
    for (int32_t tile = 0; tile < map->width * map->height; tile++)
        if (!map->wall[tile]) map->free[map->free_count++] = (uint16_t)tile;
}

static bool is_wall(const struct sim_map *map, double x, double y) {
    int32_t tile_x = (int32_t)(x / SIM_TILE), tile_y = (int32_t)(y / SIM_TILE);
    return map->wall[tile_y * map->width + tile_x];
}

/* Looked at each third of a tile: what a person believes to see. */
bool sim_sees(const struct sim_map *map, double x, double y, double to_x, double to_y) {
    double dx = to_x - x, dy = to_y - y;
    int32_t steps = (int32_t)(sqrt(dx * dx + dy * dy) * 3 / SIM_TILE) + 1;
    for (int32_t i = 1; i < steps; i++)
        if (is_wall(map, x + dx * i / steps, y + dy * i / steps)) return false;
    return true;
}

void sim_way(const struct sim_map *map, uint32_t goal, uint16_t *distance) {
    static uint16_t queue[SIM_SIDE_MAX * SIM_SIDE_MAX];
    const int32_t neighbours[4] = {1, -1, map->width, -map->width};
    uint32_t first = 0, end = 0;
    for (int32_t tile = 0; tile < map->width * map->height; tile++) distance[tile] = FAR;
    distance[goal] = 0;
    queue[end++] = (uint16_t)goal;
    while (first < end) {
        uint32_t tile = queue[first++];
        for (int i = 0; i < 4; i++) {
            uint32_t next = tile + (uint32_t)neighbours[i];
            if (map->wall[next] || distance[next] != FAR) continue;
            distance[next] = (uint16_t)(distance[tile] + 1);
            queue[end++] = (uint16_t)next;
        }
    }
}
