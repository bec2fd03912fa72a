/* crowd - many matches of one mode at once, on the real core and the real plugins, without lobbies,
 * clients and a clock: ticks come as fast as they can.
 */
#ifndef CROWD_H
#define CROWD_H

#include "match.h"

struct crowd_options {
    const char *game_mode;
    const char *settings; /* JSON object over the mode's defaults, or null */
    uint32_t count;       /* of matches */
    uint32_t people;      /* in each, if the mode takes as many; they send an input every tick */
};

struct crowd {
    struct crowd_options options;
    json_t *settings;
    struct match **matches;
    struct match_part (*rules)[MATCH_RULES_MAX]; /* of each match */
    uint32_t rules_count;
    uint32_t tick;
    double start_us; /* CPU time that making all of it took */
};

/* CPU time of this thread. */
double crowd_cpu_us(void);
/* False: said why on stderr. */
bool crowd_create(struct crowd *crowd, const struct crowd_options *options);
void crowd_destroy(struct crowd *crowd);
/* Puts an input of every player into its ring, and makes those matches anew that have ended. */
bool crowd_prepare(struct crowd *crowd);
/* One tick of every match, with the delta that clients would get. */
void crowd_tick(struct crowd *crowd);

/* ---- Gauge: what the functions of a plugin take that a match's step calls. ---- */
/* Between these two they are measured; the plugin has the roles mode, rules and victory. */
void gauge_open(const char *plugin);
void gauge_close(const char *plugin);
/* Time in them since this was asked last. */
double gauge_us(void);

#endif
