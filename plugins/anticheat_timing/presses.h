/* presses - when one button is pressed, in the client's own time: intervals that no finger keeps,
 * and more presses than fingers can. */
#ifndef PRESSES_H
#define PRESSES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PRESS_BINS = 32,     /* of a quarter of a tick, so up to 8 ticks: longer ones are pauses */
    PRESSES_JUDGED = 200 /* intervals before they are */
};

struct presses {
    uint32_t newest;         /* 1/256 of a tick; 0: none yet */
    uint32_t after_pause;    /* ... was the first: how far the next is off tells of its begin */
    uint32_t interval_count; /* in the bins */
    uint16_t bins[PRESS_BINS];
    uint32_t second_begin; /* the second in which they are counted, as newest */
    uint32_t second_count;
};

/* One at that time (1/256 of a tick of the client's). */
void presses_add(struct presses *presses, uint32_t at);

struct rhythm {
    uint32_t count;   /* of intervals that belong to it */
    double same;      /* the share of them in one bin */
    double variation; /* their deviation, of their mean */
};

/* The rhythm of most of them; false: it has fewer than PRESSES_JUDGED. */
bool presses_judge(const struct presses *presses, struct rhythm *out);
/* A second is over in which there were so many; 0: none is. */
uint32_t presses_second(struct presses *presses, uint32_t at, uint32_t tick_rate_hz);

#endif
