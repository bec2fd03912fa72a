#include "outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "disk.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "outbox_copy.h"
#include "outbox_file.h"
#include "outbox_text.h"
#include "registry.h"
#include "status.h"
#include "store.h"

#define ASKED_MAX 256 /* under way together */
#define PAUSE_FIRST_MS 250
#define PAUSE_MAX_MS 30000

struct outbox;

struct kept {
    struct kept *next;
    struct outbox *outbox;
    bool asked;  /* under way */
    bool let_go; /* its outcome is nobody's any more: it stands in the file */
    size_t len;
    char text[]; /* outbox_text */
};

struct outbox {
    struct outbox *next;
    char database[MUSTER_NAME_MAX];
    struct outbox_file file;
    struct outbox_copy copy;
    bool changed; /* and not copied yet */
    struct kept *first;
    struct kept *last;
    struct kept *from_file; /* the one of the file that is being written, not on the list */
    uint32_t count;         /* on the list */
    uint32_t asked;
    size_t bytes;
    bool failing; /* the last answer was a failure */
    bool asking;  /* in ask_all */
    uint32_t pause_ms;
    struct loop_timer *timer;
};

static struct outbox *outboxes; /* one for each database */
static bool hurried;

static void ask_all(struct outbox *outbox);

/* ---- the list -------------------------------------------------------------------------------- */

static void append(struct outbox *outbox, struct kept *kept) {
    *(outbox->last ? &outbox->last->next : &outbox->first) = kept;
    outbox->last = kept;
    outbox->count++;
    outbox->bytes += kept->len;
    outbox->changed = true;
}

static void take_out(struct outbox *outbox, const struct kept *kept) {
    struct kept *before = NULL;
    for (struct kept *at = outbox->first; at != kept; at = at->next) before = at;
    *(before ? &before->next : &outbox->first) = kept->next;
    if (outbox->last == kept) outbox->last = before;
    outbox->count--;
    outbox->bytes -= kept->len;
    outbox->changed = true;
}

/* Those under way are near the front. */
static struct kept *first_waiting(const struct outbox *outbox) {
    struct kept *kept = outbox->first;
    while (kept && kept->asked) kept = kept->next;
    return kept;
}

static void forget(struct kept *kept) {
    struct outbox *outbox = kept->outbox;
    if (kept == outbox->from_file)
        outbox->from_file = NULL;
    else if (!kept->let_go)
        take_out(outbox, kept);
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
    take_out(kept->outbox, kept);
    kept->let_go = true;
    if (!kept->asked) free(kept);
}

/* As much of the list as the file takes, in order: what comes later waits behind it. */
static void put_away(struct outbox *outbox) {
    uint32_t count = 0;
    muster_status status = outbox_file_open_end(&outbox->file);
    for (; !status && outbox->first; count++) {
        status = outbox_file_append(&outbox->file, outbox->first->text, outbox->first->len);
        if (status) break;
        let_go(outbox->first);
    }
    if (count == 0) return;
    if (outbox_file_sync(&outbox->file)) disk_look();
    log_warn("store", "%u writes are kept in %s until the database takes them", count,
             outbox->file.path);
}

static void give_up(struct kept *kept) {
    lose(kept->text, "neither memory nor disk has room for it");
    let_go(kept);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_pause(void *user) {
    struct outbox *outbox = user;
    outbox->timer = NULL;
    ask_all(outbox);
}

static void pause_then_ask(struct outbox *outbox) {
    if (outbox->timer) return; /* others failed with it */
    uint32_t longest_ms = hurried ? PAUSE_FIRST_MS : PAUSE_MAX_MS;
    outbox->pause_ms = outbox->pause_ms ? outbox->pause_ms * 2 : PAUSE_FIRST_MS;
    if (outbox->pause_ms > longest_ms) outbox->pause_ms = longest_ms;
    outbox->timer = loop_timer_start(outbox->pause_ms, 0, on_pause, outbox);
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

static void begin_failing(struct outbox *outbox, muster_status status) {
    if (!outbox->failing)
        log_error("store", "the database %s takes no writes (%s): they are kept and tried again",
                  outbox->database, status_text(status));
    if (!outbox->failing) disk_look(); /* it may be why */
    outbox->failing = true;
    pause_then_ask(outbox);
}

static void end_failing(struct outbox *outbox) {
    if (outbox->failing) log_info("store", "the database %s takes writes again", outbox->database);
    outbox->failing = false;
    outbox->pause_ms = 0;
}

static void settle(struct kept *kept, muster_status status) {
    struct outbox *outbox = kept->outbox;
    bool is_first = kept == outbox->from_file || kept == outbox->first;
    kept->asked = false;
    outbox->asked--;
    if (kept->let_go) {
        free(kept);
    } else if (!status) {
        if (is_first) end_failing(outbox);
        forget(kept);
    } else if (may_pass(status) || (outbox->failing && !is_first)) {
        begin_failing(outbox, status); /* later ones may have failed for want of the first */
    } else {
        if (is_first) end_failing(outbox);
        lose(kept->text, status_text(status));
        forget(kept);
    }
    ask_all(outbox);
}

static void on_written(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)rows;
    settle(user, status);
}

static void ask(struct kept *kept) {
    struct outbox *outbox = kept->outbox;
    struct muster_db_request request;
    kept->asked = true;
    outbox->asked++;
    void *parsed = outbox_text_parse(kept->text, kept->len, &request);
    muster_status status = MUSTER_INVALID;
    if (parsed) request.database = outbox->database;
    if (parsed) status = store_submit(NULL, &request, on_written, kept, NULL);
    outbox_text_free(parsed);
    if (status) settle(kept, status);
}

/* Null: the file is at its end, and gone. */
static struct kept *next_of_file(struct outbox *outbox) {
    size_t len;
    const char *text = outbox->from_file ? NULL : outbox_file_read(&outbox->file, &len);
    if (!text) return outbox->from_file;
    struct kept *kept = calloc(1, sizeof *kept + len + 1);
    if (!kept) return NULL;
    memcpy(kept->text, text, len);
    kept->len = len;
    kept->outbox = outbox;
    outbox->from_file = kept;
    return kept;
}

static bool ask_next(struct outbox *outbox) {
    bool one_by_one = outbox->failing || outbox_file_is_open(&outbox->file);
    if (outbox->timer || outbox->asked >= (one_by_one ? 1 : ASKED_MAX)) return false;
    struct kept *kept = outbox_file_is_open(&outbox->file) ? next_of_file(outbox) : NULL;
    if (!kept) kept = first_waiting(outbox);
    if (kept) ask(kept);
    return kept != NULL;
}

static void ask_all(struct outbox *outbox) {
    if (outbox->asking) return;
    outbox->asking = true;
    while (ask_next(outbox)) continue;
    outbox->asking = false;
}

/* ---- the copy -------------------------------------------------------------------------------- */

static void copy_list(struct outbox *outbox) {
    outbox->changed = false;
    outbox_copy_begin(&outbox->copy);
    for (const struct kept *kept = outbox->first; kept; kept = kept->next)
        outbox_copy_add(&outbox->copy, kept->text, kept->len);
    outbox_copy_end(&outbox->copy);
}

static void copy_changed(void) {
    struct outbox *outbox;
    LL_FOREACH(outboxes, outbox)
    if (outbox->changed && outbox->copy.file) copy_list(outbox);
}

static struct kept *kept_new(struct outbox *outbox, const char *text, size_t len) {
    struct kept *kept = outbox ? calloc(1, sizeof *kept + len + 1) : NULL;
    if (!kept) return NULL;
    memcpy(kept->text, text, len);
    kept->len = len;
    kept->outbox = outbox;
    return kept;
}

/* What a process that died had in memory is older than what is here by now. */
static void take_up_copy(struct outbox *outbox) {
    struct kept *newer = outbox->first, *newest = outbox->last;
    uint32_t len, count = 0;
    outbox_copy_start(&outbox->copy);
    outbox->first = outbox->last = NULL;
    for (const char *line; (line = outbox_copy_next(&outbox->copy, &len)); count++) {
        struct kept *kept = kept_new(outbox, line, len);
        if (kept) append(outbox, kept);
    }
    *(outbox->last ? &outbox->last->next : &outbox->first) = newer;
    if (newer) outbox->last = newest;
    if (count) log_info("store", "%u writes of before are taken up", count);
}

/* ---- used by others -------------------------------------------------------------------------- */

/* Null: out of memory. */
static struct outbox *outbox_of(const struct muster_self *database) {
    const struct provider *first = registry_first(MUSTER_ROLE_DATABASE);
    const char *name = database->instance_name;
    struct outbox *outbox;
    LL_FOREACH(outboxes, outbox)
    if (strcmp(outbox->database, name) == 0) return outbox;
    outbox = calloc(1, sizeof *outbox);
    if (!outbox) return NULL;
    snprintf(outbox->database, sizeof outbox->database, "%s", name);
    const char *suffix = strcmp(first->self->instance_name, name) == 0 ? "" : name;
    outbox_file_init(&outbox->file, suffix);
    outbox_copy_init(&outbox->copy, suffix);
    LL_APPEND(outboxes, outbox);
    return outbox;
}

muster_status outbox_add(const char *what, const char *database,
                         const struct muster_db_request *request) {
    const struct provider *db = registry_named(MUSTER_ROLE_DATABASE, database);
    if (!db) return MUSTER_OK;
    char *text = NULL;
    muster_status status = outbox_text_write(what, request, &text);
    if (status) return status;
    struct outbox *outbox = outbox_of(db->self);
    struct kept *kept = kept_new(outbox, text, strlen(text));
    if (!kept) lose(text, status_text(MUSTER_NO_MEMORY));
    free(text);
    if (!kept) return MUSTER_NO_MEMORY;
    append(outbox, kept);
    if (outbox->bytes > OUTBOX_BYTES_MAX) put_away(outbox);
    if (outbox->bytes > OUTBOX_BYTES_MAX) give_up(kept);
    ask_all(outbox);
    return MUSTER_OK;
}

void outbox_start(void) {
    for (const struct provider *db = registry_first(MUSTER_ROLE_DATABASE); db; db = db->next) {
        struct outbox *outbox = outbox_of(db->self);
        if (!outbox) continue;
        if (outbox_file_take_up(&outbox->file))
            log_info("store", "taking up %s", outbox->file.path);
        take_up_copy(outbox);
        ask_all(outbox);
    }
    if (loop_at_turn_end(copy_changed))
        log_error("store", "what waits is not copied: a crash loses it");
}

muster_status outbox_look(const char *path, uint32_t *count, uint32_t *broken) {
    struct muster_db_request request;
    FILE *stream = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    *count = *broken = 0;
    if (!stream) return MUSTER_IO;
    for (ssize_t len; (len = getline(&line, &size, stream)) > 0;) {
        if (line[len - 1] == '\n' && --len == 0) continue;
        void *parsed = outbox_text_parse(line, (size_t)len, &request);
        ++*(parsed ? count : broken);
        outbox_text_free(parsed);
    }
    free(line);
    fclose(stream);
    return MUSTER_OK;
}

const char *outbox_trouble(void) {
    const struct outbox *outbox;
    LL_FOREACH(outboxes, outbox)
    if (outbox->failing) return "writes wait for the database";
    return NULL;
}

bool outbox_is_empty(void) {
    const struct outbox *outbox;
    LL_FOREACH(outboxes, outbox)
    if (outbox->count || outbox->from_file || outbox_file_is_open(&outbox->file)) return false;
    return true;
}

uint32_t outbox_count(void) {
    uint32_t count = 0;
    const struct outbox *outbox;
    LL_FOREACH(outboxes, outbox) count += outbox->count + (outbox->from_file != NULL);
    return count;
}

void outbox_hurry(void) {
    struct outbox *outbox;
    hurried = true;
    LL_FOREACH(outboxes, outbox) {
        loop_timer_stop(outbox->timer);
        outbox->timer = NULL;
        ask_all(outbox);
    }
}

void outbox_deinit(void) {
    for (struct outbox *outbox; (outbox = outboxes); free(outbox)) {
        outboxes = outbox->next;
        loop_timer_stop(outbox->timer);
        if (outbox->first) put_away(outbox);
        while (outbox->first) give_up(outbox->first);
        free(outbox->from_file); /* it still stands in the file */
        outbox_file_close(&outbox->file);
        outbox_copy_remove(&outbox->copy);
    }
    hurried = false;
}
