/* rpc - the JSON-RPC 2.0 half of protocol.h: texts into calls, answers into texts.
 *
 * Every text comes from outside: depth is counted before the parser sees it, duplicate keys are
 * refused, and what is wrong with one member of a batch concerns that member alone.
 */
#include "protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dump.h"

#define ERROR_WORD(name, code, word)                                                               \
    case RPC_##name: return word;

const char *rpc_error_word(int32_t code) {
    switch (code) {
        RPC_ERROR_MAP(ERROR_WORD)
    default: return "internal_error";
    }
}

#define ERROR_CODE(name, code, text)                                                               \
    if (strcmp(word, text) == 0) return RPC_##name;

int32_t rpc_error_code(const char *word) {
    RPC_ERROR_MAP(ERROR_CODE)
    return RPC_DENIED;
}

/* Whether brackets nest deeper than PROTOCOL_DEPTH_MAX. Broken texts are the parser's matter. */
static bool is_too_deep(const char *text, uint32_t len) {
    uint32_t depth = 0;
    bool in_string = false;
    for (uint32_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '[')) {
            if (++depth > PROTOCOL_DEPTH_MAX) return true;
        } else if (!in_string && (c == '}' || c == ']')) {
            depth -= depth > 0;
        }
    }
    return false;
}

static void call_fail(struct rpc_call *call, int32_t error, const char *text) {
    call->error = error;
    call->error_text = text;
}

static bool is_id(const json_t *id) {
    return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

/* An invalid request is answered even without an id: with null, as the standard says. */
static void call_invalid(struct rpc_call *call, const char *text) {
    if (!call->id) call->id = json_null();
    call_fail(call, RPC_INVALID_REQUEST, text);
}

/* Many clients write null for what they leave out. */
static void params_read(struct rpc_call *call, json_t *params) {
    if (!params || json_is_null(params)) return;
    if (json_is_object(params)) {
        call->params = params;
    } else if (json_is_array(params)) {
        call_fail(call, RPC_INVALID_PARAMS, "params: expected an object, found an array");
    } else {
        call_invalid(call, "params: expected an object");
    }
}

static void call_read(struct rpc_call *call, json_t *member) {
    if (!json_is_object(member)) {
        call_invalid(call, "a request is an object");
        return;
    }
    json_t *id = json_object_get(member, "id");
    if (id && !is_id(id)) {
        call_invalid(call, "id: expected a string, a number or null");
        return;
    }
    call->id = id;
    const char *version = json_string_value(json_object_get(member, "jsonrpc"));
    call->method = json_string_value(json_object_get(member, "method"));
    if (!version || strcmp(version, "2.0") != 0) {
        call_invalid(call, "jsonrpc: expected \"2.0\"");
    } else if (!call->method) {
        call_invalid(call, "method: expected a string");
    } else {
        params_read(call, json_object_get(member, "params"));
    }
}

static struct rpc_call *only_call(struct rpc_batch *out) {
    out->count = 1;
    return &out->calls[0];
}

static void batch_read(struct rpc_batch *out) {
    size_t count = json_array_size(out->root);
    if (count == 0 || count > PROTOCOL_BATCH_MAX) {
        call_invalid(only_call(out), "a batch has 1 to 16 members");
        return;
    }
    out->is_batch = true;
    out->count = (uint32_t)count;
    for (uint32_t i = 0; i < out->count; i++) {
        call_read(&out->calls[i], json_array_get(out->root, i));
    }
}

void rpc_parse(const char *text, uint32_t len, struct rpc_batch *out) {
    *out = (struct rpc_batch){0};
    bool too_deep = is_too_deep(text, len);
    if (!too_deep) {
        out->root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    }
    if (!out->root) {
        struct rpc_call *call = only_call(out);
        call->id = json_null();
        call_fail(call, RPC_PARSE, too_deep ? "nested too deeply" : "not valid JSON");
    } else if (json_is_array(out->root)) {
        batch_read(out);
    } else {
        call_read(only_call(out), out->root);
    }
}

void rpc_batch_deinit(struct rpc_batch *batch) {
    json_decref(batch->root);
    *batch = (struct rpc_batch){0};
}

json_t *rpc_result(json_t *id, json_t *result) {
    return json_pack("{s:s, s:o, s:O}", "jsonrpc", "2.0", "result", result ? result : json_object(),
                     "id", id ? id : json_null());
}

char *rpc_result_text(json_t *id, const char *result) {
    char *id_text = id ? json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("null");
    char *text = NULL;
    if (id_text &&
        asprintf(&text, "{\"jsonrpc\":\"2.0\",\"result\":%s,\"id\":%s}", result, id_text) < 0)
        text = NULL;
    free(id_text);
    return text;
}

json_t *rpc_text(const char *text) {
    char *copy = text ? strdup(text) : NULL;
    if (copy) text_bytes_mend(copy);
    json_t *json = json_string(copy ? copy : "");
    free(copy);
    return json;
}

json_t *rpc_failure(json_t *id, int32_t code, const char *message, json_t *data) {
    if (!data) data = json_object();
    json_object_set_new(data, "code", json_string(rpc_error_word(code)));
    return json_pack("{s:s, s:{s:i, s:o, s:o}, s:O}", "jsonrpc", "2.0", "error", "code", (int)code,
                     "message", rpc_text(message ? message : rpc_error_word(code)), "data", data,
                     "id", id ? id : json_null());
}

json_t *rpc_notification(const char *method, json_t *params) {
    return json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params",
                     params ? params : json_object());
}

char *rpc_dump(const json_t *value, uint32_t *len) {
    size_t size;
    char *text = dump_json(value, &size);
    *len = (uint32_t)size;
    return text;
}
