/* lib_coroutine - coroutines that a kill ends. Whoever switches threads tells the budget, which
 * hooks the one that runs; a thread in which a kill was raised is never resumed or closed, since
 * what it would still run there could not be interrupted.
 */
#include "internal.h"

enum { CREATE_UNITS = 500, RESUME_UNITS = 200 };

static lua_State *get_thread(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "thread");
    return co;
}

/* ---- switching */

static void enter_thread(lua_State *L, lua_State *co) {
    struct sandbox *sb = sandbox_of(L);
    sandbox_charge(L, RESUME_UNITS);
    if (sb->resume_depth >= COROUTINE_DEPTH_MAX) luaL_error(L, "C stack overflow");
    sb->resume_depth++;
    if (sb->limits.count_every && !lua_gethook(co)) budget_arm_count(sb, co);
    budget_switch(sb, co);
    sandbox_check(L);
}

static void leave_thread(lua_State *L) {
    struct sandbox *sb = sandbox_of(L);
    sb->resume_depth--;
    budget_switch(sb, L);
    sandbox_check(L);
}

/* Moves the arguments on top of L over, runs co, moves results back: their number, or -1 with an
 * error on top. */
static int resume(lua_State *L, lua_State *co, int arguments) {
    int results;
    if (!lua_checkstack(co, arguments)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    enter_thread(L, co);
    lua_xmove(L, co, arguments);
    int status = lua_resume(co, L, arguments, &results);
    leave_thread(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, results);
    sandbox_charge(L, (uint64_t)results + (uint64_t)arguments);
    return results;
}

/* Runs what is pending to be closed, on the thread itself. */
static int reset_thread(lua_State *L, lua_State *co) {
    enter_thread(L, co);
    int status = lua_resetthread(co);
    leave_thread(L);
    return status;
}

/* ---- the library */

/* Each holds 1 KB and more, so many of them are an error rather than a kill. */
static void check_count(lua_State *L) {
    struct sandbox *sb = sandbox_of(L);
    size_t max = sb->limits.memory_bytes / COROUTINE_BYTES;
    if (sb->heap.threads <= max) return;
    sandbox_charge(L, sb->heap.used / 64);
    lua_gc(L, LUA_GCCOLLECT);
    if (sb->heap.threads > max) luaL_error(L, "too many coroutines (%d)", (int)max);
}

static int co_create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    sandbox_charge(L, CREATE_UNITS);
    check_count(L);
    lua_State *co = lua_newthread(L);
    if (!sandbox_of(L)->limits.count_every) lua_sethook(co, NULL, 0, 0);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int co_resume(lua_State *L) {
    lua_State *co = get_thread(L);
    int results = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, results >= 0);
    lua_insert(L, results >= 0 ? -(results + 1) : -2);
    return results >= 0 ? results + 1 : 2;
}

static int fail_wrap(lua_State *L, lua_State *co) {
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pop(L, 1);
        reset_thread(L, co);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int step_wrap(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int results = resume(L, co, lua_gettop(L));
    return results < 0 ? fail_wrap(L, co) : results;
}

static int co_wrap(lua_State *L) {
    co_create(L);
    lua_pushcclosure(L, step_wrap, 1);
    return 1;
}

static int co_yield (lua_State *L) {
    return lua_yield(L, lua_gettop(L));
}

static const char *state_of(lua_State *L, lua_State *co) {
    lua_Debug ar;
    if (L == co) return "running";
    int status = lua_status(co);
    if (status == LUA_YIELD) return "suspended";
    if (status != LUA_OK) return "dead";
    if (lua_getstack(co, 0, &ar)) return "normal"; /* it runs, and has resumed another one */
    return lua_gettop(co) == 0 ? "dead" : "suspended";
}

static int co_status(lua_State *L) {
    lua_pushstring(L, state_of(L, get_thread(L)));
    return 1;
}

static int co_isyieldable(lua_State *L) {
    lua_State *co = lua_isnone(L, 1) ? L : get_thread(L);
    lua_pushboolean(L, lua_isyieldable(co));
    return 1;
}

static int co_running(lua_State *L) {
    int main = lua_pushthread(L);
    lua_pushboolean(L, main);
    return 2;
}

static int co_close(lua_State *L) {
    lua_State *co = get_thread(L);
    const char *state = state_of(L, co);
    if (*state != 's' && *state != 'd') return luaL_error(L, "cannot close a %s coroutine", state);
    if (reset_thread(L, co) == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
}

void lib_coroutine_open(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"close", co_close},   {"create", co_create},   {"isyieldable", co_isyieldable},
        {"resume", co_resume}, {"running", co_running}, {"status", co_status},
        {"wrap", co_wrap},     {"yield", co_yield },    {NULL, NULL}};
    luaL_newlib(L, functions);
}
