/* loop_watch - descriptors, signals and the console lines of stdin on the event loop.
 *
 * Owns its handles; never the descriptors that others asked it to watch. Called by host (plugins'
 * polls), server (signals) and admin (stdin).
 */
#include "loop_internal.h"

#include "log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1000, READ_BYTES = 4096 };

struct loop_poll {
    struct loop_item item;
    uv_poll_t handle;
    void (*fn)(void *user, uint32_t events, muster_status status);
    void *user;
};

struct watched_signal {
    struct loop_item item;
    uv_signal_t handle;
    loop_fn fn;
    void *user;
};

struct console {
    struct loop_item item;
    uv_poll_t poll; /* on epoll_fd, which watches stdin */
    uv_idle_t idle; /* instead, where stdin is a file, which is always ready */
    bool polled;
    bool closing;
    int epoll_fd;
    void (*fn)(void *user, const char *line);
    void *user;
    uint32_t len;
    bool overlong; /* dropping until the next newline */
    char line[LINE_MAX_BYTES + 1];
};

/* ---- descriptors ---- */

static void poll_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void poll_close(struct loop_item *item) {
    struct loop_poll *poll = (struct loop_poll *)item;
    uv_close((uv_handle_t *)&poll->handle, poll_closed);
}

static void on_poll(uv_poll_t *handle, int code, int events) {
    struct loop_poll *poll = handle->data;
    uint32_t bits = 0;
    if (events & UV_READABLE) bits |= MUSTER_POLL_READ;
    if (events & UV_WRITABLE) bits |= MUSTER_POLL_WRITE;
    poll->fn(poll->user, bits, code == 0 ? MUSTER_OK : MUSTER_IO);
}

struct loop_poll *loop_poll_start(int fd, uint32_t events,
                                  void (*fn)(void *user, uint32_t events, muster_status status),
                                  void *user) {
    struct loop_poll *poll = calloc(1, sizeof(*poll));
    if (!poll) return NULL;
    poll->fn = fn;
    poll->user = user;
    poll->handle.data = poll;
    if (uv_poll_init(loop_uv(), &poll->handle, fd) != 0) {
        free(poll);
        return NULL;
    }
    loop_item_add(&poll->item, "poll", poll_close);
    int bits = 0;
    if (events & MUSTER_POLL_READ) bits |= UV_READABLE;
    if (events & MUSTER_POLL_WRITE) bits |= UV_WRITABLE;
    if (bits == 0 || uv_poll_start(&poll->handle, bits, on_poll) != 0) {
        loop_poll_stop(poll);
        return NULL;
    }
    return poll;
}

void loop_poll_stop(struct loop_poll *poll) {
    if (!poll || uv_is_closing((uv_handle_t *)&poll->handle)) return;
    loop_item_remove(&poll->item);
    poll_close(&poll->item);
}

/* ---- signals ---- */

static void signal_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void signal_close(struct loop_item *item) {
    struct watched_signal *watched = (struct watched_signal *)item;
    uv_close((uv_handle_t *)&watched->handle, signal_closed);
}

static void on_signal(uv_signal_t *handle, int number) {
    (void)number;
    struct watched_signal *watched = handle->data;
    watched->fn(watched->user);
}

muster_status loop_signal(int signal_number, loop_fn fn, void *user) {
    struct watched_signal *watched = calloc(1, sizeof(*watched));
    if (!watched) return MUSTER_NO_MEMORY;
    watched->fn = fn;
    watched->user = user;
    watched->handle.data = watched;
    int code = uv_signal_init(loop_uv(), &watched->handle);
    if (code != 0) {
        free(watched);
        return loop_status(code);
    }
    code = uv_signal_start(&watched->handle, on_signal, signal_number);
    if (code != 0) {
        signal_close(&watched->item);
        return loop_status(code);
    }
    uv_unref((uv_handle_t *)&watched->handle); /* waiting for a signal keeps no loop running */
    loop_item_add(&watched->item, NULL, signal_close);
    return MUSTER_OK;
}

/* ---- stdin ---- */

static void console_closed(uv_handle_t *handle) {
    struct console *console = handle->data;
    if (console->epoll_fd >= 0) close(console->epoll_fd);
    free(console);
}

static struct console *reading; /* null: nobody reads stdin */

static void console_close(struct loop_item *item) {
    struct console *console = (struct console *)item;
    console->closing = true;
    reading = NULL;
    uv_handle_t *handle =
        console->polled ? (uv_handle_t *)&console->poll : (uv_handle_t *)&console->idle;
    uv_close(handle, console_closed);
}

static void console_end(struct console *console) {
    if (console->closing) return;
    loop_item_remove(&console->item);
    console_close(&console->item);
}

static void line_end(struct console *console) {
    if (console->overlong) {
        log_warn("loop", "a console line over %d bytes was ignored", LINE_MAX_BYTES);
    } else {
        if (console->len > 0 && console->line[console->len - 1] == '\r') console->len--;
        console->line[console->len] = '\0';
        console->fn(console->user, console->line);
    }
    console->len = 0;
    console->overlong = false;
}

static void console_feed(struct console *console, const char *data, size_t len) {
    for (size_t i = 0; i < len && !console->closing; i++) {
        if (data[i] == '\n')
            line_end(console);
        else if (console->len == LINE_MAX_BYTES)
            console->overlong = true;
        else
            console->line[console->len++] = data[i];
    }
}

/* One read that is known not to block. */
static void console_read(struct console *console) {
    char data[READ_BYTES];
    ssize_t got = read(STDIN_FILENO, data, sizeof(data));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got > 0) {
        console_feed(console, data, (size_t)got);
        return;
    }
    if (console->len > 0) line_end(console); /* a last line without its newline */
    console_end(console);
}

static void on_console_poll(uv_poll_t *handle, int code, int events) {
    (void)events;
    if (code == 0)
        console_read(handle->data);
    else
        console_end(handle->data);
}

static void on_console_idle(uv_idle_t *handle) {
    console_read(handle->data);
}

/* Not uv_poll on stdin itself: that would make it non-blocking, and with it a terminal's stdout,
 * which shares its open file. The epoll descriptor between takes that change. */
static int console_poll_start(struct console *console) {
    struct epoll_event event = {.events = EPOLLIN};
    console->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (console->epoll_fd < 0) return UV_EMFILE;
    if (epoll_ctl(console->epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0) return -errno;
    int code = uv_poll_init(loop_uv(), &console->poll, console->epoll_fd);
    if (code != 0) return code;
    console->polled = true;
    console->poll.data = console;
    return uv_poll_start(&console->poll, UV_READABLE, on_console_poll);
}

static void console_idle_start(struct console *console) {
    uv_idle_init(loop_uv(), &console->idle);
    console->idle.data = console;
    uv_idle_start(&console->idle, on_console_idle);
}

muster_status loop_stdin(void (*fn)(void *user, const char *line), void *user) {
    struct console *console = calloc(1, sizeof(*console));
    if (!console) return MUSTER_NO_MEMORY;
    console->fn = fn;
    console->user = user;
    /* In the background of a shell a read from the terminal then fails instead of stopping us. */
    signal(SIGTTIN, SIG_IGN);
    int code = console_poll_start(console);
    if (code == UV_EPERM) { /* a file or /dev/null: epoll takes neither, both end soon */
        console_idle_start(console);
        code = 0;
    }
    if (code != 0 && !console->polled) {
        if (console->epoll_fd >= 0) close(console->epoll_fd);
        free(console);
        return loop_status(code);
    }
    if (code != 0) {
        console_close(&console->item);
        return loop_status(code);
    }
    uv_unref(console->polled ? (uv_handle_t *)&console->poll : (uv_handle_t *)&console->idle);
    loop_item_add(&console->item, NULL, console_close);
    reading = console;
    return MUSTER_OK;
}

void loop_stdin_stop(void) {
    if (reading) console_end(reading);
}
