/* map.c - maps are text files that operators may add: rows of `#` wall, `.` floor, `r` and `b`
 * spawns; lines that begin with `;` are comments. Everything is checked before a match sees it. */
#include "state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- text ----------------------------------------------------------------------------------- */

static bool row_add(struct map *map, const char *line, int32_t len, char *error, uint32_t cap) {
    if (map->height == MAP_SIDE_MAX || len > MAP_SIDE_MAX) {
        snprintf(error, cap, "expected at most %d x %d tiles", MAP_SIDE_MAX, MAP_SIDE_MAX);
        return false;
    }
    if (map->height && len != map->width) {
        snprintf(error, cap, "expected a row of %d tiles, found %d", map->width, len);
        return false;
    }
    for (int32_t i = 0; i < len; i++) {
        if (line[i] == '\0' || !strchr("#.rb", line[i])) {
            snprintf(error, cap, "expected one of # . r b, found byte 0x%02x in column %d",
                     (unsigned char)line[i], i + 1);
            return false;
        }
    }
    map->width = len;
    memcpy(map->rows[map->height], line, (size_t)len);
    map->rows[map->height++][len] = '\0';
    return true;
}

static bool rows_parse(const char *text, uint32_t len, struct map *map, char *error, uint32_t cap) {
    char why[128];
    uint32_t number = 1;
    for (uint32_t at = 0; at < len; number++) {
        const char *newline = memchr(text + at, '\n', len - at);
        uint32_t end = newline ? (uint32_t)(newline - text) : len;
        uint32_t stop = end > at && text[end - 1] == '\r' ? end - 1 : end;
        bool skip = stop == at || text[at] == ';';
        if (!skip && !row_add(map, text + at, (int32_t)(stop - at), why, sizeof(why))) {
            snprintf(error, cap, "line %u: %s", number, why);
            return false;
        }
        at = end + 1;
    }
    return true;
}

static bool tiles_read(struct map *map, char *error, uint32_t cap) {
    for (int32_t y = 0; y < map->height; y++) {
        for (int32_t x = 0; x < map->width; x++) {
            char c = map->rows[y][x];
            uint32_t team = c == 'r' ? MUSTER_TEAM_RED : c == 'b' ? MUSTER_TEAM_BLUE : 0;
            map->wall[y * map->width + x] = c == '#';
            if (!team) continue;
            if (map->spawn_count[team] == MAP_SPAWNS_MAX) {
                snprintf(error, cap, "expected at most %d spawns of %c", MAP_SPAWNS_MAX, c);
                return false;
            }
            map->spawns[team][map->spawn_count[team]++] = (uint16_t)(y * map->width + x);
        }
    }
    if (!map->spawn_count[MUSTER_TEAM_RED] || !map->spawn_count[MUSTER_TEAM_BLUE]) {
        snprintf(error, cap, "expected spawns of both teams (r and b)");
        return false;
    }
    return true;
}

/* ---- distances ------------------------------------------------------------------------------ */

void map_flood(const struct map *map, const uint16_t *sources, uint32_t count, uint16_t *distance) {
    uint16_t queue[MAP_TILES_MAX];
    uint32_t head = 0, tail = 0, tiles = (uint32_t)(map->width * map->height);
    for (uint32_t i = 0; i < tiles; i++) distance[i] = FIELD_FAR;
    for (uint32_t i = 0; i < count; i++) {
        if (distance[sources[i]] == 0) continue;
        distance[sources[i]] = 0;
        queue[tail++] = sources[i];
    }
    static const int32_t step_x[4] = {1, -1, 0, 0}, step_y[4] = {0, 0, 1, -1};
    while (head < tail) {
        uint32_t tile = queue[head++];
        int32_t x = (int32_t)tile % map->width, y = (int32_t)tile / map->width;
        for (int i = 0; i < 4; i++) {
            int32_t nx = x + step_x[i], ny = y + step_y[i];
            if (world_is_wall(map, nx, ny)) continue;
            uint32_t next = (uint32_t)(ny * map->width + nx);
            if (distance[next] != FIELD_FAR) continue;
            distance[next] = (uint16_t)(distance[tile] + 1);
            queue[tail++] = (uint16_t)next;
        }
    }
}

bool map_flood_kept(const struct map *map, const uint16_t *sources, uint32_t count,
                    uint16_t **distance) {
    if (!*distance) *distance = calloc((size_t)(map->width * map->height), sizeof **distance);
    if (*distance) map_flood(map, sources, count, *distance);
    return *distance != NULL;
}

static bool spawns_connected(const struct map *map, const uint16_t *from_red) {
    for (uint32_t team = MUSTER_TEAM_RED; team < ARENA_TEAMS_END; team++) {
        for (uint32_t i = 0; i < map->spawn_count[team]; i++) {
            if (from_red[map->spawns[team][i]] == FIELD_FAR) return false;
        }
    }
    return true;
}

/* Each further goal lies as far as possible from those before it. */
static void goals_choose(struct map *map) {
    uint16_t nearest[MAP_TILES_MAX];
    uint32_t tiles = (uint32_t)(map->width * map->height);
    map->goals[0] = map->spawns[MUSTER_TEAM_RED][0];
    map->goals[1] = map->spawns[MUSTER_TEAM_BLUE][0];
    for (map->goal_count = 2; map->goal_count < MAP_GOALS_MAX; map->goal_count++) {
        uint32_t best = 0;
        map_flood(map, map->goals, map->goal_count, nearest);
        for (uint32_t i = 1; i < tiles; i++) {
            if (nearest[i] != FIELD_FAR &&
                (nearest[best] == FIELD_FAR || nearest[i] > nearest[best]))
                best = i;
        }
        if (nearest[best] == FIELD_FAR || nearest[best] == 0) break;
        map->goals[map->goal_count] = (uint16_t)best;
    }
    for (uint32_t i = 0; i < map->goal_count; i++)
        map_flood(map, &map->goals[i], 1, map->goal_fields[i]);
}

/* Of all tiles that can be walked to, the first that is nearest to the middle. */
static void center_choose(struct map *map) {
    int32_t nearest = INT32_MAX;
    for (int32_t tile = 0; tile < map->width * map->height; tile++) {
        if (map->goal_fields[0][tile] == FIELD_FAR) continue;
        int32_t dx = tile % map->width * 2 + 1 - map->width;
        int32_t dy = tile / map->width * 2 + 1 - map->height;
        if (dx * dx + dy * dy >= nearest) continue;
        nearest = dx * dx + dy * dy;
        map->center = (uint16_t)tile;
    }
}

/* Text of a map file into *map; on failure error says line, expected and found. */
static muster_status map_parse(const char *text, uint32_t len, struct map *map, char *error,
                               uint32_t error_cap) {
    if (!rows_parse(text, len, map, error, error_cap)) return MUSTER_INVALID;
    if (map->width < 4 || map->height < 4) {
        snprintf(error, error_cap, "expected at least 4 x 4 tiles, found %d x %d", map->width,
                 map->height);
        return MUSTER_INVALID;
    }
    if (!tiles_read(map, error, error_cap)) return MUSTER_INVALID;
    map_flood(map, &map->spawns[MUSTER_TEAM_RED][0], 1, map->goal_fields[0]);
    if (!spawns_connected(map, map->goal_fields[0])) {
        snprintf(error, error_cap, "expected all spawns to be connected by floor");
        return MUSTER_INVALID;
    }
    goals_choose(map);
    center_choose(map);
    return MUSTER_OK;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Length of the stem of a map's file name, 0 when it is none: "[a-z0-9_]+.txt". */
static size_t stem_length(const char *file) {
    size_t len = strspn(file, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len < MUSTER_NAME_MAX && strcmp(file + len, ".txt") == 0 ? len : 0;
}

static int is_map_file(const struct dirent *entry) {
    return stem_length(entry->d_name) > 0;
}

static muster_status map_load(struct instance *instance, const char *dir, const char *file) {
    const struct muster_host_log *log = instance->host->log;
    char path[1024], text[MAP_BYTES_MAX + 1], error[192];
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    FILE *in = fopen(path, "re");
    if (!in) {
        log->write(instance->self, MUSTER_LOG_ERROR, "%s: cannot be opened: %m", path);
        return MUSTER_IO;
    }
    size_t len = fread(text, 1, sizeof(text), in);
    fclose(in);
    struct map *map = calloc(1, sizeof(*map));
    if (!map) return MUSTER_NO_MEMORY;
    muster_status status = MUSTER_LIMIT;
    snprintf(error, sizeof(error), "expected at most %d bytes", MAP_BYTES_MAX);
    if (len <= MAP_BYTES_MAX) status = map_parse(text, (uint32_t)len, map, error, sizeof(error));
    if (status != MUSTER_OK) {
        log->write(instance->self, MUSTER_LOG_ERROR, "%s: %s", path, error);
        free(map);
        return status;
    }
    memcpy(map->name, file, stem_length(file));
    instance->maps[instance->map_count++] = map;
    return MUSTER_OK;
}

muster_status maps_load(struct instance *instance, const char *dir) {
    struct dirent **files = NULL;
    muster_status status = MUSTER_OK;
    int count = scandir(dir, &files, is_map_file, alphasort);
    if (count <= 0 || count > MAPS_MAX) {
        instance->host->log->write(instance->self, MUSTER_LOG_ERROR,
                                   "%s: expected 1 to %d maps (*.txt), found %d", dir, MAPS_MAX,
                                   count < 0 ? 0 : count);
        status = count < 0 ? MUSTER_IO : MUSTER_LIMIT;
    }
    for (int i = 0; i < count; i++) {
        if (status == MUSTER_OK) status = map_load(instance, dir, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    return status;
}

void maps_free(struct instance *instance) {
    for (uint32_t i = 0; i < instance->map_count; i++) free(instance->maps[i]);
    instance->map_count = 0;
}

const struct map *maps_find(const struct instance *instance, const char *name) {
    for (uint32_t i = 0; i < instance->map_count; i++) {
        if (strcmp(instance->maps[i]->name, name) == 0) return instance->maps[i];
    }
    return NULL;
}
