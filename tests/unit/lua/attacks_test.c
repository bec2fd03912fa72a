/* Every script of attacks/ against the sandbox, as a server runs it: a watchdog's signal, 3 ms a
 * call, 1 MiB; then again with much larger budgets, so that memory limits are met before time.
 *
 * Host functions are stand-ins with the checks that real ones have. A script fails the test when it
 * escapes, when it ends otherwise than its header says, when it could not be entered, or when the
 * sandbox that is asked next does not answer. Times are printed, not asserted.
 */
#include "test.h"

#include "harness.h"
#include "value.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum { CALL_US = 12000 };
#else
enum { CALL_US = 3000 };
#endif
enum { TEXT_MAX = 65536, SCRIPTS_MAX = 200, TIMERS_MAX = 1000, KEYS_MAX = 10000, RUN_MAX = 16 };

/* ---- stand-ins for host functions */

struct handle {
    uint64_t id;
};

static struct {
    uint64_t live_player;
    int timers, keys;
    int due[RUN_MAX]; /* functions of the first timers, which are run */
} world;

static int player_name(lua_State *L) {
    const struct handle *handle = luaL_checkudata(L, 1, "player");
    if (handle->id != world.live_player) return luaL_error(L, "this player is gone");
    lua_pushliteral(L, "ann");
    return 1;
}

static int lobby_name(lua_State *L) {
    luaL_checkudata(L, 1, "lobby");
    lua_pushliteral(L, "lobby");
    return 1;
}

static int push_handle(lua_State *L, const char *type, uint64_t id) {
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    handle->id = id;
    luaL_setmetatable(L, type);
    return 1;
}

static int host_player(lua_State *L) {
    return push_handle(L, "player", world.live_player);
}

static int host_lobby(lua_State *L) {
    return push_handle(L, "lobby", 1);
}

static int host_drop(lua_State *L) {
    luaL_checkudata(L, 1, "player");
    world.live_player++;
    return 0;
}

static int storage_set(lua_State *L) {
    static char out[1 << 20];
    size_t len;
    const char *key = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, lua_type(L, 1) == LUA_TSTRING && len > 0 && len <= 128 && !memchr(key, 0, len),
                  1, "not a key");
    if (world.keys >= KEYS_MAX) return luaL_error(L, "too many keys");
    sandbox_charge(L, 200);
    value_encode(L, 2, out, sizeof out);
    world.keys++;
    return 0;
}

static int timer_after(lua_State *L) {
    luaL_checktype(L, 1, LUA_TNUMBER);
    double delay = lua_tonumber(L, 1);
    luaL_argcheck(L, isfinite(delay) && delay >= 0 && delay <= 30 * 86400.0, 1, "not a delay");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (world.timers >= TIMERS_MAX) return luaL_error(L, "too many timers");
    sandbox_charge(L, 200);
    lua_settop(L, 2);
    if (world.timers < RUN_MAX) world.due[world.timers] = luaL_ref(L, LUA_REGISTRYINDEX);
    world.timers++;
    return 0;
}

static void add_type(lua_State *L, const char *type, lua_CFunction name) {
    luaL_newmetatable(L, type);
    lua_newtable(L);
    lua_pushcfunction(L, name);
    lua_setfield(L, -2, "name");
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

static void add_table(lua_State *L, const char *name, const luaL_Reg *functions) {
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static int bind_host(lua_State *L) {
    static const luaL_Reg host[] = {
        {"player", host_player}, {"lobby", host_lobby}, {"drop", host_drop}, {NULL, NULL}};
    static const luaL_Reg storage[] = {{"set", storage_set}, {NULL, NULL}};
    static const luaL_Reg timer[] = {{"after", timer_after}, {NULL, NULL}};
    add_type(L, "player", player_name);
    add_type(L, "lobby", lobby_name);
    add_table(L, "host", host);
    add_table(L, "storage", storage);
    add_table(L, "timer", timer);
    return 0;
}

/* ---- one script */

struct script {
    char name[128], class[32], expect[64];
    char text[TEXT_MAX];
    size_t len;
};

struct verdict {
    bool entered;
    muster_status status;
    const char *kill;
    char answer[512];
    uint64_t us;
};

static void read_field(const char *text, const char *field, char *out, size_t size) {
    char pattern[32];
    snprintf(pattern, sizeof pattern, "-- %s: ", field);
    const char *at = strstr(text, pattern);
    if (!at) return;
    at += strlen(pattern);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
}

static void read_script(const char *name, struct script *script) {
    char path[512];
    memset(script, 0, sizeof *script);
    snprintf(path, sizeof path, ATTACK_DIR "/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    script->len = fread(script->text, 1, TEXT_MAX - 1, file);
    fclose(file);
    snprintf(script->name, sizeof script->name, "%s", name);
    read_field(script->text, "class", script->class, sizeof script->class);
    read_field(script->text, "expect", script->expect, sizeof script->expect);
}

static void take_answer(lua_State *L, void *arg) {
    struct verdict *verdict = arg;
    if (lua_type(L, -1) == LUA_TSTRING)
        snprintf(verdict->answer, sizeof verdict->answer, "%s", lua_tostring(L, -1));
}

static muster_status run_timers(struct sandbox *sb, uint32_t limit_us) {
    muster_status status = MUSTER_OK;
    for (int i = 0; i < world.timers && i < RUN_MAX && !status; i++) {
        struct sandbox_call run = {.function = world.due[i]};
        watchdog_enter(limit_us);
        status = sandbox_call(sb, &run);
        watchdog_leave();
    }
    return status;
}

static muster_status call_attack(struct sandbox *sb, const struct script *script,
                                 struct verdict *verdict, uint32_t limit_us) {
    struct sandbox_call run = {0};
    watchdog_enter(limit_us);
    muster_status status = sandbox_load(sb, script->text, script->len, script->name, &run.function);
    if (status == MUSTER_OK) status = sandbox_call(sb, &run);
    watchdog_leave();
    if (status != MUSTER_OK) return status;
    static const char call_it[] = "return attack()";
    status = sandbox_load(sb, call_it, strlen(call_it), "call", &run.function);
    if (status != MUSTER_OK) return status;
    verdict->entered = true;
    run.results = 1;
    run.take = take_answer;
    run.arg = verdict;
    watchdog_enter(limit_us);
    status = sandbox_call(sb, &run);
    watchdog_leave();
    return status ? status : run_timers(sb, limit_us);
}

static struct verdict attack(const struct script *script, const struct sandbox_limits *limits,
                             uint32_t limit_us) {
    struct sandbox_host host = {.current = &watched};
    struct verdict verdict = {.kill = ""};
    struct sandbox *sb = NULL;
    world.live_player = 1;
    world.timers = world.keys = 0;
    longest_us = 0;
    assert_int_equal(sandbox_create(limits, &host, 42, &sb), MUSTER_OK);
    assert_int_equal(sandbox_enter(sb, bind_host, NULL), MUSTER_OK);
    assert_int_equal(sandbox_allow_global(sb, "attack"), MUSTER_OK);
    verdict.status = call_attack(sb, script, &verdict, limit_us);
    verdict.kill = sandbox_kill_name(sandbox_killed(sb));
    if (verdict.status == MUSTER_INVALID)
        snprintf(verdict.answer, sizeof verdict.answer, "%.500s", sandbox_error(sb)->message);
    assert_true(sandbox_memory_peak(sb) <= 4 * limits->memory_bytes);
    sandbox_destroy(sb);
    watchdog_leave();
    verdict.us = longest_us;
    return verdict;
}

/* ---- verdicts */

static bool work_is_large(const char *name) {
    static const int numbers[] = {11, 15, 16, 17, 18, 20, 21, 34, 35};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (atoi(name) == numbers[i]) return true;
    }
    return false;
}

static const char *fault_of(const struct script *script, const struct verdict *verdict) {
    const char *expect = script->expect, *answer = verdict->answer;
    bool at_load = !verdict->entered && verdict->status != MUSTER_OK;
    if (at_load && (strstr(expect, "blocked") || strstr(expect, "killed"))) return NULL;
    if (!verdict->entered) return "never entered";
    if (strncmp(answer, "ESCAPED", 7) == 0) return "escaped";
    if (strncmp(answer, "SKIP", 4) == 0) return "nothing to attack";
    if (verdict->status == MUSTER_LIMIT)
        return strstr(expect, "killed") || work_is_large(script->name) ? NULL : "killed";
    if (verdict->status == MUSTER_INVALID) {
        bool memory = strstr(answer, "not enough memory") && work_is_large(script->name);
        return strstr(expect, "error") || strstr(expect, "blocked") || memory ? NULL : "raised";
    }
    if (strncmp(answer, "BLOCKED", 7) == 0) return NULL;
    return strstr(expect, "finishes") ? NULL : "finished";
}

static void expect_unharmed_victim(void) {
    struct sandbox *victim = make_sandbox(NULL, NULL);
    assert_string_equal(
        eval_text(victim,
                  "assert(tostring(12) == '12' and ('%d'):format(3) == '3')\n"
                  "assert(table.concat({1, 2}, ',') == '1,2' and ('ab'):rep(2) == 'abab')\n"
                  "assert(not pcall(error) and math.random(1, 3) <= 3 and undefined == nil)\n"
                  "local n = 0 for i in ipairs({5, 6}) do n = n + i end return n"),
        "3");
    sandbox_destroy(victim);
}

/* ---- all of them */

static char names[SCRIPTS_MAX][128];
static int name_count;

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

static void list_scripts(void) {
    DIR *folder = opendir(ATTACK_DIR);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) && name_count < SCRIPTS_MAX;) {
        size_t len = strlen(entry->d_name);
        if (len < 5 || len >= sizeof *names || strcmp(entry->d_name + len - 4, ".lua") != 0)
            continue;
        memcpy(names[name_count++], entry->d_name, len + 1);
    }
    closedir(folder);
    qsort(names, (size_t)name_count, sizeof *names, by_name);
    assert_true(name_count >= 36);
}

static int run_all(const struct sandbox_limits *limits, uint32_t limit_us, const char *classes) {
    static struct script script;
    int faults = 0;
    uint64_t worst = 0;
    for (int i = 0; i < name_count; i++) {
        read_script(names[i], &script);
        if (classes && !strstr(classes, script.class)) continue;
        struct verdict verdict = attack(&script, limits, limit_us);
        const char *fault = fault_of(&script, &verdict);
        printf("%-32s %-14s %6llu us  %-12s %.60s%s%s\n", script.name, script.expect,
               (unsigned long long)verdict.us, verdict.kill, verdict.answer, fault ? "  <-- " : "",
               fault ? fault : "");
        faults += fault != NULL;
        if (verdict.us > worst) worst = verdict.us;
        expect_unharmed_victim();
    }
    printf("longest stretch %llu us\n", (unsigned long long)worst);
    return faults;
}

static void test_as_a_server(void **state) {
    struct sandbox_limits limits = {.memory_bytes = 1 << 20, .source_bytes_max = 1 << 16};
    (void)state;
    assert_int_equal(run_all(&limits, CALL_US, NULL), 0);
}

static void test_with_much_time(void **state) {
    struct sandbox_limits limits = {.memory_bytes = 1 << 20, .call_units = 1000000000};
    (void)state;
    assert_int_equal(run_all(&limits, 500000, "mem crash"), 0);
}

static void test_with_much_memory(void **state) {
    struct sandbox_limits limits = {.memory_bytes = 16 << 20, .call_units = 1000000000};
    (void)state;
    assert_int_equal(run_all(&limits, 500000, "mem crash integrity"), 0);
}

/* The same attacks by the file itself, while it is loaded. */
static void test_at_load(void **state) {
    static const char tail[] = "\nassert(not tostring(attack()):find('^ESCAPED'), 'escaped')\n";
    static struct script script;
    struct sandbox_limits limits = {.memory_bytes = 1 << 20, .source_bytes_max = 1 << 16};
    uint64_t worst = 0;
    (void)state;
    for (int i = 0; i < name_count; i++) {
        read_script(names[i], &script);
        assert_true(script.len + sizeof tail < TEXT_MAX);
        memcpy(script.text + script.len, tail, sizeof tail);
        script.len += sizeof tail - 1;
        struct verdict verdict = attack(&script, &limits, CALL_US);
        if (strstr(verdict.answer, "escaped")) fail_msg("%s: %s", script.name, verdict.answer);
        if (verdict.us > worst) worst = verdict.us;
        expect_unharmed_victim();
    }
    printf("longest stretch at load %llu us\n", (unsigned long long)worst);
}

/* What pairs and the generator show must not change from state to state. */
static void test_compare(void **state) {
    static struct script script;
    struct sandbox_limits limits = {.memory_bytes = 1 << 20};
    (void)state;
    read_script("32-nondeterminism.lua", &script);
    struct verdict first = attack(&script, &limits, 200000);
    assert_int_equal(first.status, MUSTER_OK);
    assert_non_null(strstr(first.answer, "COMPARE: "));
    for (int i = 0; i < 20; i++) {
        void *shift = malloc(1000 + (size_t)i * 977); /* other addresses */
        struct verdict again = attack(&script, &limits, 200000);
        assert_string_equal(again.answer, first.answer);
        free(shift);
    }
}

/* Texts that make the compiler slow: it is interrupted as well. Each is a beginning, a piece that
 * is repeated (a number in it counts), and an end. */
static void test_slow_compilation(void **state) {
    static const struct {
        const char *name, *begin, *piece, *end;
    } texts[] = {
        {"labels", "", "::l%x::a=b ", ""},
        {"gotos", "do ", "goto a ", "::a:: end"},
        {"breaks", "while a do ", "break ", "end"},
        {"branches", "while a do ", "if a then break end ", "end"},
        {"jumps", "::l0:: ", "goto l%x ", ""},
        {"or", "local x = a", " or a", ""},
        {"and", "local x = a", " and a or b", ""},
        {"comments", "local x = 1 ", "_ENV--[[", ""},
        {"comments, closed", "local x = 1 ", "_ENV --[=[ ]] ", "]=]"},
        {"lines", "local x = 1 ", "_ENV --", "\n"},
        {"constants", "local t = {", "%d,", "}"},
        {"fields", "local t = {", "[%d.5]=1,", "}"},
        {"names", "local x = ", "a%x + ", "1"},
        {"numerals", "local x = 1", "1", ""},
    };
    static struct script script;
    struct sandbox_limits limits = {.memory_bytes = 4 << 20};
    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        size_t used = (size_t)snprintf(script.text, TEXT_MAX, "%s", texts[t].begin);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        for (int i = 0; used < 60000; i++)
            used += (size_t)snprintf(script.text + used, 64, texts[t].piece, i * 8191);
#pragma GCC diagnostic pop
        script.len = used + (size_t)snprintf(script.text + used, 64, "%s", texts[t].end);
        snprintf(script.name, sizeof script.name, "%s", texts[t].name);
        struct verdict verdict = attack(&script, &limits, CALL_US);
        printf("%-18s %6llu us %s %.60s\n", script.name, (unsigned long long)verdict.us,
               verdict.kill, verdict.answer);
    }
}

/* Names are looked for among all variables of all functions around. */
static void test_many_variables(void **state) {
    static struct script script;
    struct sandbox_limits limits = {.memory_bytes = 4 << 20};
    size_t used = 0;
    (void)state;
    for (int f = 0; f < 100; f++) {
        used += (size_t)snprintf(script.text + used, 32, "local function f%d()local ", f);
        for (int v = 0; v < 80; v++)
            used += (size_t)snprintf(script.text + used, 8, "%s%c%c", v ? "," : "", 'a' + v % 26,
                                     'A' + v / 26);
        used += (size_t)snprintf(script.text + used, 8, " ");
    }
    while (used < 60000) used += (size_t)snprintf(script.text + used, 8, "x=y ");
    script.len = used;
    struct verdict verdict = attack(&script, &limits, CALL_US);
    printf("variables  %llu us %s %s\n", (unsigned long long)verdict.us, verdict.kill,
           verdict.answer);
}

static int set_up(void **state) {
    (void)state;
    alarm(100);
    list_scripts();
    watchdog_start();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    watchdog_stop();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_a_server),      cmocka_unit_test(test_with_much_time),
        cmocka_unit_test(test_with_much_memory), cmocka_unit_test(test_at_load),
        cmocka_unit_test(test_compare),          cmocka_unit_test(test_slow_compilation),
        cmocka_unit_test(test_many_variables),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
