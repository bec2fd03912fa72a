/* counter - the interface of the test, as its publisher's headers have it and, a minor later, as
 * its caller's have. */
#ifndef COUNTER_H
#define COUNTER_H

#include <muster/plugin.h>

#define COUNTER "test.counter"

struct counter {
    uint32_t size;
    uint32_t reserved;
    uint32_t (*next)(void *instance); /* 1, 2, ... */
};

struct counter_later {
    uint32_t size;
    uint32_t reserved;
    uint32_t (*next)(void *instance);
    void (*reset)(void *instance);
};

#endif
