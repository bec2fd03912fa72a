/* log - lines are formatted on the caller's thread and written by a thread of their own.
 *
 * Owns the ring of waiting lines, the writer thread and the rate table. Called by everything, on
 * any thread; never waits for the terminal, but for a bounded moment in log_plain and log_stop.
 */
#include "log.h"
#include "log_line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RING_LINES = 4096,
    RING_LINES_KEPT = 512, /* of these, for kept lines alone */
    RATE_SLOTS = 256,
    RATE_PER_SECOND = 20,
    FLUSH_WAIT_S = 2,
};

struct row {
    char *data;
    size_t len;
};

/* How often one component, plugin and format spoke in this second. */
struct rate {
    const char *format; /* the address is its name; never read */
    char component[24];
    char plugin[MUSTER_NAME_MAX];
    time_t second;
    uint32_t level;
    uint32_t count;
    uint32_t suppressed;
};

static atomic_uint level_now = MUSTER_LOG_INFO;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;  /* the writer waits */
    pthread_cond_t written; /* log_plain waits */
    pthread_t writer;
    bool running;
    bool stopping;
    bool json;
    struct row ring[RING_LINES];
    uint64_t head;        /* lines put in since the start */
    uint64_t tail;        /* lines written */
    uint64_t dropped;     /* lines lost in all */
    uint64_t overflowed;  /* lost since the ring was full, not told yet */
    uint64_t unwritten;   /* lost since stdout takes none, told when it does again */
    bool is_torn;         /* a line has lost its end there; of the writer alone */
    uint32_t rates_quiet; /* rows with suppressed > 0 */
    struct rate rates[RATE_SLOTS];
} state = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .filled = PTHREAD_COND_INITIALIZER,
    .written = PTHREAD_COND_INITIALIZER,
};

/* ---- output ---- */

/* How much of it is written: all, or what a file on a full disk has taken; nobody may be there. */
static size_t write_all(int fd, const char *data, size_t len) {
    size_t done = 0;
    while (done < len) {
        ssize_t wrote = write(fd, data + done, len - done);
        if (wrote > 0) {
            done += (size_t)wrote;
        } else if (wrote < 0 && errno == EAGAIN) { /* somebody made the terminal non-blocking */
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (wrote < 0 && errno != EINTR) {
            break;
        }
    }
    return done;
}

/* Under the lock, as are all helpers below. False: the line is lost. */
static bool ring_put(const char *data, size_t len, bool kept) {
    if (state.head - state.tail >= RING_LINES - (kept ? 0 : RING_LINES_KEPT)) return false;
    char *copy = malloc(len);
    if (!copy) return false;
    memcpy(copy, data, len);
    state.ring[state.head++ % RING_LINES] = (struct row){copy, len};
    pthread_cond_signal(&state.filled);
    return true;
}

static bool is_kept(const struct log_line *line) {
    return line->fields && line->fields->kept;
}

static void put_line(const struct log_line *line) {
    char data[LOG_LINE_MAX_BYTES];
    size_t len = state.json ? log_line_json(line, data) : log_line_human(line, data);
    if (!state.running) {
        (void)write_all(STDERR_FILENO, data, len);
    } else if (!ring_put(data, len, is_kept(line))) {
        state.dropped++;
        state.overflowed++;
    }
}

static void put_suppressed(uint32_t level, const char *component, const char *plugin, uint64_t n) {
    char text[64];
    snprintf(text, sizeof(text), "suppressed %llu lines", (unsigned long long)n);
    struct log_fields fields = {.event = "log_suppressed", .plugin = plugin};
    struct log_line line = {
        .level = level, .component = component, .fields = &fields, .text = text};
    clock_gettime(CLOCK_REALTIME, &line.time);
    put_line(&line);
}

/* ---- rate ---- */

static void rate_tell(struct rate *rate) {
    if (rate->suppressed == 0) return;
    uint32_t suppressed = rate->suppressed;
    rate->suppressed = 0;
    state.rates_quiet--;
    put_suppressed(rate->level, rate->component, rate->plugin, suppressed);
}

static void rates_tell(time_t before) {
    if (state.rates_quiet == 0) return;
    for (uint32_t i = 0; i < RATE_SLOTS; i++)
        if (state.rates[i].second < before) rate_tell(&state.rates[i]);
}

static uint32_t hash_text(uint32_t hash, const char *text) {
    while (*text) hash = (hash ^ (unsigned char)*text++) * 16777619u;
    return hash;
}

static bool same_speaker(const struct rate *rate, const char *format, const char *component,
                         const char *plugin) {
    return rate->format == format &&
           strncmp(rate->component, component, sizeof(rate->component) - 1) == 0 &&
           strncmp(rate->plugin, plugin, sizeof(rate->plugin) - 1) == 0;
}

/* Whether the line may pass. */
static bool rate_take(const struct log_line *line, const char *format) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    rates_tell(now.tv_sec);
    const char *plugin = line->fields && line->fields->plugin ? line->fields->plugin : "";
    if (line->fields && line->fields->kind) format = line->fields->kind;
    uint32_t hash = hash_text(2166136261u, line->component) ^ (uint32_t)((uintptr_t)format >> 2);
    struct rate *rate = &state.rates[hash_text(hash, plugin) % RATE_SLOTS];
    if (!same_speaker(rate, format, line->component, plugin) || rate->second != now.tv_sec) {
        rate_tell(rate);
        *rate = (struct rate){.format = format, .second = now.tv_sec};
        snprintf(rate->component, sizeof(rate->component), "%s", line->component);
        snprintf(rate->plugin, sizeof(rate->plugin), "%s", plugin);
    }
    rate->level = line->level;
    if (rate->count++ < RATE_PER_SECOND) return true;
    if (rate->suppressed++ == 0) {
        state.rates_quiet++;
        pthread_cond_signal(&state.filled); /* the writer tells it when the second is over */
    }
    state.dropped++;
    return false;
}

/* ---- the writer ---- */

/* On the monotonic clock: whoever sets the wall clock must not lengthen a wait. */
static struct timespec after_s(time_t seconds) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += seconds;
    return at;
}

/* Lines that stdout did not take are told with the next that it takes. */
static void note_written(bool is_whole) {
    if (!is_whole) {
        state.dropped++;
        state.unwritten++;
    } else {
        state.overflowed += state.unwritten;
        state.unwritten = 0;
    }
}

static void write_next(void) {
    struct row row = state.ring[state.tail % RING_LINES];
    pthread_mutex_unlock(&state.lock);
    if (state.is_torn) state.is_torn = write_all(STDOUT_FILENO, "\n", 1) == 0;
    size_t done = state.is_torn ? 0 : write_all(STDOUT_FILENO, row.data, row.len);
    if (done > 0) state.is_torn = done < row.len;
    free(row.data);
    pthread_mutex_lock(&state.lock);
    state.tail++;
    note_written(done == row.len);
    pthread_cond_broadcast(&state.written);
}

static void overflow_tell(void) {
    if (state.overflowed == 0) return;
    uint64_t lost = state.overflowed;
    state.overflowed = 0;
    put_suppressed(MUSTER_LOG_WARN, "log", NULL, lost);
}

static void writer_wait(void) {
    if (state.rates_quiet == 0) {
        pthread_cond_wait(&state.filled, &state.lock);
        return;
    }
    struct timespec until = after_s(1);
    if (pthread_cond_clockwait(&state.filled, &state.lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
        return;
    rates_tell(until.tv_sec);
}

static void *write_lines(void *unused) {
    pthread_mutex_lock(&state.lock);
    for (;;) {
        while (state.tail != state.head) write_next();
        overflow_tell();
        if (state.tail != state.head) continue;
        if (state.stopping) break;
        writer_wait();
    }
    state.running = false; /* from here on lines go to stderr */
    pthread_mutex_unlock(&state.lock);
    return unused;
}

static bool writer_start(void) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all); /* signals belong to the loop thread, but for what untrusted needs */
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&state.writer, NULL, write_lines, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code == 0;
}

void log_format_set(enum log_format format) {
    bool json = format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDOUT_FILENO));
    tzset();
    pthread_mutex_lock(&state.lock);
    state.json = json;
    pthread_mutex_unlock(&state.lock);
}

muster_status log_start(enum log_format format, uint32_t level_min) {
    muster_status status = MUSTER_OK;
    log_level_set(level_min);
    log_format_set(format);
    pthread_mutex_lock(&state.lock);
    if (state.running) {
        status = MUSTER_STATE;
    } else {
        state.stopping = false;
        state.running = writer_start();
        if (!state.running) status = MUSTER_NO_MEMORY;
    }
    pthread_mutex_unlock(&state.lock);
    return status;
}

void log_stop(void) {
    pthread_mutex_lock(&state.lock);
    bool running = state.running && !state.stopping;
    rates_tell(INT64_MAX);
    if (running) {
        state.stopping = true;
        pthread_cond_signal(&state.filled);
    }
    pthread_mutex_unlock(&state.lock);
    if (!running) return;
    /* A terminal that takes nothing must not keep the process alive. */
    struct timespec until = after_s(FLUSH_WAIT_S);
    if (pthread_clockjoin_np(state.writer, NULL, CLOCK_MONOTONIC, &until) != 0)
        pthread_detach(state.writer);
}

void log_level_set(uint32_t level_min) {
    atomic_store_explicit(&level_now, level_min, memory_order_relaxed);
}

uint32_t log_level_parse(const char *text) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (uint32_t i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0) return i;
    return UINT32_MAX;
}

uint64_t log_dropped(void) {
    pthread_mutex_lock(&state.lock);
    uint64_t dropped = state.dropped;
    pthread_mutex_unlock(&state.lock);
    return dropped;
}

/* ---- lines ---- */

static void mark_cut(char *text) {
    static const char mark[] = " ...";
    text[LOG_TEXT_MAX_BYTES + 1 - sizeof mark] = '\0';
    log_line_trim(text, LOG_TEXT_MAX_BYTES + 1 - sizeof mark);
    strcat(text, mark);
}

static void write_args(uint32_t level, const char *component, const struct log_fields *fields,
                       const char *format, va_list args) MUSTER_PRINTF(4, 0);
static void write_args(uint32_t level, const char *component, const struct log_fields *fields,
                       const char *format, va_list args) {
    if (level < atomic_load_explicit(&level_now, memory_order_relaxed)) return;
    int error = errno; /* a log line never changes what its caller looks at next */
    char text[LOG_TEXT_MAX_BYTES + 1];
    int len = vsnprintf(text, sizeof(text), format, args);
    if (len < 0) text[0] = '\0';
    if (len > LOG_TEXT_MAX_BYTES) mark_cut(text);
    struct log_line line = {.level = level, .component = component, .fields = fields, .text = text};
    clock_gettime(CLOCK_REALTIME, &line.time);
    pthread_mutex_lock(&state.lock);
    if (is_kept(&line) || rate_take(&line, format)) put_line(&line);
    pthread_mutex_unlock(&state.lock);
    errno = error;
}

void log_write(uint32_t level, const char *component, const char *format, ...) {
    va_list args;
    va_start(args, format);
    write_args(level, component, NULL, format, args);
    va_end(args);
}

void log_write_lines(uint32_t level, const char *component, const char *before, const char *text) {
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        log_write(level, component, "%s%.*s", before, (int)strcspn(at, "\n"), at);
}

void log_fields(uint32_t level, const char *component, const struct log_fields *fields,
                const char *format, ...) {
    va_list args;
    va_start(args, format);
    write_args(level, component, fields, format, args);
    va_end(args);
}

void log_plain(const char *text) {
    char *data = malloc(LOG_PLAIN_MAX_BYTES(strlen(text)));
    if (!data) return;
    size_t len = log_line_plain(text, data);
    struct timespec until = after_s(FLUSH_WAIT_S);
    pthread_mutex_lock(&state.lock);
    bool put = false;
    int code = 0;
    while (state.running && !(put = ring_put(data, len, true)) && code != ETIMEDOUT)
        code = pthread_cond_clockwait(&state.written, &state.lock, CLOCK_MONOTONIC, &until);
    uint64_t mine = state.head;
    while (put && state.tail < mine && code != ETIMEDOUT)
        code = pthread_cond_clockwait(&state.written, &state.lock, CLOCK_MONOTONIC, &until);
    if (!state.running && !put) (void)write_all(STDOUT_FILENO, data, len);
    pthread_mutex_unlock(&state.lock);
    free(data);
}
