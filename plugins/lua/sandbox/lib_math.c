/* lib_math - the math table. Functions that libc rounds as it likes come from portable.c, random
 * numbers from the sandbox's own generator (xoshiro256**); there is no randomseed.
 */
#include "internal.h"
#include "portable.h"

#include <float.h>
#include <math.h>

static void push_whole(lua_State *L, lua_Number n) {
    lua_Integer i;
    if (lua_numbertointeger(n, &i))
        lua_pushinteger(L, i);
    else
        lua_pushnumber(L, n);
}

static int math_abs(lua_State *L) {
    if (lua_isinteger(L, 1)) {
        lua_Integer n = lua_tointeger(L, 1);
        lua_pushinteger(L, n < 0 ? (lua_Integer)(0u - (lua_Unsigned)n) : n);
    } else {
        lua_pushnumber(L, fabs(luaL_checknumber(L, 1)));
    }
    return 1;
}

static int round_by(lua_State *L, double (*fn)(double)) {
    if (lua_isinteger(L, 1))
        lua_settop(L, 1);
    else
        push_whole(L, fn(luaL_checknumber(L, 1)));
    return 1;
}

static int math_floor(lua_State *L) {
    return round_by(L, floor);
}

static int math_ceil(lua_State *L) {
    return round_by(L, ceil);
}

static int math_fmod(lua_State *L) {
    if (!lua_isinteger(L, 1) || !lua_isinteger(L, 2)) {
        lua_pushnumber(L, fmod(luaL_checknumber(L, 1), luaL_checknumber(L, 2)));
        return 1;
    }
    lua_Integer n = lua_tointeger(L, 1), d = lua_tointeger(L, 2);
    luaL_argcheck(L, d != 0, 2, "zero");
    lua_pushinteger(L, d == -1 ? 0 : n % d);
    return 1;
}

static int math_modf(lua_State *L) {
    if (lua_isinteger(L, 1)) {
        lua_settop(L, 1);
        lua_pushnumber(L, 0);
        return 2;
    }
    lua_Number n = luaL_checknumber(L, 1), whole = n < 0 ? ceil(n) : floor(n);
    push_whole(L, whole);
    lua_pushnumber(L, n == whole ? 0.0 : n - whole);
    return 2;
}

static int math_tointeger(lua_State *L) {
    int exact;
    lua_Integer n = lua_tointegerx(L, 1, &exact);
    luaL_checkany(L, 1);
    if (exact)
        lua_pushinteger(L, n);
    else
        luaL_pushfail(L);
    return 1;
}

static int math_type(lua_State *L) {
    luaL_checkany(L, 1);
    if (lua_type(L, 1) == LUA_TNUMBER)
        lua_pushstring(L, lua_isinteger(L, 1) ? "integer" : "float");
    else
        luaL_pushfail(L);
    return 1;
}

static int math_ult(lua_State *L) {
    lua_Integer a = luaL_checkinteger(L, 1), b = luaL_checkinteger(L, 2);
    lua_pushboolean(L, (lua_Unsigned)a < (lua_Unsigned)b);
    return 1;
}

/* The extreme of all arguments; less says whether argument a goes before b. */
static int extreme(lua_State *L, bool greatest) {
    int n = lua_gettop(L), best = 1;
    luaL_argcheck(L, n >= 1, 1, "value expected");
    sandbox_charge(L, (uint64_t)n * 4);
    for (int i = 1; i <= n; i++) {
        luaL_checknumber(L, i);
        if (lua_compare(L, greatest ? best : i, greatest ? i : best, LUA_OPLT)) best = i;
    }
    lua_pushvalue(L, best);
    return 1;
}

static int math_max(lua_State *L) {
    return extreme(L, true);
}

static int math_min(lua_State *L) {
    return extreme(L, false);
}

/* ---- real functions */

#define REAL(name, expression)                                                                     \
    static int math_##name(lua_State *L) {                                                         \
        double x = luaL_checknumber(L, 1);                                                         \
        lua_pushnumber(L, expression);                                                             \
        return 1;                                                                                  \
    }
REAL(sqrt, sqrt(x))
REAL(exp, portable_exp(x))
REAL(sin, portable_sin(x))
REAL(cos, portable_cos(x))
REAL(tan, portable_tan(x))
REAL(asin, portable_asin(x))
REAL(acos, portable_acos(x))
REAL(atan, portable_atan2(x, luaL_optnumber(L, 2, 1)))
REAL(deg, x *(180.0 / 0x1.921fb54442d18p+1))
REAL(rad, x *(0x1.921fb54442d18p+1 / 180.0))
#undef REAL

static int math_log(lua_State *L) {
    double x = luaL_checknumber(L, 1);
    bool natural = lua_isnoneornil(L, 2);
    lua_pushnumber(L, natural ? portable_log(x) : portable_log_base(x, luaL_checknumber(L, 2)));
    return 1;
}

/* ---- random */

static uint64_t rotate(uint64_t x, int n) {
    return x << n | x >> (64 - n);
}

static uint64_t next_random(uint64_t s[4]) {
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* 0..limit, all equally likely: draws again what does not fit. */
static uint64_t random_up_to(uint64_t s[4], uint64_t limit) {
    uint64_t mask = limit, draw;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    do {
        draw = next_random(s) & mask;
    } while (draw > limit);
    return draw;
}

static int math_random(lua_State *L) {
    uint64_t *state = sandbox_of(L)->random;
    lua_Integer low = 1, high;
    switch (lua_gettop(L)) {
    case 0: lua_pushnumber(L, (double)(next_random(state) >> 11) * 0x1p-53); return 1;
    case 1:
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)next_random(state));
            return 1;
        }
        break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default: return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    uint64_t draw = random_up_to(state, (uint64_t)high - (uint64_t)low);
    lua_pushinteger(L, (lua_Integer)(draw + (uint64_t)low));
    return 1;
}

void lib_math_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"abs", math_abs},     {"acos", math_acos},
                                         {"asin", math_asin},   {"atan", math_atan},
                                         {"ceil", math_ceil},   {"cos", math_cos},
                                         {"deg", math_deg},     {"exp", math_exp},
                                         {"floor", math_floor}, {"fmod", math_fmod},
                                         {"log", math_log},     {"max", math_max},
                                         {"min", math_min},     {"modf", math_modf},
                                         {"rad", math_rad},     {"sin", math_sin},
                                         {"sqrt", math_sqrt},   {"random", math_random},
                                         {"tan", math_tan},     {"tointeger", math_tointeger},
                                         {"type", math_type},   {"ult", math_ult},
                                         {NULL, NULL}};
    lua_createtable(L, 0, 26);
    luaL_setfuncs(L, functions, 0);
    lua_pushnumber(L, 0x1.921fb54442d18p+1);
    lua_setfield(L, -2, "pi");
    lua_pushnumber(L, (double)INFINITY);
    lua_setfield(L, -2, "huge");
    lua_pushinteger(L, LUA_MAXINTEGER);
    lua_setfield(L, -2, "maxinteger");
    lua_pushinteger(L, LUA_MININTEGER);
    lua_setfield(L, -2, "mininteger");
}
