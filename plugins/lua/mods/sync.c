/* sync - values of a match's fields, and their payload; see sync.h. sync_schema.c reads what a mode
 * declares. */
#include "sync.h"
#include "internal.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_BIT(field) (UINT64_C(1) << (field))

/* ---- sets of seats --------------------------------------------------------------------------- */

static void seats_remove(struct sync_seats *seats, uint32_t seat) {
    seats->words[seat / SYNC_WORD_SEATS] &= ~(UINT32_C(1) << seat % SYNC_WORD_SEATS);
}

static void seats_join(struct sync_seats *seats, const struct sync_seats *others) {
    for (uint32_t i = 0; i < SYNC_WORDS_MAX; i++) seats->words[i] |= others->words[i];
}

static struct sync_seats seats_both(const struct sync_seats *a, const struct sync_seats *b) {
    struct sync_seats both;
    for (uint32_t i = 0; i < SYNC_WORDS_MAX; i++) both.words[i] = a->words[i] & b->words[i];
    return both;
}

static bool seats_any(const struct sync_seats *seats) {
    uint32_t any = 0;
    for (uint32_t i = 0; i < SYNC_WORDS_MAX; i++) any |= seats->words[i];
    return any != 0;
}

static void seats_put(const struct sync *sync, const struct sync_seats *seats,
                      struct muster_writer *out) {
    for (uint32_t i = 0; i < sync_words(sync->seats_max); i++) muster_put_u32(out, seats->words[i]);
}

/* False: a seat that there is not. */
static bool seats_get(const struct sync *sync, struct sync_seats *seats, struct muster_reader *in) {
    uint32_t left = sync->seats_max % SYNC_WORD_SEATS, words = sync_words(sync->seats_max);
    memset(seats, 0, sizeof *seats);
    for (uint32_t i = 0; i < words; i++) seats->words[i] = muster_get_u32(in);
    return !left || !(seats->words[words - 1] >> left);
}

/* ---- life ------------------------------------------------------------------------------------ */

static uint32_t values_bytes(const struct sync_schema *schema, uint32_t seats_max) {
    return schema->shared_bytes + seats_max * schema->seat_bytes;
}

struct sync *sync_create(const struct sync_schema *schema, uint32_t seats_max) {
    uint32_t bytes = values_bytes(schema, seats_max);
    struct sync *sync = calloc(1, sizeof *sync + (size_t)bytes * 2);
    if (!sync) return NULL;
    memcpy(&sync->schema, schema, sizeof sync->schema);
    sync->seats_max = seats_max;
    sync->values = sync->bytes;
    sync->kept = sync->bytes + bytes;
    return sync;
}

void sync_destroy(struct sync *sync) {
    free(sync);
}

/* ---- places ---------------------------------------------------------------------------------- */

static uint32_t row_at(const struct sync *sync, uint32_t seat) {
    return sync->schema.shared_bytes + seat * sync->schema.seat_bytes;
}

/* From the beginning of the values. */
static uint32_t place_of(const struct sync *sync, const struct sync_field *field, uint32_t seat) {
    return field->offset + (field->per_player ? row_at(sync, seat) : 0);
}

uint32_t sync_find(const struct sync *sync, const char *name) {
    for (uint32_t i = 0; i < sync->schema.count; i++)
        if (strcmp(sync->schema.fields[i].name, name) == 0) return i;
    return SYNC_FIELDS_MAX;
}

static void mark(struct sync *sync, uint32_t field, uint32_t seat) {
    if (sync->schema.fields[field].per_player)
        sync_seats_add(&sync->now.seats_of[field], seat);
    else
        sync->now.fields |= FIELD_BIT(field);
}

/* ---- from and to Lua ------------------------------------------------------------------------- */

static void check_type(lua_State *L, const struct sync_field *field, int index, int type) {
    if (lua_type(L, index) != type)
        luaL_error(L, "sync field '%s': expected a %s, found a %s", field->name,
                   lua_typename(L, type), luaL_typename(L, index));
}

static int64_t check_integer(lua_State *L, const struct sync_field *field, int index) {
    static const struct {
        int64_t min, max;
    } ranges[SYNC_TYPE_COUNT] = {[SYNC_U8] = {0, UINT8_MAX},
                                 [SYNC_I16] = {INT16_MIN, INT16_MAX},
                                 [SYNC_U16] = {0, UINT16_MAX},
                                 [SYNC_I32] = {INT32_MIN, INT32_MAX},
                                 [SYNC_U32] = {0, UINT32_MAX}};
    int64_t min = ranges[field->type].min, max = ranges[field->type].max;
    check_type(L, field, index, LUA_TNUMBER);
    double value = floor(lua_tonumber(L, index));
    if (!(value >= (double)min && value <= (double)max))
        luaL_error(L, "sync field '%s': expected %I to %I, found %f", field->name, (lua_Integer)min,
                   (lua_Integer)max, lua_tonumber(L, index));
    return (int64_t)value;
}

static uint32_t check_float(lua_State *L, const struct sync_field *field, int index) {
    uint32_t bits;
    check_type(L, field, index, LUA_TNUMBER);
    double value = lua_tonumber(L, index);
    if (!(fabs(value) <= FLT_MAX))
        luaL_error(L, "sync field '%s': expected a number that fits a float, found %f", field->name,
                   value);
    float single = (float)value;
    memcpy(&bits, &single, sizeof bits);
    return bits;
}

static void check_text(lua_State *L, const struct sync_field *field, int index,
                       struct muster_writer *out) {
    size_t len;
    check_type(L, field, index, LUA_TSTRING);
    const char *text = lua_tolstring(L, index, &len);
    if (len > SYNC_TEXT_MAX)
        luaL_error(L, "sync field '%s': expected at most %d bytes, found %I", field->name,
                   SYNC_TEXT_MAX, (lua_Integer)len);
    for (size_t at = 0; at < len;) {
        size_t n = errors_utf8_length((const unsigned char *)text + at, len - at);
        if (n == 0) luaL_error(L, "sync field '%s': expected UTF-8", field->name);
        at += n;
    }
    muster_put_u8(out, (uint32_t)len);
    muster_put_bytes(out, text, (uint32_t)len);
}

void sync_read(lua_State *L, const struct sync *sync, uint32_t field, int index,
               struct sync_value *out) {
    const struct sync_field *f = &sync->schema.fields[field];
    struct muster_writer w = muster_writer_make(out->bytes, sizeof out->bytes);
    memset(out, 0, sizeof *out);
    switch (f->type) {
    case SYNC_BOOL:
        check_type(L, f, index, LUA_TBOOLEAN);
        muster_put_u8(&w, (uint32_t)lua_toboolean(L, index));
        return;
    case SYNC_STRING: check_text(L, f, index, &w); return;
    case SYNC_F32: muster_put_u32(&w, check_float(L, f, index)); return;
    case SYNC_U8: muster_put_u8(&w, (uint32_t)check_integer(L, f, index)); return;
    case SYNC_I16:
    case SYNC_U16: muster_put_u16(&w, (uint32_t)check_integer(L, f, index)); return;
    default: muster_put_u32(&w, (uint32_t)check_integer(L, f, index)); return;
    }
}

void sync_set(struct sync *sync, uint32_t field, uint32_t seat, const struct sync_value *value) {
    const struct sync_field *f = &sync->schema.fields[field];
    uint8_t *at = sync->values + place_of(sync, f, seat);
    uint32_t bytes = sync_type_bytes(f->type);
    if (memcmp(at, value->bytes, bytes) == 0) return;
    memcpy(at, value->bytes, bytes);
    mark(sync, field, seat);
}

static lua_Number float_of(uint32_t bits) {
    float single;
    memcpy(&single, &bits, sizeof single);
    return single;
}

void sync_push(lua_State *L, const struct sync *sync, uint32_t field, uint32_t seat) {
    const struct sync_field *f = &sync->schema.fields[field];
    const uint8_t *at = sync->values + place_of(sync, f, seat);
    struct muster_reader r = muster_reader_make(at, sync_type_bytes(f->type));
    switch (f->type) {
    case SYNC_BOOL: lua_pushboolean(L, at[0]); return;
    case SYNC_STRING: lua_pushlstring(L, (const char *)at + 1, at[0]); return;
    case SYNC_F32: lua_pushnumber(L, float_of(muster_get_u32(&r))); return;
    case SYNC_U8: lua_pushinteger(L, at[0]); return;
    case SYNC_I16: lua_pushinteger(L, (int16_t)muster_get_u16(&r)); return;
    case SYNC_U16: lua_pushinteger(L, muster_get_u16(&r)); return;
    case SYNC_I32: lua_pushinteger(L, muster_get_i32(&r)); return;
    default: lua_pushinteger(L, muster_get_u32(&r)); return;
    }
}

/* ---- seats ----------------------------------------------------------------------------------- */

static void clear_row(struct sync *sync, uint32_t seat) {
    memset(sync->values + row_at(sync, seat), 0, sync->schema.seat_bytes);
    memset(sync->kept + row_at(sync, seat), 0, sync->schema.seat_bytes);
}

static void tell_rows(struct sync *sync, const struct sync_seats *seats) {
    sync->now.seats = true;
    seats_join(&sync->now.fresh, seats);
    for (uint32_t i = 0; i < sync->schema.count; i++)
        if (sync->schema.fields[i].per_player) seats_join(&sync->now.seats_of[i], seats);
}

void sync_seat_take(struct sync *sync, uint32_t seat) {
    struct sync_seats one = {{0}};
    clear_row(sync, seat);
    sync_seats_add(&one, seat);
    sync_seats_add(&sync->seats, seat);
    tell_rows(sync, &one);
}

void sync_seat_leave(struct sync *sync, uint32_t seat) {
    clear_row(sync, seat);
    seats_remove(&sync->seats, seat);
    sync->now.seats = true;
}

void sync_tell_all(struct sync *sync) {
    tell_rows(sync, &sync->seats);
}

/* ---- payload --------------------------------------------------------------------------------- */

void sync_step_end(struct sync *sync) {
    sync->told = sync->now;
    memset(&sync->now, 0, sizeof sync->now);
}

/* Those whose value of the field may be seen. */
static struct sync_seats visible_seats(const struct sync *sync, const struct sync_field *field,
                                       const struct sync_view *view) {
    struct sync_seats seen = {{0}};
    if (field->visible == SYNC_ALL) return sync->seats;
    if (field->visible == SYNC_TEAM) seen = view->team;
    if (view->seat < sync->seats_max) sync_seats_add(&seen, view->seat);
    return seats_both(&sync->seats, &seen);
}

static void put_value(const struct sync *sync, const struct sync_field *field, uint32_t seat,
                      struct muster_writer *out) {
    const uint8_t *at = sync->values + place_of(sync, field, seat);
    uint32_t len = field->type == SYNC_STRING ? 1u + at[0] : sync_type_bytes(field->type);
    muster_put_bytes(out, at, len);
}

static void put_rows(const struct sync *sync, const struct sync_field *field,
                     const struct sync_seats *seats, struct muster_writer *out) {
    seats_put(sync, seats, out);
    for (uint32_t seat = 0; seat < sync->seats_max; seat++)
        if (sync_seats_have(seats, seat)) put_value(sync, field, seat, out);
}

void sync_full(const struct sync *sync, const struct sync_view *view, struct muster_writer *out) {
    if (sync->schema.seat_bytes) seats_put(sync, &sync->seats, out);
    for (uint32_t i = 0; i < sync->schema.count; i++) {
        const struct sync_field *field = &sync->schema.fields[i];
        if (!field->per_player) {
            put_value(sync, field, 0, out);
            continue;
        }
        struct sync_seats seen = visible_seats(sync, field, view);
        put_rows(sync, field, &seen, out);
    }
}

/* Bit `at` of those at the front of a delta. */
static void set_bit(uint8_t *bits, uint32_t at) {
    bits[at / 8] |= (uint8_t)(1u << at % 8);
}

/* What a delta tells of the field. False: nothing. */
static bool put_told(const struct sync *sync, uint32_t field, const struct sync_view *view,
                     struct muster_writer *out) {
    const struct sync_field *f = &sync->schema.fields[field];
    if (!f->per_player) {
        bool is_told = (sync->told.fields & FIELD_BIT(field)) != 0;
        if (is_told) put_value(sync, f, 0, out);
        return is_told;
    }
    struct sync_seats seen = visible_seats(sync, f, view);
    seen = seats_both(&sync->told.seats_of[field], &seen);
    if (!seats_any(&seen)) return false;
    put_rows(sync, f, &seen, out);
    return true;
}

void sync_delta(const struct sync *sync, const struct sync_view *view, struct muster_writer *out) {
    const struct sync_schema *schema = &sync->schema;
    uint32_t len = (schema->count + (schema->seat_bytes > 0) + 7) / 8;
    uint8_t *bits = muster_put_space(out, len);
    if (!bits) return;
    memset(bits, 0, len);
    if (sync->told.seats && schema->seat_bytes) {
        struct sync_seats fresh = seats_both(&sync->seats, &sync->told.fresh);
        set_bit(bits, schema->count);
        seats_put(sync, &sync->seats, out);
        seats_put(sync, &fresh, out);
    }
    for (uint32_t i = 0; i < schema->count; i++)
        if (put_told(sync, i, view, out)) set_bit(bits, i);
}

/* ---- state ----------------------------------------------------------------------------------- */

void sync_keep(struct sync *sync) {
    memcpy(sync->kept, sync->values, values_bytes(&sync->schema, sync->seats_max));
}

static void go_back(struct sync *sync, uint32_t field, uint32_t seat) {
    const struct sync_field *f = &sync->schema.fields[field];
    uint32_t at = place_of(sync, f, seat), bytes = sync_type_bytes(f->type);
    if (memcmp(sync->values + at, sync->kept + at, bytes) == 0) return;
    memcpy(sync->values + at, sync->kept + at, bytes);
    mark(sync, field, seat);
}

void sync_back(struct sync *sync) {
    for (uint32_t i = 0; i < sync->schema.count; i++) {
        uint32_t rows = sync->schema.fields[i].per_player ? sync->seats_max : 1;
        for (uint32_t seat = 0; seat < rows; seat++) go_back(sync, i, seat);
    }
}

/* Values of those who sit, the last good ones, and what the next delta has to tell. */
void sync_save(const struct sync *sync, struct muster_writer *out) {
    seats_put(sync, &sync->seats, out);
    muster_put_bytes(out, sync->values, values_bytes(&sync->schema, sync->seats_max));
    muster_put_bytes(out, sync->kept, values_bytes(&sync->schema, sync->seats_max));
    muster_put_u64(out, sync->now.fields);
    seats_put(sync, &sync->now.fresh, out);
    muster_put_u8(out, sync->now.seats);
    for (uint32_t i = 0; i < sync->schema.count; i++) seats_put(sync, &sync->now.seats_of[i], out);
}

/* Strings do not reach past their place. */
static bool are_sound(const struct sync *sync, const uint8_t *values) {
    for (uint32_t i = 0; i < sync->schema.count; i++) {
        const struct sync_field *field = &sync->schema.fields[i];
        uint32_t rows = field->per_player ? sync->seats_max : 1;
        if (field->type != SYNC_STRING) continue;
        for (uint32_t seat = 0; seat < rows; seat++)
            if (values[place_of(sync, field, seat)] > SYNC_TEXT_MAX) return false;
    }
    return true;
}

muster_status sync_load(struct sync *sync, struct muster_reader *in) {
    struct sync_seats seats;
    uint32_t bytes = values_bytes(&sync->schema, sync->seats_max);
    bool is_good = seats_get(sync, &seats, in);
    const uint8_t *values = muster_get_bytes(in, bytes), *kept = muster_get_bytes(in, bytes);
    struct sync_changes now = {.fields = muster_get_u64(in)};
    is_good &= seats_get(sync, &now.fresh, in);
    now.seats = muster_get_u8(in) != 0;
    for (uint32_t i = 0; i < sync->schema.count; i++)
        is_good &= seats_get(sync, &now.seats_of[i], in);
    if (in->overflow || !is_good || !are_sound(sync, values) || !are_sound(sync, kept))
        return MUSTER_INVALID;
    memcpy(sync->values, values, bytes);
    memcpy(sync->kept, kept, bytes);
    sync->seats = seats;
    sync->now = now;
    memset(&sync->told, 0, sizeof sync->told);
    return MUSTER_OK;
}
