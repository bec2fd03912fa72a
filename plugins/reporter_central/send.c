/* send - what lies in the outbox goes to the directory. A step reads a batch, sends it, and removes
 * it once it was answered for; the next follows at once. After a failure it waits, longer each
 * time, and sees to it that not too much waits with it. */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory/directory.h"
#include "directory/registered.h"
#include "reporter_central.h"

#define FETCH_MS 15000
#define ANSWER_BYTES_MAX 65536
/* Of several; one alone may be longer. So many bytes hold fewer rows of players than the directory
 * takes at once. */
#define BODY_BYTES_MAX 32768u
#define URL_MAX 640
#define SOON_MS 300       /* others may come with it */
#define WAIT_LEAST_MS 500 /* after a failure; doubled with each that follows */
#define WAIT_MOST_MS 32000
#define LOOK_MS 30000 /* nothing was put, as far as is known */
#define GIVE_UP_ROWS 500

/* ---- when ------------------------------------------------------------------------------------ */

static void step(void *user);

static void step_in(struct reporter *reporter, uint32_t delay_ms) {
    reporter->is_busy = false;
    (void)reporter->host->loop->timer_stop(reporter->self, reporter->step);
    (void)reporter->host->loop->timer_start(reporter->self, delay_ms, 0, step, reporter,
                                            &reporter->step);
}

/* Half of it at least, so that many who wait for the same do not come together. */
static void step_again(struct reporter *reporter) {
    uint32_t random, shift = reporter->failures < 6 ? reporter->failures : 6;
    uint32_t wait_ms = WAIT_LEAST_MS << shift;
    if (wait_ms > WAIT_MOST_MS) wait_ms = WAIT_MOST_MS;
    reporter->failures++;
    reporter->host->loop->random(reporter->self, &random, sizeof random);
    step_in(reporter, wait_ms / 2 + random % (wait_ms / 2 + 1));
}

static void failed(struct reporter *reporter, const char *who, const char *why) {
    if (!reporter->is_failing)
        reporter->host->log->write(reporter->self, MUSTER_LOG_WARN,
                                   "reports for the directory wait: %s: %s", who, why);
    reporter->is_failing = true;
    step_again(reporter);
}

/* True: the database has not done it. */
static bool is_trouble(struct reporter *reporter, muster_status status) {
    if (status && status != MUSTER_CLOSED)
        failed(reporter, "the database", muster_status_text(status));
    return status != MUSTER_OK;
}

/* The next turn comes with its answer. */
static void expect(struct reporter *reporter, muster_status status) {
    reporter->is_busy = true;
    (void)is_trouble(reporter, status);
}

void send_soon(struct reporter *reporter) {
    if (reporter->has_news) return;
    reporter->has_news = true;
    if (!reporter->is_busy && reporter->failures == 0) step_in(reporter, SOON_MS);
}

/* ---- not too much of it ---------------------------------------------------------------------- */

static void read_next(struct reporter *reporter, bool suspicions);
static void on_counted(void *user, muster_status status, const struct muster_db_rows *rows);

static void lose(struct reporter *reporter, int64_t count, const char *why) {
    if (count <= 0) return;
    reporter->host->metrics->increase(reporter->self, reporter->lost_metric, (double)count);
    reporter->host->log->write(reporter->self, MUSTER_LOG_ERROR,
                               "%lld reports for the directory were given up: %s", (long long)count,
                               why);
}

static void on_given_up(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct reporter *reporter = user;
    if (is_trouble(reporter, status)) return;
    lose(reporter, rows->changes, "too many wait");
    expect(reporter, outbox_count(reporter, on_counted));
}

static void on_counted(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct reporter *reporter = user;
    if (is_trouble(reporter, status)) return;
    int64_t count = rows->cells[0].integer, excess = count - reporter->rows_max;
    bool is_long = rows->cells[1].integer > reporter->bytes_max;
    if (is_long && excess < GIVE_UP_ROWS) excess = count < GIVE_UP_ROWS ? 1 : GIVE_UP_ROWS;
    reporter->host->metrics->set(reporter->self, reporter->waiting_metric, (double)count);
    if (excess > 0)
        expect(reporter, outbox_give_up(reporter, excess, on_given_up));
    else if (count > 0)
        read_next(reporter, false);
    else
        step_in(reporter, reporter->has_news ? SOON_MS : LOOK_MS);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void on_removed(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct reporter *reporter = user;
    (void)rows;
    if (is_trouble(reporter, status)) return;
    if (reporter->is_failing)
        reporter->host->log->write(reporter->self, MUSTER_LOG_INFO,
                                   "reports reach the directory again");
    reporter->is_failing = false;
    reporter->failures = 0;
    reporter->is_busy = true;
    read_next(reporter, false);
}

static void remove_batch(struct reporter *reporter) {
    expect(reporter, outbox_remove(reporter, on_removed));
}

/* What of it the directory has not taken, and will not. */
static void tell_refused(struct reporter *reporter, struct muster_bytes body) {
    json_t *json = json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *refused = json_object_get(json, "refused");
    const char *reason = json_string_value(json_object_get(json_array_get(refused, 0), "reason"));
    lose(reporter, (int64_t)json_array_size(refused), reason ? reason : "the directory's refusal");
    json_decref(json);
}

/* Of the whole, so that it is no use to send it again as it is. */
static bool is_refusal(uint32_t http) {
    return http == 400 || http == 413 || http == 415 || http == 422;
}

static void on_answer(void *user, const struct muster_http_result *result) {
    struct reporter *reporter = user;
    char why[64];
    if (result->status == MUSTER_CLOSED) return;
    snprintf(why, sizeof why, "it answers %u", result->http_status);
    if (result->status != MUSTER_OK) {
        failed(reporter, "the directory", muster_status_text(result->status));
    } else if (result->http_status == 200 || result->http_status == 201) {
        reporter->is_single = false;
        tell_refused(reporter, result->body);
        remove_batch(reporter);
    } else if (!is_refusal(result->http_status)) {
        failed(reporter, "the directory", why);
    } else if (reporter->batch.count > 1) {
        reporter->is_single = true;
        read_next(reporter, false);
    } else {
        lose(reporter, 1, why);
        remove_batch(reporter);
    }
}

struct request {
    struct reporter *reporter;
    struct muster_bytes body;
    muster_status status;
};

static void post(void *user, const void *vtable, void *instance) {
    const struct directory_registration *registration = vtable;
    struct request *request = user;
    struct reporter *reporter = request->reporter;
    struct directory_registered at;
    char url[URL_MAX], bearer[DIRECTORY_TOKEN_MAX + 8];
    request->status = registration->get(instance, &at);
    if (request->status) return;
    snprintf(url, sizeof url, "%s" DIRECTORY_SERVERS_PATH "/%s/%s", at.url, at.server_id,
             reporter->batch.is_suspicion ? "reports" : "activity");
    snprintf(bearer, sizeof bearer, "Bearer %s", at.token);
    const struct muster_http_header headers[] = {{"authorization", bearer},
                                                 {"content-type", "application/json"}};
    const struct muster_http_fetch fetch = {.size = sizeof fetch,
                                            .timeout_ms = FETCH_MS,
                                            .method = "POST",
                                            .url = url,
                                            .headers = headers,
                                            .header_count = 2,
                                            .response_max_bytes = ANSWER_BYTES_MAX,
                                            .body = request->body};
    request->status =
        reporter->host->http->fetch(reporter->self, &fetch, on_answer, reporter, NULL);
    sodium_memzero(bearer, sizeof bearer);
}

/* The batch's body, of as many rows as go into one. Null: out of memory. */
static char *write_body(struct batch *batch, const struct muster_db_rows *rows) {
    static const char head[] = "{\"activity\":[", tail[] = "]}";
    size_t size = sizeof head + sizeof tail, len = 0;
    for (uint32_t i = 0; i < rows->row_count; i++) size += rows->cells[2 * i + 1].bytes.len + 1;
    char *body = malloc(size);
    if (!body) return NULL;
    if (!batch->is_suspicion) len = (size_t)sprintf(body, "%s", head);
    for (uint32_t i = 0; i < rows->row_count && i < BATCH_ROWS; i++) {
        const struct muster_bytes *key = &rows->cells[2 * i].bytes;
        const struct muster_bytes *item = &rows->cells[2 * i + 1].bytes;
        if (i > 0 && len + item->len > BODY_BYTES_MAX) break;
        if (i > 0) body[len++] = ',';
        memcpy(body + len, item->data, item->len);
        len += item->len;
        snprintf(batch->keys[batch->count++], KEY_MAX, "%.*s", (int)key->len,
                 (const char *)key->data);
    }
    snprintf(body + len, size - len, "%s", batch->is_suspicion ? "" : tail);
    return body;
}

static void send_rows(struct reporter *reporter, const struct muster_db_rows *rows) {
    char *body = write_body(&reporter->batch, rows);
    struct request request = {.reporter = reporter, .status = MUSTER_NO_MEMORY};
    if (body) {
        request.body = (struct muster_bytes){body, strlen(body)};
        muster_status called = reporter->host->interfaces->call(
            reporter->self, reporter->registration, post, &request);
        if (called) request.status = called;
    }
    free(body);
    if (request.status == MUSTER_UNAVAILABLE || request.status == MUSTER_STATE)
        step_again(reporter); /* not registered, or no network: others say so */
    else if (request.status)
        failed(reporter, "nothing can be sent", muster_status_text(request.status));
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct reporter *reporter = user;
    if (is_trouble(reporter, status)) return;
    if (rows->row_count > 0)
        send_rows(reporter, rows);
    else if (!reporter->batch.is_suspicion)
        read_next(reporter, true);
    else
        expect(reporter, outbox_count(reporter, on_counted));
}

static void read_next(struct reporter *reporter, bool suspicions) {
    bool is_one = suspicions || reporter->is_single;
    if (!suspicions) reporter->has_news = false;
    reporter->batch = (struct batch){.is_suspicion = suspicions};
    expect(reporter, outbox_read(reporter, suspicions, is_one ? 1 : BATCH_ROWS, on_rows));
}

static void step(void *user) {
    struct reporter *reporter = user;
    reporter->step = (muster_timer_id){0};
    if (reporter->is_busy) return;
    if (reporter->failures > 0)
        expect(reporter, outbox_count(reporter, on_counted));
    else
        read_next(reporter, false);
}

void send_start(struct reporter *reporter) {
    step_in(reporter, SOON_MS);
}

void send_stop(struct reporter *reporter) {
    (void)reporter->host->loop->timer_stop(reporter->self, reporter->step);
}
