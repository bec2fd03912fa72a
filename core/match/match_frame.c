/* The tick's message: header, the mode's payload, events. Encoded once per view, sent to many. */
#include <stdlib.h>
#include <string.h>

#include "match_internal.h"

#define EVENTS_PER_FRAME_FEW 256
#define EVENTS_PER_FRAME_MAX MATCH_EVENT_RING
#define INTRO_BYTES_MAX 65536

static uint32_t room_for(const struct match *match, uint32_t events_len) {
    return FRAME_SNAPSHOT_HEADER + match->snapshot_max_bytes + events_len;
}

/* False: it stays as it was. */
static bool frame_grow(struct match_frame *frame, uint32_t room) {
    uint8_t *grown = realloc(frame->bytes, NET_HEADROOM + room);
    if (!grown) return false;
    frame->bytes = grown;
    frame->room = room;
    return true;
}

muster_status match_frames_create(struct match *match) {
    match->delta = calloc(match->view_count, sizeof *match->delta);
    match->full = calloc(match->view_count, sizeof *match->full);
    if (!match->delta || !match->full) return MUSTER_NO_MEMORY;
    for (uint32_t i = 0; i < match->view_count; i++) {
        uint32_t room = room_for(match, EVENTS_PER_FRAME_FEW);
        if (!frame_grow(&match->delta[i], room) || !frame_grow(&match->full[i], room))
            return MUSTER_NO_MEMORY;
    }
    return MUSTER_OK;
}

void match_frames_destroy(struct match *match) {
    for (uint32_t i = 0; match->delta && match->full && i < match->view_count; i++) {
        free(match->delta[i].bytes);
        free(match->full[i].bytes);
    }
    free(match->delta);
    free(match->full);
}

void match_frames_clear(struct match *match) {
    for (uint32_t i = 0; i < match->view_count; i++) match->delta[i].len = match->full[i].len = 0;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void ring_put(struct match *match, const uint8_t *data, uint32_t len) {
    for (uint32_t i = 0; i < len; i++)
        match->events[(match->event_end + i) % MATCH_EVENT_RING] = data[i];
    match->event_end += len;
}

muster_status match_event(struct match *match, const void *data, uint32_t len) {
    if (len == 0 || len > MUSTER_EVENT_MAX) return MUSTER_INVALID;
    if (match->event_tick_count == MATCH_EVENTS_PER_TICK) return MUSTER_LIMIT;
    if (match->event_end - match->event_tick_begin + len + 1 > MATCH_EVENT_RING)
        return MUSTER_LIMIT;
    if (!match->events) match->events = malloc(MATCH_EVENT_RING);
    if (!match->events) return MUSTER_NO_MEMORY;
    match->event_tick_count++;
    uint8_t len_byte = (uint8_t)len;
    ring_put(match, &len_byte, 1);
    ring_put(match, data, len);
    return MUSTER_OK;
}

static void put_events(struct match *match, uint64_t from, struct muster_writer *w) {
    uint32_t len = (uint32_t)(match->event_end - from);
    uint8_t *at = muster_put_space(w, len);
    if (!at) return;
    for (uint32_t i = 0; i < len; i++) at[i] = match->events[(from + i) % MATCH_EVENT_RING];
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint32_t encode(struct match *match, uint32_t view, bool full, uint64_t events_from,
                       uint32_t tick_length_us, uint8_t *out, uint32_t room) {
    struct muster_writer w = muster_writer_make(out, room);
    muster_put_space(&w, FRAME_SNAPSHOT_HEADER);
    struct muster_writer payload = muster_writer_make(out + w.len, match->snapshot_max_bytes);
    match_call_begin(match, &match->mode, "mode.snapshot");
    match->mode.provider->mode.snapshot(match->mode.provider->instance, match->mode.state, view,
                                        full, &payload);
    match_call_end(match);
    if (payload.overflow)
        plugin_fault(match->mode.provider->self, "snapshot of view %u is larger than %u bytes",
                     view, match->snapshot_max_bytes);
    muster_put_space(&w, payload.len);
    put_events(match, events_from, &w);
    protocol_snapshot_header(out, full ? FRAME_FLAG_FULL : 0, match->tick, tick_length_us,
                             payload.len);
    return w.len;
}

uint8_t *match_frame(struct match *match, uint32_t view, bool full, uint32_t tick_length_us,
                     uint32_t *len) {
    struct match_frame *frame = full ? &match->full[view] : &match->delta[view];
    if (frame->len == 0) {
        uint32_t room = room_for(match, (uint32_t)(match->event_end - match->event_tick_begin));
        if (room > frame->room) (void)frame_grow(frame, room); /* else it goes without them */
        frame->len = encode(match, view, full, match->event_tick_begin, tick_length_us,
                            frame->bytes + NET_HEADROOM, frame->room);
    }
    *len = frame->len;
    return frame->bytes + NET_HEADROOM;
}

uint8_t *match_frame_since(struct match *match, uint32_t view, uint64_t cursor,
                           uint32_t tick_length_us, uint32_t *len) {
    static uint8_t buffer[NET_HEADROOM + FRAME_SNAPSHOT_HEADER + 16384 + EVENTS_PER_FRAME_MAX];
    if (match->event_end - cursor > MATCH_EVENT_RING) return NULL;
    *len = encode(match, view, true, cursor, tick_length_us, buffer + NET_HEADROOM,
                  room_for(match, EVENTS_PER_FRAME_MAX));
    return buffer + NET_HEADROOM;
}

uint32_t match_view(struct match *match, uint32_t seat) {
    const struct muster_mode *mode = &match->mode.provider->mode;
    if (!mode->view || match->view_count == 1) return 0;
    match_call_begin(match, &match->mode, "mode.view");
    uint32_t view = mode->view(match->mode.provider->instance, match->mode.state, seat);
    match_call_end(match);
    if (view < match->view_count) return view;
    plugin_fault(match->mode.provider->self, "mode.view answered %u of %u views", view,
                 match->view_count);
    return 0;
}

/* Asked for at each entry, and the same for most matches of a mode: read once. */
static struct {
    uint8_t text[INTRO_BYTES_MAX];
    uint32_t len;
    json_t *value;
} intro_read;

static json_t *read_intro(const uint8_t *text, uint32_t len) {
    if (intro_read.value && len == intro_read.len && memcmp(text, intro_read.text, len) == 0)
        return json_incref(intro_read.value);
    json_t *value = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
    if (!value) return NULL;
    match_intro_forget();
    memcpy(intro_read.text, text, len);
    intro_read.len = len;
    intro_read.value = json_incref(value);
    return value;
}

void match_intro_forget(void) {
    json_decref(intro_read.value);
    intro_read.value = NULL;
}

json_t *match_intro(struct match *match) {
    static uint8_t text[INTRO_BYTES_MAX];
    const struct muster_mode *mode = &match->mode.provider->mode;
    if (!mode->intro) return json_null();
    struct muster_writer w = muster_writer_make(text, sizeof text);
    match_call_begin(match, &match->mode, "mode.intro");
    mode->intro(match->mode.provider->instance, match->mode.state, &w);
    match_call_end(match);
    json_t *intro = w.overflow ? NULL : read_intro(text, w.len);
    if (intro) return intro;
    plugin_fault(match->mode.provider->self, "intro is not one JSON value of at most 64 KiB");
    return json_null();
}
