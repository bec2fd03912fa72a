/* sandbox - life and entries of one bounded Lua state; see sandbox.h. */
#include "sandbox.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { GC_PAUSE = 140 }; /* percent; Lua's own 200 lets garbage double every heap */

/* ---- life */

static void *allocate(void *user, void *block, size_t old_size, size_t new_size) {
    struct sandbox *sb = user;
    if (sb->growing.table && new_size) wrap_growth(sb, block ? 0 : new_size);
    void *result = heap_alloc(&sb->heap, block, old_size, new_size);
    if (!result && new_size)
        budget_refused(sb);
    else if (new_size > (block ? old_size : 0))
        budget_grew(sb);
    return result;
}

/* The first block is the main thread, behind its extra space, which Lua leaves as it is. */
static void *allocate_state(void *user, void *block, size_t old_size, size_t new_size) {
    void *result = allocate(user, block, old_size, new_size);
    if (result && !block && old_size == LUA_TTHREAD) memcpy(result, &user, sizeof user);
    return result;
}

static void set_limits(struct sandbox *sb, const struct sandbox_limits *limits) {
    struct sandbox_limits *own = &sb->limits;
    if (limits) *own = *limits;
    if (!own->memory_bytes) own->memory_bytes = 1 << 20;
    if (!own->call_units) own->call_units = 1000000;
    if (!own->second_cpu_us) own->second_cpu_us = 100000;
    if (!own->source_bytes_max) own->source_bytes_max = SANDBOX_SOURCE_BYTES_MAX;
    if (own->second_cpu_us == UINT32_MAX) return;
    if (!own->burst_cpu_us || own->burst_cpu_us > own->second_cpu_us)
        own->burst_cpu_us = own->second_cpu_us;
    sb->bucket.rate_ns = (int64_t)own->second_cpu_us * 1000;
    sb->bucket.capacity_ns = sb->bucket.tokens_ns = (int64_t)own->burst_cpu_us * 1000;
    sb->bucket.exact = own->is_exact;
}

/* splitmix64, so that near seeds give unlike states, none of them all zero. */
static void seed_random(uint64_t state[4], uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        state[i] = z ^ z >> 31;
    }
}

static bool heap_is_plain(void) {
#ifdef __SANITIZE_ADDRESS__
    return true;
#else
    return getenv("LUA_PLAIN_HEAP") != NULL; /* for valgrind */
#endif
}

/* Undeclared globals: __newindex of the globals, with the allowed names as upvalue. */
static int refuse_global(lua_State *L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
        lua_settop(L, 3);
        lua_rawset(L, 1);
        return 0;
    }
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "assignment to an undeclared global (%s)", luaL_typename(L, 2));
    return luaL_error(L, "assignment to undeclared global '%s' (did you forget 'local'?)",
                      lua_tostring(L, 2));
}

static const char allowed_key; /* its address names the table in the registry */

static void guard_globals(lua_State *L) {
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 2);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &allowed_key);
    lua_pushcclosure(L, refuse_global, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static int open_libraries(lua_State *L) {
    static const struct {
        const char *name;
        void (*open)(lua_State *L);
    } libraries[] = {{"string", lib_string_open},
                     {"table", lib_table_open},
                     {"math", lib_math_open},
                     {"utf8", lib_utf8_open},
                     {"coroutine", lib_coroutine_open}};
    lib_base_open(L);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        libraries[i].open(L);
        lua_setglobal(L, libraries[i].name);
    }
    guard_globals(L);
    return 0;
}

muster_status sandbox_create(const struct sandbox_limits *limits, const struct sandbox_host *host,
                             uint64_t seed, struct sandbox **out) {
    struct sandbox *sb = calloc(1, sizeof *sb);
    if (!sb) return MUSTER_NO_MEMORY;
    set_limits(sb, limits);
    if (host) sb->host = *host;
    seed_random(sb->random, seed);
    heap_init(&sb->heap, sb->limits.memory_bytes, heap_is_plain());
    sb->L = lua_newstate(allocate_state, sb);
    if (!sb->L) goto failed;
    lua_setallocf(sb->L, allocate, sb);
    lua_atpanic(sb->L, libc_panic);
    lua_gc(sb->L, LUA_GCINC, GC_PAUSE, 0, 0);
    if (sandbox_serve(sb, open_libraries, NULL) != MUSTER_OK) goto failed;
    budget_arm_count(sb, sb->L);
    *out = sb;
    return MUSTER_OK;

failed:
    sandbox_destroy(sb);
    return MUSTER_NO_MEMORY;
}

/* Without lua_close: nothing in the state owns memory elsewhere, and no finalizer is let in, so
 * dropping the heap is all there is to do, in constant time for each chunk. */
void sandbox_destroy(struct sandbox *sb) {
    if (!sb) return;
    heap_deinit(&sb->heap);
    free(sb->scratch.bytes);
    free(sb->error);
    free(sb);
}

/* ---- entries */

static muster_status finish(struct sandbox *sb, int status) {
    if (is_killed(sb)) {
        if (!sb->kill_told) errors_record_kill(sb, sb->L, ERRORS_AT_REST);
        return MUSTER_LIMIT;
    }
    if (status == LUA_OK) return MUSTER_OK;
    if (!sb->error_told) errors_record(sb, sb->L); /* no handler runs in an error of a handler */
    return MUSTER_INVALID;
}

static void trim_scratch(struct scratch *scratch) {
    scratch->used = 0;
    if (scratch->size <= 1 << 16) return;
    free(scratch->bytes);
    *scratch = (struct scratch){0};
}

static muster_status enter(struct sandbox *sb, lua_CFunction body, void *arg) {
    lua_State *L = sb->L;
    if (is_killed(sb)) return MUSTER_CLOSED;
    if (atomic_load(&sb->running)) return MUSTER_STATE;
    struct sandbox *volatile *current = sb->host.current;
    struct sandbox *outer = current ? *current : NULL, *outside = budget_enter(sb);
    int top = lua_gettop(L);
    sb->error_told = false;
    sb->resume_depth = 0;
    sb->units = 0;
    sb->growing.table = NULL;
    budget_switch(sb, L);
    if (current) *current = sb;
    lua_pushcfunction(L, errors_handler);
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, arg);
    int status = lua_pcall(L, 1, 0, top + 1);
    (void)budget_enter(outside);
    if (current) *current = outer;
    budget_switch(sb, NULL);
    muster_status result = finish(sb, status);
    lua_settop(L, top);
    trim_scratch(&sb->scratch);
    return result;
}

muster_status sandbox_serve(struct sandbox *sb, lua_CFunction body, void *arg) {
    return enter(sb, body, arg);
}

bool sandbox_is_entered(const struct sandbox *sb) {
    return atomic_load_explicit(&sb->running, memory_order_relaxed) != NULL;
}

int sandbox_called(lua_CFunction body, const void *arg) {
    if (body != sandbox_call_body) return LUA_NOREF;
    return ((const struct sandbox_call *)arg)->function;
}

muster_status sandbox_enter(struct sandbox *sb, lua_CFunction body, void *arg) {
    if (is_killed(sb)) return MUSTER_CLOSED;
    if (sandbox_is_entered(sb)) return MUSTER_STATE;
    budget_begin(sb);
    muster_status status = enter(sb, body, arg);
    budget_end(sb);
    if (!is_killed(sb) || status == MUSTER_LIMIT) return status;
    errors_record_kill_after(sb, sandbox_called(body, arg)); /* the second is used up */
    return MUSTER_LIMIT;
}

int sandbox_call_body(lua_State *L) {
    const struct sandbox_call *call = lua_touserdata(L, 1);
    luaL_checkstack(L, call->results + LUA_MINSTACK, "too many results");
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, call->function) != LUA_TFUNCTION)
        return luaL_error(L, "not a function");
    int arguments = call->push ? call->push(L, call->arg) : 0;
    lua_call(L, arguments, call->results);
    sandbox_check(L);
    if (call->take) call->take(L, call->arg);
    return 0;
}

muster_status sandbox_call(struct sandbox *sb, const struct sandbox_call *call) {
    return sandbox_enter(sb, sandbox_call_body, (void *)(uintptr_t)call);
}

int sandbox_handler(lua_State *L) {
    lua_pushcfunction(L, errors_handler);
    return lua_gettop(L);
}

bool sandbox_try(lua_State *L, int handler, int arguments, int results) {
    struct sandbox *sb = sandbox_of(L);
    int status = lua_pcall(L, arguments, results, handler);
    sandbox_check(L);
    if (status == LUA_OK) return true;
    if (!sb->error_told) errors_record(sb, L); /* no handler runs in an error of a handler */
    sb->error_told = false;
    lua_pop(L, 1);
    return false;
}

struct load_request {
    const char *text, *chunk;
    size_t len;
    int *function;
};

static int load_body(lua_State *L) {
    const struct load_request *request = lua_touserdata(L, 1);
    sandbox_load_chunk(L, request->text, request->len, request->chunk);
    *request->function = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

muster_status sandbox_load(struct sandbox *sb, const char *text, size_t len, const char *chunk,
                           int *function) {
    struct load_request request = {text, chunk, len, function};
    return sandbox_enter(sb, load_body, &request);
}

static int allow_body(lua_State *L) {
    const char **name = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &allowed_key);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, *name);
    return 0;
}

muster_status sandbox_allow_global(struct sandbox *sb, const char *name) {
    return sandbox_enter(sb, allow_body, &name);
}

/* Setting a field that exists neither allocates nor raises. */
void sandbox_release(struct sandbox *sb, int function) {
    if (!is_killed(sb)) luaL_unref(sb->L, LUA_REGISTRYINDEX, function);
}

/* ---- the kill, figures */

void sandbox_kill(struct sandbox *sb, enum sandbox_kill reason) {
    sandbox_kill_after(sb, reason, LUA_NOREF);
}

void sandbox_kill_after(struct sandbox *sb, enum sandbox_kill reason, int function) {
    budget_kill(sb, reason);
    if (!sb->kill_told && !sandbox_is_entered(sb)) errors_record_kill_after(sb, function);
}

const struct sandbox_error *sandbox_error(const struct sandbox *sb) {
    return sb->error;
}

size_t sandbox_memory(const struct sandbox *sb) {
    return sb->heap.used;
}

size_t sandbox_memory_peak(const struct sandbox *sb) {
    return sb->heap.peak;
}

void *sandbox_user(lua_State *L) {
    return sandbox_of(L)->host.user;
}

void sandbox_random_get(const struct sandbox *sb, uint64_t state[4]) {
    memcpy(state, sb->random, sizeof sb->random);
}

void sandbox_random_set(struct sandbox *sb, const uint64_t state[4]) {
    if (state[0] | state[1] | state[2] | state[3]) memcpy(sb->random, state, sizeof sb->random);
}
