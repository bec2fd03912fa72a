/* counted.h - what one thread counts and another waits for. */
#ifndef COUNTED_H
#define COUNTED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define COUNTED_PATIENCE_S 15 /* a count that never comes ends the test */

struct counted {
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint32_t count;
};

#define COUNTED                                                                                    \
    { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 }

static inline void counted_set(struct counted *counted, uint32_t count) {
    pthread_mutex_lock(&counted->lock);
    counted->count = count;
    pthread_cond_broadcast(&counted->more);
    pthread_mutex_unlock(&counted->lock);
}

static inline void counted_add(struct counted *counted) {
    pthread_mutex_lock(&counted->lock);
    counted->count++;
    pthread_cond_broadcast(&counted->more);
    pthread_mutex_unlock(&counted->lock);
}

static inline uint32_t counted_get(struct counted *counted) {
    pthread_mutex_lock(&counted->lock);
    uint32_t count = counted->count;
    pthread_mutex_unlock(&counted->lock);
    return count;
}

/* False when so many have not come in time. */
static inline bool counted_wait(struct counted *counted, uint32_t wanted) {
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += COUNTED_PATIENCE_S;
    pthread_mutex_lock(&counted->lock);
    while (counted->count < wanted && late == 0)
        late = pthread_cond_timedwait(&counted->more, &counted->lock, &until);
    bool came = counted->count >= wanted;
    pthread_mutex_unlock(&counted->lock);
    return came;
}

#endif
