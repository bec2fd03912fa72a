/* Determinism: pairs and next, arithmetic, the same in every state. */
#include "test.h"

#include "harness.h"
#include "portable.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(struct sandbox *sb, const char *text, const char *answer) {
    assert_string_equal(eval_text(sb, text), answer);
}

static void test_order_of_pairs(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb,
           "local t = {[true] = 1, b = 2, a = 3, ab = 4, [''] = 5, [3] = 6, [-1] = 7, [2.5] = 8, "
           "[-2.5] = 9, [false] = 10, [1] = 11, ['\\xff'] = 12, ['a\\0'] = 13, [1 << 60] = 14}\n"
           "local n = {} for k, v in pairs(t) do n[#n + 1] = v end return table.concat(n, ' ')",
           "7 11 6 14 9 8 5 3 13 4 2 12 10 1");
    expect(sb,
           "local n = {} for k, v in pairs({5, 6, nil, 8}) do n[#n + 1] = k .. v end "
           "return table.concat(n, ' ')",
           "15 26 48");
    expect(sb, "for k in pairs({}) do error('visited') end return 1", "1");
    sandbox_destroy(sb);
}

/* Tables and functions follow each other as they were made. */
static void test_order_of_objects(void **state) {
    const char *text =
        "local t, n = {}, {}\n"
        "local made = {} for i = 1, 60 do made[i] = i % 3 == 0 and {} or i % 3 == 1 "
        "and function() return i end or coroutine.create(print) end\n"
        "for i = 60, 1, -7 do t[made[i]] = i end for i = 1, 60 do t[made[i]] = i end\n"
        "for _, v in pairs(t) do n[#n + 1] = v end\n"
        "for i = 1, 60 do assert(n[i] == i) end return #n";
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct sandbox *sb = make_sandbox(NULL, NULL);
        expect(sb, text, "60");
        sandbox_destroy(sb);
    }
}

static void test_changes_while_visiting(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb,
           "local t, n = {a = 1, b = 2, c = 3, d = 4}, '' for k in pairs(t) do n = n .. k "
           "t[k] = nil t.c = nil t[k .. k] = 1 end return n",
           "abd");
    expect(sb,
           "local t, n = {1, 2, 3, 4, 5}, '' for k in pairs(t) do n = n .. k t[k] = nil "
           "t[k + 1] = nil end return n",
           "135");
    expect(sb,
           "local t = {} for i = 1, 100 do t['k' .. i] = i end for k in pairs(t) do t[k] = nil "
           "end return tostring(next(t))",
           "nil");
    sandbox_destroy(sb);
}

static void test_next(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb,
           "local t, n = {3, 1, x = 1, y = 2, [2.5] = 3}, '' local k, v = next(t) while k ~= nil "
           "do n = n .. tostring(k) .. ' ' k, v = next(t, k) end return n",
           "1 2 2.5 x y ");
    expect(sb, "return tostring(next({}))", "nil");
    expect(sb, "return (next({[false] = 1}))", "false");
    sandbox_destroy(sb);
}

static int push_pointer(lua_State *L) {
    lua_pushglobaltable(L);
    lua_pushliteral(L, "pointer");
    lua_pushlightuserdata(L, L);
    lua_rawset(L, -3);
    return 0;
}

static void test_keys_without_order(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    assert_int_equal(sandbox_enter(sb, push_pointer, NULL), MUSTER_OK);
    expect(sb, "for k in pairs({[pointer] = 1}) do end",
           "error: test.lua:1: a userdata as key of a table has no order: pairs and next cannot "
           "visit it");
    sandbox_destroy(sb);
}

static void test_metamethod(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb,
           "local p = setmetatable({}, {__pairs = function(t) return next, {x = 1}, nil end}) "
           "for k, v in pairs(p) do return k .. v end",
           "x1");
    sandbox_destroy(sb);
}

/* A kill in the midst of a large sort leaves all as it should be. */
static void test_large_tables(void **state) {
    struct sandbox_limits limits = {.memory_bytes = 16 << 20, .call_units = 100000000};
    struct sandbox *sb = make_sandbox(&limits, NULL);
    (void)state;
    expect(
        sb,
        "local t, last, n = {}, '', 0 for i = 1, 20000 do t['k' .. (i * 7919) % 100003] = i end\n"
        "for k in pairs(t) do assert(last < k) last = k n = n + 1 end return n",
        "20000");
    sandbox_destroy(sb);
    /* Each of them needs memory to sort, and none of it stays. */
    sb = make_sandbox(&(struct sandbox_limits){.call_units = 100000000}, NULL);
    expect(sb,
           "local t = {} for i = 1, 500 do t['k' .. i] = i end\n"
           "for i = 1, 300 do for _ in pairs(t) do break end next(t) end return 1",
           "1");
    sandbox_destroy(sb);
    limits.call_units = 1000000;
    sb = make_sandbox(&limits, NULL);
    expect(sb,
           "local t = {} for i = 1, 100000 do t[i * 1.5] = i end for i = 1, 100 do pairs(t) end",
           "killed: instructions");
    sandbox_destroy(sb);
}

static void test_stable_sort(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb,
           "local t = {} for i = 1, 200 do t[i] = {key = i * 7 % 5, at = i} end\n"
           "table.sort(t, function(a, b) return a.key < b.key end)\n"
           "for i = 2, 200 do local a, b = t[i - 1], t[i] assert(a.key < b.key or a.key == b.key "
           "and a.at < b.at) end return 1",
           "1");
    expect(sb, "return select(2, pcall(table.sort, {1, 2}, function(a, b) return a <= b end))",
           "invalid order function for sorting (a value comes before itself)");
    expect(sb, "return select(2, pcall(table.sort, {1, 2, 3}, function(a, b) return a ~= b end))",
           "invalid order function for sorting");
    sandbox_destroy(sb);
}

/* ---- arithmetic: against libc, to a few units in the last place; pow itself is replaced in this
 * program too, so its long sister is asked */

static double ulps(double ours, double theirs) {
    if (ours == theirs || (isnan(ours) && isnan(theirs))) return 0;
    if (!isfinite(ours) || !isfinite(theirs)) return INFINITY;
    double unit = nextafter(fabs(theirs), INFINITY) - fabs(theirs);
    return fabs(ours - theirs) / unit;
}

static double random_double(double span) {
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return ((double)(x >> 11) * 0x1p-53 - 0.5) * 2 * span;
}

struct worst {
    const char *name;
    double ulps, at;
};

static void note(struct worst *worst, double at, double ours, double theirs) {
    double off = ulps(ours, theirs);
    if (off > worst->ulps) *worst = (struct worst){worst->name, off, at};
}

static void test_functions_of_one_number(void **state) {
    static const struct {
        const char *name;
        double (*ours)(double);
        double (*theirs)(double);
        double span, bound;
    } cases[] = {{"exp", portable_exp, exp, 700, 2},  {"log", portable_log, log, 1e6, 2},
                 {"sin", portable_sin, sin, 100, 2},  {"sin", portable_sin, sin, 1e8, 2},
                 {"cos", portable_cos, cos, 100, 2},  {"tan", portable_tan, tan, 10, 4},
                 {"asin", portable_asin, asin, 1, 4}, {"acos", portable_acos, acos, 1, 4}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct worst worst = {.name = cases[c].name};
        for (int i = 0; i < 200000; i++) {
            double x = random_double(cases[c].span);
            if (strcmp(worst.name, "log") == 0) x = fabs(x);
            note(&worst, x, cases[c].ours(x), cases[c].theirs(x));
        }
        printf("%-5s %5.2f units off at %.17g\n", worst.name, worst.ulps, worst.at);
        assert_true(worst.ulps <= cases[c].bound);
    }
}

static void test_pow(void **state) {
    struct worst worst = {.name = "pow"}, whole = {.name = "whole"}, angle = {.name = "atan2"};
    static const double odd[] = {0.0,  -0.0,  1,      -1,        2,       -2,       0.5,       -0.5,
                                 3,    -3,    1e300,  -1e300,    1e-300,  INFINITY, -INFINITY, NAN,
                                 1024, -1075, 0x1p53, 0x1p-1074, 1.7e308, -1.7e308};
    (void)state;
    for (int i = 0; i < 200000; i++) {
        double x = fabs(random_double(100)), y = random_double(100);
        note(&worst, x, portable_pow(x, y), (double)powl(x, y));
        y = floor(random_double(20));
        x = floor(random_double(50));
        note(&whole, x, portable_pow(x, y), (double)powl(x, y));
        double b = random_double(5), a = random_double(5);
        note(&angle, a, portable_atan2(a, b), atan2(a, b));
        assert_true(angle.ulps <= 4);
    }
    printf("pow %.2f, whole powers %.2f units off\n", worst.ulps, whole.ulps);
    assert_true(worst.ulps <= 2);
    assert_true(whole.ulps <= 1);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
            double ours = portable_pow(odd[i], odd[k]), theirs = (double)powl(odd[i], odd[k]);
            bool near = ulps(ours, theirs) <= 2 || fabs(ours - theirs) <= 0x1p-1074;
            if (!near || isnan(ours) != isnan(theirs))
                fail_msg("%g ^ %g: %g, not %g", odd[i], odd[k], ours, theirs);
            ours = portable_atan2(odd[i], odd[k]), theirs = atan2(odd[i], odd[k]);
            if (!isnan(theirs) && (ulps(ours, theirs) > 4 || signbit(ours) != signbit(theirs)))
                fail_msg("atan(%g, %g): %g, not %g", odd[i], odd[k], ours, theirs);
        }
    }
}

/* The bits themselves: these may never change, or old recordings play differently. */
static void test_known_bits(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    (void)state;
    expect(sb, "return ('%a %a %a'):format(2 ^ 0.5, 10 ^ -3, 1.1 ^ 10.5)",
           "0x1.6a09e667f3bcdp+0 0x1.0624dd2f1a9fcp-10 0x1.5c341a3d40f19p+1");
    /* where a function is cut off, or goes on otherwise */
    expect(sb, "return ('%a %a'):format(math.sin(1e12), math.cos(-1e12))",
           "-0x1.38f03c3d68741p-1 0x1.953b929a5c982p-1");
    expect(sb, "return ('%a %a %a'):format(math.exp(-720), math.exp(-745), math.exp(-746))",
           "0x0.0000993b4dc95p-1022 0x0.0000000000001p-1022 0x0p+0");
    expect(sb, "return ('%g %g'):format(math.exp(709.7), math.exp(710))", "1.65498e+308 inf");
    expect(sb,
           "local function odd(x) return x ~= x end\n"
           "return odd(math.acos(1.0000001)) and odd(math.asin(-1.0000001)) and\n"
           "    odd(math.sin(1 / 0)) and math.acos(1) == 0",
           "true");
    sandbox_destroy(sb);
}

/* ^ in the virtual machine is ours as well. */
static void test_operator(void **state) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    char text[128], answer[64];
    (void)state;
    for (int i = 0; i < 2000; i++) {
        double x = fabs(random_double(50)), y = random_double(30);
        snprintf(text, sizeof text, "local x, y = %a, %a return ('%%a'):format(x ^ y)", x, y);
        snprintf(answer, sizeof answer, "%a", portable_pow(x, y));
        expect(sb, text, answer);
    }
    sandbox_destroy(sb);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_pairs),
        cmocka_unit_test(test_order_of_objects),
        cmocka_unit_test(test_changes_while_visiting),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_keys_without_order),
        cmocka_unit_test(test_metamethod),
        cmocka_unit_test(test_large_tables),
        cmocka_unit_test(test_stable_sort),
        cmocka_unit_test(test_functions_of_one_number),
        cmocka_unit_test(test_pow),
        cmocka_unit_test(test_known_bits),
        cmocka_unit_test(test_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
