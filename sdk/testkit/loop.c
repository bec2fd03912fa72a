/* loop.c - the virtual clock: timers, posts, work and descriptors, run in a fixed order. */
#include "internal.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define POSTS_MAX 4096u
#define PUMP_ROUNDS_MAX 100000u
#define WATCHES_MAX 64u

static uint64_t loop_now(muster_self *self) {
    return kit_wrong_thread(self, __func__) ? 0 : self->kit->now_ms;
}

static int64_t loop_unix(muster_self *self) {
    if (kit_wrong_thread(self, __func__)) return 0;
    return self->kit->unix_base_ms + (int64_t)self->kit->now_ms;
}

void testkit_unix_set(struct testkit *kit, int64_t unix_ms) {
    kit->unix_base_ms = unix_ms - (int64_t)kit->now_ms;
}

void testkit_threads(struct testkit *kit, bool on) {
    kit->threads = on;
}

/* ---- timers --------------------------------------------------------------------------------- */

static muster_status timer_start(muster_self *self, uint32_t delay_ms, uint32_t repeat_ms,
                                 muster_timer_fn fn, void *user, muster_timer_id *out) {
    KIT_ON_LOOP(self);
    if (!fn || !out) return MUSTER_INVALID;
    struct timer *timer = kit_alloc(sizeof(*timer));
    *timer = (struct timer){.id = self->kit->next_id++,
                            .owner = self,
                            .due_ms = self->kit->now_ms + delay_ms,
                            .repeat_ms = repeat_ms,
                            .fn = fn,
                            .user = user};
    DL_APPEND(self->kit->timers, timer);
    *out = timer->id;
    return MUSTER_OK;
}

static muster_status timer_stop(muster_self *self, muster_timer_id id) {
    KIT_ON_LOOP(self);
    struct timer *timer;
    DL_FOREACH(self->kit->timers, timer) {
        if (timer->id != id || timer->owner != self) continue;
        DL_DELETE(self->kit->timers, timer);
        free(timer);
        return MUSTER_OK;
    }
    return MUSTER_NOT_FOUND;
}

uint32_t testkit_timers(struct testkit *kit) {
    uint32_t count = 0;
    struct timer *timer;
    DL_COUNT(kit->timers, timer, count);
    return count;
}

static struct timer *timer_next(struct testkit *kit, uint64_t until_ms) {
    struct timer *best = NULL, *timer;
    DL_FOREACH(kit->timers, timer) {
        if (timer->due_ms <= until_ms && (!best || timer->due_ms < best->due_ms)) best = timer;
    }
    return best;
}

static void timer_run(struct testkit *kit, struct timer *timer) {
    muster_timer_fn fn = timer->fn;
    void *user = timer->user;
    if (timer->due_ms > kit->now_ms) kit->now_ms = timer->due_ms;
    DL_DELETE(kit->timers, timer);
    if (timer->repeat_ms) { /* to the end of the list: fair among timers of the same time */
        timer->due_ms += timer->repeat_ms;
        DL_APPEND(kit->timers, timer);
    } else {
        free(timer);
    }
    fn(user);
}

/* ---- posts and work ------------------------------------------------------------------------- */

static void wake(struct testkit *kit) {
    uint64_t one = 1;
    if (write(kit->wake_fd, &one, sizeof(one)) < 0) return; /* full: awake already */
}

static muster_status job_queue(struct testkit *kit, struct job *job) {
    uint32_t waiting = 0;
    struct job *other;
    pthread_mutex_lock(&kit->lock);
    DL_COUNT(kit->posts, other, waiting);
    bool full = waiting >= POSTS_MAX && !job->work;
    if (!full) DL_APPEND(kit->posts, job);
    pthread_mutex_unlock(&kit->lock);
    if (full) free(job);
    wake(kit);
    return full ? MUSTER_FULL : MUSTER_OK;
}

static muster_status loop_post(muster_self *self, muster_post_fn fn, void *user) {
    if (!fn) return MUSTER_INVALID;
    if (self->phase == PHASE_STOPPED) return MUSTER_OK; /* dropped */
    struct job *job = kit_alloc(sizeof(*job));
    job->owner = self;
    job->post = fn;
    job->user = user;
    return job_queue(self->kit, job);
}

static void *job_thread(void *arg) {
    struct job *job = arg;
    job->work(job->user);
    muster_status status = job_queue(job->owner->kit, job);
    (void)status; /* finished work is never refused */
    return NULL;
}

static muster_status loop_work(muster_self *self, muster_work_fn work,
                               void (*done)(void *user, muster_status status), void *user,
                               muster_work_id *out) {
    struct testkit *kit = self->kit;
    KIT_STARTED(self);
    if (!work) return MUSTER_INVALID;
    struct job *job = kit_alloc(sizeof(*job));
    *job = (struct job){.owner = self, .work = work, .done = done, .user = user};
    if (out) *out = kit->next_id++;
    job->threaded = kit->threads;
    if (job->threaded) {
        kit->running++;
        if (pthread_create(&job->thread, NULL, job_thread, job) != 0) abort();
    } else {
        DL_APPEND(kit->works, job);
    }
    return MUSTER_OK;
}

static void job_done(struct job *job, muster_status status) {
    if (job->done) job->done(job->user, status);
    free(job);
}

static struct job *job_take(struct testkit *kit) {
    pthread_mutex_lock(&kit->lock);
    struct job *job = kit->posts;
    if (job) DL_DELETE(kit->posts, job);
    pthread_mutex_unlock(&kit->lock);
    return job;
}

static bool post_run(struct testkit *kit) {
    struct job *job = job_take(kit);
    if (!job) return false;
    if (job->threaded) {
        pthread_join(job->thread, NULL);
        kit->running--;
        job_done(job, MUSTER_OK);
        return true;
    }
    job->post(job->user);
    free(job);
    return true;
}

static bool work_run(struct testkit *kit) {
    struct job *job = kit->works;
    if (!job) return false;
    DL_DELETE(kit->works, job);
    job->work(job->user);
    job_done(job, MUSTER_OK);
    return true;
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static struct watch *watch_find(struct testkit *kit, int fd) {
    struct watch *watch;
    DL_FOREACH(kit->watches, watch) {
        if (watch->fd == fd) return watch;
    }
    return NULL;
}

static muster_status poll_start(muster_self *self, int32_t fd, uint32_t events, muster_poll_fn fn,
                                void *user, muster_poll_id *out) {
    KIT_STARTED(self);
    if (fd < 0 || !fn || !out || !(events & (MUSTER_POLL_READ | MUSTER_POLL_WRITE)))
        return MUSTER_INVALID;
    if (watch_find(self->kit, fd)) return MUSTER_INVALID;
    struct watch *watch = kit_alloc(sizeof(*watch));
    *watch = (struct watch){.id = self->kit->next_id++,
                            .owner = self,
                            .fd = fd,
                            .events = events,
                            .fn = fn,
                            .user = user};
    DL_APPEND(self->kit->watches, watch);
    *out = watch->id;
    return MUSTER_OK;
}

static muster_status poll_stop(muster_self *self, muster_poll_id id) {
    KIT_ON_LOOP(self);
    struct watch *watch;
    DL_FOREACH(self->kit->watches, watch) {
        if (watch->id != id || watch->owner != self) continue;
        DL_DELETE(self->kit->watches, watch);
        free(watch);
        return MUSTER_OK;
    }
    return MUSTER_NOT_FOUND;
}

/* Waits up to timeout_ms for a descriptor or a wake-up. */
static void watches_wait(struct testkit *kit, struct pollfd *fds, uint32_t *count, int timeout_ms) {
    struct watch *watch;
    uint32_t n = 0;
    fds[n++] = (struct pollfd){.fd = kit->wake_fd, .events = POLLIN};
    DL_FOREACH(kit->watches, watch) {
        if (n == WATCHES_MAX) break;
        short events = (short)((watch->events & MUSTER_POLL_READ ? POLLIN : 0) |
                               (watch->events & MUSTER_POLL_WRITE ? POLLOUT : 0));
        fds[n++] = (struct pollfd){.fd = watch->fd, .events = events};
    }
    *count = n;
    if (poll(fds, n, timeout_ms) <= 0) {
        *count = 0;
        return;
    }
    uint64_t woken;
    if (fds[0].revents && read(kit->wake_fd, &woken, sizeof(woken)) < 0) return;
}

static bool watches_run(struct testkit *kit) {
    struct pollfd fds[WATCHES_MAX];
    uint32_t count;
    bool ran = false;
    if (!kit->watches) return false;
    watches_wait(kit, fds, &count, 0);
    for (uint32_t i = 1; i < count; i++) {
        struct watch *watch = fds[i].revents ? watch_find(kit, fds[i].fd) : NULL;
        if (!watch) continue;
        uint32_t events = (fds[i].revents & (POLLIN | POLLHUP | POLLERR) ? MUSTER_POLL_READ : 0) |
                          (fds[i].revents & POLLOUT ? MUSTER_POLL_WRITE : 0);
        watch->fn(watch->user, events & watch->events ? events & watch->events : events,
                  fds[i].revents & POLLERR ? MUSTER_IO : MUSTER_OK);
        ran = true;
    }
    return ran;
}

/* ---- driving -------------------------------------------------------------------------------- */

void testkit_pump(struct testkit *kit) {
    uint32_t rounds = 0;
    while (post_run(kit) || work_run(kit) || fetch_run(kit) || watches_run(kit)) {
        if (++rounds > PUMP_ROUNDS_MAX) break; /* a descriptor that is always ready */
    }
}

void testkit_advance(struct testkit *kit, uint32_t ms) {
    uint64_t until_ms = kit->now_ms + ms;
    struct timer *timer;
    testkit_pump(kit);
    while ((timer = timer_next(kit, until_ms))) {
        timer_run(kit, timer);
        testkit_pump(kit);
    }
    if (until_ms > kit->now_ms) kit->now_ms = until_ms;
}

static uint64_t real_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_idle(struct testkit *kit) {
    pthread_mutex_lock(&kit->lock);
    bool idle = !kit->posts && !kit->works && !kit->running;
    pthread_mutex_unlock(&kit->lock);
    return idle;
}

bool testkit_wait(struct testkit *kit, bool (*done)(void *user), void *user, uint32_t timeout_ms) {
    uint64_t begin = real_ms(), last = begin;
    struct pollfd fds[WATCHES_MAX];
    uint32_t count;
    for (;;) {
        testkit_pump(kit);
        if (done ? done(user) : is_idle(kit)) return true;
        uint64_t now = real_ms();
        testkit_advance(kit, (uint32_t)(now - last));
        last = now;
        if (done ? done(user) : is_idle(kit)) return true;
        if (now - begin >= timeout_ms) return false;
        watches_wait(kit, fds, &count, timer_next(kit, UINT64_MAX) ? 1 : 20);
    }
}

static void loop_random(muster_self *self, void *out, uint32_t len) {
    uint8_t *at = out;
    (void)self;
    while (len) {
        uint32_t part = len < 256 ? len : 256;
        if (getentropy(at, part) != 0) abort();
        at += part;
        len -= part;
    }
}

/* Jobs of a plugin that stops: threads are awaited, queued work is cancelled, posts are dropped. */
static void jobs_close(muster_self *self) {
    struct testkit *kit = self->kit;
    struct job *job, *next;
    if (kit->running) testkit_wait(kit, NULL, NULL, 30000);
    DL_FOREACH_SAFE(kit->works, job, next) {
        if (job->owner != self) continue;
        DL_DELETE(kit->works, job);
        job_done(job, MUSTER_CLOSED);
    }
    pthread_mutex_lock(&kit->lock);
    DL_FOREACH_SAFE(kit->posts, job, next) {
        if (job->owner != self) continue;
        DL_DELETE(kit->posts, job);
        free(job);
    }
    pthread_mutex_unlock(&kit->lock);
}

uint32_t loop_close(muster_self *self) {
    struct timer *timer, *next_timer;
    struct watch *watch, *next_watch;
    uint32_t open = 0;
    jobs_close(self);
    DL_FOREACH_SAFE(self->kit->timers, timer, next_timer) {
        if (timer->owner != self) continue;
        kit_log.write(self, MUSTER_LOG_ERROR, "leak: a timer");
        DL_DELETE(self->kit->timers, timer);
        free(timer);
        open++;
    }
    DL_FOREACH_SAFE(self->kit->watches, watch, next_watch) {
        if (watch->owner != self) continue;
        kit_log.write(self, MUSTER_LOG_ERROR, "leak: a watch on descriptor %d", watch->fd);
        DL_DELETE(self->kit->watches, watch);
        free(watch);
        open++;
    }
    return open;
}

const struct muster_host_loop kit_loop = {
    .size = sizeof(kit_loop),
    .now_ms = loop_now,
    .unix_ms = loop_unix,
    .timer_start = timer_start,
    .timer_stop = timer_stop,
    .post = loop_post,
    .work = loop_work,
    .poll_start = poll_start,
    .poll_stop = poll_stop,
    .random = loop_random,
};
