/* protocol - the bytes of docs/protocol.md: JSON-RPC texts, binary frames, deflated payloads.
 * Knows no connection and no lobby; pure functions over bytes, fuzzed.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <jansson.h>
#include <muster/roles.h>

/* ---- JSON-RPC 2.0 -------------------------------------------------------------------------- */

#define PROTOCOL_BATCH_MAX 16
#define PROTOCOL_DEPTH_MAX 16

#define RPC_ERROR_MAP(X)                                                                           \
    X(PARSE, -32700, "parse_error")                                                                \
    X(INVALID_REQUEST, -32600, "invalid_request")                                                  \
    X(METHOD_NOT_FOUND, -32601, "method_not_found")                                                \
    X(INVALID_PARAMS, -32602, "invalid_params")                                                    \
    X(INTERNAL, -32603, "internal_error")                                                          \
    X(UNAUTHENTICATED, -32001, "unauthenticated")                                                  \
    X(FORBIDDEN, -32002, "forbidden")                                                              \
    X(RATE_LIMITED, -32003, "rate_limited")                                                        \
    X(NOT_FOUND, -32004, "not_found")                                                              \
    X(LOBBY_FULL, -32005, "lobby_full")                                                            \
    X(SERVER_FULL, -32006, "server_full")                                                          \
    X(WRONG_STATE, -32007, "wrong_state")                                                          \
    X(TICKET_INVALID, -32008, "ticket_invalid")                                                    \
    X(RESUME_INVALID, -32009, "resume_invalid")                                                    \
    X(DENIED, -32010, "denied")                                                                    \
    X(TOKEN_INVALID, -32011, "token_invalid")                                                      \
    X(ALREADY_IN_LOBBY, -32012, "already_in_lobby")                                                \
    X(UNAVAILABLE, -32013, "unavailable")                                                          \
    X(BANNED, -32014, "banned")                                                                    \
    X(SERVER_BUSY, -32015, "server_busy")
#define RPC_ERROR_ENUM(name, code, word) RPC_##name = (code),
enum rpc_error { RPC_ERROR_MAP(RPC_ERROR_ENUM) RPC_OK = 0 };
#undef RPC_ERROR_ENUM

const char *rpc_error_word(int32_t code);
/* RPC_DENIED for a word that the list does not hold. */
int32_t rpc_error_code(const char *word);

/* One member of a request text. When error is not 0 the member is answered with that error and
 * error_text. */
struct rpc_call {
    json_t *id;         /* borrowed from root; null: a notification, not answered */
    const char *method; /* borrowed */
    json_t *params;     /* borrowed; an object, or null when absent */
    int32_t error;
    const char *error_text;
};

struct rpc_batch {
    json_t *root; /* owned */
    struct rpc_call calls[PROTOCOL_BATCH_MAX];
    uint32_t count;
    bool is_batch; /* answer with an array */
};

/* Parses a text of len bytes. Never fails: what is wrong becomes a call with its error (a text that
 * is not JSON at all: one call with PARSE and id null-literal). */
void rpc_parse(const char *text, uint32_t len, struct rpc_batch *out);
void rpc_batch_deinit(struct rpc_batch *batch);

/* Answers as JSON values; id is borrowed (null pointer becomes JSON null), result and data are
 * taken. */
json_t *rpc_result(json_t *id, json_t *result);
/* The same as text, of a result that is text already; to be freed. Null: out of memory. */
char *rpc_result_text(json_t *id, const char *result);
/* A text for people as JSON, without its broken UTF-8, which must not cost the answer. */
json_t *rpc_text(const char *text);
json_t *rpc_failure(json_t *id, int32_t code, const char *message, json_t *data);
/* A notification; params is taken. */
json_t *rpc_notification(const char *method, json_t *params);
/* Compact text, to be freed with free(). */
char *rpc_dump(const json_t *value, uint32_t *len);

/* ---- Binary frames ------------------------------------------------------------------------- */

#define FRAME_INPUT 0x01
#define FRAME_MESSAGE 0x02 /* then 1 to MUSTER_MESSAGE_MAX bytes */
#define FRAME_JSON_IN 0x03
#define FRAME_SNAPSHOT 0x81
#define FRAME_JSON_OUT 0x82

#define FRAME_SNAPSHOT_HEADER 16
#define FRAME_FLAG_FULL 1
#define FRAME_FLAG_DEFLATE 2

/* INVALID unless the frame is exactly a 0x01 input of protocol.md section 4. */
muster_status protocol_input_decode(const uint8_t *data, uint32_t len,
                                    struct muster_input *out) MUSTER_MUST_USE;

/* The header's 16 bytes; ack and seat are patched per player by protocol_snapshot_patch. */
void protocol_snapshot_header(uint8_t *out, uint32_t flags, uint32_t tick, uint32_t tick_length_us,
                              uint32_t payload_bytes);
static inline void protocol_snapshot_patch(uint8_t *frame, uint32_t seat, uint32_t ack) {
    frame[2] = (uint8_t)seat;
    frame[8] = (uint8_t)ack;
    frame[9] = (uint8_t)(ack >> 8);
    frame[10] = (uint8_t)(ack >> 16);
    frame[11] = (uint8_t)(ack >> 24);
}

/* ---- Raw deflate --------------------------------------------------------------------------- */

#define PROTOCOL_DEFLATE_MIN 512
#define PROTOCOL_INFLATE_MAX 65536

/* *len: in: room in out; out: bytes written. LIMIT when the result does not fit (deflate: when it
 * would not be smaller than the input), INVALID for broken input. No allocation per call. */
muster_status protocol_deflate(const void *in, uint32_t in_len, uint8_t *out,
                               uint32_t *len) MUSTER_MUST_USE;
muster_status protocol_inflate(const void *in, uint32_t in_len, uint8_t *out,
                               uint32_t *len) MUSTER_MUST_USE;

#endif
