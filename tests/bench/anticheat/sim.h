/* sim - people and cheats at an arena, as clients: they see snapshots late, and press inputs that
 * come late. Nothing of the server's is called here but by matches.c. */
#ifndef SIM_H
#define SIM_H

#include <muster/plugin.h>

enum {
    SIM_SEATS = 8,
    SIM_SIDE_MAX = 64,
    SIM_TILE = 256,
    SIM_HISTORY = 32, /* snapshots that are remembered */
    SIM_FLIGHT = 64,  /* inputs on their way */
};
#define SIM_TICK_MS 50.0
#define SIM_RANGE (12.0 * SIM_TILE)
#define SIM_RADIUS 80.0

/* ---- chance: the same on every machine ---- */
struct chance {
    uint64_t state;
};
double chance_uniform(struct chance *chance); /* 0 to 1 */
double chance_normal(struct chance *chance);  /* mean 0, deviation 1 */
double chance_exponential(struct chance *chance, double mean);
double chance_lognormal(struct chance *chance, double median, double sigma);

/* ---- world.c: what a client knows of the map ---- */
struct sim_map {
    int32_t width;
    int32_t height;
    uint8_t wall[SIM_SIDE_MAX * SIM_SIDE_MAX];
    uint32_t free_count;
    uint16_t free[SIM_SIDE_MAX * SIM_SIDE_MAX]; /* tiles */
};
void sim_map_row(struct sim_map *map, const char *row); /* the next one */
void sim_map_done(struct sim_map *map);
bool sim_sees(const struct sim_map *map, double x, double y, double to_x, double to_y);
/* Steps from each tile to the goal. */
void sim_way(const struct sim_map *map, uint32_t goal, uint16_t *distance);

struct sim_avatar {
    bool present;
    bool alive;
    uint32_t team;
    double x, y;
    double step_x, step_y; /* of a tick */
};
struct sim_snapshot {
    struct sim_avatar avatars[SIM_SEATS];
};

/* ---- person.c ---- */
enum cheat {
    CHEAT_NONE,
    CHEAT_SPEED,
    CHEAT_TELEPORT,
    CHEAT_FIRE_RATE,
    CHEAT_AIM_0,
    CHEAT_AIM_50,
    CHEAT_AIM_100,
    CHEAT_AIM_200,
    CHEAT_TRIGGER,
    CHEAT_MACRO,
    CHEAT_END
};
extern const char *const cheat_names[CHEAT_END];
/* The family by which it is to be named. */
extern const char *const cheat_families[CHEAT_END];

/* What somebody is like; where the numbers come from stands in person.c. */
struct traits {
    double reaction_ms, reaction_sd_ms, reaction_tail_ms;
    double hand_ms;
    double noise;     /* of the aim's end, in half widths of the target */
    double gain;      /* of the error that one step of 50 ms corrects */
    double lead;      /* how well it foresees a moving target: 1 is perfect */
    double tolerance; /* fires within so many half widths */
    bool holds;       /* the button, or taps it */
    double tap_ms, tap_cv;
    double rtt_ms, jitter_ms, stalls_per_min, clock;
    double trigger_ms; /* of a trigger bot */
};

struct flight {
    double at_ms;
    struct muster_input input;
};

struct person {
    enum cheat cheat;
    struct traits traits;
    struct chance chance;
    uint32_t seat;
    /* the client */
    double send_ms;
    double stalled_until_ms;
    double arrived_ms; /* the newest: nothing overtakes it */
    double burst_ms;
    uint32_t sequence;
    uint16_t held;
    struct flight flights[SIM_FLIGHT];
    uint32_t flight_first, flight_count;
    /* the head */
    double aim; /* turns */
    uint32_t target;
    double ready_ms;
    double tap_ms;
    double off;         /* half widths, a step ago */
    double on_since_ms; /* a trigger bot's; 0: not on target */
    double strafe, strafe_ms;
    uint32_t goal;
    double goal_ms;
    uint16_t way[SIM_SIDE_MAX * SIM_SIDE_MAX];
};

/* history: the snapshot n ticks ago is at (newest - n) % SIM_HISTORY. */
struct sim_view {
    const struct sim_map *map;
    const struct sim_snapshot *history;
    uint32_t newest;
    double newest_ms;
};

void person_make(struct person *person, enum cheat cheat, uint32_t seat, uint64_t seed,
                 double now_ms);
/* All that the client does until now_ms. */
void person_play(struct person *person, const struct sim_view *view, double now_ms);
/* The next input that has arrived by then; false: none. */
bool person_arrived(struct person *person, double now_ms, struct muster_input *out);

#endif
