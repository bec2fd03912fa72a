#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "outbox_file.h"
#include "outbox_text.h"
#include "registry.h"
#include "status.h"
#include "store.h"

#define ASKED_MAX 256 /* under way together */
#define PAUSE_FIRST_MS 250
#define PAUSE_MAX_MS 30000

struct kept {
    struct kept *next;
    bool asked;  /* under way */
    bool let_go; /* its outcome is nobody's any more: it stands in the file */
    size_t len;
    char text[]; /* outbox_text */
};

static struct {
    struct kept *first;
    struct kept *last;
    struct kept *from_file; /* the one of the file that is being written, not on the list */
    uint32_t count;         /* on the list */
    uint32_t asked;
    size_t bytes;
    bool failing; /* the last answer was a failure */
    bool asking;  /* in ask_all */
    bool hurried;
    uint32_t pause_ms;
    struct loop_timer *timer;
} outbox;

static void ask_all(void);

/* ---- the list -------------------------------------------------------------------------------- */

static void append(struct kept *kept) {
    *(outbox.last ? &outbox.last->next : &outbox.first) = kept;
    outbox.last = kept;
    outbox.count++;
    outbox.bytes += kept->len;
}

static void take_out(const struct kept *kept) {
    struct kept *before = NULL;
    for (struct kept *at = outbox.first; at != kept; at = at->next) before = at;
    *(before ? &before->next : &outbox.first) = kept->next;
    if (outbox.last == kept) outbox.last = before;
    outbox.count--;
    outbox.bytes -= kept->len;
}

/* Those under way are near the front. */
static struct kept *first_waiting(void) {
    struct kept *kept = outbox.first;
    while (kept && kept->asked) kept = kept->next;
    return kept;
}

static void forget(struct kept *kept) {
    if (kept == outbox.from_file)
        outbox.from_file = NULL;
    else if (!kept->let_go)
        take_out(kept);
    free(kept);
}

static void lose(const char *text, const char *why) {
    char what[OUTBOX_WHAT_MAX];
    outbox_text_what(text, what);
    metrics_add(METRIC_STORE_LOST, 1);
    log_error("store", "%s was not stored: %s", what, why);
}

/* ---- into the file --------------------------------------------------------------------------- */

static void let_go(struct kept *kept) {
    take_out(kept);
    kept->let_go = true;
    if (!kept->asked) free(kept);
}

/* All of the list, in order: what comes later waits behind the file. */
static void put_away(void) {
    uint32_t lost = 0, count = outbox.count;
    muster_status status = outbox_file_open_end();
    for (struct kept *kept; (kept = outbox.first); let_go(kept)) {
        if (!status) status = outbox_file_append(kept->text, kept->len);
        if (!status) continue;
        lose(kept->text, status_text(status));
        lost++;
    }
    if (!status) status = outbox_file_sync();
    log_warn("store", "%u writes are kept in %s until the database takes them%s", count - lost,
             outbox_file_path(), lost ? "; others are lost" : "");
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_pause(void *user) {
    (void)user;
    outbox.timer = NULL;
    ask_all();
}

static void pause_then_ask(void) {
    if (outbox.timer) return; /* others failed with it */
    uint32_t longest_ms = outbox.hurried ? PAUSE_FIRST_MS : PAUSE_MAX_MS;
    outbox.pause_ms = outbox.pause_ms ? outbox.pause_ms * 2 : PAUSE_FIRST_MS;
    if (outbox.pause_ms > longest_ms) outbox.pause_ms = longest_ms;
    outbox.timer = loop_timer_start(outbox.pause_ms, 0, on_pause, NULL);
}

static bool may_pass(muster_status status) {
    switch (status) {
    case MUSTER_UNAVAILABLE:
    case MUSTER_IO:
    case MUSTER_LIMIT:
    case MUSTER_FULL:
    case MUSTER_NO_MEMORY:
    case MUSTER_TIMEOUT:
    case MUSTER_CLOSED:
    case MUSTER_STATE: return true;
    default: return false;
    }
}

static void begin_failing(muster_status status) {
    if (!outbox.failing)
        log_error("store", "the database takes no writes (%s): they are kept and tried again",
                  status_text(status));
    outbox.failing = true;
    pause_then_ask();
}

static void end_failing(void) {
    if (outbox.failing) log_info("store", "the database takes writes again");
    outbox.failing = false;
    outbox.pause_ms = 0;
}

static void settle(struct kept *kept, muster_status status) {
    bool is_first = kept == outbox.from_file || kept == outbox.first;
    kept->asked = false;
    outbox.asked--;
    if (kept->let_go) {
        free(kept);
    } else if (!status) {
        if (is_first) end_failing();
        forget(kept);
    } else if (may_pass(status) || (outbox.failing && !is_first)) {
        begin_failing(status); /* later ones may have failed for want of the first */
    } else {
        if (is_first) end_failing();
        lose(kept->text, status_text(status));
        forget(kept);
    }
    ask_all();
}

static void on_written(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)rows;
    settle(user, status);
}

static void ask(struct kept *kept) {
    struct muster_db_request request;
    kept->asked = true;
    outbox.asked++;
    void *parsed = outbox_text_parse(kept->text, kept->len, &request);
    muster_status status = MUSTER_INVALID;
    if (parsed) status = store_submit(NULL, &request, on_written, kept, NULL);
    outbox_text_free(parsed);
    if (status) settle(kept, status);
}

/* Null: the file is at its end, and gone. */
static struct kept *next_of_file(void) {
    size_t len;
    const char *text = outbox.from_file ? NULL : outbox_file_read(&len);
    if (!text) return outbox.from_file;
    struct kept *kept = calloc(1, sizeof *kept + len + 1);
    if (!kept) return NULL;
    memcpy(kept->text, text, len);
    kept->len = len;
    outbox.from_file = kept;
    return kept;
}

static bool ask_next(void) {
    bool one_by_one = outbox.failing || outbox_file_is_open();
    if (outbox.timer || outbox.asked >= (one_by_one ? 1 : ASKED_MAX)) return false;
    struct kept *kept = outbox_file_is_open() ? next_of_file() : NULL;
    if (!kept) kept = first_waiting();
    if (kept) ask(kept);
    return kept != NULL;
}

static void ask_all(void) {
    if (outbox.asking) return;
    outbox.asking = true;
    while (ask_next()) continue;
    outbox.asking = false;
}

/* ---- used by others -------------------------------------------------------------------------- */

muster_status outbox_add(const char *what, const struct muster_db_request *request) {
    if (!registry_first(MUSTER_ROLE_DATABASE)) return MUSTER_OK;
    char *text = NULL;
    muster_status status = outbox_text_write(what, request, &text);
    if (status) return status;
    size_t len = strlen(text);
    struct kept *kept = calloc(1, sizeof *kept + len + 1);
    if (kept) memcpy(kept->text, text, len);
    if (!kept) lose(text, status_text(MUSTER_NO_MEMORY));
    free(text);
    if (!kept) return MUSTER_NO_MEMORY;
    kept->len = len;
    append(kept);
    if (outbox.bytes > OUTBOX_BYTES_MAX) put_away();
    ask_all();
    return MUSTER_OK;
}

void outbox_start(void) {
    if (outbox_file_take_up()) log_info("store", "taking up %s", outbox_file_path());
    ask_all();
}

const char *outbox_trouble(void) {
    return outbox.failing ? "writes wait for the database" : NULL;
}

bool outbox_is_empty(void) {
    return outbox.count == 0 && !outbox.from_file && !outbox_file_is_open();
}

uint32_t outbox_count(void) {
    return outbox.count + (outbox.from_file != NULL);
}

void outbox_hurry(void) {
    outbox.hurried = true;
    loop_timer_stop(outbox.timer);
    outbox.timer = NULL;
    ask_all();
}

void outbox_deinit(void) {
    loop_timer_stop(outbox.timer);
    outbox.timer = NULL;
    if (outbox.first) put_away();
    free(outbox.from_file); /* it still stands in the file */
    outbox_file_close();
    memset(&outbox, 0, sizeof outbox);
}
