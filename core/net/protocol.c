/* protocol - binary frames and raw deflate. The JSON-RPC half of protocol.h lies in rpc.c.
 *
 * Owns one deflate and one inflate state for the process, made on first use and reset for each
 * payload, so that nothing is allocated per message. Loop thread.
 */
#include "protocol.h"

#include <string.h>
#include <zlib.h>

#define INPUT_BYTES 14
#define SAMPLE_BYTES 5
#define RAW_WINDOW (-15)
/* What is sent has some kilobytes, and its compression shall fit into a core's cache. */
#define RAW_WINDOW_OUT (-13)
#define MEMORY_LEVEL_OUT 6

static z_stream deflate_state;
static z_stream inflate_state;
static bool deflate_ready;
static bool inflate_ready;

static uint16_t read_u16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t read_u32(const uint8_t *at) {
    return (uint32_t)read_u16(at) | (uint32_t)read_u16(at + 2) << 16;
}

static void write_u16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void write_u32(uint8_t *at, uint32_t value) {
    write_u16(at, value);
    write_u16(at + 2, value >> 16);
}

static void samples_decode(const uint8_t *data, struct muster_input *out) {
    for (uint32_t i = 0; i < out->sample_count; i++, data += SAMPLE_BYTES) {
        out->samples[i] = (struct muster_input_sample){
            .at = data[0],
            .pressed = read_u16(data + 1),
            .aim = read_u16(data + 3),
        };
    }
}

muster_status protocol_input_decode(const uint8_t *data, uint32_t len, struct muster_input *out) {
    if (len < INPUT_BYTES || data[0] != FRAME_INPUT) return MUSTER_INVALID;
    uint8_t sample_count = data[1];
    if (sample_count > MUSTER_INPUT_SAMPLES_MAX) return MUSTER_INVALID;
    if (len != INPUT_BYTES + (uint32_t)sample_count * SAMPLE_BYTES) return MUSTER_INVALID;
    *out = (struct muster_input){
        .sequence = read_u32(data + 2),
        .held = read_u16(data + 6),
        .pressed = read_u16(data + 8),
        .aim = read_u16(data + 10),
        .move_x = (int8_t)data[12],
        .move_y = (int8_t)data[13],
        .sample_count = sample_count,
    };
    if (out->move_x == INT8_MIN || out->move_y == INT8_MIN) return MUSTER_INVALID;
    samples_decode(data + INPUT_BYTES, out);
    return MUSTER_OK;
}

void protocol_snapshot_header(uint8_t *out, uint32_t flags, uint32_t tick, uint32_t tick_length_us,
                              uint32_t payload_bytes) {
    uint32_t tens_us = tick_length_us / 10;
    memset(out, 0, FRAME_SNAPSHOT_HEADER);
    out[0] = FRAME_SNAPSHOT;
    out[1] = (uint8_t)flags;
    out[2] = MUSTER_SEAT_NONE;
    write_u32(out + 4, tick);
    write_u16(out + 12, tens_us < UINT16_MAX ? tens_us : UINT16_MAX);
    write_u16(out + 14, payload_bytes);
}

static bool deflate_prepare(void) {
    if (deflate_ready) return deflateReset(&deflate_state) == Z_OK;
    deflate_ready = deflateInit2(&deflate_state, Z_BEST_SPEED, Z_DEFLATED, RAW_WINDOW_OUT,
                                 MEMORY_LEVEL_OUT, Z_DEFAULT_STRATEGY) == Z_OK;
    return deflate_ready;
}

static bool inflate_prepare(void) {
    if (inflate_ready) return inflateReset(&inflate_state) == Z_OK;
    inflate_ready = inflateInit2(&inflate_state, RAW_WINDOW) == Z_OK;
    return inflate_ready;
}

static void stream_point(z_stream *stream, const void *in, uint32_t in_len, uint8_t *out,
                         uint32_t room) {
    stream->next_in = (Bytef *)in; /* zlib reads it only */
    stream->avail_in = in_len;
    stream->next_out = out;
    stream->avail_out = room;
}

muster_status protocol_deflate(const void *in, uint32_t in_len, uint8_t *out, uint32_t *len) {
    if (in_len == 0) return MUSTER_LIMIT;
    uint32_t room = *len < in_len - 1 ? *len : in_len - 1;
    if (room == 0) return MUSTER_LIMIT;
    if (!deflate_prepare()) return MUSTER_NO_MEMORY;
    stream_point(&deflate_state, in, in_len, out, room);
    if (deflate(&deflate_state, Z_FINISH) != Z_STREAM_END) return MUSTER_LIMIT;
    *len = room - deflate_state.avail_out;
    return MUSTER_OK;
}

muster_status protocol_inflate(const void *in, uint32_t in_len, uint8_t *out, uint32_t *len) {
    uint32_t room = *len < PROTOCOL_INFLATE_MAX ? *len : PROTOCOL_INFLATE_MAX;
    if (in_len == 0) return MUSTER_INVALID;
    if (!inflate_prepare()) return MUSTER_NO_MEMORY;
    stream_point(&inflate_state, in, in_len, out, room);
    int answer = inflate(&inflate_state, Z_FINISH);
    if (answer == Z_BUF_ERROR && inflate_state.avail_out == 0) return MUSTER_LIMIT;
    if (answer != Z_STREAM_END || inflate_state.avail_in != 0) return MUSTER_INVALID;
    *len = room - inflate_state.avail_out;
    return MUSTER_OK;
}
