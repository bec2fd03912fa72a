/* request - life of one request, and the steps it goes through. */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_local.h"

#define BUSY_WAIT_S 2

static void request_free(struct request *request) {
    struct auth_local *auth = request->auth;
    if (request->prev) request->prev->next = request->next;
    if (request->next) request->next->prev = request->prev;
    if (auth->requests == request) auth->requests = request->next;
    signer_destroy(request->signer);
    json_decref(request->claims);
    sodium_memzero(request, sizeof *request);
    free(request);
}

void request_name_client(struct request *request) {
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_generichash(digest, sizeof digest, request->agent, sizeof request->agent,
                       (const uint8_t *)request->family, strlen(request->family));
    sodium_bin2hex(request->client, sizeof request->client, digest, sizeof digest);
}

struct request *request_create(struct auth_local *auth, const struct muster_http_request *http) {
    struct request *request = auth->ready && !auth->stopping ? calloc(1, sizeof *request) : NULL;
    if (!request) {
        (void)auth->host->http->problem(auth->self, http->id, 503, "unavailable",
                                        "Accounts are not available at the moment.");
        return NULL;
    }
    request->auth = auth;
    request->id = http->id;
    request->now_ms = auth->host->loop->unix_ms(auth->self);
    request->success = 200;
    snprintf(request->address, sizeof request->address, "%s", http->address);
    const char *agent = auth->host->http->header(auth->self, http->id, "user-agent");
    crypto_hash_sha256(request->agent, (const uint8_t *)agent, strlen(agent));
    request->next = auth->requests;
    if (auth->requests) auth->requests->prev = request;
    auth->requests = request;
    return request;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* NOT_FOUND of the host means that the client has gone: nothing is lost. */
static void respond(struct request *request, uint32_t status, const char *type, const char *body,
                    const char *retry_after) {
    const struct muster_http_header headers[] = {{"cache-control", "no-store"},
                                                 {"retry-after", retry_after}};
    struct muster_http_response response = {.size = sizeof response,
                                            .status = status,
                                            .content_type = type,
                                            .body = {body, body ? strlen(body) : 0},
                                            .headers = headers,
                                            .header_count = retry_after ? 2 : 1};
    if (request->id.value)
        (void)request->auth->host->http->respond(request->auth->self, request->id, &response);
    request->id = (muster_request_id){0};
}

void request_respond(struct request *request, const char *json) {
    respond(request, request->success, "application/json", json, NULL);
    request_free(request);
}

void request_respond_empty(struct request *request) {
    respond(request, 204, NULL, NULL, NULL);
    request_free(request);
}

static void answer_problem(struct request *request, uint32_t status, const char *code,
                           const char *detail) {
    if (request->id.value)
        (void)request->auth->host->http->problem(request->auth->self, request->id, status, code,
                                                 detail);
    request->id = (muster_request_id){0};
}

void request_problem(struct request *request, uint32_t status, const char *code,
                     const char *detail) {
    answer_problem(request, status, code, detail);
    request_free(request);
}

void request_retry(struct request *request, uint32_t status, const char *code, const char *detail,
                   uint32_t wait_s) {
    char body[384], retry_after[16];
    snprintf(retry_after, sizeof retry_after, "%u", wait_s);
    snprintf(body, sizeof body,
             "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\","
             "\"code\":\"%s\",\"retryAfterMs\":%u}",
             status == 429 ? "Too Many Requests" : "Service Unavailable", status, detail, code,
             wait_s * 1000);
    respond(request, status, "application/problem+json", body, retry_after);
    request_free(request);
}

void request_busy(struct request *request) {
    request_retry(request, 503, "busy", "Too many sign-ins at once, try again in a moment.",
                  BUSY_WAIT_S);
}

void request_fail(struct request *request, muster_status status) {
    if (status == MUSTER_LIMIT || status == MUSTER_FULL) {
        request_busy(request);
    } else if (status == MUSTER_UNAVAILABLE || status == MUSTER_CLOSED ||
               status == MUSTER_TIMEOUT) {
        request_problem(request, 503, "unavailable", "Accounts are not available at the moment.");
    } else if (status == MUSTER_IO) { /* a full disk, say: the database has said what it is */
        request_problem(request, 503, "storage_failed",
                        "Accounts cannot be written at the moment.");
    } else {
        request->auth->host->log->write(request->auth->self, MUSTER_LOG_ERROR,
                                        "a request failed with status %d", status);
        request_problem(request, 500, "internal_error", "Something went wrong on the server.");
    }
}

/* ---- steps ---------------------------------------------------------------------------------- */

bool request_resume(struct request *request) {
    request->outstanding = false;
    if (!request->auth->stopping) return true;
    request_free(request);
    return false;
}

/* Pool thread. */
static void run_work(void *user) {
    struct request *request = user;
    request->work(request);
}

muster_status request_start_work(struct request *request,
                                 void (*done)(void *user, muster_status status)) {
    struct auth_local *auth = request->auth;
    muster_work_id work;
    muster_status status = auth->host->loop->work(auth->self, run_work, done, request, &work);
    request->outstanding = status == MUSTER_OK;
    return status;
}

static void work_done(void *user, muster_status status) {
    struct request *request = user;
    if (!request_resume(request)) return;
    if (status == MUSTER_OK)
        request->then(request);
    else
        request_fail(request, status);
}

void request_work(struct request *request, request_fn work, request_fn then) {
    request->work = work;
    request->then = then;
    muster_status status = request_start_work(request, work_done);
    if (status != MUSTER_OK) request_fail(request, status);
}

static void query_done(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct request *request = user;
    if (request_resume(request)) request->rows(request, status, rows);
}

void request_query(struct request *request, const struct muster_db_statement *statements,
                   uint32_t count, bool durable, request_rows_fn fn) {
    struct auth_local *auth = request->auth;
    struct muster_db_request query = {.size = sizeof query,
                                      .statement_count = count,
                                      .statements = statements,
                                      .durable = durable,
                                      .database = auth->settings.database};
    request->rows = fn;
    request->outstanding = true;
    muster_status status = auth->host->db->query(auth->self, &query, query_done, request, NULL);
    if (status == MUSTER_OK) return;
    request->outstanding = false;
    request_fail(request, status);
}

void request_cancel_all(struct auth_local *auth) {
    struct request *next;
    for (struct request *request = auth->requests; request; request = next) {
        next = request->next;
        answer_problem(request, 503, "unavailable", "The server is stopping.");
        if (!request->outstanding) request_free(request);
    }
}

/* ---- rows and values ------------------------------------------------------------------------ */

static const struct muster_db_value *cell(const struct muster_db_rows *rows, uint32_t column) {
    static const struct muster_db_value null_cell = {.type = MUSTER_DB_NULL};
    return rows->row_count && column < rows->column_count ? &rows->cells[column] : &null_cell;
}

void rows_text(const struct muster_db_rows *rows, uint32_t column, char *out, size_t cap) {
    const struct muster_db_value *value = cell(rows, column);
    size_t len = value->type == MUSTER_DB_TEXT ? (size_t)value->bytes.len : 0;
    if (len >= cap) len = cap - 1;
    if (len) memcpy(out, value->bytes.data, len);
    out[len] = '\0';
}

int64_t rows_integer(const struct muster_db_rows *rows, uint32_t column) {
    const struct muster_db_value *value = cell(rows, column);
    return value->type == MUSTER_DB_INT ? value->integer : 0;
}

bool rows_null(const struct muster_db_rows *rows, uint32_t column) {
    return cell(rows, column)->type == MUSTER_DB_NULL;
}
