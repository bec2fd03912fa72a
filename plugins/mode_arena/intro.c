/* intro.c - what clients are told of a match before its first snapshot: ArenaIntro of
 * docs/protocol.md section 5. */
#include "state.h"

#include <muster/json.h>

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

void intro_write(const struct arena *arena, struct muster_writer *w) {
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
