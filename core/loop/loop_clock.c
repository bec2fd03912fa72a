/* loop_clock - time and timers of the event loop.
 *
 * Timers are libuv's, but while the clock is virtual: then they are a list in the order in which
 * they are due, and loop_clock_advance runs them. Called by everything that waits.
 */
#include "loop_internal.h"

#include <stdlib.h>
#include <time.h>

struct loop_timer {
    struct loop_item item;
    uv_timer_t handle; /* real clock */
    loop_fn fn;
    void *user;
    uint64_t due_ms; /* of loop_now_ms */
    uint32_t repeat_ms;
    struct loop_timer *prev; /* virtual clock */
    struct loop_timer *next;
};

static struct {
    bool in_timer;
    uint64_t seen_ms;    /* of libuv's clock, when it was read last */
    uint64_t stalled_ms; /* in which nobody could work: not counted */
    bool is_virtual;
    uint64_t now_ms;
    int64_t unix_ahead_ms;    /* of now_ms */
    struct loop_timer *first; /* due first; of equals, who was started first */
    struct loop_timer *last;
    struct loop_timer *once; /* runs now, and is gone after that */
} clock_state;

uint64_t loop_now_ms(void) {
    if (clock_state.is_virtual) return clock_state.now_ms;
    uint64_t now_ms = uv_now(loop_uv()), since_ms = now_ms - clock_state.seen_ms;
    clock_state.seen_ms = now_ms;
    if (since_ms > LOOP_STALL_MS) clock_state.stalled_ms += loop_stalled(since_ms);
    return now_ms - clock_state.stalled_ms;
}

uint64_t loop_stalled_ms(void) {
    (void)loop_now_ms();
    return clock_state.stalled_ms;
}

uint64_t loop_now_us(void) {
    return clock_state.is_virtual ? clock_state.now_ms * 1000u : uv_hrtime() / 1000u;
}

uint64_t loop_cpu_us(void) {
    struct timespec spent = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (uint64_t)spent.tv_sec * 1000000u + (uint64_t)spent.tv_nsec / 1000u;
}

int64_t loop_unix_ms(void) {
    struct timespec now;
    if (clock_state.is_virtual) return (int64_t)clock_state.now_ms + clock_state.unix_ahead_ms;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the virtual clock's timers ---- */

static void due_insert(struct loop_timer *timer) {
    struct loop_timer *before = clock_state.last;
    while (before && before->due_ms > timer->due_ms) before = before->prev;
    timer->prev = before;
    timer->next = before ? before->next : clock_state.first;
    *(timer->next ? &timer->next->prev : &clock_state.last) = timer;
    *(before ? &before->next : &clock_state.first) = timer;
}

static void due_remove(struct loop_timer *timer) {
    *(timer->prev ? &timer->prev->next : &clock_state.first) = timer->next;
    *(timer->next ? &timer->next->prev : &clock_state.last) = timer->prev;
}

static void virtual_close(struct loop_item *item) {
    struct loop_timer *timer = (struct loop_timer *)item;
    if (timer == clock_state.once)
        clock_state.once = NULL;
    else
        due_remove(timer);
    free(timer);
}

static void run_first(void) {
    struct loop_timer *timer = clock_state.first;
    due_remove(timer);
    timer->due_ms += timer->repeat_ms;
    if (timer->repeat_ms)
        due_insert(timer); /* before fn, which may stop the timer */
    else
        clock_state.once = timer;
    clock_state.in_timer = true;
    timer->fn(timer->user);
    clock_state.in_timer = false;
    loop_timer_stop(clock_state.once);
}

void loop_clock_real(void) {
    clock_state.is_virtual = false;
    clock_state.seen_ms = uv_now(loop_uv());
    clock_state.stalled_ms = 0;
}

void loop_clock_virtual(uint64_t now_ms, int64_t unix_ms) {
    clock_state.is_virtual = true;
    clock_state.now_ms = now_ms;
    clock_state.unix_ahead_ms = unix_ms - (int64_t)now_ms;
}

bool loop_clock_is_virtual(void) {
    return clock_state.is_virtual;
}

uint64_t loop_clock_due_ms(void) {
    return clock_state.first ? clock_state.first->due_ms : UINT64_MAX;
}

void loop_clock_advance(uint64_t now_ms) {
    while (loop_clock_due_ms() <= now_ms) {
        uint64_t due_ms = loop_clock_due_ms();
        if (due_ms > clock_state.now_ms) clock_state.now_ms = due_ms;
        run_first();
    }
    if (now_ms > clock_state.now_ms) clock_state.now_ms = now_ms;
}

/* ---- libuv's timers ---- */

static void timer_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void real_close(struct loop_item *item) {
    struct loop_timer *timer = (struct loop_timer *)item;
    uv_close((uv_handle_t *)&timer->handle, timer_closed);
}

static void on_timer(uv_timer_t *handle) {
    struct loop_timer *timer = handle->data;
    uint64_t now_ms = loop_now_ms();
    if (timer->due_ms > now_ms) { /* after a stall */
        uv_timer_start(handle, on_timer, timer->due_ms - now_ms, timer->repeat_ms);
        return;
    }
    timer->due_ms = now_ms + timer->repeat_ms;
    clock_state.in_timer = true;
    timer->fn(timer->user);
    clock_state.in_timer = false;
    if (timer->repeat_ms == 0) loop_timer_stop(timer);
}

static void real_start(struct loop_timer *timer, uint32_t delay_ms) {
    timer->handle.data = timer;
    uv_timer_init(loop_uv(), &timer->handle);
    uv_timer_start(&timer->handle, on_timer, delay_ms, timer->repeat_ms);
}

/* ---- timers ---- */

struct loop_timer *loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn, void *user) {
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    if (!timer) return NULL;
    timer->fn = fn;
    timer->user = user;
    timer->repeat_ms = repeat_ms;
    /* Due timers run until none is due: one that starts itself with 0 would never let the loop go
     * on. */
    if (delay_ms == 0 && clock_state.in_timer) delay_ms = 1;
    timer->due_ms = loop_now_ms() + delay_ms;
    if (clock_state.is_virtual)
        due_insert(timer);
    else
        real_start(timer, delay_ms);
    loop_item_add(&timer->item, "timer", clock_state.is_virtual ? virtual_close : real_close);
    return timer;
}

void loop_timer_pause(struct loop_timer *timer) {
    uv_timer_stop(&timer->handle);
}

void loop_timer_resume(struct loop_timer *timer) {
    uv_update_time(loop_uv()); /* this turn may have begun long ago */
    uv_timer_again(&timer->handle);
}

static bool is_closing(const struct loop_timer *timer) {
    return !clock_state.is_virtual && uv_is_closing((const uv_handle_t *)&timer->handle);
}

void loop_timer_stop(struct loop_timer *timer) {
    if (!timer || is_closing(timer)) return;
    loop_item_remove(&timer->item);
    timer->item.close(&timer->item);
}
