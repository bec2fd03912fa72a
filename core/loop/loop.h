/* loop - the process's one event loop: time, timers, posts, pool work, descriptors, signals, plain
 * sockets. The only user of libuv beside net.
 *
 * Everything runs on the loop thread but loop_post, which is legal on any. Handles are opaque and
 * owned by loop: stop or close frees them after the current turn; the pointer is dead at once.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stddef.h>
#include <stdint.h>

#include <muster/host.h> /* MUSTER_POLL_READ, MUSTER_POLL_WRITE */

struct loop_timer;
struct loop_work;
struct loop_poll;
struct loop_udp;
struct loop_tcp;

typedef void (*loop_fn)(void *user);

/* Sets UV_THREADPOOL_SIZE to pool_threads before first use. */
muster_status loop_init(uint32_t pool_threads) MUSTER_MUST_USE;
/* Runs until loop_stop; returns when every handle is closed or loop_stop was called. */
void loop_run(void);
/* Turns the loop until done() or until limit_ms of real time have passed; false: they have. Not
 * from inside a callback of the loop. */
bool loop_run_until(bool (*done)(void *user), void *user, uint32_t limit_ms);
/* fn is called before the loop waits and after it has waited, behind what was done until then; who
 * was added first comes first. Again is legal. LIMIT above LOOP_TURN_ENDS_MAX. */
#define LOOP_TURN_ENDS_MAX 8
muster_status loop_at_turn_end(void (*fn)(void)) MUSTER_MUST_USE;
/* Nothing is posted, and no job is on the pool or waits for it. */
bool loop_quiet(void);
/* One turn without blocking, for who steps the loop by hand. Returns whether handles are left. */
bool loop_turn(void);
void loop_stop(void);
/* Closes what is left and frees; logs leaked handles. */
void loop_deinit(void);
/* The very last act of a process: ends the pool's threads, so that libraries free what they keep
 * for each. No loop can be opened afterwards. */
void loop_threads_end(void);
/* The uv_loop_t *, for net alone. */
void *loop_handle(void);
bool loop_is_thread(void);

/* Cached time of this turn, monotonic. A stall of over 250 ms is not counted (the process was
 * stopped, the machine slept, a call took long): deadlines and timers are that much later. */
uint64_t loop_now_ms(void);
uint64_t loop_now_us(void); /* read now, monotonic */
/* In which it was stalled, up to now. */
uint64_t loop_stalled_ms(void);
int64_t loop_unix_ms(void); /* wall clock, read now */
uint64_t loop_cpu_us(void); /* what the calling thread has worked; costs a system call */

/* ---- A clock that stands still, for a process that has nobody to be in time for (musterd --run).
 * From loop_clock_virtual, right after loop_init, until loop_deinit only loop_clock_advance moves
 * both clocks and runs timers. Posts, jobs and descriptors are served by turns as ever. ---- */
void loop_clock_virtual(uint64_t now_ms, int64_t unix_ms);
bool loop_clock_is_virtual(void);
/* When the next timer is due; UINT64_MAX: there is none. */
uint64_t loop_clock_due_ms(void);
/* To now_ms, never back. What is due by then runs in order, each timer at its own time. */
void loop_clock_advance(uint64_t now_ms);

/* repeat_ms 0: once, and the timer is gone after fn returned. Null when out of memory. */
struct loop_timer *loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn, void *user);
/* Takes null. */
void loop_timer_stop(struct loop_timer *timer);
/* A repeating timer that has nothing to do for a while; real clock only. Resumed, it is due after
 * repeat_ms. */
void loop_timer_pause(struct loop_timer *timer);
void loop_timer_resume(struct loop_timer *timer);

/* Any thread; FULL above 65536 waiting. */
muster_status loop_post(loop_fn fn, void *user);

/* work on a pool thread, done on the loop thread. */
muster_status loop_work_start(loop_fn work, void (*done)(void *user, muster_status status),
                              void *user, struct loop_work **out) MUSTER_MUST_USE;
/* Jobs that have not begun are cancelled: done gets CLOSED. */
void loop_work_cancel(struct loop_work *work);

struct loop_poll *loop_poll_start(int fd, uint32_t events,
                                  void (*fn)(void *user, uint32_t events, muster_status status),
                                  void *user);
void loop_poll_stop(struct loop_poll *poll);

muster_status loop_signal(int signal_number, loop_fn fn, void *user) MUSTER_MUST_USE;
/* Lines from stdin, without the newline, at most 1000 bytes. EOF ends it quietly. */
muster_status loop_stdin(void (*fn)(void *user, const char *line), void *user) MUSTER_MUST_USE;
/* Another process reads them from here on. */
void loop_stdin_stop(void);

/* UDP */
struct sockaddr;
struct loop_udp *loop_udp_open(const char *address, uint32_t port,
                               void (*fn)(void *user, const struct sockaddr *from,
                                          uint32_t from_len, const void *data, uint32_t len),
                               void *user, muster_status *status);
muster_status loop_udp_send(struct loop_udp *udp, const struct sockaddr *to, const void *data,
                            uint32_t len);
void loop_udp_close(struct loop_udp *udp);

/* TCP server. A listener is a loop_tcp, too. open hands over a connection; close is told once for
 * each connection, after which its pointer is dead. */
struct loop_tcp_handler {
    void (*open)(void *user, struct loop_tcp *conn, const char *address);
    void (*data)(void *user, struct loop_tcp *conn, const void *data, uint32_t len);
    void (*close)(void *user, struct loop_tcp *conn);
};
struct loop_tcp *loop_tcp_listen(const char *address, uint32_t port,
                                 const struct loop_tcp_handler *handler, void *user,
                                 muster_status *status);
/* Copied and queued; FULL above 256 KiB unsent. */
muster_status loop_tcp_send(struct loop_tcp *conn, const void *data, uint32_t len);
/* After what is queued has been sent; a listener at once. */
void loop_tcp_close(struct loop_tcp *tcp);

#endif
