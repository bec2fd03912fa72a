/* arena.c - the modes "arena", a team top-down shooter, and "free_for_all". The descriptor, the
 * lifecycle and the mode vtable; the rules lie in combat.c, objectives.c and world.c, what scripts
 * ask for in commands.c, bots in bots.c, the wire in wire.c. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>

#define PLAYERS_DEFAULT 8
#define TICK_RATE_HZ 20

/* ---- the match ------------------------------------------------------------------------------ */

static uint32_t skill_of(const char *name) {
    if (strcmp(name, "easy") == 0) return BOT_EASY;
    return strcmp(name, "hard") == 0 ? BOT_HARD : BOT_NORMAL;
}

static void settings_read(struct arena *arena) {
    const struct muster_host_match *match = arena->instance->host->match;
    muster_self *self = arena->instance->self;
    arena->friendly_fire = match->setting_boolean(self, arena->match, "friendlyFire");
    arena->elimination = match->setting_boolean(self, arena->match, "elimination");
    arena->respawn_ms = (uint32_t)match->setting_integer(self, arena->match, "respawnMs");
    arena->protection_ms =
        (uint32_t)match->setting_integer(self, arena->match, "spawnProtectionMs");
    arena->bot_fill = (uint32_t)match->setting_integer(self, arena->match, "botFill");
    arena->bot_skill = skill_of(match->setting_string(self, arena->match, "botSkill"));
}

static void mode_setting(void *instance, void *state, const char *key) {
    (void)instance;
    (void)key;
    settings_read(state);
}

static muster_status mode_create(void *instance, const struct muster_match_info *info,
                                 void **state) {
    const struct map *map = maps_find(instance, info->map_name);
    if (!map || info->seats_max > ARENA_SEATS_MAX) return MUSTER_NOT_FOUND;
    struct arena *arena = calloc(1, sizeof(*arena));
    if (!arena) return MUSTER_NO_MEMORY;
    arena->instance = instance;
    arena->map = map;
    arena->match = info->match;
    arena->seats_max = info->seats_max;
    arena->tick_rate_hz = info->tick_rate_hz;
    arena->free_for_all = info->team_count == 0;
    settings_read(arena);
    *state = arena;
    return MUSTER_OK;
}

static void mode_destroy(void *instance, void *state) {
    struct arena *arena = state;
    (void)instance;
    if (!arena) return;
    for (uint32_t i = 0; i < ARENA_TEAMS_END; i++) free(arena->enemies[i].distance);
    for (uint32_t i = 0; i < ROUTES_MAX; i++) free(arena->routes[i].distance);
    free(arena);
}

/* The team with fewer people; of equals the one with fewer bots; of equals red. */
static uint32_t smaller_team(const struct arena *arena, uint32_t except_seat) {
    uint32_t weight[ARENA_TEAMS_END] = {0};
    for (uint32_t i = 0; i < arena->seats_end; i++) {
        const struct avatar *a = &arena->avatars[i];
        if (a->present && i != except_seat) weight[a->team] += a->is_bot ? 1 : 64;
    }
    return weight[MUSTER_TEAM_BLUE] < weight[MUSTER_TEAM_RED] ? MUSTER_TEAM_BLUE : MUSTER_TEAM_RED;
}

static muster_status mode_join(void *instance, void *state, uint32_t seat) {
    struct arena *arena = state;
    struct instance *self = instance;
    struct muster_seat_info info = {.size = sizeof(info)};
    if (seat >= ARENA_SEATS_MAX) return MUSTER_INVALID;
    muster_status status = self->host->match->seat_get(self->self, arena->match, seat, &info);
    if (status != MUSTER_OK) return status;
    uint32_t team = info.team;
    if (team != MUSTER_TEAM_RED && team != MUSTER_TEAM_BLUE) {
        team = smaller_team(arena, seat);
        if (!arena->free_for_all)
            status = self->host->match->team_set(self->self, arena->match, seat, team);
        if (status != MUSTER_OK) return status;
    }
    combat_enter(arena, seat, team);
    bots_reset(arena, seat);
    bots_yield(arena, team);
    /* Who comes late to an elimination match watches until the next one. */
    if (!arena->started || !arena->elimination) combat_spawn(arena, seat);
    return MUSTER_OK;
}

static struct avatar *person(struct arena *arena, uint32_t seat) {
    if (seat >= ARENA_SEATS_MAX) return NULL;
    struct avatar *a = &arena->avatars[seat];
    return a->present && !a->is_bot ? a : NULL;
}

static void mode_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance;
    (void)reason;
    if (person(state, seat)) combat_remove(state, seat);
}

static void mode_connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    struct avatar *a = person(state, seat);
    (void)instance;
    if (a) a->connected = connected ? 1 : 0;
}

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)instance;
    if (person(state, seat)) combat_input(state, seat, input);
}

static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct arena *arena = state;
    (void)instance;
    arena->tick = tick->tick;
    arena->shot_count = arena->burst_count = arena->added_count = arena->hit_count = 0;
    bots_populate(arena);
    bots_think(arena);
    combat_step(arena);
    combat_announce(arena);
    objectives_step(arena);
    arena->started = 1;
    wire_capture(arena);
}

static void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    (void)instance;
    (void)view;
    if (full) {
        wire_full(state, out);
    } else {
        wire_delta(state, out);
    }
}

static void mode_intro(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    intro_write(state, out);
}

static muster_status mode_command(void *instance, void *state,
                                  const struct muster_command *command) {
    (void)instance;
    muster_status status = command_run(state, command);
    combat_announce(state);
    return status;
}

static void mode_save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    save_write(state, out);
}

static muster_status mode_load(void *instance, void *state, struct muster_reader *in) {
    struct arena *arena = state;
    (void)instance;
    muster_status status = save_read(arena, in);
    if (status != MUSTER_OK) return status;
    bots_refresh(arena);
    wire_capture(arena);
    arena->before = arena->now;
    return MUSTER_OK;
}

static const struct muster_mode mode = {
    .size = sizeof(mode),
    .create = mode_create,
    .destroy = mode_destroy,
    .join = mode_join,
    .leave = mode_leave,
    .connection = mode_connection,
    .input = mode_input,
    .tick = mode_tick,
    .snapshot = mode_snapshot,
    .intro = mode_intro,
    .command = mode_command,
    .save = mode_save,
    .load = mode_load,
    .setting = mode_setting,
};

/* ---- settings and maps ---------------------------------------------------------------------- */

#define SETTINGS_ALONE                                                                             \
    MUSTER_SCHEMA_DURATION_MS("respawnMs", 3000, 0, 30000, MUSTER_LABEL("Respawn"),                \
                              MUSTER_HELP("Time from death to the next life."),                    \
                              MUSTER_GROUP("Match"), MUSTER_ALWAYS),                               \
        MUSTER_SCHEMA_DURATION_MS("spawnProtectionMs", 1500, 0, 10000,                             \
                                  MUSTER_LABEL("Spawn protection"),                                \
                                  MUSTER_HELP("No damage after a spawn; ends with the first "      \
                                              "shot."),                                            \
                                  MUSTER_GROUP("Match")),                                          \
        MUSTER_SCHEMA_INT("botFill", 0, 0, 8, MUSTER_UNIT("players"),                              \
                          MUSTER_LABEL("Fill with bots"),                                          \
                          MUSTER_HELP("Bots fill the match up to this many players; a person who " \
                                      "joins replaces a bot."),                                    \
                          MUSTER_GROUP("Bots")),                                                   \
        MUSTER_SCHEMA_ENUM("botSkill", "normal", MUSTER_VALUES("easy", "normal", "hard"),          \
                           MUSTER_LABEL("Bot skill"), MUSTER_GROUP("Bots"))
MUSTER_SCHEMA(settings_alone, SETTINGS_ALONE);
MUSTER_SCHEMA(settings,
              MUSTER_SCHEMA_BOOL("friendlyFire", false, MUSTER_LABEL("Friendly fire"),
                                 MUSTER_HELP("Mates can be hit; killing one costs a point."),
                                 MUSTER_GROUP("Match"), MUSTER_ALWAYS),
              SETTINGS_ALONE);

static muster_status modes_declare(struct instance *instance) {
    const char *maps[MAPS_MAX];
    for (uint32_t i = 0; i < instance->map_count; i++) maps[i] = instance->maps[i]->name;
    static const struct muster_team teams[] = {MUSTER_TEAMS_RED_BLUE};
    struct muster_mode_info info = {.size = sizeof(info),
                                    .players_max = PLAYERS_DEFAULT,
                                    .game_mode = "arena",
                                    .title = "Arena",
                                    .settings_json = settings,
                                    .maps = maps,
                                    .map_count = instance->map_count,
                                    .tick_rate_hz = TICK_RATE_HZ,
                                    .view_count = 1,
                                    .snapshot_max_bytes = SNAPSHOT_MAX_BYTES,
                                    .people_max = ARENA_SEATS_MAX / 2,
                                    .teams = teams,
                                    .team_count = 2};
    muster_status status = instance->host->match->mode_add(instance->self, &info);
    if (status != MUSTER_OK) return status;
    info.game_mode = "free_for_all";
    info.title = "Free for all";
    info.settings_json = settings_alone;
    info.teams = NULL;
    info.team_count = 0;
    info.defaults_json = "{\"killLimit\":20}";
    return instance->host->match->mode_add(instance->self, &info);
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

static muster_status arena_init(muster_self *self, const struct muster_host *host, void **out) {
    struct instance *instance = calloc(1, sizeof(*instance));
    if (!instance) return MUSTER_NO_MEMORY;
    instance->self = self;
    instance->host = host;
    *out = instance;
    return MUSTER_OK;
}

static muster_status arena_start(void *state) {
    struct instance *instance = state;
    char dir[1024];
    snprintf(dir, sizeof(dir), "%s/maps/arena", instance->host->config->share_dir(instance->self));
    muster_status status = maps_load(instance, dir);
    if (status == MUSTER_OK) status = modes_declare(instance);
    if (status != MUSTER_OK) maps_free(instance);
    return status;
}

static void arena_fini(void *state) {
    struct instance *instance = state;
    maps_free(instance);
    free(instance);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &mode}};

MUSTER_PLUGIN(.name = "mode_arena", .version = "1.3.0",
              .description = "Game mode arena: a team top-down shooter with bots.", .roles = roles,
              .role_count = 1, .init = arena_init, .start = arena_start, .fini = arena_fini);
