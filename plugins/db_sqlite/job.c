/* job - copies a request into one block: job, statements, parameters, text. */
#include "job.h"

#include <stdlib.h>
#include <string.h>

/* Hands out parts of the block; the sums were made before, so it cannot run over. */
struct block {
    uint8_t *at;
};

static void *take(struct block *block, size_t len) {
    void *part = block->at;
    block->at += (len + 7u) & ~(size_t)7u;
    return part;
}

static size_t padded(size_t len) {
    return (len + 7u) & ~(size_t)7u;
}

static bool has_bytes(const struct muster_db_value *value) {
    return value->type == MUSTER_DB_TEXT || value->type == MUSTER_DB_BLOB;
}

static muster_status measure_statement(const struct muster_db_statement *statement, size_t *bytes) {
    if (!statement->sql || (statement->param_count && !statement->params)) return MUSTER_INVALID;
    if (statement->param_count > JOB_PARAMS_MAX) return MUSTER_LIMIT;
    *bytes += padded(strlen(statement->sql) + 1);
    *bytes += statement->param_count * sizeof(struct muster_db_value);
    for (uint32_t i = 0; i < statement->param_count; i++) {
        const struct muster_db_value *value = &statement->params[i];
        if (value->type > MUSTER_DB_BLOB) return MUSTER_INVALID;
        if (!has_bytes(value)) continue;
        if (value->bytes.len > JOB_BYTES_MAX) return MUSTER_LIMIT;
        if (value->bytes.len && !value->bytes.data) return MUSTER_INVALID;
        *bytes += padded((size_t)value->bytes.len);
    }
    return *bytes > JOB_BYTES_MAX ? MUSTER_LIMIT : MUSTER_OK;
}

static char *copy_text(struct block *block, const char *text) {
    size_t len = strlen(text) + 1;
    return memcpy(take(block, len), text, len);
}

static void copy_statement(struct block *block, const struct muster_db_statement *from,
                           struct muster_db_statement *to) {
    size_t params_bytes = from->param_count * sizeof(struct muster_db_value);
    struct muster_db_value *params = take(block, params_bytes);
    if (params_bytes) memcpy(params, from->params, params_bytes);
    for (uint32_t i = 0; i < from->param_count; i++) {
        if (!has_bytes(&params[i])) continue;
        size_t len = (size_t)params[i].bytes.len;
        void *data = take(block, len);
        if (len) memcpy(data, params[i].bytes.data, len);
        params[i].bytes.data = data;
    }
    to->sql = copy_text(block, from->sql);
    to->params = params;
    to->param_count = from->param_count;
    to->changes = from->changes;
}

static muster_status copy_request(muster_db_ticket_id ticket,
                                  const struct muster_db_request *request, const char *component,
                                  struct job **out) {
    size_t bytes = request->statement_count * sizeof(struct muster_db_statement);
    for (uint32_t i = 0; i < request->statement_count; i++) {
        muster_status status = measure_statement(&request->statements[i], &bytes);
        if (status != MUSTER_OK) return status;
    }
    if (component) bytes += padded(strlen(component) + 1);
    struct job *job = calloc(1, padded(sizeof *job) + bytes);
    if (!job) return MUSTER_NO_MEMORY;
    struct block block = {(uint8_t *)job + padded(sizeof *job)};
    struct muster_db_statement *statements =
        take(&block, request->statement_count * sizeof(struct muster_db_statement));
    for (uint32_t i = 0; i < request->statement_count; i++)
        copy_statement(&block, &request->statements[i], &statements[i]);
    job->ticket = ticket;
    job->request = *request;
    job->request.statements = statements;
    job->request.database = NULL; /* borrowed; it is this one */
    job->component = component ? copy_text(&block, component) : NULL;
    *out = job;
    return MUSTER_OK;
}

muster_status job_create(muster_db_ticket_id ticket, const struct muster_db_request *request,
                         struct job **out) {
    if (request->statement_count == 0 || !request->statements) return MUSTER_INVALID;
    if (request->statement_count > JOB_STATEMENTS_MAX) return MUSTER_LIMIT;
    return copy_request(ticket, request, NULL, out);
}

muster_status job_create_migration(muster_db_ticket_id ticket, const char *component,
                                   const char *const *steps, uint32_t step_count,
                                   struct job **out) {
    struct muster_db_statement statements[JOB_STEPS_MAX];
    if (!component || !component[0] || (step_count && !steps)) return MUSTER_INVALID;
    if (step_count > JOB_STEPS_MAX) return MUSTER_LIMIT;
    for (uint32_t i = 0; i < step_count; i++)
        statements[i] = (struct muster_db_statement){.sql = steps[i]};
    struct muster_db_request request = {.size = sizeof request,
                                        .statement_count = step_count,
                                        .statements = statements,
                                        .durable = 1};
    return copy_request(ticket, &request, component, out);
}

void job_destroy(struct job *job) {
    if (!job) return;
    free(job->answer);
    free(job);
}
