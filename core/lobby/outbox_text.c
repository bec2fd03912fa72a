#include "outbox_text.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "outbox.h"

#define STATEMENTS_MAX 64
#define PARAMS_MAX 999 /* of one statement */

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *write_blob(struct muster_bytes bytes) {
    size_t size = (size_t)bytes.len * 2 + 1;
    char *hex = malloc(size);
    if (!hex) return NULL;
    sodium_bin2hex(hex, size, bytes.len ? bytes.data : (const void *)"", (size_t)bytes.len);
    json_t *blob = json_pack("{s:s}", "blob", hex);
    free(hex);
    return blob;
}

/* Null: it cannot be written down. */
static json_t *write_value(const struct muster_db_value *value) {
    switch (value->type) {
    case MUSTER_DB_NULL: return json_null();
    case MUSTER_DB_INT: return json_integer(value->integer);
    case MUSTER_DB_REAL: return json_real(value->real);
    case MUSTER_DB_TEXT:
        return json_stringn(value->bytes.len ? value->bytes.data : "", (size_t)value->bytes.len);
    case MUSTER_DB_BLOB: return write_blob(value->bytes);
    default: return NULL;
    }
}

static bool write_params(const struct muster_db_statement *statement, json_t *params) {
    for (uint32_t i = 0; i < statement->param_count; i++)
        if (json_array_append_new(params, write_value(&statement->params[i]))) return false;
    return true;
}

static bool has_bytes(const struct muster_db_value *value) {
    return value->type == MUSTER_DB_TEXT || value->type == MUSTER_DB_BLOB;
}

static muster_status measure(const struct muster_db_request *request) {
    uint64_t bytes = 0;
    if (request->statement_count == 0 || request->statement_count > STATEMENTS_MAX)
        return MUSTER_INVALID;
    for (uint32_t i = 0; i < request->statement_count; i++) {
        const struct muster_db_statement *statement = &request->statements[i];
        if (!statement->sql || (statement->param_count && !statement->params))
            return MUSTER_INVALID;
        if (statement->param_count > PARAMS_MAX) return MUSTER_LIMIT;
        bytes += strlen(statement->sql);
        for (uint32_t p = 0; p < statement->param_count; p++) {
            const struct muster_db_value *value = &statement->params[p];
            if (!has_bytes(value)) continue;
            if (value->bytes.len > OUTBOX_REQUEST_BYTES_MAX) return MUSTER_LIMIT;
            if (value->bytes.len && !value->bytes.data) return MUSTER_INVALID;
            bytes += value->bytes.len;
        }
    }
    return bytes > OUTBOX_REQUEST_BYTES_MAX ? MUSTER_LIMIT : MUSTER_OK;
}

muster_status outbox_text_write(const char *what, const struct muster_db_request *request,
                                char **out) {
    char name[OUTBOX_WHAT_MAX];
    muster_status status = measure(request);
    if (status) return status;
    snprintf(name, sizeof name, "%s", what);
    json_t *statements = json_array();
    json_t *root = json_pack("{s:s,s:b,s:O}", "what", name, "durable",
                             (int)(request->durable & MUSTER_DB_SYNCED), "statements", statements);
    bool whole = root != NULL;
    for (uint32_t i = 0; i < request->statement_count && whole; i++) {
        json_t *params = json_array();
        json_t *one = json_pack("{s:s,s:O}", "sql", request->statements[i].sql, "params", params);
        whole = one && write_params(&request->statements[i], params) &&
                json_array_append(statements, one) == 0;
        json_decref(params);
        json_decref(one);
    }
    size_t len;
    *out = whole ? dump_json(root, &len) : NULL;
    json_decref(statements);
    json_decref(root);
    return *out ? MUSTER_OK : MUSTER_INVALID;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct parsed {
    json_t *root;
    struct muster_db_statement statements[STATEMENTS_MAX];
    struct muster_db_value *values;
    uint8_t *blobs;
};

static uint32_t count_values(const json_t *statements) {
    size_t count = 0, i;
    json_t *one;
    json_array_foreach(statements, i, one) count += json_array_size(json_object_get(one, "params"));
    return (uint32_t)count;
}

static bool read_blob(const json_t *json, struct muster_db_value *value, uint8_t **blobs) {
    const char *hex = json_string_value(json_object_get(json, "blob"));
    size_t len;
    if (!hex || sodium_hex2bin(*blobs, strlen(hex) / 2 + 1, hex, strlen(hex), NULL, &len, NULL))
        return false;
    *value = (struct muster_db_value){.type = MUSTER_DB_BLOB, .bytes = {(const char *)*blobs, len}};
    *blobs += len;
    return true;
}

static bool read_value(const json_t *json, struct muster_db_value *value, uint8_t **blobs) {
    switch (json_typeof(json)) {
    case JSON_NULL: *value = (struct muster_db_value){.type = MUSTER_DB_NULL}; return true;
    case JSON_INTEGER:
        *value =
            (struct muster_db_value){.type = MUSTER_DB_INT, .integer = json_integer_value(json)};
        return true;
    case JSON_REAL:
        *value = (struct muster_db_value){.type = MUSTER_DB_REAL, .real = json_real_value(json)};
        return true;
    case JSON_STRING:
        *value = (struct muster_db_value){
            .type = MUSTER_DB_TEXT, .bytes = {json_string_value(json), json_string_length(json)}};
        return true;
    default: return read_blob(json, value, blobs);
    }
}

static bool read_all(struct parsed *parsed, const json_t *statements) {
    struct muster_db_value *value = parsed->values;
    uint8_t *blobs = parsed->blobs;
    size_t i, p;
    json_t *one, *param;
    json_array_foreach(statements, i, one) {
        const json_t *params = json_object_get(one, "params");
        struct muster_db_statement *statement = &parsed->statements[i];
        statement->sql = json_string_value(json_object_get(one, "sql"));
        statement->params = value;
        statement->param_count = (uint32_t)json_array_size(params);
        if (!statement->sql) return false;
        json_array_foreach(params, p, param) if (!read_value(param, value++, &blobs)) return false;
    }
    return true;
}

void *outbox_text_parse(const char *text, size_t len, struct muster_db_request *request) {
    struct parsed *parsed = calloc(1, sizeof *parsed);
    if (!parsed) return NULL;
    parsed->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *statements = json_object_get(parsed->root, "statements");
    size_t count = json_array_size(statements);
    parsed->values = calloc(count_values(statements) + 1u, sizeof *parsed->values);
    parsed->blobs = malloc(len + 1); /* hex takes more than twice as much */
    bool whole = count >= 1 && count <= STATEMENTS_MAX && parsed->values && parsed->blobs &&
                 read_all(parsed, statements);
    if (!whole) {
        outbox_text_free(parsed);
        return NULL;
    }
    *request = (struct muster_db_request){
        .size = sizeof *request,
        .statement_count = (uint32_t)count,
        .statements = parsed->statements,
        .durable = json_is_true(json_object_get(parsed->root, "durable")),
    };
    return parsed;
}

void outbox_text_free(void *user) {
    struct parsed *parsed = user;
    if (!parsed) return;
    json_decref(parsed->root);
    free(parsed->values);
    free(parsed->blobs);
    free(parsed);
}

void outbox_text_what(const char *text, char out[OUTBOX_WHAT_MAX]) {
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *what = json_string_value(json_object_get(root, "what"));
    snprintf(out, OUTBOX_WHAT_MAX, "%s", what ? what : "a write");
    json_decref(root);
}
