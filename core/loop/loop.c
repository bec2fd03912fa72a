/* loop - the process's one event loop: running it, posts and pool work.
 *
 * Owns the uv_loop_t, the list of open handles and the queue of posts. Time and timers are in
 * loop_clock.c, descriptors, signals and stdin in loop_watch.c, plain sockets in loop_socket.c.
 * Called by everything that waits.
 */
#include "loop_internal.h"

#include "log.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { POSTS_MAX = 65536, POSTS_FIRST = 64, RECEIVE_BYTES = 65536 };

struct post {
    loop_fn fn;
    void *user;
};

struct posts {
    struct post *rows;
    uint32_t count;
    uint32_t cap;
};

struct loop_work {
    struct loop_item item;
    uv_work_t req;
    loop_fn work;
    void (*done)(void *user, muster_status status);
    void *user;
};

static struct {
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t patience; /* ends a wait */
    uv_timer_t beat;     /* reads the clock, or an idle loop would look like a stall */
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    void (*turn_ends[LOOP_TURN_ENDS_MAX])(void);
    uint32_t turn_end_count;
    struct loop_item items; /* head of the ring of open handles */
    pthread_t thread;
    bool ready;
    bool stopped;
    uint32_t jobs; /* on the pool, or waiting for it */
    pthread_mutex_t posts_lock;
    struct posts posts;    /* under posts_lock */
    struct posts draining; /* loop thread */
    char *receive;
} loop = {.posts_lock = PTHREAD_MUTEX_INITIALIZER};

uv_loop_t *loop_uv(void) {
    return &loop.uv;
}

void *loop_handle(void) {
    return &loop.uv;
}

bool loop_is_thread(void) {
    return pthread_equal(loop.thread, pthread_self());
}

uv_buf_t loop_receive_buffer(void) {
    return uv_buf_init(loop.receive, RECEIVE_BYTES);
}

void loop_item_add(struct loop_item *item, const char *kind,
                   void (*close)(struct loop_item *item)) {
    item->kind = kind;
    item->close = close;
    item->prev = loop.items.prev;
    item->next = &loop.items;
    item->prev->next = item;
    item->next->prev = item;
}

void loop_item_remove(struct loop_item *item) {
    item->prev->next = item->next;
    item->next->prev = item->prev;
    item->prev = item->next = item;
}

muster_status loop_status(int uv_code) {
    switch (uv_code) {
    case 0: return MUSTER_OK;
    case UV_EINVAL: return MUSTER_INVALID;
    case UV_ENOMEM: return MUSTER_NO_MEMORY;
    case UV_EADDRINUSE:
    case UV_EEXIST: return MUSTER_EXISTS;
    case UV_EACCES:
    case UV_EPERM: return MUSTER_DENIED;
    case UV_ECANCELED: return MUSTER_CLOSED;
    case UV_EADDRNOTAVAIL: return MUSTER_UNAVAILABLE;
    case UV_EAGAIN: return MUSTER_FULL;
    case UV_EMFILE:
    case UV_ENFILE: return MUSTER_LIMIT;
    default: return MUSTER_IO;
    }
}

/* ---- posts ---- */

static bool posts_grow(struct posts *posts) {
    uint32_t cap = posts->cap ? posts->cap * 2u : POSTS_FIRST;
    struct post *rows = realloc(posts->rows, cap * sizeof(*rows));
    if (!rows) return false;
    posts->rows = rows;
    posts->cap = cap;
    return true;
}

muster_status loop_post(loop_fn fn, void *user) {
    muster_status status = MUSTER_OK;
    pthread_mutex_lock(&loop.posts_lock);
    struct posts *posts = &loop.posts;
    if (!loop.ready)
        status = MUSTER_CLOSED;
    else if (posts->count == POSTS_MAX)
        status = MUSTER_FULL;
    else if (posts->count == posts->cap && !posts_grow(posts))
        status = MUSTER_NO_MEMORY;
    if (status == MUSTER_OK) {
        posts->rows[posts->count++] = (struct post){fn, user};
        /* Inside the lock: deinit must not close the wake handle between check and send. */
        if (posts->count == 1) uv_async_send(&loop.wake);
    }
    pthread_mutex_unlock(&loop.posts_lock);
    return status;
}

/* Runs what was posted before this call; what those post themselves waits for the next turn. */
static bool posts_drain(void) {
    pthread_mutex_lock(&loop.posts_lock);
    struct posts taken = loop.posts;
    loop.posts = loop.draining;
    pthread_mutex_unlock(&loop.posts_lock);
    loop.draining = (struct posts){0};
    for (uint32_t i = 0; i < taken.count; i++) taken.rows[i].fn(taken.rows[i].user);
    bool any = taken.count > 0;
    taken.count = 0;
    loop.draining = taken;
    return any;
}

static bool posts_waiting(void) {
    pthread_mutex_lock(&loop.posts_lock);
    bool any = loop.posts.count > 0;
    pthread_mutex_unlock(&loop.posts_lock);
    return any;
}

static void on_wake(uv_async_t *handle) {
    (void)handle;
    posts_drain();
}

/* The process was stopped, the machine slept, or a call took all the time: whoever has a deadline
 * has as much time left as before. */
uint64_t loop_stalled(uint64_t ms) {
    log_warn("loop", "stood still for %llu ms: deadlines are that much later",
             (unsigned long long)ms);
    return ms;
}

static void on_beat(uv_timer_t *handle) {
    (void)handle;
    (void)loop_now_ms();
}

/* ---- ends of turns ---- */

static void end_turn(void) {
    for (uint32_t i = 0; i < loop.turn_end_count; i++) loop.turn_ends[i]();
}

static void on_before_wait(uv_prepare_t *handle) {
    (void)handle;
    end_turn();
}

static void on_after_wait(uv_check_t *handle) {
    (void)handle;
    end_turn();
}

static void watch_turns(void) {
    uv_prepare_init(&loop.uv, &loop.before_wait);
    uv_check_init(&loop.uv, &loop.after_wait);
    uv_prepare_start(&loop.before_wait, on_before_wait);
    uv_check_start(&loop.after_wait, on_after_wait);
    uv_unref((uv_handle_t *)&loop.before_wait);
    uv_unref((uv_handle_t *)&loop.after_wait);
    loop.turn_end_count = 0;
}

muster_status loop_at_turn_end(void (*fn)(void)) {
    for (uint32_t i = 0; i < loop.turn_end_count; i++)
        if (loop.turn_ends[i] == fn) return MUSTER_OK;
    if (loop.turn_end_count == LOOP_TURN_ENDS_MAX) return MUSTER_LIMIT;
    loop.turn_ends[loop.turn_end_count++] = fn;
    return MUSTER_OK;
}

/* ---- the loop ---- */

/* A daemon started with a standard descriptor closed would give its number to a socket, and a
 * line of log would go to a player. */
static void open_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        int got = open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
        if (got >= 0 && got != fd) close(got);
    }
}

muster_status loop_init(uint32_t pool_threads) {
    char threads[16];
    snprintf(threads, sizeof(threads), "%u", pool_threads);
    setenv("UV_THREADPOOL_SIZE", threads, 1);
    open_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    loop.receive = malloc(RECEIVE_BYTES);
    if (!loop.receive) return MUSTER_NO_MEMORY;
    int code = uv_loop_init(&loop.uv);
    if (code == 0) {
        code = uv_async_init(&loop.uv, &loop.wake, on_wake);
        if (code != 0) uv_loop_close(&loop.uv);
    }
    if (code != 0) {
        free(loop.receive);
        loop.receive = NULL;
        return loop_status(code);
    }
    uv_unref((uv_handle_t *)&loop.wake);
    uv_timer_init(&loop.uv, &loop.patience);
    uv_timer_init(&loop.uv, &loop.beat);
    uv_timer_start(&loop.beat, on_beat, LOOP_BEAT_MS, LOOP_BEAT_MS);
    uv_unref((uv_handle_t *)&loop.beat);
    watch_turns();
    loop_clock_real();
    loop.items.prev = loop.items.next = &loop.items;
    loop.thread = pthread_self();
    loop.stopped = false;
    pthread_mutex_lock(&loop.posts_lock);
    loop.ready = true;
    pthread_mutex_unlock(&loop.posts_lock);
    return MUSTER_OK;
}

void loop_run(void) {
    /* uv_run returns at once when no handle is left, without looking at posts. */
    while (!loop.stopped) {
        uv_run(&loop.uv, UV_RUN_DEFAULT);
        if (!loop.stopped && !posts_drain() && !uv_loop_alive(&loop.uv)) break;
    }
    loop.stopped = false;
}

bool loop_turn(void) {
    loop.stopped = false;
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    if (!uv_loop_alive(&loop.uv)) posts_drain();
    return uv_loop_alive(&loop.uv) || posts_waiting();
}

static void on_patience(uv_timer_t *handle) {
    (void)handle; /* the turn ends, and that is all it is for */
}

bool loop_run_until(bool (*done)(void *user), void *user, uint32_t limit_ms) {
    uint64_t now_ns = uv_hrtime();
    uint64_t until_ns = now_ns + limit_ms * UINT64_C(1000000);
    bool is_done = done(user);
    while (!is_done && now_ns < until_ns) {
        uv_update_time(&loop.uv);
        uv_timer_start(&loop.patience, on_patience, (until_ns - now_ns) / 1000000 + 1, 0);
        uv_run(&loop.uv, UV_RUN_ONCE);
        is_done = done(user);
        now_ns = uv_hrtime();
    }
    uv_timer_stop(&loop.patience);
    return is_done;
}

bool loop_quiet(void) {
    return loop.jobs == 0 && !posts_waiting();
}

void loop_stop(void) {
    loop.stopped = true;
    uv_stop(&loop.uv);
}

static void close_foreign(uv_handle_t *handle, void *user) {
    (void)user;
    if (uv_is_closing(handle)) return;
    log_warn("loop", "a foreign %s handle was left open", uv_handle_type_name(handle->type));
    uv_close(handle, NULL);
}

static void close_leaked_items(void) {
    while (loop.items.next != &loop.items) {
        struct loop_item *item = loop.items.next;
        if (item->kind) log_warn("loop", "a %s was left open", item->kind);
        loop_item_remove(item);
        item->close(item);
    }
}

void loop_deinit(void) {
    if (!loop.ready) return;
    posts_drain();
    pthread_mutex_lock(&loop.posts_lock);
    loop.ready = false;
    pthread_mutex_unlock(&loop.posts_lock);
    close_leaked_items();
    uv_close((uv_handle_t *)&loop.wake, NULL);
    uv_close((uv_handle_t *)&loop.patience, NULL);
    uv_close((uv_handle_t *)&loop.beat, NULL);
    uv_close((uv_handle_t *)&loop.before_wait, NULL);
    uv_close((uv_handle_t *)&loop.after_wait, NULL);
    uv_run(&loop.uv, UV_RUN_DEFAULT); /* waits for jobs on the pool, too */
    close_leaked_items();             /* what the last callbacks opened */
    uv_walk(&loop.uv, close_foreign, NULL);
    uv_run(&loop.uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop.uv) != 0) log_error("loop", "the loop could not be closed");
    free(loop.posts.rows);
    free(loop.draining.rows);
    loop.posts = loop.draining = (struct posts){0};
    free(loop.receive);
    loop.receive = NULL;
}

void loop_threads_end(void) {
    uv_library_shutdown();
}

/* ---- work ---- */

#define POOL_NICE 10

/* The pool gives way: hashing and signing must not make a tick late. Linux keeps a priority for
 * each thread. */
static void yield_to_loop(void) {
    static _Thread_local bool yielding;
    if (yielding) return;
    yielding = true;
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), POOL_NICE))
        log_debug("loop", "a pool thread keeps its priority: %m");
}

static void on_work(uv_work_t *req) {
    yield_to_loop();
    struct loop_work *work = req->data;
    work->work(work->user);
}

static void on_work_done(uv_work_t *req, int code) {
    struct loop_work *work = req->data;
    loop_item_remove(&work->item);
    loop.jobs--;
    work->done(work->user, code == UV_ECANCELED ? MUSTER_CLOSED : MUSTER_OK);
    free(work);
}

static void work_close(struct loop_item *item) {
    loop_work_cancel((struct loop_work *)item);
}

muster_status loop_work_start(loop_fn work, void (*done)(void *user, muster_status status),
                              void *user, struct loop_work **out) {
    struct loop_work *job = calloc(1, sizeof(*job));
    if (!job) return MUSTER_NO_MEMORY;
    job->work = work;
    job->done = done;
    job->user = user;
    job->req.data = job;
    int code = uv_queue_work(&loop.uv, &job->req, on_work, on_work_done);
    if (code != 0) {
        free(job);
        return loop_status(code);
    }
    loop.jobs++;
    loop_item_add(&job->item, "job", work_close);
    if (out) *out = job;
    return MUSTER_OK;
}

void loop_work_cancel(struct loop_work *work) {
    if (work) uv_cancel((uv_req_t *)&work->req); /* BUSY when it has begun: then it ends itself */
}
