/* The bytes of docs/protocol.md: requests, answers, frames, deflate; mostly refusals. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "protocol.h"

static struct rpc_batch parse(const char *text) {
    struct rpc_batch batch;
    rpc_parse(text, (uint32_t)strlen(text), &batch);
    return batch;
}

static void expect_single_error(const char *text, int32_t code) {
    struct rpc_batch batch = parse(text);
    assert_int_equal(batch.count, 1);
    assert_false(batch.is_batch);
    assert_int_equal(batch.calls[0].error, code);
    assert_non_null(batch.calls[0].error_text);
    assert_true(json_is_null(batch.calls[0].id));
    rpc_batch_deinit(&batch);
}

static void request_is_read(void **state) {
    (void)state;
    struct rpc_batch batch =
        parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"lobby.get\",\"params\":{\"a\":1}}");
    assert_int_equal(batch.count, 1);
    assert_false(batch.is_batch);
    assert_int_equal(batch.calls[0].error, RPC_OK);
    assert_string_equal(batch.calls[0].method, "lobby.get");
    assert_int_equal(json_integer_value(batch.calls[0].id), 7);
    assert_int_equal(json_integer_value(json_object_get(batch.calls[0].params, "a")), 1);
    rpc_batch_deinit(&batch);
}

static void notification_has_no_id(void **state) {
    (void)state;
    struct rpc_batch batch = parse("{\"jsonrpc\":\"2.0\",\"method\":\"session.ping\"}");
    assert_int_equal(batch.calls[0].error, RPC_OK);
    assert_null(batch.calls[0].id);
    assert_null(batch.calls[0].params);
    rpc_batch_deinit(&batch);
}

static void id_kinds(void **state) {
    (void)state;
    struct rpc_batch batch = parse("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}");
    assert_int_equal(batch.calls[0].error, RPC_OK);
    assert_true(json_is_null(batch.calls[0].id));
    rpc_batch_deinit(&batch);
    batch = parse("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"m\"}");
    assert_string_equal(json_string_value(batch.calls[0].id), "x");
    rpc_batch_deinit(&batch);
    expect_single_error("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"m\"}", RPC_INVALID_REQUEST);
    expect_single_error("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"m\"}", RPC_INVALID_REQUEST);
}

static void text_that_is_not_json(void **state) {
    (void)state;
    expect_single_error("", RPC_PARSE);
    expect_single_error("{", RPC_PARSE);
    expect_single_error("{} x", RPC_PARSE);
    expect_single_error("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"method\":\"n\"}", RPC_PARSE);
    expect_single_error("{\"jsonrpc\":\"2.0\",\"method\":\"a\\u0000b\"}", RPC_PARSE);
    expect_single_error("\"\xff\"", RPC_PARSE);
    expect_single_error("[1e400]", RPC_PARSE);
}

static void depth_is_bounded(void **state) {
    (void)state;
    char deep[64] = "";
    for (int i = 0; i < PROTOCOL_DEPTH_MAX + 1; i++) strcat(deep, "[");
    for (int i = 0; i < PROTOCOL_DEPTH_MAX + 1; i++) strcat(deep, "]");
    expect_single_error(deep, RPC_PARSE);
    deep[PROTOCOL_DEPTH_MAX * 2 + 1] = '\0'; /* one level less is read, and is no request */
    struct rpc_batch fits = parse(deep + 1);
    assert_int_equal(fits.calls[0].error, RPC_INVALID_REQUEST);
    rpc_batch_deinit(&fits);
    /* What was closed does not count, nor what closes nothing. */
    fits = parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":"
                 "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],{},{},{}]}}");
    assert_int_equal(fits.calls[0].error, RPC_OK);
    rpc_batch_deinit(&fits);
    expect_single_error("]]]]", RPC_PARSE);
    /* Brackets in strings do not count, also behind an escaped quote. */
    struct rpc_batch batch = parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\","
                                   "\"params\":{\"t\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[\"}}");
    assert_int_equal(batch.calls[0].error, RPC_OK);
    rpc_batch_deinit(&batch);
}

static void json_that_is_no_request(void **state) {
    (void)state;
    expect_single_error("1", RPC_INVALID_REQUEST);
    expect_single_error("\"x\"", RPC_INVALID_REQUEST);
    expect_single_error("null", RPC_INVALID_REQUEST);
    expect_single_error("{}", RPC_INVALID_REQUEST);
    expect_single_error("[]", RPC_INVALID_REQUEST);
    expect_single_error("{\"jsonrpc\":\"1.0\",\"method\":\"m\"}", RPC_INVALID_REQUEST);
    expect_single_error("{\"jsonrpc\":\"2.0\",\"method\":1,\"params\":\"bar\"}",
                        RPC_INVALID_REQUEST);
    expect_single_error("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":\"bar\"}",
                        RPC_INVALID_REQUEST);
}

static void invalid_request_keeps_its_id(void **state) {
    (void)state;
    struct rpc_batch batch = parse("{\"jsonrpc\":\"1.0\",\"id\":3,\"method\":\"m\"}");
    assert_int_equal(batch.calls[0].error, RPC_INVALID_REQUEST);
    assert_int_equal(json_integer_value(batch.calls[0].id), 3);
    rpc_batch_deinit(&batch);
    batch = parse("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"m\",\"params\":null}");
    assert_int_equal(batch.calls[0].error, 0);
    assert_null(batch.calls[0].params);
    rpc_batch_deinit(&batch);
    batch = parse("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"m\",\"params\":[1]}");
    assert_int_equal(batch.calls[0].error, RPC_INVALID_PARAMS);
    assert_int_equal(json_integer_value(batch.calls[0].id), 4);
    rpc_batch_deinit(&batch);
}

static void batch_members_stand_alone(void **state) {
    (void)state;
    struct rpc_batch batch = parse("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}, 5,"
                                   "{\"jsonrpc\":\"2.0\",\"method\":\"b\"}]");
    assert_true(batch.is_batch);
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.calls[0].error, RPC_OK);
    assert_int_equal(batch.calls[1].error, RPC_INVALID_REQUEST);
    assert_true(json_is_null(batch.calls[1].id));
    assert_int_equal(batch.calls[2].error, RPC_OK);
    assert_null(batch.calls[2].id);
    rpc_batch_deinit(&batch);
}

static void batch_size_is_bounded(void **state) {
    (void)state;
    char text[256] = "[1";
    for (int i = 1; i < PROTOCOL_BATCH_MAX; i++) strcat(text, ",1");
    strcat(text, "]");
    struct rpc_batch batch = parse(text);
    assert_int_equal(batch.count, PROTOCOL_BATCH_MAX);
    rpc_batch_deinit(&batch);
    text[strlen(text) - 1] = '\0';
    strcat(text, ",1]");
    expect_single_error(text, RPC_INVALID_REQUEST);
}

static void expect_text(json_t *value, const char *wanted) {
    uint32_t len = 0;
    char *text = rpc_dump(value, &len);
    assert_string_equal(text, wanted);
    assert_int_equal(len, strlen(wanted));
    free(text);
    json_decref(value);
}

static void answers(void **state) {
    (void)state;
    json_t *id = json_integer(9);
    expect_text(rpc_result(id, json_pack("{s:b}", "ok", 1)),
                "{\"jsonrpc\":\"2.0\",\"result\":{\"ok\":true},\"id\":9}");
    assert_int_equal(id->refcount, 1);
    expect_text(rpc_result(NULL, NULL), "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":null}");
    expect_text(rpc_failure(id, RPC_RATE_LIMITED, "slower", json_pack("{s:i}", "retryAfterMs", 50)),
                "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32003,\"message\":\"slower\",\"data\":{"
                "\"retryAfterMs\":50,\"code\":\"rate_limited\"}},\"id\":9}");
    expect_text(rpc_failure(id, RPC_DENIED, "cut \xc3", NULL),
                "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32010,\"message\":\"cut \",\"data\":{"
                "\"code\":\"denied\"}},\"id\":9}");
    expect_text(rpc_notification("lobby.left", NULL),
                "{\"jsonrpc\":\"2.0\",\"method\":\"lobby.left\",\"params\":{}}");
    char *text = rpc_result_text(id, "[1]");
    assert_string_equal(text, "{\"jsonrpc\":\"2.0\",\"result\":[1],\"id\":9}");
    free(text);
    text = rpc_result_text(NULL, "{}");
    assert_string_equal(text, "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":null}");
    free(text);
    json_decref(id);
}

static void error_words(void **state) {
    (void)state;
    assert_string_equal(rpc_error_word(RPC_PARSE), "parse_error");
    assert_string_equal(rpc_error_word(RPC_UNAVAILABLE), "unavailable");
    assert_string_equal(rpc_error_word(1), "internal_error");
#define SAME_BACK(name, code, word)                                                                \
    assert_int_equal(rpc_error_code(word), code);                                                  \
    assert_string_equal(rpc_error_word(code), word);
    RPC_ERROR_MAP(SAME_BACK)
    assert_int_equal(rpc_error_code("no such word"), RPC_DENIED);
}

static void input_is_decoded(void **state) {
    (void)state;
    const uint8_t frame[] = {1,    1,    4,   3,    2,   1,    0x02, 0x01, 0x04, 0x03,
                             0x06, 0x05, 127, 0x81, 200, 0x08, 0x07, 0x0a, 0x09};
    struct muster_input input;
    assert_int_equal(protocol_input_decode(frame, sizeof frame, &input), MUSTER_OK);
    assert_int_equal(input.sequence, 0x01020304);
    assert_int_equal(input.held, 0x0102);
    assert_int_equal(input.pressed, 0x0304);
    assert_int_equal(input.aim, 0x0506);
    assert_int_equal(input.move_x, 127);
    assert_int_equal(input.move_y, -127);
    assert_int_equal(input.sample_count, 1);
    assert_int_equal(input.samples[0].at, 200);
    assert_int_equal(input.samples[0].pressed, 0x0708);
    assert_int_equal(input.samples[0].aim, 0x090a);
    assert_int_equal(input.repeated, 0);
}

static void input_of_wrong_shape(void **state) {
    (void)state;
    uint8_t frame[64] = {1, 0};
    struct muster_input input;
    for (uint32_t len = 0; len < sizeof frame; len++) {
        muster_status wanted = len == 14 ? MUSTER_OK : MUSTER_INVALID;
        assert_int_equal(protocol_input_decode(frame, len, &input), wanted);
    }
    frame[1] = 4;
    assert_int_equal(protocol_input_decode(frame, 34, &input), MUSTER_INVALID);
    frame[1] = 3;
    assert_int_equal(protocol_input_decode(frame, 29, &input), MUSTER_OK);
    frame[12] = 0x80;
    assert_int_equal(protocol_input_decode(frame, 29, &input), MUSTER_INVALID);
    frame[12] = 0;
    frame[0] = 2;
    assert_int_equal(protocol_input_decode(frame, 29, &input), MUSTER_INVALID);
}

static void snapshot_header(void **state) {
    (void)state;
    uint8_t frame[FRAME_SNAPSHOT_HEADER];
    const uint8_t wanted[] = {0x81, 1, 5, 0, 4, 3, 2, 1, 0xdd, 0xcc, 0xbb, 0xaa, 0x88, 0x13, 44, 1};
    protocol_snapshot_header(frame, FRAME_FLAG_FULL, 0x01020304, 50000, 300);
    protocol_snapshot_patch(frame, 5, 0xaabbccdd);
    assert_memory_equal(frame, wanted, sizeof wanted);
    protocol_snapshot_header(frame, 0, 0, 5000000, 0);
    assert_int_equal(frame[12] | frame[13] << 8, 65535);
    assert_int_equal(frame[2], MUSTER_SEAT_NONE);
}

static void deflate_round_trip(void **state) {
    (void)state;
    char text[2000];
    uint8_t packed[2000];
    uint8_t unpacked[2000];
    memset(text, 'a', sizeof text);
    for (int round = 0; round < 3; round++) { /* the state is used again */
        uint32_t packed_len = sizeof packed;
        uint32_t len = sizeof unpacked;
        text[round] = 'b';
        assert_int_equal(protocol_deflate(text, sizeof text, packed, &packed_len), MUSTER_OK);
        assert_in_range(packed_len, 1, 200);
        assert_int_equal(protocol_inflate(packed, packed_len, unpacked, &len), MUSTER_OK);
        assert_int_equal(len, sizeof text);
        assert_memory_equal(unpacked, text, len);
        len = sizeof text - 1;
        assert_int_equal(protocol_inflate(packed, packed_len, unpacked, &len), MUSTER_LIMIT);
        len = sizeof unpacked;
        assert_int_equal(protocol_inflate(packed, packed_len - 1, unpacked, &len), MUSTER_INVALID);
    }
}

static void deflate_must_win(void **state) {
    (void)state;
    uint8_t noise[64];
    uint8_t out[128];
    uint32_t len = sizeof out;
    uint32_t value = 12345;
    for (uint32_t i = 0; i < sizeof noise; i++) {
        value = value * 1664525 + 1013904223;
        noise[i] = (uint8_t)(value >> 24);
    }
    assert_int_equal(protocol_deflate(noise, sizeof noise, out, &len), MUSTER_LIMIT);
    assert_int_equal(protocol_deflate(noise, 0, out, &len), MUSTER_LIMIT);
    assert_int_equal(protocol_deflate(noise, 1, out, &len), MUSTER_LIMIT);
}

static void inflate_refuses_rubbish_and_bombs(void **state) {
    (void)state;
    static uint8_t zeros[PROTOCOL_INFLATE_MAX + 1];
    static uint8_t out[PROTOCOL_INFLATE_MAX * 2];
    uint8_t packed[1024];
    uint32_t packed_len = sizeof packed;
    uint32_t len = sizeof out;
    assert_int_equal(protocol_deflate(zeros, sizeof zeros, packed, &packed_len), MUSTER_OK);
    assert_int_equal(protocol_inflate(packed, packed_len, out, &len), MUSTER_LIMIT);
    assert_int_equal(protocol_inflate("\xff\xff", 2, out, &len), MUSTER_INVALID);
    assert_int_equal(protocol_inflate("", 0, out, &len), MUSTER_INVALID);
    packed_len = sizeof packed;
    assert_int_equal(protocol_deflate(zeros, 600, packed, &packed_len), MUSTER_OK);
    packed[packed_len] = 0; /* something after the end */
    assert_int_equal(protocol_inflate(packed, packed_len + 1, out, &len), MUSTER_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_read),
        cmocka_unit_test(notification_has_no_id),
        cmocka_unit_test(id_kinds),
        cmocka_unit_test(text_that_is_not_json),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(json_that_is_no_request),
        cmocka_unit_test(invalid_request_keeps_its_id),
        cmocka_unit_test(batch_members_stand_alone),
        cmocka_unit_test(batch_size_is_bounded),
        cmocka_unit_test(answers),
        cmocka_unit_test(error_words),
        cmocka_unit_test(input_is_decoded),
        cmocka_unit_test(input_of_wrong_shape),
        cmocka_unit_test(snapshot_header),
        cmocka_unit_test(deflate_round_trip),
        cmocka_unit_test(deflate_must_win),
        cmocka_unit_test(inflate_refuses_rubbish_and_bombs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
