/* The sandbox itself: entries, kills, memory, errors, globals, require. */
#include "test.h"

#include "harness.h"
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void expect(struct sandbox *sb, const char *text, const char *answer) {
    assert_string_equal(eval_text(sb, text), answer);
}

/* ---- entries */

static int push_two(lua_State *L, void *arg) {
    lua_pushinteger(L, *(int *)arg);
    lua_pushinteger(L, 2);
    return 2;
}

static void take_sum(lua_State *L, void *arg) {
    *(int *)arg = (int)lua_tointeger(L, -2);
    assert_true(lua_isnil(L, -1));
}

static void test_call(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    int function, value = 40;
    (void)state;
    assert_int_equal(sandbox_allow_global(sb, "add"), MUSTER_OK);
    assert_int_equal(run_text(sb, "function add(a, b) return a + b end"), MUSTER_OK);
    static const char call_it[] = "return add(...)";
    assert_int_equal(sandbox_load(sb, call_it, strlen(call_it), "call", &function), MUSTER_OK);
    struct sandbox_call call = {
        .function = function, .push = push_two, .results = 2, .take = take_sum, .arg = &value};
    assert_int_equal(sandbox_call(sb, &call), MUSTER_OK);
    assert_int_equal(value, 42);
    sandbox_destroy(sb);
    sandbox_destroy(NULL);
}

static int enter_again(lua_State *L) {
    muster_status *status = lua_touserdata(L, 1);
    *status = sandbox_enter(sandbox_of(L), enter_again, NULL);
    return 0;
}

static void test_no_entry_within_an_entry(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    muster_status status = MUSTER_OK;
    (void)state;
    assert_int_equal(sandbox_enter(sb, enter_again, &status), MUSTER_OK);
    assert_int_equal(status, MUSTER_STATE);
    sandbox_destroy(sb);
}

/* ---- kills */

static void test_instructions(void **state) {
    struct sandbox_limits limits = {.count_every = 1000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    (void)state;
    expect(sb, "while true do end", "killed: instructions");
    assert_int_equal(sandbox_error(sb)->line, 1);
    assert_string_equal(sandbox_error(sb)->file, "test.lua");
    assert_int_equal(run_text(sb, "return 1"), MUSTER_CLOSED);
    sandbox_destroy(sb);
}

static void killed_by_count(const char *text) {
    struct sandbox_limits limits = {.count_every = 1000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    expect(sb, text, "killed: instructions");
    sandbox_destroy(sb);
}

static void test_a_kill_is_not_caught(void **state) {
    (void)state;
    killed_by_count("while true do pcall(function() while true do end end) end");
    killed_by_count("local function spin() while true do end end while true do "
                    "xpcall(function() while true do end end, spin) end");
    killed_by_count("xpcall(error, function() while true do end end)");
    killed_by_count("while true do coroutine.wrap(function() while true do end end)() end");
    killed_by_count("local t <close> = setmetatable({}, {__close = function() while true do end "
                    "end}) while true do end");
    killed_by_count("local co = coroutine.create(function() local t <close> = setmetatable({}, "
                    "{__close = function() while true do end end}) coroutine.yield() end) "
                    "coroutine.resume(co) coroutine.close(co)");
    killed_by_count("pcall(coroutine.wrap(function() pcall(coroutine.wrap(function() while true "
                    "do end end)) while true do end end))");
    killed_by_count("return setmetatable({}, {__tostring = function() while true do end end})");
    killed_by_count("local t = {} for i = 1, 100 do t[i] = i end "
                    "table.sort(t, function() while true do end end)");
}

static struct sandbox *self;

static int interrupt(lua_State *L) {
    (void)L;
    sandbox_interrupt(self);
    return 0;
}

static int bind_interrupt(lua_State *L) {
    lua_pushglobaltable(L);
    lua_pushliteral(L, "interrupt");
    lua_pushcfunction(L, interrupt);
    lua_rawset(L, -3);
    return 0;
}

static void interrupted(const char *text) {
    self = make_sandbox(NULL, NULL);
    assert_int_equal(sandbox_enter(self, bind_interrupt, NULL), MUSTER_OK);
    expect(self, text, "killed: cpu");
    sandbox_destroy(self);
}

static void test_interrupt(void **state) {
    (void)state;
    interrupted("interrupt() while true do end");
    interrupted("interrupt() return 1");
    interrupted("pcall(interrupt) while true do end");
    interrupted("coroutine.wrap(function() interrupt() while true do end end)()");
    interrupted("local co = coroutine.create(function() interrupt() coroutine.yield() end) "
                "coroutine.resume(co) while true do end");
    interrupted("coroutine.wrap(interrupt)() while true do end");
    interrupted("interrupt() ('a'):rep(10) local s = ('x'):rep(100) s:find('.-.-.-.-b')");
}

static void test_no_interrupt_outside(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    sandbox_interrupt(sb);
    sandbox_interrupt(NULL);
    expect(sb, "return 1", "1");
    sandbox_kill(sb, SANDBOX_KILL_HOST);
    assert_int_equal(run_text(sb, "return 1"), MUSTER_CLOSED);
    assert_string_equal(sandbox_kill_name(sandbox_killed(sb)), "host");
    sandbox_destroy(sb);
}

static void test_cpu_per_second(void **state) {
    struct sandbox_limits limits = {.second_cpu_us = 5000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    muster_status status = MUSTER_OK;
    (void)state;
    for (int i = 0; i < 1000 && status == MUSTER_OK; i++)
        status = run_text(sb, "for i = 1, 1e6 do end");
    assert_int_equal(status, MUSTER_LIMIT);
    assert_int_equal(sandbox_killed(sb), SANDBOX_KILL_CPU);
    sandbox_destroy(sb);
}

static int take_a_nap(lua_State *L) {
    const struct timespec nap = {.tv_nsec = 20000000};
    (void)L;
    nanosleep(&nap, NULL);
    return 0;
}

/* Another process's turn is no work of the script's. */
static void test_time(void **state) {
    struct sandbox *sb = make_sandbox(&(struct sandbox_limits){.second_cpu_us = 900000}, NULL);
    (void)state;
    assert_int_equal(sandbox_enter(sb, take_a_nap, NULL), MUSTER_OK);
    struct sandbox_time guess = sandbox_time(sb);
    assert_true(guess.ns >= 20000000 && !guess.is_exact);
    sandbox_suspect(sb);
    assert_int_equal(sandbox_enter(sb, take_a_nap, NULL), MUSTER_OK);
    struct sandbox_time exact = sandbox_time(sb);
    assert_true(exact.ns < 20000000 && exact.is_exact);
    sandbox_destroy(sb);
}

/* Nothing has to be forgiven then. What is spent at once is less than what a second has. */
static void test_time_that_is_exact_from_the_start(void **state) {
    struct sandbox_limits limits = {
        .second_cpu_us = 900000, .burst_cpu_us = 1000, .is_exact = true};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    (void)state;
    assert_int_equal(sandbox_enter(sb, take_a_nap, NULL), MUSTER_OK);
    assert_true(sandbox_time(sb).is_exact && sandbox_time(sb).ns < 20000000);
    assert_int_equal(sandbox_rest_ms(sb, 0), 0);
    assert_int_equal(run_text(sb, "for i = 1, 1e7 do end"), MUSTER_LIMIT);
    assert_int_equal(sandbox_killed(sb), SANDBOX_KILL_CPU);
    assert_string_equal(sandbox_error(sb)->file, "test.lua");
    sandbox_destroy(sb);
}

/* The libraries are ours to open, however long that takes. */
static void test_the_start_costs_a_script_nothing(void **state) {
    struct sandbox_limits limits = {.second_cpu_us = 900000, .burst_cpu_us = 1, .is_exact = true};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    (void)state;
    assert_int_equal(sandbox_killed(sb), SANDBOX_ALIVE);
    assert_int_equal(run_text(sb, "for i = 1, 1e5 do end"), MUSTER_LIMIT);
    sandbox_destroy(sb);
}

/* ---- entries within entries of others */

enum { BURNT_NS = 20000000 };
static struct sandbox *within[3]; /* each calls the next one, twice */

static int64_t cpu_ns(void) {
    return (int64_t)thread_cpu_us() * 1000;
}

static int enter_next(lua_State *L) {
    size_t at = 0;
    while (within[at] != sandbox_of(L)) at++;
    int64_t begin_ns = cpu_ns();
    while (at == 2 && cpu_ns() - begin_ns < BURNT_NS) continue;
    for (int i = 0; i < 2 && at < 2; i++)
        assert_int_equal(sandbox_enter(within[at + 1], enter_next, NULL), MUSTER_OK);
    return 0;
}

/* By the thread's clock, so that no turn of another process counts. */
static void test_an_entry_pays_for_itself_alone(void **state) {
    struct sandbox_limits limits = {.second_cpu_us = 900000, .is_exact = true};
    (void)state;
    for (int i = 0; i < 3; i++) within[i] = make_sandbox(&limits, NULL);
    assert_int_equal(sandbox_enter(within[0], enter_next, NULL), MUSTER_OK);
    assert_true(sandbox_time(within[2]).ns >= BURNT_NS);
    assert_true(sandbox_time(within[1]).ns < BURNT_NS);
    assert_true(sandbox_time(within[0]).ns < BURNT_NS);
    for (int i = 0; i < 3; i++) sandbox_destroy(within[i]);
}

/* What is left out has its default; no more is spent at once than a second has. */
static void test_limits_that_are_left_out(void **state) {
    static const struct {
        uint32_t second_us, burst_us;
        int64_t rate_ns, capacity_ns;
    } cases[] = {{0, 0, 100000000, 100000000},
                 {5000, 0, 5000000, 5000000},
                 {5000, 2000, 5000000, 2000000},
                 {5000, 5001, 5000000, 5000000},
                 {UINT32_MAX, 2000, 0, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sandbox_limits limits = {.second_cpu_us = cases[i].second_us,
                                        .burst_cpu_us = cases[i].burst_us};
        struct sandbox *sb = NULL;
        assert_int_equal(sandbox_create(&limits, NULL, 1, &sb), MUSTER_OK);
        assert_int_equal(sb->bucket.rate_ns, cases[i].rate_ns);
        assert_int_equal(sb->bucket.capacity_ns, cases[i].capacity_ns);
        assert_int_equal(sb->limits.memory_bytes, 1 << 20);
        assert_int_equal(sb->limits.call_units, 1000000);
        assert_int_equal(sb->limits.source_bytes_max, SANDBOX_SOURCE_BYTES_MAX);
        sandbox_destroy(sb);
    }
}

static void test_a_kill_between_entries_is_told(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "error('before')", "error: test.lua:1: before");
    sandbox_kill(sb, SANDBOX_KILL_CPU);
    assert_string_equal(sandbox_error(sb)->message, "script stopped: over its cpu limit");
    assert_int_equal(run_text(sb, "return 1"), MUSTER_CLOSED);
    sandbox_destroy(sb);
}

static void test_host_error_messages_name_the_limit(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "local t = {} while true do t[#t + 1] = {} end", "killed: memory");
    assert_string_equal(sandbox_error(sb)->message, "script stopped: over its memory limit");
    sandbox_destroy(sb);
}

/* ---- memory */

static void test_memory(void **state) {
    static const char *const bombs[] = {
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
        "local s = 'x' while true do s = s .. s .. 'y' end",
        "local function f(...) return f(1, ...) end f()",
        "local function f() return 1 + f() end f()",
        "local t = {} while true do t = {t} end",
        "local t while true do local u = t t = function() return u end end",
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
        "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(10000) .. #t end) end",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct sandbox *sb = make_sandbox(NULL, NULL);
        const char *answer = eval_text(sb, bombs[i]);
        if (strcmp(answer, "killed: memory") != 0 && !strstr(answer, "killed: instructions") &&
            !strstr(answer, "not enough memory") && !strstr(answer, "too many coroutines"))
            fail_msg("%s: %s", bombs[i], answer);
        assert_true(sandbox_memory_peak(sb) < 4u << 20);
        sandbox_destroy(sb);
    }
}

/* Whatever grows over it, memory is a stop, which no script catches, and has a place. */
static void test_out_of_memory_is_a_stop(void **state) {
    static const char *const ways[] = {
        "local s = 'x'\nwhile true do s = s .. s end",
        "local s = 'x'\nwhile true do pcall(function() s = s .. s end) end",
        "local t = {}\nfor i = 1, 40 do t[i] = ('x'):rep(100000) .. i end",
        "local s = ('x'):rep(300000)\nreturn pcall(function() return s .. s .. s .. s end)",
        "local co = coroutine.wrap(function() local s = 'x'\nwhile true do s = s .. s end end) "
        "co()",
        "local t = {}\nwhile true do t[#t + 1] = {} end",
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct sandbox *sb = make_sandbox(&(struct sandbox_limits){.call_units = 1 << 28}, NULL);
        const char *answer = eval_text(sb, ways[i]);
        if (strcmp(answer, "killed: memory") != 0) fail_msg("%s: %s", ways[i], answer);
        assert_string_equal(sandbox_error(sb)->message, "script stopped: over its memory limit");
        assert_string_equal(sandbox_error(sb)->file, "test.lua");
        assert_int_equal(sandbox_error(sb)->line, 2);
        sandbox_destroy(sb);
    }
}

static void test_garbage_does_not_kill(void **state) {
    struct sandbox_limits limits = {.call_units = 1000000000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    (void)state;
    expect(sb,
           "local keep = {} for i = 1, 600 do keep[i] = ('k'):rep(1000) .. i end\n"
           "for i = 1, 20000 do local s = ('g'):rep(1000) .. i end\n"
           "for i = 1, 20000 do local t = {i, {i}} end return #keep",
           "600");
    assert_true(sandbox_memory_peak(sb) < 3u << 19);
    sandbox_destroy(sb);
    /* So little is free that Lua's own collector would begin behind the limit. */
    sb = make_sandbox(&limits, NULL);
    expect(sb,
           "local keep = {} for i = 1, 800 do keep[i] = ('k'):rep(1000) .. i end\n"
           "for i = 1, 50000 do local t = {i, i, i, i} end return #keep",
           "800");
    sandbox_destroy(sb);
}

static void test_large_results_are_errors(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "return (pcall(string.rep, 'x', 1 << 40))", "false");
    expect(sb, "return (pcall(string.rep, 'x', 1 << 20))", "false");
    expect(sb, "return (pcall(table.unpack, {}, 1, 1e8))", "false");
    expect(sb, "return (pcall(table.unpack, {}, math.mininteger, math.maxinteger))", "false");
    expect(sb, "return #('x'):rep(300000)", "300000");
    expect(sb, "local s = ('x'):rep(300000) return #(s .. s:sub(1, 10))", "300010");
    sandbox_destroy(sb);
}

/* ---- errors */

static void test_error_record(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    const char *text = "local function inner(a, b)\n  error('broken')\nend\n"
                       "local function outer(t)\n  inner(t, 'x')\n  return 1\nend\n\nouter({})";
    assert_int_equal(run_text(sb, text), MUSTER_INVALID);
    const struct sandbox_error *error = sandbox_error(sb);
    assert_string_equal(error->message, "test.lua:2: broken");
    assert_string_equal(error->file, "test.lua");
    assert_int_equal(error->line, 2);
    assert_string_equal(error->traceback, "test.lua:2: in inner(table, string)\n"
                                          "test.lua:5: in outer(table)\n"
                                          "test.lua:9: in main chunk");
    assert_int_equal(run_text(sb, "\n\nlocal x = nil .. 1"), MUSTER_INVALID);
    assert_int_equal(sandbox_error(sb)->line, 3);
    assert_int_equal(run_text(sb, "local x = = 1"), MUSTER_INVALID);
    assert_non_null(strstr(sandbox_error(sb)->message, "test.lua:1: unexpected symbol"));
    sandbox_destroy(sb);
}

static void test_so_many_arguments_are_told(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    assert_int_equal(run_text(sb, "local function deep(a, b, c, d, e, f, g, h) error('x') end\n"
                                  "local function middle(a, b, c, d, e, f, g, h, i) deep(1) end\n"
                                  "local function outer(a, ...) middle(...) end outer(1, 2)"),
                     MUSTER_INVALID);
    assert_string_equal(sandbox_error(sb)->traceback,
                        "test.lua:1: in deep(number, nil, nil, nil, nil, nil, nil, nil)\n"
                        "test.lua:2: in middle(number, nil, nil, nil, nil, nil, nil, nil, ...)\n"
                        "test.lua:3: in outer(number, ...)\n"
                        "test.lua:3: in main chunk");
    sandbox_destroy(sb);
}

static void test_error_values(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "error(nil)", "error: (error object is a nil)");
    expect(sb, "error({})", "error: (error object is a table)");
    expect(sb, "error({message = 'told'})", "error: told");
    expect(sb, "error({code = 'E_CODE'})", "error: E_CODE");
    expect(sb, "error({code = 'E_CODE', message = 'told'})", "error: told");
    expect(sb, "error({code = 'E_CODE', message = 5})", "error: E_CODE");
    expect(sb, "error(setmetatable({}, {__tostring = error, __index = error}))",
           "error: (error object is a table)");
    expect(sb, "error('a\\27[2Jb\\r\\nc\\0d\\xff', 0)", "error: a\\x1b[2Jb\\r\\nc\\x00d\\xff");
    expect(sb, "error('gr\xc3\xbc\xc3\x9f', 0)", "error: gr\xc3\xbc\xc3\x9f");
    assert_int_equal(run_text(sb, "error(('x'):rep(100000), 0)"), MUSTER_INVALID);
    assert_int_equal(strlen(sandbox_error(sb)->message), SANDBOX_MESSAGE_BYTES_MAX);
    sandbox_destroy(sb);
}

static void test_escape_cuts_between_characters(void **state) {
    char out[16];
    (void)state;
    assert_false(errors_escape("aaaaaa\xc3\xbc", 8, out, 8));
    assert_string_equal(out, "aaaaaa");
    assert_false(errors_escape("aaaaa\n\n", 7, out, 8));
    assert_string_equal(out, "aaaaa\\n");
    assert_true(errors_escape("\xc2\x9b", 2, out, 9));
    assert_string_equal(out, "\\xc2\\x9b");
}

/* ---- what is there and what is not */

static void test_globals(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "\nundeclared = 1",
           "error: test.lua:2: assignment to undeclared global 'undeclared' (did you forget "
           "'local'?)");
    assert_int_equal(sandbox_error(sb)->line, 2);
    expect(sb, "rawset(_G, 'x', 1)",
           "error: test.lua:1: bad argument #1 to 'rawset' (this table is protected)");
    expect(sb, "return (pcall(table.insert, _G, 1))", "false");
    expect(sb, "return (pcall(setmetatable, _G, {}))", "false");
    expect(sb, "tostring = nil return type(tostring)", "nil");
    expect(sb, "return tostring(nothing)",
           "error: test.lua:1: attempt to call a nil value (global "
           "'tostring')");
    sandbox_destroy(sb);
}

static void test_names(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "local n = {} for k in pairs(_G) do n[#n + 1] = k end return table.concat(n, ' ')",
           "_G _VERSION assert coroutine error getmetatable ipairs math next pairs pcall print "
           "rawequal rawget rawlen rawset require select setmetatable string table tonumber "
           "tostring type utf8 xpcall");
    expect(sb, "return tostring(string.dump) .. tostring(math.randomseed)", "nilnil");
    expect(sb, "return getmetatable('')", "false");
    expect(sb, "string.upper = nil return ('x'):upper()", "X");
    expect(sb, "return tostring(print) .. tostring({}) .. tostring(coroutine.create(print))",
           "functiontablethread");
    expect(sb, "return ('%s %5s'):format(print, {})", "function table");
    expect(sb, "return (pcall(string.format, '%5p', print))", "false");
    expect(sb, "return (pcall(setmetatable, {}, {__gc = print}))", "false");
    sandbox_destroy(sb);
}

/* ---- texts */

static void refused(struct sandbox *sb, const char *text, const char *part) {
    const char *answer = eval_text(sb, text);
    if (strncmp(answer, "error: ", 7) != 0 || !strstr(answer, part)) fail_msg("%s", answer);
}

static void test_texts(void **state) {
    enum { SOURCE_BYTES_MAX = 1 << 16 };
    struct sandbox_limits limits = {.source_bytes_max = SOURCE_BYTES_MAX};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    char *text = malloc(SOURCE_BYTES_MAX + 2);
    (void)state;
    refused(sb, "\x1bLua", "bytecode");
    refused(sb, "local _ENV <const> = 1 x = 2", "_ENV");
    refused(sb, "local _ENV--[==[ ]] ]==]--\n <const> = 1", "_ENV");
    refused(sb, "return nil and _ENV < 1", "_ENV");
    expect(sb, "local _ENV = {y = 4} return y", "4");
    expect(sb, "return nil and _ENV <= 1", "nil");
    expect(sb, "local my_ENV, _ENVY = 1, 2 return my_ENV < 2 and _ENVY < 3", "true");
    memset(text, ' ', SOURCE_BYTES_MAX + 1);
    text[SOURCE_BYTES_MAX + 1] = '\0';
    refused(sb, text, "at most 65536");
    text[SOURCE_BYTES_MAX] = '\0';
    assert_int_equal(run_text(sb, text), MUSTER_OK);
    free(text);
    sandbox_destroy(sb);
}

/* Lua would take a second to word this error. */
static void test_long_chains_are_refused(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    char text[4096] = "local a = {} a.b = a return a";
    (void)state;
    for (int i = 0; i < 40; i++) strcat(text, ".b");
    strcat(text, " == a");
    expect(sb, text, "true");
    *text = '\0';
    strcat(text, "local a = {} a.b = a return a");
    for (int i = 0; i < 60; i++) strcat(text, ".b");
    refused(sb, text, "too many fields in one chain");
    *text = '\0';
    strcat(text, "local t = {} t[1] = t local x = t");
    for (int i = 0; i < 60; i++) strcat(text, "[1]");
    refused(sb, text, "too many fields in one chain");
    sandbox_destroy(sb);
}

/* 48 steps back are taken, of whatever kind the last one is. */
static void test_chains_are_as_long_as_that(void **state) {
    static const struct {
        const char *last;
        int steps; /* of it alone, with what it looks into */
    } cases[] = {{".b", 1}, {"[1]", 1}, {"[k]", 1}, {":f()", 1}};
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int steps = 48; steps <= 49; steps++) {
            char text[512] = "local k, a = 1, {} a.b = a a[1] = a a.f = type local x = a";
            for (int n = cases[i].steps; n < steps; n++) strcat(text, ".b");
            strcat(text, cases[i].last);
            strcat(text, " return 'taken'");
            if (steps == 48)
                expect(sb, text, "taken");
            else
                refused(sb, text, "too many fields in one chain");
        }
    sandbox_destroy(sb);
}

static void test_function_with_many_constants(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    char *text = malloc(20000);
    size_t used = (size_t)sprintf(text, "local m, t = -1, {");
    (void)state;
    for (int i = 0; i < 400; i++) used += (size_t)sprintf(text + used, "'s%d', %d.5, ", i, i);
    sprintf(text + used, "} return (m & 123456789) + (987654321 | m) + (m ~ 1234567890123)");
    expect(sb, text, "-1234444433336");
    free(text);
    sandbox_destroy(sb);
}

/* ---- require */

static int served;

static bool serve(void *user, const char *name, const char **text, size_t *len,
                  const char **chunk) {
    (void)user;
    served++;
    *chunk = name;
    if (strcmp(name, "mod.good") == 0)
        *text = "local name = ... return {name = name}";
    else if (strcmp(name, "loop") == 0)
        *text = "require('loop')";
    else if (strcmp(name, "silent") == 0)
        *text = "return nil";
    else if (strcmp(name, "no") == 0)
        *text = "return false";
    else if (strcmp(name, "bad") == 0)
        *text = "return =";
    else
        return false;
    *len = strlen(*text);
    return true;
}

static void test_require(void **state) {
    struct sandbox_host host = {.require = serve};
    struct sandbox *sb = make_sandbox(NULL, &host);
    (void)state;
    served = 0;
    expect(sb, "return require('mod.good').name", "mod.good");
    expect(sb, "return require('mod.good') == require 'mod.good'", "true");
    assert_int_equal(served, 1);
    for (int i = 0; i < 2; i++) { /* what says nothing is there all the same, and runs once */
        expect(sb, "return require('silent')", "true");
        expect(sb, "return require('no')", "true");
    }
    assert_int_equal(served, 3);
    refused(sb, "require('loop')", "requires itself");
    refused(sb, "require('loop')", "or failed before");
    refused(sb, "require('bad')", "bad:1: unexpected symbol");
    refused(sb, "require('absent')", "not found");
    served = 0;
    refused(sb, "require('../x')", "not a module name");
    refused(sb, "require('a..b')", "not a module name");
    refused(sb, "require('.a')", "not a module name");
    refused(sb, "require('a\\0b')", "not a module name");
    refused(sb, "require('a.')", "not a module name");
    refused(sb, "require('a b')", "not a module name");
    refused(sb, "require('gr\xc3\xbc\xc3\x9f')", "not a module name");
    refused(sb, "require('a/b')", "not a module name");
    refused(sb, "require('')", "not a module name");
    refused(sb, "require(('x.'):rep(100) .. 'y')", "not a module name");
    assert_int_equal(served, 0);
    sandbox_destroy(sb);
}

/* ---- print */

static char printed[2048];

static void keep_line(void *user, const char *line) {
    (void)user;
    snprintf(printed, sizeof printed, "%s", line);
}

static void test_print(void **state) {
    struct sandbox_host host = {.print = keep_line};
    struct sandbox *sb = make_sandbox(NULL, &host);
    (void)state;
    assert_int_equal(run_text(sb, "print('a\\nb', 1, nil, {}, 2.0)"), MUSTER_OK);
    assert_string_equal(printed, "a\\nb 1 nil table 2.0");
    assert_int_equal(run_text(sb, "print(('x'):rep(5000))"), MUSTER_OK);
    assert_int_equal(strlen(printed), PRINT_BYTES_MAX);
    expect(sb, "while true do print('flood') end", "killed: instructions");
    sandbox_destroy(sb);
}

static void test_random(void **state) {
    struct sandbox *a = make_sandbox(NULL, NULL), *b = make_sandbox(NULL, NULL);
    const char *text = "local t = {} for i = 1, 5 do t[i] = math.random(1000) end "
                       "t[6] = math.random() < 1 return table.concat({t[1], t[2], t[3]}, ' ')";
    char first[64], second[64];
    uint64_t saved[4];
    (void)state;
    snprintf(first, sizeof first, "%s", eval_text(a, text));
    expect(b, text, first);
    sandbox_random_get(a, saved);
    snprintf(second, sizeof second, "%s", eval_text(a, text));
    assert_string_not_equal(first, second);
    sandbox_random_set(a, saved);
    expect(a, text, second);
    expect(a,
           "for i = 1, 1000 do local r = math.random(3, 5) assert(r >= 3 and r <= 5) end "
           "return math.random(7, 7)",
           "7");
    sandbox_destroy(a);
    sandbox_destroy(b);
}

/* Replays draw what matches drew. The first numbers of xoshiro256** from 1, 2, 3, 4 are known. */
static void test_random_draws_what_is_known(void **state) {
    static const uint64_t one_to_four[4] = {1, 2, 3, 4}, none[4] = {0};
    struct sandbox *sb = make_sandbox(NULL, NULL);
    uint64_t kept[4];
    (void)state;
    sandbox_random_set(sb, one_to_four);
    expect(sb,
           "return table.concat({math.random(0), math.random(0), math.random(0), math.random(0), "
           "math.random(0)}, ' ')",
           "11520 0 1509978240 1215971899390074240 1216172134540287360");
    sandbox_random_set(sb, one_to_four);
    sandbox_random_set(sb, none); /* from which nothing comes: not taken */
    sandbox_random_get(sb, kept);
    assert_memory_equal(kept, one_to_four, sizeof kept);
    expect(sb, "return math.random() == 5 * 2^-53", "true");
    expect(sb,
           "local seen = {} for i = 1, 200 do seen[math.random(-1, 1)] = true end "
           "return #seen .. tostring(seen[-1]) .. tostring(seen[0]) .. tostring(seen[2])",
           "1truetruenil");
    expect(sb, "return math.type(math.random(math.mininteger, math.maxinteger))", "integer");
    sandbox_destroy(sb);
}

/* As in later versions of Lua than the one that is linked. */
static void test_codes_are_whole(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    refused(sb, "for _ in utf8.codes('\\xc3\\xbc\\x80') do end", "invalid UTF-8 code");
    refused(sb, "utf8.codes('\\x80')", "invalid UTF-8 code");
    expect(sb, "local n = 0 for _ in utf8.codes('\\xc3\\xbca') do n = n + 1 end return n", "2");
    sandbox_destroy(sb);
}

/* Its sign is the processor's, and none of a script's. */
static void test_what_is_no_number_has_no_sign(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "return ('%f %g %5.1f|%q'):format(0/0, -(0/0), -(0/0), -(0/0))",
           "nan nan   nan|(0/0)");
    expect(sb, "return tostring(0/0) .. tostring(-(0/0))", "nannan");
    sandbox_destroy(sb);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_no_entry_within_an_entry),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_a_kill_is_not_caught),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_no_interrupt_outside),
        cmocka_unit_test(test_cpu_per_second),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_time_that_is_exact_from_the_start),
        cmocka_unit_test(test_the_start_costs_a_script_nothing),
        cmocka_unit_test(test_an_entry_pays_for_itself_alone),
        cmocka_unit_test(test_limits_that_are_left_out),
        cmocka_unit_test(test_a_kill_between_entries_is_told),
        cmocka_unit_test(test_host_error_messages_name_the_limit),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_out_of_memory_is_a_stop),
        cmocka_unit_test(test_garbage_does_not_kill),
        cmocka_unit_test(test_large_results_are_errors),
        cmocka_unit_test(test_error_record),
        cmocka_unit_test(test_so_many_arguments_are_told),
        cmocka_unit_test(test_error_values),
        cmocka_unit_test(test_escape_cuts_between_characters),
        cmocka_unit_test(test_globals),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_long_chains_are_refused),
        cmocka_unit_test(test_chains_are_as_long_as_that),
        cmocka_unit_test(test_function_with_many_constants),
        cmocka_unit_test(test_require),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_draws_what_is_known),
        cmocka_unit_test(test_codes_are_whole),
        cmocka_unit_test(test_what_is_no_number_has_no_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
