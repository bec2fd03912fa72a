/* person - who plays. The numbers of the honest are from published measurements, and wider than
 * these where a game is harder than a laboratory:
 *
 * - Reaction to what is seen: about 190 ms for light in students (Kosinski's review of Welford
 * 1980, Brebner and Welford 1980, Galton), 150 to 160 ms the fastest; choice takes longer. Here
 * medians of 180 to 330 ms, with a tail (ex-Gaussian), never below 120 ms.
 * - Ends of aimed movements are normal, with 4.133 deviations in the width of the target where 4 %
 *   miss (MacKenzie 1992, effective width): 0.48 half widths. That is for targets that stand still
 *   and as slow as one likes; here medians of 0.75, the best 0.4, as targets run and turn.
 * - A hand that follows what moves is 100 to 200 ms behind it, however well it foresees (Foulkes
 * and Miall 2000; Miall et al. 1985): 90 to 180 here. A press is decided no later than the step
 * before.
 * - One step of correction in about 100 ms takes most of the error away, and adds noise in
 *   proportion to its way (Meyer et al. 1988; Schmidt et al. 1979).
 * - Clicks: 6 to 7 a second is what most reach, above 10 takes training (click speed tests); the
 *   intervals of tapping fingers vary by 3 to 10 % at best (Repp 2005), more while playing.
 *
 * The network: round trips of 15 to 150 ms, jitter, and stalls of TCP (a lost packet is sent again
 * after 200 ms or more). */
#include "sim.h"

#include <math.h>

#define INTERPOLATION_MS 100
#define REACTION_LEAST_MS 120
#define TURN 65536.0
#define NOBODY MUSTER_SEAT_NONE
#define FIRE 1

const char *const cheat_names[CHEAT_END] = {"honest",  "speed_1.1", "teleport", "fire_rate",
                                            "aim_0",   "aim_50",    "aim_100",  "aim_200",
                                            "trigger", "macro"};
const char *const cheat_families[CHEAT_END] = {"",    "movement", "movement", "timing", "aim",
                                               "aim", "aim",      "aim",      "aim",    "timing"};

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

/* ---- traits ---------------------------------------------------------------------------------- */

/* One number for how good somebody is, -2 to 3; the traits follow it and differ besides. */
static struct traits traits_of(struct chance *c) {
    double skill = clamp(chance_normal(c), -2, 3);
    struct traits t = {.reaction_ms = clamp(250 - 25 * skill + 15 * chance_normal(c), 165, 350)};
    t.reaction_sd_ms = 15 + 10 * chance_uniform(c);
    t.reaction_tail_ms = 30 + 40 * chance_uniform(c);
    t.hand_ms = clamp(130 - 12 * skill + 10 * chance_normal(c), 90, 180);
    t.noise = clamp(chance_lognormal(c, 0.75, 0.20) * exp(-0.18 * skill), 0.40, 2.0);
    t.gain = clamp(0.55 + 0.08 * skill + 0.05 * chance_normal(c), 0.3, 0.85);
    t.lead = clamp(0.6 + 0.12 * skill + 0.15 * chance_normal(c), 0, 1.1);
    t.tolerance = clamp(chance_lognormal(c, 1.3, 0.4), 0.6, 4);
    t.holds = chance_uniform(c) < 0.5;
    t.tap_ms = clamp(chance_lognormal(c, 155, 0.25), 75, 400);
    t.tap_cv = clamp(chance_lognormal(c, 0.14, 0.35), 0.05, 0.4);
    t.rtt_ms = clamp(chance_lognormal(c, 45, 0.6), 15, 150);
    t.jitter_ms = chance_exponential(c, 4);
    t.stalls_per_min = chance_exponential(c, 0.4);
    t.clock = 1 + 0.0005 * chance_normal(c);
    t.trigger_ms = 80 * chance_uniform(c);
    return t;
}

void person_make(struct person *person, enum cheat cheat, uint32_t seat, uint64_t seed,
                 double now_ms) {
    *person = (struct person){.cheat = cheat, .seat = seat, .target = NOBODY};
    person->chance.state = seed;
    person->traits = traits_of(&person->chance);
    if (cheat == CHEAT_SPEED) person->traits.clock *= 1.1;
    person->send_ms = now_ms + SIM_TICK_MS * chance_uniform(&person->chance);
}

/* ---- what it sees ---------------------------------------------------------------------------- */

/* A person sees the screen, which is behind the newest snapshot; a program has that one. */
static const struct sim_snapshot *seen(const struct sim_view *view, double at_ms) {
    double back = (view->newest_ms - at_ms) / SIM_TICK_MS;
    uint32_t ticks = back > 0 ? (uint32_t)back : 0;
    if (ticks >= SIM_HISTORY) ticks = SIM_HISTORY - 1;
    if (ticks > view->newest) ticks = view->newest;
    return &view->history[(view->newest - ticks) % SIM_HISTORY];
}

static bool is_program(const struct person *p) {
    return p->cheat >= CHEAT_AIM_0 && p->cheat <= CHEAT_AIM_200;
}

/* What a hand does answers to what was on the screen so long ago. */
static double behind_ms(const struct person *p) {
    return INTERPOLATION_MS + p->traits.hand_ms;
}

static double away(const struct sim_avatar *a, const struct sim_avatar *b) {
    return hypot(a->x - b->x, a->y - b->y);
}

static uint32_t nearest_enemy(const struct sim_view *view, const struct sim_snapshot *screen,
                              uint32_t own_seat) {
    const struct sim_avatar *own = &screen->avatars[own_seat];
    uint32_t best = NOBODY;
    double nearest = SIM_RANGE;
    for (uint32_t i = 0; i < SIM_SEATS; i++) {
        const struct sim_avatar *other = &screen->avatars[i];
        if (!other->present || !other->alive || other->team == own->team) continue;
        double distance = away(own, other);
        if (distance >= nearest || !sim_sees(view->map, own->x, own->y, other->x, other->y))
            continue;
        best = i;
        nearest = distance;
    }
    return best;
}

/* ---- where it aims --------------------------------------------------------------------------- */

static double turn_to(double from, double to) {
    return remainder(to - from, TURN);
}

static double half_width(double distance) {
    return atan2(SIM_RADIUS, distance < 240 ? 240 : distance) * TURN / (2 * M_PI);
}

/* The direction in which the target will be when the shot is taken, as well as `lead` foresees it.
 */
static double direction(const struct sim_avatar *own, const struct sim_avatar *target,
                        double late_ms, double lead) {
    double ticks = late_ms / SIM_TICK_MS * lead;
    double x = target->x + target->step_x * ticks, y = target->y + target->step_y * ticks;
    double own_x = own->x + own->step_x * ticks, own_y = own->y + own->step_y * ticks;
    return atan2(y - own_y, x - own_x) * TURN / (2 * M_PI);
}

static void aim_by_hand(struct person *p, double wanted, double half) {
    double way = turn_to(p->aim, wanted) * p->traits.gain;
    double noise = 0.5 * p->traits.noise * half + 0.08 * fabs(way);
    p->aim += way + noise * chance_normal(&p->chance);
}

static void aim_by_program(struct person *p, double wanted) {
    static const double smoothing_ms[CHEAT_END] = {
        [CHEAT_AIM_50] = 50, [CHEAT_AIM_100] = 100, [CHEAT_AIM_200] = 200};
    double ms = smoothing_ms[p->cheat];
    p->aim += turn_to(p->aim, wanted) * (ms > 0 ? 1 - exp(-SIM_TICK_MS / ms) : 1);
}

/* ---- when it fires --------------------------------------------------------------------------- */

static bool tap(struct person *p, double now_ms, double every_ms, double cv) {
    if (now_ms < p->tap_ms) return false;
    double next = every_ms * (1 + cv * chance_normal(&p->chance));
    bool goes_on = now_ms - p->tap_ms < SIM_TICK_MS;
    p->tap_ms = (goes_on ? p->tap_ms : now_ms) + (next < 30 ? 30 : next);
    return true;
}

static bool triggered(struct person *p, double now_ms, double off) {
    if (off > 1) {
        p->on_since_ms = 0;
        return false;
    }
    if (p->on_since_ms == 0) p->on_since_ms = now_ms;
    return now_ms - p->on_since_ms >= p->traits.trigger_ms;
}

/* off: in half widths, as it believes. Returns the buttons that go down, and are held. */
static uint16_t fire(struct person *p, double now_ms, double off, uint16_t *held) {
    const struct traits *t = &p->traits;
    bool wants = off <= t->tolerance;
    *held = 0;
    if (p->cheat == CHEAT_FIRE_RATE) return *held = off <= 3 ? FIRE : 0;
    if (p->cheat == CHEAT_TRIGGER) {
        wants = triggered(p, now_ms, off);
        *held = wants ? FIRE : 0;
        return wants && !p->held ? FIRE : 0;
    }
    if (p->cheat == CHEAT_MACRO) return off <= 3 && tap(p, now_ms, 100, 0) ? FIRE : 0;
    if (is_program(p)) wants = off <= 0.8;
    if (!wants) return 0;
    if (is_program(p) || t->holds) {
        *held = FIRE;
        return p->held ? 0 : FIRE;
    }
    return tap(p, now_ms, t->tap_ms, t->tap_cv) ? FIRE : 0;
}

/* ---- where it goes --------------------------------------------------------------------------- */

static void move(struct muster_input *in, double dx, double dy) {
    double length = hypot(dx, dy);
    if (length < 4) return;
    in->move_x = (int8_t)lround(127 * dx / length);
    in->move_y = (int8_t)lround(127 * dy / length);
}

static void choose_goal(struct person *p, const struct sim_view *view,
                        const struct sim_snapshot *screen, double now_ms) {
    const struct sim_map *map = view->map;
    uint32_t hunted = (uint32_t)(chance_uniform(&p->chance) * SIM_SEATS);
    const struct sim_avatar *other = &screen->avatars[hunted];
    p->goal = map->free[(uint32_t)(chance_uniform(&p->chance) * map->free_count)];
    if (other->present && other->alive && other->team != screen->avatars[p->seat].team)
        p->goal = (uint32_t)((int32_t)(other->y / SIM_TILE) * map->width +
                             (int32_t)(other->x / SIM_TILE));
    p->goal_ms = now_ms + 2000 + 4000 * chance_uniform(&p->chance);
    sim_way(map, p->goal, p->way);
}

static void walk(struct person *p, const struct sim_view *view, const struct sim_snapshot *screen,
                 double now_ms, struct muster_input *in) {
    const struct sim_avatar *own = &screen->avatars[p->seat];
    const struct sim_map *map = view->map;
    int32_t tile_x = (int32_t)(own->x / SIM_TILE), tile_y = (int32_t)(own->y / SIM_TILE);
    int32_t best = tile_y * map->width + tile_x;
    if (now_ms >= p->goal_ms || p->way[best] < 2) choose_goal(p, view, screen, now_ms);
    const int32_t neighbours[4] = {best + 1, best - 1, best + map->width, best - map->width};
    for (int i = 0; i < 4; i++)
        if (p->way[neighbours[i]] < p->way[best]) best = neighbours[i];
    move(in, (best % map->width + 0.5) * SIM_TILE - own->x,
         (best / map->width + 0.5) * SIM_TILE - own->y);
    if (in->move_x || in->move_y)
        p->aim += turn_to(p->aim, atan2(in->move_y, in->move_x) * TURN / (2 * M_PI)) * 0.3;
}

static void strafe(struct person *p, const struct sim_avatar *own, const struct sim_avatar *target,
                   double now_ms, struct muster_input *in) {
    if (now_ms >= p->strafe_ms) {
        double roll = chance_uniform(&p->chance);
        p->strafe = roll < 0.4 ? -1 : roll < 0.8 ? 1 : 0;
        p->strafe_ms = now_ms + 250 + chance_exponential(&p->chance, 500);
    }
    double dx = target->x - own->x, dy = target->y - own->y, distance = hypot(dx, dy);
    double forward = distance > 7 * SIM_TILE ? 0.6 : distance < 4 * SIM_TILE ? -0.6 : 0;
    move(in, dx * forward - dy * p->strafe, dy * forward + dx * p->strafe);
}

/* ---- the client ------------------------------------------------------------------------------ */

/* What the trigger bot knows: the newest snapshot, and where all will be. */
static double off_by_program(const struct person *p, const struct sim_view *view, double now_ms) {
    const struct sim_snapshot *screen = seen(view, now_ms - p->traits.rtt_ms / 2);
    const struct sim_avatar *own = &screen->avatars[p->seat];
    const struct sim_avatar *target = &screen->avatars[p->target];
    double wanted = direction(own, target, p->traits.rtt_ms + SIM_TICK_MS, 1);
    return fabs(turn_to(p->aim, wanted)) / half_width(away(own, target));
}

static void fight(struct person *p, const struct sim_view *view, const struct sim_snapshot *screen,
                  double now_ms, struct muster_input *in) {
    const struct sim_avatar *own = &screen->avatars[p->seat];
    const struct sim_avatar *target = &screen->avatars[p->target];
    double half = half_width(away(own, target));
    double late_ms = p->traits.rtt_ms + SIM_TICK_MS + (is_program(p) ? 0 : behind_ms(p));
    double wanted = direction(own, target, late_ms, is_program(p) ? 1 : p->traits.lead);
    strafe(p, own, target, now_ms, in);
    if (now_ms < p->ready_ms) return;
    if (is_program(p))
        aim_by_program(p, wanted);
    else
        aim_by_hand(p, wanted, half);
    double off = fabs(turn_to(p->aim, wanted)) / half, now_off = off;
    if (!is_program(p)) off = p->off; /* a finger goes down by what was seen a step before */
    p->off = now_off;
    if (p->cheat == CHEAT_TRIGGER) off = off_by_program(p, view, now_ms);
    in->pressed = fire(p, now_ms, off, &in->held);
}

static void notice(struct person *p, uint32_t target, double now_ms) {
    const struct traits *t = &p->traits;
    double reaction = t->reaction_ms + t->reaction_sd_ms * chance_normal(&p->chance) +
                      chance_exponential(&p->chance, t->reaction_tail_ms);
    p->target = target;
    if (is_program(p)) reaction = 0;
    p->off = INFINITY;
    p->ready_ms =
        now_ms + (reaction < REACTION_LEAST_MS && reaction > 0 ? REACTION_LEAST_MS : reaction);
    p->on_since_ms = 0;
}

static void think(struct person *p, const struct sim_view *view, double now_ms,
                  struct muster_input *in) {
    double shown_ms = now_ms - p->traits.rtt_ms / 2 - (is_program(p) ? 0 : behind_ms(p));
    const struct sim_snapshot *screen = seen(view, shown_ms);
    if (!screen->avatars[p->seat].alive) {
        p->target = NOBODY;
        return;
    }
    uint32_t target = nearest_enemy(view, screen, p->seat);
    if (target != p->target && target != NOBODY) notice(p, target, now_ms);
    if (target == NOBODY) {
        p->target = NOBODY;
        walk(p, view, screen, now_ms, in);
    } else {
        fight(p, view, screen, now_ms, in);
    }
}

static void send(struct person *p, const struct muster_input *input, double now_ms) {
    const struct traits *t = &p->traits;
    if (chance_uniform(&p->chance) < t->stalls_per_min / 1200)
        p->stalled_until_ms = now_ms + 200 + chance_exponential(&p->chance, 250);
    double left_ms = now_ms < p->stalled_until_ms ? p->stalled_until_ms : now_ms;
    double at_ms = left_ms + t->rtt_ms / 2 + fabs(chance_normal(&p->chance)) * t->jitter_ms;
    if (at_ms < p->arrived_ms) at_ms = p->arrived_ms;
    p->arrived_ms = at_ms;
    if (p->flight_count == SIM_FLIGHT) return;
    p->flights[(p->flight_first + p->flight_count++) % SIM_FLIGHT] = (struct flight){at_ms, *input};
}

static void burst(struct person *p, struct muster_input input, double now_ms) {
    if (now_ms < p->burst_ms) return;
    p->burst_ms = now_ms + 2000;
    for (int i = 0; i < 20; i++) {
        input.sequence = ++p->sequence;
        send(p, &input, now_ms);
    }
}

void person_play(struct person *p, const struct sim_view *view, double now_ms) {
    for (; p->send_ms <= now_ms; p->send_ms += SIM_TICK_MS / p->traits.clock) {
        struct muster_input input = {.sequence = ++p->sequence};
        think(p, view, p->send_ms, &input);
        p->aim -= floor(p->aim / TURN) * TURN;
        input.aim = (uint16_t)p->aim;
        input.held |= input.pressed;
        p->held = input.held;
        send(p, &input, p->send_ms);
        if (p->cheat == CHEAT_TELEPORT) burst(p, input, p->send_ms);
    }
}

bool person_arrived(struct person *p, double now_ms, struct muster_input *out) {
    const struct flight *first = &p->flights[p->flight_first];
    if (!p->flight_count || first->at_ms > now_ms) return false;
    *out = first->input;
    p->flight_first = (p->flight_first + 1) % SIM_FLIGHT;
    p->flight_count--;
    return true;
}
