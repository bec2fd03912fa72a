/* Declared fields: the vectors that clients use as well, schemas and values that are refused, and
 * the way back. */
#include "test.h"

#include "harness.h"
#include "sync.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lua on one side, a struct sync on the other --------------------------------------------- */

static struct sync_schema schema;
static struct sync *mine;
static uint32_t seats_max = 16;

static int lua_schema(lua_State *L) {
    sync_schema_read(L, 1, &schema);
    return 0;
}

static int lua_set(lua_State *L) {
    struct sync_value value;
    uint32_t field = sync_find(mine, luaL_checkstring(L, 1));
    sync_read(L, mine, field, 2, &value);
    sync_set(mine, field, (uint32_t)luaL_optinteger(L, 3, 0), &value);
    return 0;
}

static int lua_get(lua_State *L) {
    uint32_t field = sync_find(mine, luaL_checkstring(L, 1));
    sync_push(L, mine, field, (uint32_t)luaL_optinteger(L, 2, 0));
    return 1;
}

static int bind(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"schema", lua_schema}, {"set", lua_set}, {"get", lua_get}, {NULL, NULL}};
    lua_pushglobaltable(L);
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushstring(L, f->name);
        lua_pushcfunction(L, f->func);
        lua_rawset(L, -3);
    }
    return 0;
}

static struct sandbox *make_bound(void) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    assert_int_equal(sandbox_enter(sb, bind, NULL), MUSTER_OK);
    return sb;
}

static void declare(struct sandbox *sb, const char *list) {
    char text[4096];
    snprintf(text, sizeof text, "schema(%s)", list);
    assert_string_equal(eval_text(sb, text), "nil");
    sync_destroy(mine);
    mine = sync_create(&schema, seats_max);
    assert_non_null(mine);
}

static void expect(struct sandbox *sb, const char *text, const char *answer) {
    assert_string_equal(eval_text(sb, text), answer);
}

static void refused(struct sandbox *sb, const char *text, const char *part) {
    const char *answer = eval_text(sb, text);
    if (strncmp(answer, "error: ", 7) != 0 || !strstr(answer, part))
        fail_msg("%s: expected an error with \"%s\", found %s", text, part, answer);
}

static void finish(struct sandbox *sb) {
    sync_destroy(mine);
    mine = NULL;
    sandbox_destroy(sb);
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* The JSON of a field, as the list of mode.sync is written in Lua. */
static void write_field(const json_t *field, char *out, size_t size) {
    const char *key;
    json_t *value;
    size_t len = (size_t)snprintf(out, size, "{");
    json_object_foreach((json_t *)(uintptr_t)field, key, value) len +=
        (size_t)snprintf(out + len, size - len, "%s=\"%s\",", key, json_string_value(value));
    snprintf(out + len, size - len, "}");
}

static void declare_json(struct sandbox *sb, const json_t *list) {
    char text[3000] = "{", field[200];
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        write_field(item, field, sizeof field);
        strcat(strcat(text, field), ",");
    }
    declare(sb, strcat(text, "}"));
}

static void set_json(struct sandbox *sb, const json_t *set) {
    char text[200];
    char *value = json_dumps(json_array_get(set, 1), JSON_ENCODE_ANY);
    snprintf(text, sizeof text, "set(\"%s\", %s, %d)", json_string_value(json_array_get(set, 0)),
             value, (int)json_integer_value(json_array_get(set, 2)));
    free(value);
    expect(sb, text, "nil");
}

static struct sync_seats seats_json(const json_t *list) {
    struct sync_seats seats = {{0}};
    for (size_t i = 0; i < json_array_size(list); i++)
        sync_seats_add(&seats, (uint32_t)json_integer_value(json_array_get(list, i)));
    return seats;
}

/* Digits without the blanks between them. */
static void pack_hex(const char *hex, char *out) {
    for (; *hex; hex++)
        if (*hex != ' ') *out++ = *hex;
    *out = '\0';
}

static void compare(const char *what, const struct muster_writer *w, const char *hex) {
    char expected[2048], found[2048] = "";
    pack_hex(hex, expected);
    for (uint32_t i = 0; i < w->len; i++) snprintf(found + i * 2, 3, "%02x", w->data[i]);
    if (strcmp(expected, found) != 0) fail_msg("%s: expected %s, found %s", what, expected, found);
    assert_false(w->overflow);
}

static void check_view(const char *name, const json_t *view) {
    static uint8_t bytes[1024];
    const json_t *seat = json_object_get(view, "seat");
    const struct sync_view eyes = {.seat =
                                       seat ? (uint32_t)json_integer_value(seat) : SYNC_SEATS_MAX,
                                   .team = seats_json(json_object_get(view, "team"))};
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    sync_full(mine, &eyes, &w);
    compare(name, &w, json_string_value(json_object_get(view, "full")));
    assert_true(w.len <= sync_schema_bytes_max(&mine->schema, seats_max));
    w = muster_writer_make(bytes, sizeof bytes);
    sync_delta(mine, &eyes, &w);
    compare(name, &w, json_string_value(json_object_get(view, "delta")));
    assert_true(w.len <= sync_schema_bytes_max(&mine->schema, seats_max));
}

static void play_step(struct sandbox *sb, const char *name, const json_t *step) {
    const json_t *sets = json_object_get(step, "set"), *views = json_object_get(step, "views");
    struct sync_seats leave = seats_json(json_object_get(step, "leave"));
    struct sync_seats take = seats_json(json_object_get(step, "take"));
    for (uint32_t seat = 0; seat < seats_max; seat++) {
        if (sync_seats_have(&leave, seat)) sync_seat_leave(mine, seat);
        if (sync_seats_have(&take, seat)) sync_seat_take(mine, seat);
    }
    for (size_t i = 0; i < json_array_size(sets); i++) set_json(sb, json_array_get(sets, i));
    if (json_is_true(json_object_get(step, "tellAll"))) sync_tell_all(mine);
    sync_step_end(mine);
    assert_true(json_array_size(views) > 0);
    for (size_t i = 0; i < json_array_size(views); i++) check_view(name, json_array_get(views, i));
}

static void test_vectors(void **state) {
    json_t *file = json_load_file(DATA_DIR "/sync_vectors.json", 0, NULL);
    const json_t *cases = json_object_get(file, "cases");
    (void)state;
    assert_true(json_array_size(cases) >= 4);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i), *steps = json_object_get(one, "steps");
        const json_t *of_match = json_object_get(one, "seatsMax");
        struct sandbox *sb = make_bound();
        seats_max = of_match ? (uint32_t)json_integer_value(of_match) : 16;
        declare_json(sb, json_object_get(one, "schema"));
        assert_true(json_array_size(steps) > 0);
        for (size_t n = 0; n < json_array_size(steps); n++)
            play_step(sb, json_string_value(json_object_get(one, "name")),
                      json_array_get(steps, n));
        finish(sb);
    }
    seats_max = 16;
    json_decref(file);
}

/* ---- schemas --------------------------------------------------------------------------------- */

static void test_schemas_that_are_refused(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    refused(sb, "schema('x')", "mode.sync: expected a list of fields, found a string");
    refused(sb, "schema{}", "expected a list of 1 to 64 fields, found 0");
    refused(sb, "local t = {} for i = 1, 65 do t[i] = {name = 'f' .. i, type = 'u8'} end schema(t)",
            "found 65");
    refused(sb, "schema{1}", "mode.sync[1]: expected a table, found a number");
    refused(sb, "schema{{type = 'u8'}}", "mode.sync[1].name: expected 1 to 32");
    refused(sb, "schema{{name = 'Rope', type = 'u8'}}", "a letter first");
    refused(sb, "schema{{name = ('x'):rep(33), type = 'u8'}}", "1 to 32");
    refused(sb, "schema{{name = 'a', type = 'u8'}, {name = 'a', type = 'u8'}}",
            "mode.sync[2].name: there is a \"a\" before");
    refused(sb, "schema{{name = 'a'}}", "mode.sync[1].type: expected bool, u8");
    refused(sb, "schema{{name = 'a', type = 'u64'}}", "found \"u64\"");
    refused(sb, "schema{{name = 'a', type = {}}}", "type: expected a string, found a table");
    refused(sb, "schema{{name = 'a', type = 'u8', per = 'team'}}", "expected player or nothing");
    refused(sb, "schema{{name = 'a', type = 'u8', per = 'player', visible = 'me'}}",
            "expected all, team or owner, found \"me\"");
    refused(sb, "schema{{name = 'a', type = 'u8', visible = 'owner'}}", "has an owner");
    refused(sb, "schema{{name = 'a', type = 'u8', public = true}}", "found \"public\"");
    finish(sb);
}

/* Metamethods of the script's are not run. */
static void test_schemas_are_read_raw(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    refused(sb, "schema{setmetatable({name = 'a'}, {__index = function() return 'u8' end})}",
            "mode.sync[1].type");
    refused(sb, "schema(setmetatable({}, {__len = function() return 3 end}))", "found 0");
    finish(sb);
}

static void test_what_a_schema_says(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, "{{name = 'a', type = 'u8'}, {name = 'b', type = 'f32', per = 'player'}}");
    char *json = sync_schema_json(&mine->schema);
    assert_string_equal(json, "[{\"name\":\"a\",\"type\":\"u8\",\"visible\":\"all\"},"
                              "{\"name\":\"b\",\"type\":\"f32\",\"visible\":\"all\","
                              "\"per\":\"player\"}]");
    free(json);
    assert_false(sync_schema_is_private(&mine->schema));
    struct sync_schema first = mine->schema;
    declare(sb, "{{name = 'a', type = 'u8'}, {name = 'b', type = 'f32', per = 'player', "
                "visible = 'team'}}");
    assert_true(sync_schema_is_private(&mine->schema));
    assert_false(sync_schema_same(&first, &mine->schema));
    declare(sb, "{{name = 'a', type = 'u8'}, {name = 'b', type = 'f32', per = 'player'}}");
    assert_true(sync_schema_same(&first, &mine->schema));
    finish(sb);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void test_values_that_are_refused(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, "{{name = 'b', type = 'bool'}, {name = 'n', type = 'u8'}, {name = 'i', "
                "type = 'i16'}, {name = 'u', type = 'u32'}, {name = 'f', type = 'f32'}, "
                "{name = 's', type = 'string'}}");
    refused(sb, "set('b', 1)", "sync field 'b': expected a boolean, found a number");
    refused(sb, "set('n', '7')", "expected a number, found a string");
    refused(sb, "set('n', 256)", "sync field 'n': expected 0 to 255, found 256");
    refused(sb, "set('n', -0.5)", "found -0.5");
    refused(sb, "set('n', 0/0)", "expected 0 to 255");
    refused(sb, "set('i', -32769)", "expected -32768 to 32767");
    refused(sb, "set('u', 4294967296)", "expected 0 to 4294967295");
    refused(sb, "set('f', 1e39)", "fits a float");
    refused(sb, "set('f', 0/0)", "fits a float");
    refused(sb, "set('s', ('x'):rep(33))", "at most 32 bytes, found 33");
    refused(sb, "set('s', 'a\\xff')", "expected UTF-8");
    refused(sb, "set('s', nil)", "expected a string, found a nil");
    sync_step_end(mine);
    assert_int_equal(mine->told.fields, 0);
    expect(sb,
           "return tostring(get('b')) .. get('n') .. get('i') .. get('u') .. get('f') .. "
           "get('s') .. '.'",
           "false0000.0.");
    finish(sb);
}

static void test_values_come_back(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, "{{name = 'b', type = 'bool'}, {name = 'i', type = 'i32'}, {name = 'f', "
                "type = 'f32'}, {name = 's', type = 'string'}, {name = 'p', type = 'i16', "
                "per = 'player'}}");
    sync_seat_take(mine, 0);
    sync_seat_take(mine, 15);
    expect(sb, "set('b', true) return get('b')", "true");
    expect(sb, "set('i', -7.25) return math.type(get('i')) .. get('i')", "integer-8");
    expect(sb, "set('f', 0.1) return get('f') == 0.1", "false"); /* rounded to a float */
    expect(sb, "set('f', 0.5) return get('f')", "0.5");
    expect(sb, "set('s', ('x'):rep(32)) return #get('s')", "32");
    expect(sb, "set('s', 'a\\0b') return #get('s')", "3");
    expect(sb, "set('p', -3, 15) return get('p', 15) .. ' ' .. get('p', 0)", "-3 0");
    assert_int_equal(sync_find(mine, "nothing"), SYNC_FIELDS_MAX);
    finish(sb);
}

/* Of what is the team's and the owner's: masks of the seats that are told. */
static void told_seats(const struct sync_view *view, uint32_t of_team, uint32_t of_owner) {
    uint8_t bytes[256];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    sync_full(mine, view, &w);
    struct muster_reader r = muster_reader_make(bytes, w.len);
    assert_int_equal(muster_get_u32(&r), 7);
    uint32_t team = muster_get_u32(&r);
    assert_non_null(muster_get_bytes(&r, (uint32_t)__builtin_popcount(team)));
    assert_int_equal(team, of_team);
    assert_int_equal(muster_get_u32(&r), of_owner);
}

/* One's own is seen by who has no team, and by no seat that is none. */
static void test_who_sees_what(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, "{{name = 't', type = 'u8', per = 'player', visible = 'team'}, {name = 'o', "
                "type = 'u8', per = 'player', visible = 'owner'}}");
    for (uint32_t seat = 0; seat < 3; seat++) sync_seat_take(mine, seat);
    sync_step_end(mine);
    told_seats(&(struct sync_view){.seat = 1, .team = {{3}}}, 3, 2);
    told_seats(&(struct sync_view){.seat = 1, .team = {{0}}}, 2, 2);
    told_seats(&(struct sync_view){.seat = 15, .team = {{0}}}, 0, 0);
    told_seats(&(struct sync_view){.seat = SYNC_SEATS_MAX, .team = {{0}}}, 0, 0);
    told_seats(&(struct sync_view){.seat = 0, .team = {{0xffff}}}, 7, 1);
    finish(sb);
}

/* ---- state ----------------------------------------------------------------------------------- */

static const char mixed[] = "{{name = 'n', type = 'u8'}, {name = 's', type = 'string', "
                            "per = 'player'}}";

static void test_the_way_back(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, mixed);
    sync_seat_take(mine, 1);
    expect(sb, "set('n', 5) set('s', 'kept', 1)", "nil");
    sync_keep(mine);
    sync_step_end(mine);
    expect(sb, "set('n', 6) set('s', 'lost', 1)", "nil");
    sync_step_end(mine);
    sync_back(mine);
    expect(sb, "return get('n') .. get('s', 1)", "5kept");
    sync_step_end(mine);
    assert_int_equal(mine->told.fields, 1); /* clients are told of the way back */
    assert_int_equal(mine->told.seats_of[1].words[0], 2);
    sync_back(mine);
    sync_step_end(mine);
    assert_int_equal(mine->told.fields, 0); /* once */
    /* Nobody gets the values of who sat there before. */
    sync_seat_leave(mine, 1);
    sync_seat_take(mine, 1);
    sync_back(mine);
    expect(sb, "return get('n') .. get('s', 1)", "5");
    finish(sb);
}

static void test_saved_and_loaded(void **state) {
    uint8_t bytes[2048], again[2048];
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, mixed);
    sync_seat_take(mine, 3);
    sync_step_end(mine);
    expect(sb, "set('n', 9) set('s', 'word', 3)", "nil");
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    sync_save(mine, &w);
    assert_false(w.overflow);
    declare(sb, mixed);
    struct muster_reader r = muster_reader_make(bytes, w.len);
    assert_int_equal(sync_load(mine, &r), MUSTER_OK);
    assert_int_equal(r.pos, w.len);
    expect(sb, "return get('n') .. get('s', 3)", "9word");
    sync_step_end(mine); /* what had not been told yet */
    assert_int_equal(mine->told.fields, 1);
    assert_int_equal(mine->told.seats_of[1].words[0], 8);
    assert_int_equal(mine->seats.words[0], 8);
    r = muster_reader_make(bytes, w.len);
    assert_int_equal(sync_load(mine, &r), MUSTER_OK);
    assert_int_equal(mine->told.fields, 0); /* of what was before nothing is told again */
    assert_int_equal(mine->told.seats_of[1].words[0], 0);
    struct muster_writer w2 = muster_writer_make(again, sizeof again);
    sync_save(mine, &w2);
    assert_int_equal(w2.len, w.len);
    assert_memory_equal(again, bytes, w.len);
    finish(sb);
}

static void test_damaged_states_are_refused(void **state) {
    uint8_t bytes[2048];
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, mixed);
    sync_seat_take(mine, 0);
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    sync_save(mine, &w);
    for (uint32_t len = 0; len < w.len; len++) {
        struct muster_reader r = muster_reader_make(bytes, len);
        assert_int_equal(sync_load(mine, &r), MUSTER_INVALID);
    }
    struct muster_reader r = muster_reader_make(bytes, w.len);
    bytes[5] = SYNC_TEXT_MAX + 1; /* the length of seat 0's string */
    assert_int_equal(sync_load(mine, &r), MUSTER_INVALID);
    bytes[5] = 0;
    bytes[2] = 1; /* seat 16 */
    r = muster_reader_make(bytes, w.len);
    assert_int_equal(sync_load(mine, &r), MUSTER_INVALID);
    finish(sb);
}

/* As many seats as a lobby can have: each is saved, loaded, and told. */
static void test_all_seats_there_can_be(void **state) {
    static uint8_t bytes[16384];
    const struct sync_view all = {.seat = 127};
    struct sandbox *sb = make_bound();
    (void)state;
    seats_max = SYNC_SEATS_MAX;
    declare(sb, "{{name = 'n', type = 'u8', per = 'player'}}");
    for (uint32_t seat = 0; seat < SYNC_SEATS_MAX; seat++) sync_seat_take(mine, seat);
    expect(sb, "for i = 0, 127 do set('n', i, i) end", "nil");
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    sync_save(mine, &w);
    declare(sb, "{{name = 'n', type = 'u8', per = 'player'}}");
    struct muster_reader r = muster_reader_make(bytes, w.len);
    assert_int_equal(sync_load(mine, &r), MUSTER_OK);
    expect(sb, "for i = 0, 127 do assert(get('n', i) == i) end", "nil");
    sync_step_end(mine);
    w = muster_writer_make(bytes, sizeof bytes);
    sync_delta(mine, &all, &w);
    assert_int_equal(w.len, sync_schema_bytes_max(&mine->schema, SYNC_SEATS_MAX));
    assert_int_equal(bytes[w.len - 1], 127);
    seats_max = 16;
    finish(sb);
}

/* Who comes is told as new, also when a match goes on from what was saved; and has no values of
 * somebody who sat there, though nobody said goodbye. */
static void test_who_comes_begins_anew(void **state) {
    uint8_t bytes[2048];
    struct sandbox *sb = make_bound();
    (void)state;
    declare(sb, mixed);
    sync_seat_take(mine, 3);
    expect(sb, "set('s', 'word', 3)", "nil");
    sync_step_end(mine);
    assert_int_equal(mine->told.fresh.words[0], 8);
    sync_seat_take(mine, 3);
    sync_seat_take(mine, 1);
    expect(sb, "return get('s', 3) .. get('s', 1)", "");
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    sync_save(mine, &w);
    declare(sb, mixed);
    struct muster_reader r = muster_reader_make(bytes, w.len);
    assert_int_equal(sync_load(mine, &r), MUSTER_OK);
    sync_step_end(mine);
    assert_int_equal(mine->told.fresh.words[0], 10);
    assert_true(mine->told.seats);
    assert_int_equal(mine->told.seats_of[1].words[0], 10);
    sync_seat_leave(mine, 1);
    sync_step_end(mine);
    assert_int_equal(mine->told.fresh.words[0], 0);
    assert_true(mine->told.seats);
    sync_step_end(mine);
    assert_false(mine->told.seats);
    finish(sb);
}

/* Everything changes at once: as long as is promised, to the byte. */
static void test_the_longest_delta(void **state) {
    static uint8_t bytes[4096];
    const struct sync_view all = {.seat = 0, .team = {{0xffff}}};
    struct sandbox *sb = make_bound();
    (void)state;
    for (int fields = 1; fields <= 17; fields++) {
        char list[2048] = "{";
        for (int i = 0; i < fields; i++)
            snprintf(list + strlen(list), sizeof list - strlen(list),
                     "{name = 'f%d', type = '%s', per = 'player'},", i, i ? "u16" : "string");
        declare(sb, strcat(list, "{name = 'n', type = 'f32'}}"));
        for (uint32_t seat = 0; seat < seats_max; seat++) {
            char set[64];
            sync_seat_take(mine, seat);
            snprintf(set, sizeof set, "set('f0', ('x'):rep(32), %u)", seat);
            expect(sb, set, "nil");
        }
        expect(sb, "set('n', 1)", "nil");
        sync_step_end(mine);
        struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
        sync_delta(mine, &all, &w);
        assert_int_equal(w.len, sync_schema_bytes_max(&mine->schema, seats_max));
    }
    finish(sb);
}

/* What does not fit is told by the writer, and nothing is written past its end. */
static void test_small_buffers(void **state) {
    uint8_t bytes[64];
    struct sandbox *sb = make_bound();
    const struct sync_view spectator = {.seat = SYNC_SEATS_MAX};
    (void)state;
    declare(sb, mixed);
    sync_seat_take(mine, 0);
    sync_step_end(mine);
    for (uint32_t cap = 0; cap < 10; cap++) {
        memset(bytes, 0xAA, sizeof bytes);
        struct muster_writer w = muster_writer_make(bytes, cap);
        sync_delta(mine, &spectator, &w);
        assert_true(w.overflow);
        assert_int_equal(bytes[cap], 0xAA);
        w = muster_writer_make(bytes, cap < 9 ? cap : 9);
        sync_full(mine, &spectator, &w);
        assert_true(w.overflow);
        assert_int_equal(bytes[cap], 0xAA);
    }
    finish(sb);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_schemas_that_are_refused),
        cmocka_unit_test(test_schemas_are_read_raw),
        cmocka_unit_test(test_what_a_schema_says),
        cmocka_unit_test(test_values_that_are_refused),
        cmocka_unit_test(test_values_come_back),
        cmocka_unit_test(test_who_sees_what),
        cmocka_unit_test(test_the_way_back),
        cmocka_unit_test(test_saved_and_loaded),
        cmocka_unit_test(test_damaged_states_are_refused),
        cmocka_unit_test(test_all_seats_there_can_be),
        cmocka_unit_test(test_who_comes_begins_anew),
        cmocka_unit_test(test_the_longest_delta),
        cmocka_unit_test(test_small_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
