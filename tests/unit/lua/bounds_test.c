/* What a script can ask of the library and of Lua itself is bounded: it costs units as it grows,
 * what does not fit is an ordinary error, and no number that a script chooses gets past either. */
#include "test.h"

#include "harness.h"
#include "internal.h"
#include "layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(struct sandbox *sb, const char *text, const char *answer) {
    const char *given = eval_text(sb, text);
    if (strcmp(given, answer) != 0) fail_msg("%s\n  %s, not %s", text, given, answer);
}

/* In a sandbox of its own. */
static void expect_alone(const char *text, const char *answer) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    expect(sb, text, answer);
    sandbox_destroy(sb);
}

/* ---- units */

enum { FEW = 500, MANY = 4000 };

/* With what they cost at FEW: the same in every run, so that a stop is always at the same place. */
static const struct {
    const char *call;
    uint64_t units;
} costly[] = {
    {"table.insert(t, 1, 0)", 5010},
    {"table.remove(t, 1)", 5000},
    {"table.move(t, 1, n, 2)", 5000},
    {"table.move(t, 1, n, 1, {})", 5000},
    {"table.concat(t)", 5000},
    {"table.concat(t, ', ')", 5000},
    {"table.unpack(t)", 5000},
    {"table.sort(t)", 48580},
    {"table.sort(t, function(a, b) return a > b end)", 53590},
    {"string.rep('x', n)", 41},
    {"string.sub(s, 1, n)", 36},
    {"string.upper(s)", 255},
    {"string.lower(s)", 255},
    {"string.reverse(s)", 255},
    {"string.byte(s, 1, n)", 1000},
    {"string.format(s)", 135},
    {"string.format('%s', s)", 96},
    {"string.format('%q', s)", 91},
    {"string.find(s, 'b', 1, true)", 135},
    {"string.find(s, 'b')", 135},
    {"string.find('x', s)", 135},
    {"string.find(s, '[b-z]')", 9012},
    {"string.match(s, '^a*')", 1506},
    {"string.gmatch(s, 'b')()", 3003},
    {"string.gsub(s, 'a', 'b')", 4503},
    {"string.gsub(s, 'b', 'c')", 3003},
    {"string.gsub('a', 'a', s)", 105},
    {"string.gsub('a', 'a', ('%0'):rep(n))", 1581},
    {"string.pack('s4', s)", 51},
    {"string.pack('z', s)", 51},
    {"string.pack('c' .. n, 'x')", 51},
    {"string.pack(('x'):rep(n))", 4541},
    {"string.packsize(('x'):rep(n))", 4541},
    {"string.unpack('s4', packed)", 51},
    {"string.unpack('z', s .. '\\0')", 51},
    {"string.unpack('c' .. n, s)", 51},
    {"utf8.len(s)", 2000},
    {"utf8.len(s, 1, n)", 2000},
    {"utf8.codepoint(s, 1, n)", 1000},
    {"utf8.offset(s, n)", 1996},
    {"utf8.offset(s, -n)", 2000},
    {"utf8.offset(('\\x80'):rep(n), 0, n)", 41},
    {"pairs(t)", 4008},
    {"pairs(hash)", 8008},
    {"next(hash)", 8010},
    {"next(t, 1)", 8010},
};

/* The same with their arguments: these cost, too. */
static const char *const costly_arguments[] = {
    "table.pack(table.unpack(t))",  "math.max(table.unpack(t))",  "math.min(table.unpack(t))",
    "select(2, table.unpack(t))",   "utf8.char(table.unpack(t))", "print(table.unpack(t))",
    "string.char(table.unpack(t))",
};

static uint64_t units_of(const char *call, int n) {
    struct sandbox_limits limits = {.memory_bytes = 16 << 20, .call_units = 100000000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    char text[512];
    static const char *const globals[] = {"t", "s", "n", "hash", "packed"};
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        assert_int_equal(sandbox_allow_global(sb, globals[i]), MUSTER_OK);
    snprintf(text, sizeof text,
             "n, t, hash = %d, {}, {} s = ('a'):rep(n) packed = string.pack('s4', s)\n"
             "for i = 1, n do t[i] = (i * 7919) %% 251 hash['k' .. i] = i end",
             n);
    assert_int_equal(run_text(sb, text), MUSTER_OK);
    const char *given = eval_text(sb, call);
    if (strncmp(given, "error", 5) == 0 || strncmp(given, "killed", 6) == 0)
        fail_msg("%s: %s", call, given);
    uint64_t units = sb->units;
    sandbox_destroy(sb);
    return units;
}

static void work_costs_units(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof costly / sizeof *costly; i++) {
        uint64_t few = units_of(costly[i].call, FEW), many = units_of(costly[i].call, MANY);
        if (few != costly[i].units)
            fail_msg("%s: %llu units", costly[i].call, (unsigned long long)few);
        if (many < few * 3 || many < MANY / 16)
            fail_msg("%s: %llu units, then %llu", costly[i].call, (unsigned long long)few,
                     (unsigned long long)many);
    }
    for (size_t i = 0; i < sizeof costly_arguments / sizeof *costly_arguments; i++) {
        uint64_t few = units_of(costly_arguments[i], FEW) - units_of("table.unpack(t)", FEW);
        uint64_t many = units_of(costly_arguments[i], MANY) - units_of("table.unpack(t)", MANY);
        if ((int64_t)many < (int64_t)few + MANY / 8)
            fail_msg("%s: %lld units, then %lld", costly_arguments[i], (long long)few,
                     (long long)many);
    }
}

static int charge_much(lua_State *L) {
    sandbox_charge_items(L, UINT64_MAX / 10 + 2, 10); /* wraps to 14 */
    return 0;
}

static int charge_twice(lua_State *L) {
    sandbox_charge(L, 100);
    sandbox_charge(L, UINT64_MAX - 50); /* the sum wraps to 49 */
    return 0;
}

static void charges_do_not_wrap(void **state) {
    static const lua_CFunction bodies[] = {charge_much, charge_twice};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct sandbox *sb = make_sandbox(NULL, NULL);
        assert_int_equal(sandbox_enter(sb, bodies[i], NULL), MUSTER_LIMIT);
        assert_int_equal(sb->units, UINT64_MAX);
        sandbox_destroy(sb);
    }
}

/* ---- numbers that a script chose */

static void numbers_are_refused(void **state) {
    static const char *const calls[] = {
        "table.insert(wide, 1)",
        "table.insert(wide, 1, 2)",
        "table.insert(wide, #wide - 1844674407370955162, 2)",
        "table.remove(wide)",
        "table.remove(wide, 1)",
        "table.remove(wide, #wide - 1844674407370955162)",
        "table.concat(wide)",
        "table.sort(wide)",
        "table.unpack(wide)",
        "table.unpack({}, math.mininteger, math.maxinteger)",
        "table.unpack({}, 1, math.maxinteger)",
        "table.unpack({}, math.maxinteger - 40000, math.maxinteger)",
        "table.concat({}, '', math.mininteger, math.maxinteger)",
        "table.concat({}, '', math.maxinteger - 1, math.maxinteger)",
        "table.move({}, 1, math.maxinteger, 2)",
        "table.move({}, math.mininteger, math.maxinteger, 1)",
        "table.move({}, 1, 1 << 25, 1)",
        "string.rep('x', math.maxinteger)",
        "string.rep('x', 1 << 62, ('y'):rep(1 << 4))",
        "string.rep('', math.maxinteger, 'x')",
        "string.pack('c1073741824', 'x')",
        "string.pack('c2147483647', '')",
        "string.pack('c99999999999999999999', '')",
        "string.pack('i17', 1)",
        "string.pack('!99999999999 i4', 1)",
        "string.unpack('c2147483647', 'x')",
        "string.unpack('s8', '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff')",
        "string.unpack('b', 'x', math.maxinteger)",
        "string.packsize('c2147483647 c2147483647')",
        "utf8.char(1 << 40)",
        "utf8.codepoint('x', 1, math.maxinteger)",
        "utf8.len('x', math.maxinteger)",
        "string.format('%999d', 1)",
        "string.format('%.999f', 1)",
        "math.random(math.maxinteger, math.mininteger)",
        "select(math.mininteger, 1)",
    };
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    assert_int_equal(sandbox_allow_global(sb, "wide"), MUSTER_OK);
    expect(sb,
           "wide = {[math.maxinteger] = true} for i = 0, 62 do wide[1 << i] = true end\n"
           "while #wide < 1 << 40 do wide[#wide + 1] = true end return #wide > 1 << 40",
           "true");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char text[256];
        snprintf(text, sizeof text, "return (pcall(function() %s end))", calls[i]);
        expect(sb, text, "false");
    }
    sandbox_destroy(sb);
}

static void long_texts_are_no_numbers(void **state) {
    (void)state;
    expect_alone("return tonumber(('0'):rep(511) .. '7')", "7");
    expect_alone("return tonumber(('0'):rep(512) .. '7')", "nil");
    expect_alone("return tonumber((' '):rep(100000) .. '7', 10)", "nil");
    expect_alone("return (pcall(function() return ('1'):rep(100000) + 1 end))", "false");
    expect_alone("return (pcall(function() return ('1'):rep(100000) & 1 end))", "false");
    expect_alone("return (pcall(math.floor, ('1'):rep(100000)))", "false");
    expect_alone("return '0x10' + ' 1 '", "17");
}

/* ---- memory */

/* Of the heap, garbage apart. */
static int used(lua_State *L) {
    struct sandbox *sb = sandbox_of(L);
    if (sandbox_memory(sb) * 5 > sb->limits.memory_bytes * 4) lua_gc(L, LUA_GCCOLLECT);
    lua_pushnumber(L, (double)sandbox_memory(sb) / (double)sb->limits.memory_bytes);
    return 1;
}

static int bind_used(lua_State *L) {
    lua_pushglobaltable(L);
    lua_pushliteral(L, "used");
    lua_pushcfunction(L, used);
    lua_rawset(L, -3);
    return 0;
}

static const char text_prepared[] = "local s = ('x'):rep(270000)";
static const char list_prepared[] =
    "local t = table.move({}, 1, 1, 1) for i = 1, 32768 do t[i] = i end";
static const char hash_prepared[] = "local hash = {} for i = 1, 8192 do hash[i + 0.5] = i end";

/* A fifth of the heap is free, and each of these needs more. */
static void what_does_not_fit_is_an_error(void **state) {
    static const struct {
        const char *prepare, *call;
    } cases[] = {
        {"", "string.rep('x', 524288)"},
        {"", "string.rep('x', 30, ('y'):rep(10000))"},
        {text_prepared, "string.upper(s)"},
        {text_prepared, "string.reverse(s)"},
        {text_prepared, "string.sub(s, 2)"},
        {text_prepared, "string.format('%s.', s)"},
        {text_prepared, "string.format('%q', s)"},
        {text_prepared, "string.format(s, 1)"},
        {text_prepared, "string.gsub(s, 'x', '%0%0')"},
        {text_prepared, "string.gsub(s, '.', {x = 'y'})"},
        {text_prepared, "string.gsub(s, 'x+', function() return s end)"},
        {text_prepared, "string.gsub('a', 'a', s)"},
        {text_prepared, "string.match(s, '.(.*)')"},
        {text_prepared, "string.match(s, '.*')"},
        {text_prepared, "string.gmatch(s, '.(.*)')()"},
        {text_prepared, "string.pack('s', s)"},
        {text_prepared, "string.pack('z', s)"},
        {text_prepared, "string.unpack('c269999', s)"},
        {text_prepared, "table.concat({s, '.'})"},
        {text_prepared, "utf8.codepoint(s, 1, 20000)"},
        {text_prepared, "string.byte(s, 1, 20000)"},
        {"", "string.pack('c524288', '')"},
        {"", "table.unpack({}, 1, 20000)"},
        {list_prepared, "table.pack(table.unpack(t))"},
        {list_prepared, "table.move(t, 1, #t, 1, {})"},
        {list_prepared, "table.sort(t)"},
        {hash_prepared, "pairs(hash)"},
    };
    struct sandbox_limits limits = {.call_units = 100000000};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sandbox *sb = make_sandbox(&limits, NULL);
        char text[1024];
        assert_int_equal(sandbox_enter(sb, bind_used, NULL), MUSTER_OK);
        snprintf(text, sizeof text,
                 "%s local keep = {}\n"
                 "while used() < 0.8 do keep[#keep + 1] = ('k'):rep(1000) .. #keep end\n"
                 "return (pcall(function() return %s end))",
                 cases[i].prepare, cases[i].call);
        expect(sb, text, "false");
        expect(sb, "return 1", "1");
        sandbox_destroy(sb);
    }
}

/* A collection that became due in one coroutine happens in the next. */
static void coroutines_collect_for_each_other(void **state) {
    struct sandbox_limits limits = {.call_units = 1000000000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    (void)state;
    expect(sb,
           "local function make() while true do local s = ('g'):rep(90000) .. 'x'\n"
           "  coroutine.yield() end end\n"
           "local a, b = coroutine.wrap(make), coroutine.wrap(make)\n"
           "for i = 1, 60 do a() b() end return 1",
           "1");
    assert_int_equal(sandbox_killed(sb), SANDBOX_ALIVE);
    sandbox_destroy(sb);
}

/* ---- a kill within a body that goes on after errors */

static int tries;

static int try_twice(lua_State *L) {
    const struct sandbox_call *call = lua_touserdata(L, 1);
    int handler = sandbox_handler(L);
    for (tries = 0; tries < 2; tries++) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, call->function);
        (void)sandbox_try(L, handler, 0, 0);
    }
    return 0;
}

static muster_status tried(const char *text) {
    struct sandbox_limits limits = {.count_every = 1000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    struct sandbox_call call = {.results = 0};
    assert_int_equal(sandbox_load(sb, text, strlen(text), "tried.lua", &call.function), MUSTER_OK);
    muster_status status = sandbox_enter(sb, try_twice, &call);
    assert_int_equal(status == MUSTER_LIMIT, sandbox_killed(sb) != SANDBOX_ALIVE);
    sandbox_destroy(sb);
    return status;
}

static void a_kill_is_no_error_that_is_tried_again(void **state) {
    (void)state;
    assert_int_equal(tried("error('an error')"), MUSTER_OK);
    assert_int_equal(tries, 2);
    assert_int_equal(tried("while true do end"), MUSTER_LIMIT);
    assert_int_equal(tries, 0);
    assert_int_equal(tried("local t = {} while true do t[#t + 1] = {} end"), MUSTER_LIMIT);
    assert_int_equal(tries, 0);
}

/* ---- tables */

static const struct layout_node *the_only_one(const struct layout_table *table) {
    const struct layout_node *found = NULL;
    for (size_t i = 0; i < (size_t)1 << table->log2_nodes; i++) {
        if (!table->nodes[i].key_tag) continue;
        assert_null(found);
        found = &table->nodes[i];
    }
    assert_non_null(found);
    return found;
}

/* Where does Lua put the number on top, in a table of so many nodes? As layout.h and wrap.c say. */
static void check_place(lua_State *L, int log2_nodes) {
    lua_createtable(L, 0, 1 << log2_nodes);
    const struct layout_table *table = lua_topointer(L, -1);
    assert_int_equal(table->log2_nodes, log2_nodes);
    assert_null(table->metatable);
    lua_pushvalue(L, -2);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    const struct layout_node *node = the_only_one(table);
    assert_int_equal(node - table->nodes,
                     wrap_place(node->key_tag, &node->key, (size_t)1 << log2_nodes));
    lua_pop(L, 1);
}

static int check_places(lua_State *L) {
    static const lua_Number numbers[] = {0.5,  -0.5,  1e308,    -1e308, 1e-308, 0x1p-1074,
                                         3.14, -1e15, INFINITY, 1e100,  0.1,    -INFINITY};
    static const lua_Integer integers[] = {0,          -1,      1,         INT32_MAX,     INT32_MIN,
                                           UINT32_MAX, 1 << 30, INT64_MAX, INT64_MIN + 1, -77777};
    uint64_t x = 88172645463325252;
    for (int log2_nodes = 0; log2_nodes <= 14; log2_nodes += 2) {
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            lua_pushnumber(L, numbers[i]);
            check_place(L, log2_nodes);
            lua_pushinteger(L, integers[i % (sizeof integers / sizeof *integers)]);
            check_place(L, log2_nodes);
            x = x * 6364136223846793005 + 1442695040888963407;
            lua_pushinteger(L, (lua_Integer)x);
            check_place(L, log2_nodes);
            lua_pushnumber(L, (double)(int64_t)x * 0x1p-70);
            check_place(L, log2_nodes);
            lua_settop(L, 1);
        }
    }
    return 0;
}

static int check_string(lua_State *L) {
    char text[300];
    memset(text, 'x', sizeof text);
    for (size_t len = 41; len < sizeof text; len++) {
        lua_newtable(L);
        lua_pushlstring(L, text, len);
        const struct layout_string *string = lua_topointer(L, -1);
        assert_int_equal(string->length, len);
        assert_memory_equal(string->bytes, text, len);
        lua_pushlstring(L, text, len); /* another one, of the same bytes */
        assert_ptr_not_equal(lua_topointer(L, -1), string);
        assert_false(string->has_hash);
        lua_pushinteger(L, (lua_Integer)len);
        lua_rawset(L, -4);
        assert_int_equal(lua_rawget(L, -2), LUA_TNUMBER);
        assert_true(string->has_hash);
        lua_settop(L, 1);
    }
    return 0;
}

static void strings_lie_as_is_thought(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    assert_int_equal(sandbox_enter(sb, check_string, NULL), MUSTER_OK);
    sandbox_destroy(sb);
}

static void tables_lie_as_is_thought(void **state) {
    struct sandbox_limits limits = {.memory_bytes = 16 << 20};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    (void)state;
    assert_int_equal(sandbox_enter(sb, check_places, NULL), MUSTER_OK);
    sandbox_destroy(sb);
}

static const char collide[] =
    "local m, put, from, to, step = (1 << 12) - 1, %s\n"
    "local t, n = {}, 0\n"
    "local ok, why = pcall(function()\n"
    "  for i = from, to, step do put(t, i * m) n = n + 1 end end)\n"
    "return tostring(ok) .. (why and tostring(why):match('too many keys') "
    "or '') .. tostring(n > 100 and next(t) ~= nil)";

/* However they get there; and the table stays as it was. */
static void keys_do_not_meet_in_number(void **state) {
    static const char *const ways[] = {
        "function(t, k) t[k] = true end, 1, 3000, 1",
        "function(t, k) t[-k] = true end, 1, 3000, 1",
        "function(t, k) t[k + 0.0] = true end, 1, 3000, 1",
        "function(t, k) t[k + 0.5] = true end, 1, 3000, 1",
        "function(t, k) rawset(t, k, true) end, 1, 3000, 1",
        "function(t, k) table.move({true}, 1, 1, k, t) end, 1, 3000, 1",
        "function(t, k) t[k % (1 << 40)] = true t['k' .. k] = true end, 1, 3000, 1",
        "function(t, k) t[k] = true end, 3000, 1, -1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct sandbox_limits limits = {.memory_bytes = 4 << 20, .call_units = 10000000};
        struct sandbox *sb = make_sandbox(&limits, NULL);
        char text[1024];
        snprintf(text, sizeof text, collide, ways[i]);
        expect(sb, text, "falsetoo many keystrue");
        sandbox_destroy(sb);
    }
}

/* No place has too many, and together they are: growing the table would look at each pair. */
static void many_chains_are_too_many_together(void **state) {
    struct sandbox_limits limits = {.memory_bytes = 4 << 20, .call_units = 10000000};
    (void)state;
    for (int chains = 24; chains <= 33; chains += 9) {
        struct sandbox *sb = make_sandbox(&limits, NULL);
        char text[512];
        snprintf(text, sizeof text,
                 "local t = {}\n"
                 "local ok, why = pcall(function() for i = 1, 127 do for place = 0, %d do\n"
                 "    t[i * 8191 + place] = true end end\n"
                 "for i = 1, 8192 do t['k' .. i] = true end end)\n"
                 "return tostring(ok) .. (tostring(why):match('too many keys') or '')",
                 chains - 1);
        expect(sb, text, chains == 33 ? "falsetoo many keys" : "true");
        sandbox_destroy(sb);
    }
}

/* The compiler keeps constants in a table, too. */
static void constants_do_not_meet_in_number(void **state) {
    struct sandbox_limits limits = {.memory_bytes = 4 << 20, .call_units = 10000000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    static char text[1 << 17];
    size_t used_bytes = (size_t)sprintf(text, "return {");
    (void)state;
    for (int i = 1; i < 7000; i++)
        used_bytes += (size_t)sprintf(text + used_bytes, "%d,", i * 8191);
    sprintf(text + used_bytes, "}");
    assert_non_null(strstr(eval_text(sb, text), "too many keys"));
    sandbox_destroy(sb);
}

/* What people use as keys. */
static void keys_of_people_are_taken(void **state) {
    static const char *const fills[] = {
        "for x = 0, 99 do for y = 0, 99 do t[x << 16 | y] = 1 end end",
        "for x = 0, 99 do for y = 0, 99 do t[x << 14 | y] = 1 end end",
        "for x = 0, 99 do for y = 0, 99 do t[x * 1000 + y] = 1 end end",
        "for x = -50, 49 do for y = -50, 49 do t[x << 32 | y & 0xffffffff] = 1 end end",
        "for i = 1, 10000 do t[i * 1024] = 1 end",
        "for i = 1, 10000 do t[i * 1000003] = 1 end",
        "for i = 1, 10000 do t[i / 64] = 1 end",
        "for i = 1, 10000 do t[-i] = 1 end",
        "for i = 1, 10000 do t[math.random(0)] = 1 end",
        "for i = 1, 10000 do t[math.random()] = 1 end",
        "for i = 0, 63 do t[1 << i] = 1 end for i = 1, 9936 do t[i * 0.1] = 1 end",
    };
    (void)state;
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        struct sandbox_limits limits = {.memory_bytes = 4 << 20, .call_units = 10000000};
        struct sandbox *sb = make_sandbox(&limits, NULL);
        char text[256];
        snprintf(text, sizeof text,
                 "local t, n = {}, 0 %s for k in pairs(t) do n = n + 1 end return n > 9000",
                 fills[i]);
        expect(sb, text, "true");
        sandbox_destroy(sb);
    }
}

static char printed[256];
static int printed_count;

static void keep_line(void *user, const char *line) {
    (void)user;
    snprintf(printed, sizeof printed, "%s", line);
    printed_count++;
}

static const char weak[] = "local mt = %s local t = setmetatable({}, mt) %s\n"
                           "for i = 1, 100 do t[i] = {} t[{}] = i end\n"
                           "for i = 1, 3000 do local s = ('g'):rep(500) .. i end\n"
                           "local n = 0 for _ in pairs(t) do n = n + 1 end return n";

static void there_are_no_weak_tables(void **state) {
    struct sandbox_host host = {.print = keep_line};
    struct sandbox_limits limits = {.call_units = 10000000};
    struct sandbox *sb = make_sandbox(&limits, &host);
    char text[512];
    (void)state;
    printed_count = 0;
    snprintf(text, sizeof text, weak, "{__mode = 'kv'}", "");
    expect(sb, text, "200");
    expect(sb, text, "200");
    assert_int_equal(printed_count, 1);
    assert_string_equal(printed, "__mode does nothing: there are no weak tables");
    snprintf(text, sizeof text, weak, "{}", "mt.__mode = 'kv'");
    expect(sb, text, "200");
    snprintf(text, sizeof text, weak, "{}", "rawset(mt, '__mode', 'k') mt.__gc = error");
    expect(sb, text, "200");
    sandbox_destroy(sb);
}

/* Calls that lead to calls, without an end: memory, or whoever watches, ends them. */
/* Each within the one before: so many, and the next one is an error. */
static void coroutines_end_in_depth(void **state) {
    char expected[16];
    (void)state;
    snprintf(expected, sizeof expected, "%d", COROUTINE_DEPTH_MAX);
    expect_alone("local deepest = 0\n"
                 "local function go(depth)\n"
                 "    deepest = math.max(deepest, depth)\n"
                 "    coroutine.resume(coroutine.create(go), depth + 1)\n"
                 "end\n"
                 "go(0) return deepest",
                 expected);
}

static void chains_of_calls_end(void **state) {
    (void)state;
    expect_alone("local mt = {} local t = setmetatable({}, mt) mt.__call = t t()",
                 "killed: memory");
    expect_alone("local mt = {} local t = setmetatable({}, mt) mt.__call = t return t()",
                 "killed: memory");
    expect_alone("local mt = {} local t = setmetatable({}, mt) mt.__call = t "
                 "setmetatable(mt, {__index = t}) pcall(t)",
                 "killed: memory");
    expect_alone("local f = function(...) return select('#', ...) end "
                 "for i = 1, 100 do f = setmetatable({}, {__call = f}) end return f()",
                 "100");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_costs_units),
        cmocka_unit_test(charges_do_not_wrap),
        cmocka_unit_test(numbers_are_refused),
        cmocka_unit_test(long_texts_are_no_numbers),
        cmocka_unit_test(what_does_not_fit_is_an_error),
        cmocka_unit_test(coroutines_collect_for_each_other),
        cmocka_unit_test(a_kill_is_no_error_that_is_tried_again),
        cmocka_unit_test(strings_lie_as_is_thought),
        cmocka_unit_test(tables_lie_as_is_thought),
        cmocka_unit_test(keys_do_not_meet_in_number),
        cmocka_unit_test(many_chains_are_too_many_together),
        cmocka_unit_test(constants_do_not_meet_in_number),
        cmocka_unit_test(keys_of_people_are_taken),
        cmocka_unit_test(there_are_no_weak_tables),
        cmocka_unit_test(coroutines_end_in_depth),
        cmocka_unit_test(chains_of_calls_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
