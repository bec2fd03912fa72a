/* state.h - what one arena match is, and what the files of this plugin offer each other.
 *
 * World units: 256 = 1 tile, x to the right, y down. Angles: 65536 = a full turn. All integers, so
 * that a replay and the client's prediction compute the same. Nothing here allocates in a tick but
 * the fields of bots, each when it is needed first.
 */
#ifndef ARENA_STATE_H
#define ARENA_STATE_H

#include <muster/plugin.h>

enum {
    ARENA_SEATS_MAX = 32, /* 16 people and as many bots */
    ARENA_TEAMS_END = 3,  /* none, red and blue */

    TILE_UNITS = 256,
    TILE_SHIFT = 8,
    MAP_SIDE_MAX = 64,
    MAP_TILES_MAX = MAP_SIDE_MAX * MAP_SIDE_MAX,
    MAP_SPAWNS_MAX = 16,
    MAP_GOALS_MAX = 8,
    MAP_BYTES_MAX = 8192,
    MAPS_MAX = 16,

    PLAYER_RADIUS = 80,
    PLAYER_SPEED = 48, /* units a tick */
    SPEED_MAX = 120,
    HEALTH_MAX = 100,
    MOVE_CREDIT_MAX = 4,
    REPEATS_MAX = 5,

    RIFLE_RANGE = 12 * TILE_UNITS,
    RIFLE_COOLDOWN_TICKS = 4,
    RIFLE_DAMAGE = 17,
    LAUNCHER_SPEED = 160,
    LAUNCHER_COOLDOWN_TICKS = 24,
    LAUNCHER_RADIUS = 2 * TILE_UNITS,
    LAUNCHER_DAMAGE = 70,
    LAUNCHER_LIFE_TICKS = 60,
    PROJECTILES_MAX = 32,
    ASSIST_MS = 10000,

    BUTTON_RIFLE = 1,
    BUTTON_LAUNCHER = 2,
    BUTTONS_KNOWN = 7, /* 4 is reserved */
    WEAPON_RIFLE = 1,
    WEAPON_LAUNCHER = 2,
    WEAPONS_ALL = WEAPON_RIFLE | WEAPON_LAUNCHER,

    EVENT_KILL = 1,
    EVENT_SPAWN = 2,
    EVENT_HIT = 3,
    HIT_EVENTS_MAX = 24, /* a tick; leaves room for kills and spawns, which must not be lost */

    OBJECTIVES_MAX = 8,
    ZONES_MAX = OBJECTIVES_MAX,
    ITEMS_MAX = OBJECTIVES_MAX,
    ROUTES_MAX = 8,
    WORD_BYTES = 16, /* of a zone's label or an item's kind, NUL included */
    ZONE_RADIUS_MAX = MAP_SIDE_MAX * TILE_UNITS,
    ITEM_REACH = PLAYER_RADIUS + 80, /* from the avatar's centre */
    DAMAGE_MAX = 1000,               /* bounds of what rules answer */
    RESPAWN_MS_MAX = 60000,
    KILL_POINTS_MAX = 100,
    DAMAGE_PERCENT = 100,
    DAMAGE_PERCENT_MAX = 1000,
    LEVEL_MAX = 255,

    FIELD_FAR = 0xFFFF, /* not reachable */
    SNAPSHOT_MAX_BYTES = 1536,
};

struct map {
    char name[MUSTER_NAME_MAX];
    int32_t width;
    int32_t height;
    char rows[MAP_SIDE_MAX][MAP_SIDE_MAX + 1]; /* as in the file */
    uint8_t wall[MAP_TILES_MAX];               /* [y * width + x] */
    uint32_t spawn_count[ARENA_TEAMS_END];
    uint16_t spawns[ARENA_TEAMS_END][MAP_SPAWNS_MAX]; /* tiles */
    /* Places bots patrol to, with the distance of every tile to them; 0 red base, 1 blue base. */
    uint32_t goal_count;
    uint16_t goals[MAP_GOALS_MAX];
    uint16_t goal_fields[MAP_GOALS_MAX][MAP_TILES_MAX];
    uint16_t center; /* the tile nearest to the middle that can be reached */
};

struct instance {
    muster_self *self;
    const struct muster_host *host;
    struct map *maps[MAPS_MAX]; /* owned */
    uint32_t map_count;
};

/* What a bot has to do about zones and items. */
enum errand {
    ERRAND_NONE,
    ERRAND_ZONE,  /* go there and stay */
    ERRAND_CLEAR, /* it is there: hunt the enemies that are there, too */
    ERRAND_ITEM,  /* take it, touch it, or hunt who has it */
    ERRAND_POST,  /* stay near its home */
    ERRAND_HOME,  /* bring what it carries to the own base */
    ERRAND_END
};

enum bot_skill { BOT_EASY, BOT_NORMAL, BOT_HARD, BOT_SKILL_END };

struct bot {
    uint32_t target;      /* seat, or MUSTER_SEAT_NONE */
    uint32_t ready_tick;  /* reaction time is over */
    uint32_t strafe_tick; /* when to change the strafe direction */
    uint32_t error_tick;  /* when to roll a new aiming error */
    uint32_t goal_tick;   /* when to choose a new goal */
    int32_t strafe;       /* -1, 0, 1 */
    int32_t error;        /* angle */
    uint32_t goal;
    uint32_t hunting;      /* follows the enemies instead of the goal */
    uint32_t errand;       /* enum errand; comes before the goal */
    uint32_t errand_index; /* of the zone or item */
    uint32_t stuck_ticks;
    int32_t last_x;
    int32_t last_y;
};

/* What each tick asks comes first. */
struct avatar {
    uint32_t present;
    uint32_t team;
    uint32_t alive;
    uint32_t is_bot;
    uint32_t connected;
    int32_t x;
    int32_t y;
    uint16_t aim;
    int32_t health;
    uint32_t respawn_tick; /* while dead; 0: never */
    uint32_t protected_until;
    uint32_t rifle_tick; /* from then on the weapon is ready */
    uint32_t launcher_tick;
    uint32_t speed;        /* of its newest move, as the rules want it */
    uint32_t move_credit;  /* moves that time has earned: caps the speed */
    uint32_t repeats;      /* moves the host repeated; inputs that came late pay them back */
    uint32_t spawn_untold; /* it spawned, and the rules do not know yet */
    /* Wishes of this tick's inputs, used up by the tick. */
    uint32_t fire;
    uint16_t rifle_aim;
    uint16_t launcher_aim;
    uint32_t presses; /* of the rifle's button, for who watches */
    /* What rules gave it: the "loadout" command. */
    uint32_t weapons;        /* WEAPON_... together */
    uint32_t damage_percent; /* of what its weapons do */
    uint32_t level;          /* shown beside the name; 0: not */
    struct bot bot;
    uint32_t damaged_by[ARENA_SEATS_MAX]; /* tick + 1 of the newest damage, 0 never */
};

/* A place that rules care about. They say whose it is and how far taken; here it is known who is
 * in it. */
struct zone {
    uint32_t present;
    uint32_t team;
    uint32_t progress; /* percent */
    int32_t x;
    int32_t y;
    int32_t radius;
    uint32_t inside; /* a bit per seat */
    char label[WORD_BYTES];
};

enum item_who { WHO_ANYONE, WHO_ENEMIES, WHO_TEAM, WHO_END }; /* who may take it, by its team */

/* A thing to be carried. */
struct item {
    uint32_t present;
    uint32_t team;
    uint32_t who;
    int32_t home_x;
    int32_t home_y;
    int32_t x; /* where it lies; carried: where it lay */
    int32_t y;
    uint32_t carrier;  /* seat, or MUSTER_SEAT_NONE */
    uint32_t at_home;  /* has not been taken since it was put there */
    uint32_t touching; /* a bit per seat: mates that are at it while it lies about */
    uint32_t trail;    /* the carrier's tile, as it was seen last: where bots hunt */
    char kind[WORD_BYTES];
};

struct projectile {
    uint32_t live;
    uint32_t id;
    uint32_t owner; /* seat; NONE once the owner has left */
    uint32_t team;
    int32_t x;
    int32_t y;
    int32_t vx; /* units a tick, a multiple of 4 */
    int32_t vy;
    uint32_t end_tick;
};

struct shot {
    uint32_t seat;
    int32_t end_x;
    int32_t end_y;
    uint32_t hit; /* seat, or NONE */
};

/* What anticheats have been told of a person. Neither saved nor hashed: without them it is empty.
 */
struct watched {
    uint32_t visible; /* a bit per seat that it could hit */
    /* in this tick */
    uint32_t nearest; /* seat, or NONE: which it aims at best of those */
    int32_t off;      /* by so much, 1000 from the middle to the edge */
};

struct burst {
    uint32_t id;
    int32_t x;
    int32_t y;
};

struct death {
    uint32_t victim;
    uint32_t killer; /* or MUSTER_SEAT_NONE, as assist */
    uint32_t assist;
    uint32_t weapon;   /* 0: none */
    uint32_t own_hand; /* killer is NONE, and the wire says the victim: no kill of anybody's */
};

/* What the wire shows, as it stood after a tick. */
struct wire_avatar {
    uint8_t present;
    uint8_t team;
    uint8_t flags;
    uint8_t aim;
    uint8_t health;
    uint8_t weapons;
    uint8_t level;
    uint8_t speed;
    uint16_t x;
    uint16_t y;
    int16_t step_x; /* from the place before; where the next one is expected */
    int16_t step_y;
};

struct wire_zone {
    uint8_t present;
    uint8_t team;
    uint8_t progress;
    uint16_t x;
    uint16_t y;
    uint16_t radius;
    char label[WORD_BYTES];
};

struct wire_item {
    uint8_t present;
    uint8_t team;
    uint8_t who;
    uint8_t carrier;
    uint8_t flags;
    uint16_t home_x;
    uint16_t home_y;
    uint16_t x;
    uint16_t y;
    char kind[WORD_BYTES];
};

struct wire_view {
    struct wire_avatar avatars[ARENA_SEATS_MAX];
    struct wire_zone zones[ZONES_MAX];
    struct wire_item items[ITEMS_MAX];
    uint16_t score[ARENA_TEAMS_END];
};

/* Distance of every tile to the nearest enemy of a team; sources are kept so that load can
 * compute the same field again. */
struct enemy_field {
    uint32_t source_count;
    uint16_t sources[ARENA_SEATS_MAX];
    uint16_t *distance; /* owned; null: there were no sources yet */
};

/* Distance of every tile to one that bots have to go to. */
struct route {
    uint32_t valid;
    uint32_t tile;
    uint32_t used_tick;
    uint16_t *distance; /* owned; null: it was never valid */
};

struct arena {
    struct instance *instance;
    const struct map *map;
    muster_match_id match;
    uint32_t seats_max; /* players; the host may seat bots above it */
    uint32_t tick_rate_hz;
    bool free_for_all; /* no teams: an avatar's is only where it spawns and whom bots hunt */
    /* settings */
    uint32_t friendly_fire;
    uint32_t elimination;
    uint32_t respawn_ms;
    uint32_t protection_ms;
    uint32_t bot_fill;
    uint32_t bot_skill;
    /* state */
    uint32_t tick;
    uint32_t started;   /* a tick has run */
    uint32_t seats_end; /* above all that somebody has had */
    struct avatar avatars[ARENA_SEATS_MAX];
    struct projectile projectiles[PROJECTILES_MAX];
    uint32_t projectiles_end; /* above all that fly */
    uint32_t projectile_id;
    struct zone zones[ZONES_MAX]; /* [id - 1] */
    struct item items[ITEMS_MAX];
    struct enemy_field enemies[ARENA_TEAMS_END];
    struct route routes[ROUTES_MAX];
    uint32_t route_tick; /* tick + 1 of the newest flood */
    /* what happened in this tick, for the snapshot */
    struct shot shots[ARENA_SEATS_MAX];
    uint32_t shot_count;
    struct burst bursts[PROJECTILES_MAX];
    uint32_t burst_count;
    uint32_t added[ARENA_SEATS_MAX]; /* slots of projectiles */
    uint32_t added_count;
    uint32_t hit_count;
    struct death deaths[ARENA_SEATS_MAX]; /* not told yet; empty between two calls */
    uint32_t death_count;
    struct wire_view before;
    struct wire_view now;
    struct watched watched[ARENA_SEATS_MAX];
    bool is_watched; /* in this tick */
};

/* trig.c */
void trig_direction(uint16_t aim, int32_t *dx, int32_t *dy); /* 16384 = 1 */
uint16_t trig_angle(int32_t dx, int32_t dy);
int32_t trig_isqrt(int64_t value); /* floor; 0 for negatives */

/* map.c */
/* Loads all maps below dir in order of name; logs file, line, expected and found on failure. */
muster_status maps_load(struct instance *instance, const char *dir) MUSTER_MUST_USE;
void maps_free(struct instance *instance);
const struct map *maps_find(const struct instance *instance, const char *name); /* or null */
/* Distance in steps from the sources to every tile. */
void map_flood(const struct map *map, const uint16_t *sources, uint32_t count, uint16_t *distance);
/* The same; null: room for them is made first. False: there is none. */
bool map_flood_kept(const struct map *map, const uint16_t *sources, uint32_t count,
                    uint16_t **distance);

/* world.c */
bool world_is_wall(const struct map *map, int32_t tile_x, int32_t tile_y);
uint32_t world_tile(const struct map *map, int32_t x, int32_t y);
/* One tick of movement: docs/protocol.md section 6. */
void world_move(const struct map *map, int32_t *x, int32_t *y, int32_t move_x, int32_t move_y,
                int32_t speed);
/* Follow the line to (to_x, to_y); true when a wall stops it; *end is the last free point. */
bool world_raycast(const struct map *map, int32_t x, int32_t y, int32_t to_x, int32_t to_y,
                   int32_t *end_x, int32_t *end_y);
bool world_sees(const struct map *map, int32_t x, int32_t y, int32_t to_x, int32_t to_y);

/* May who is of this team do to those of that what mates may not do to each other? */
static inline bool arena_foes(const struct arena *arena, uint32_t team, uint32_t other_team) {
    return arena->free_for_all || team != other_team;
}

/* combat.c */
/* One consumed input, of a person or a bot: movement now, fire in combat_step. */
void combat_input(struct arena *arena, uint32_t seat, const struct muster_input *input);
/* A fresh avatar, connected and not spawned yet, whatever the seat was before. */
void combat_enter(struct arena *arena, uint32_t seat, uint32_t team);
void combat_spawn(struct arena *arena, uint32_t seat);
/* A living avatar's health by delta; at 0 it dies, by nobody's hand. */
void combat_heal(struct arena *arena, uint32_t seat, int32_t delta);
/* Respawns, projectiles, shots, damage. */
void combat_step(struct arena *arena);
/* Tell the rules who spawned and who died, and let the dead lose what they have. In a step, once
 * all of what happened at a time has happened: two who kill each other are both dead by then. */
void combat_announce(struct arena *arena);
/* The seat's avatar goes: what it carried falls, its projectiles belong to nobody. */
void combat_remove(struct arena *arena, uint32_t seat);
/* One fact to the rules, of this tick; size and tick are filled in. */
void combat_tell(struct arena *arena, struct muster_fact fact);

/* watch.c: what anticheats are told, when there are any. */
/* Who could hit whom, and aims how well: before the shots of the tick are fired. */
void watch_step(struct arena *arena);
/* A rifle shot, after it was aimed. */
void watch_shot(const struct arena *arena, const struct shot *shot);
/* So many presses came before the rifle was ready. */
void watch_refused(const struct arena *arena, uint32_t seat, uint32_t presses);

/* objectives.c */
bool objectives_label_ok(const char *label); /* printable ASCII without " and \, or empty */
bool objectives_kind_ok(const char *kind);   /* [a-z_], not empty */
bool objectives_may_take(const struct item *item, uint32_t team);
/* A living avatar has it from now on, whoever had it before. */
void objectives_take(struct arena *arena, uint32_t index, uint32_t seat);
void objectives_home(struct item *item);
/* All who are inside leave it. */
void objectives_zone_empty(struct arena *arena, uint32_t index);
/* Dead or gone: what it carries falls, and zones are left. */
void objectives_lose(struct arena *arena, uint32_t seat);
/* It changed teams: what it may not take any more falls. */
void objectives_team(struct arena *arena, uint32_t seat);
/* Who came into which zone, who left, who took or touched what. */
void objectives_step(struct arena *arena);

/* commands.c: what rules ask for by name; muster/host.h "command". */
muster_status command_run(struct arena *arena,
                          const struct muster_command *command) MUSTER_MUST_USE;

/* bots.c */
void bots_reset(struct arena *arena, uint32_t seat);
/* Add or remove at most one bot, towards bot_fill players in all. */
void bots_populate(struct arena *arena);
/* Make room for a person who joined: removes one bot of the team when there are too many. */
void bots_yield(struct arena *arena, uint32_t team);
void bots_think(struct arena *arena);
/* After load: fields from their saved sources. */
void bots_refresh(struct arena *arena);

/* errands.c */
enum way_kind { WAY_NONE, WAY_FIELD, WAY_STRAIGHT, WAY_THERE, WAY_HUNT };
struct way {
    enum way_kind kind;
    const uint16_t *field; /* WAY_FIELD, WAY_HUNT: follow it */
    int32_t x;             /* where to */
    int32_t y;
};
/* Once a tick, before the bots think. */
void errands_watch(struct arena *arena);
void errands_choose(struct arena *arena, uint32_t seat);
/* How the bot gets on with its errand. At most one flood a tick: who has to wait has no way yet. */
struct way errands_way(struct arena *arena, uint32_t seat);
/* After load: routes from their saved tiles. */
void errands_refresh(struct arena *arena);

/* save.c */
void save_write(const struct arena *arena, struct muster_writer *w);
muster_status save_read(struct arena *arena, struct muster_reader *r) MUSTER_MUST_USE;

/* wire.c */
/* What stood becomes what stands: once a tick. */
void wire_capture(struct arena *arena);
void wire_full(const struct arena *arena, struct muster_writer *w);
void wire_delta(const struct arena *arena, struct muster_writer *w);
void wire_event(struct arena *arena, const uint8_t *data, uint32_t len);

/* intro.c */
void intro_write(const struct arena *arena, struct muster_writer *w);

#endif
