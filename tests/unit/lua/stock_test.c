/* Our string, table, utf8 and basic functions against Lua's own, as linked: the same results, and
 * mostly the same messages, for what is in the manual and for random arguments.
 */
#include "test.h"

#include "harness.h"

#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5000, ARGUMENTS_MAX = 5, TEXT_MAX = 64 };

static uint64_t seed = 0x853c49e6748fea9b;

static uint32_t random_below(uint32_t n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

/* ---- a program as text: runs the same in both, and returns one line that tells all results */

static const char prelude[] =
    "local function tell(v)\n"
    "  local k = math.type(v) or type(v)\n"
    "  if k == 'table' or k == 'function' then v = '' end\n"
    "  return k .. ':' .. tostring(v):gsub('\\0', '<0>')\n" /* the answer ends at a zero */
    "end\n"
    "local function show(ok, ...)\n"
    "  local t = {type(ok) == 'boolean' and tostring(ok) or tell(ok)}\n"
    "  for i = 1, select('#', ...) do t[#t + 1] = tell((select(i, ...))) end\n"
    "  return (table.concat(t, '|'):gsub('^false|string:.-: ', 'false|')\n"
    "    :gsub('argument #%d', 'argument'):gsub(\" to '[%w_.?]+'\", ' to it'))\n" /* pcall(f) hides
                                                                                     the name of f
                                                                                     from ours */
    "end\n";

static char stock_answer[65536];

static const char *eval_stock(lua_State *L, const char *text) {
    if (luaL_loadbuffer(L, text, strlen(text), "@test.lua") != LUA_OK ||
        lua_pcall(L, 0, 1, 0) != LUA_OK)
        snprintf(stock_answer, sizeof stock_answer, "error: %s", lua_tostring(L, -1));
    else
        snprintf(stock_answer, sizeof stock_answer, "%s", luaL_tolstring(L, -1, NULL));
    lua_settop(L, 0);
    return stock_answer;
}

struct pair {
    lua_State *stock;
    struct sandbox *own;
    int checked;
};

/* In this program every state is asked for its sandbox (wrap.c): the stock one names the other's.
 */
static void *allocate(void *user, void *block, size_t old_size, size_t new_size) {
    if (!new_size) free(block);
    void *result = new_size ? realloc(block, new_size) : NULL;
    if (result && !block && old_size == LUA_TTHREAD) memcpy(result, &user, sizeof user);
    return result;
}

static void open_pair(struct pair *pair) {
    struct sandbox_limits limits = {.memory_bytes = 16 << 20, .call_units = 100000000};
    pair->own = make_sandbox(&limits, NULL);
    pair->stock = lua_newstate(allocate, pair->own);
    luaL_openlibs(pair->stock);
    pair->checked = 0;
}

static void close_pair(struct pair *pair) {
    lua_close(pair->stock);
    sandbox_destroy(pair->own);
}

/* Messages that we word in our own way. */
static bool is_other_wording(const char *own, const char *stock) {
    static const char *const known[] = {"pattern too complex", "not enough memory",
                                        "resulting string too large", "too many results"};
    if (strncmp(own, "false", 5) != 0 || strncmp(stock, "false", 5) != 0) return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strstr(own, known[i]) || strstr(stock, known[i])) return true;
    }
    return false;
}

static void same(struct pair *pair, const char *expression) {
    static char text[16384];
    snprintf(text, sizeof text, "%sreturn show(%s)", prelude, expression);
    const char *stock = eval_stock(pair->stock, text);
    const char *own = eval_text(pair->own, text);
    pair->checked++;
    if (strcmp(own, stock) == 0 || is_other_wording(own, stock)) return;
    fail_msg("%s\n  own   %s\n  stock %s", expression, own, stock);
}

/* ---- random arguments, as Lua source */

static size_t add_quoted(char *out, const char *bytes, size_t len) {
    size_t used = 0;
    out[used++] = '"';
    for (size_t i = 0; i < len; i++)
        used += (size_t)sprintf(out + used, "\\%03d", (unsigned char)bytes[i]);
    out[used++] = '"';
    out[used] = '\0';
    return used;
}

static size_t random_subject(char *out) {
    static const char letters[] = "aaabbc(). %-xY1\n\0\xc3\xbc";
    char bytes[TEXT_MAX];
    size_t len = random_below(24);
    for (size_t i = 0; i < len; i++) bytes[i] = letters[random_below(sizeof letters - 1)];
    return add_quoted(out, bytes, len);
}

static size_t random_pattern(char *out) {
    static const char *const parts[] = {
        "a",      "b",  ".",   "%a", "%d",   "%s",   "%w",    "%W",    "%p",   "%c",   "%x",
        "%l",     "%u", "%g",  "%z", "[ab]", "[^a]", "[a-c]", "[%a-]", "[]a]", "[^]]", "*",
        "+",      "-",  "?",   "(",  ")",    "()",   "%1",    "%2",    "%b()", "%bxY", "%f[a]",
        "%f[%W]", "^",  "$",   "%%", "%.",   "(a)",  "(.-)",  "(.*)",  "[",    "]",    "%",
        "%f",     "%b", "[a-", "[%", "\xc3", "\n",   "%0"};
    char bytes[TEXT_MAX];
    size_t len = 0;
    for (uint32_t n = random_below(7); n > 0; n--) {
        const char *part = parts[random_below(sizeof parts / sizeof *parts)];
        memcpy(bytes + len, part, strlen(part));
        len += strlen(part);
    }
    return add_quoted(out, bytes, len);
}

static void random_position(char *out) {
    static const char *const positions[] = {
        "nil", "0", "1", "2", "-1", "-3", "5", "30", "-30", "math.maxinteger", "math.mininteger"};
    strcpy(out, positions[random_below(sizeof positions / sizeof *positions)]);
}

/* Every class and its opposite, of every byte; and as many captures as there may be. */
static void test_classes_and_captures(void **state) {
    struct pair pair;
    char text[256];
    (void)state;
    open_pair(&pair);
    for (const char *class = "acdglpsuwxz"; *class; class ++) {
        snprintf(
            text, sizeof text,
            "(function() local all = '' for b = 1, 255 do all = all .. string.char(b) end\n"
            "return all:gsub('%%%c', ''), all:gsub('%%%c', ''), ('\\0'):gsub('%%%c', '') end)()",
            *class, *class - 'a' + 'A', *class);
        same(&pair, text);
    }
    for (int count = 31; count <= 33; count++) {
        snprintf(text, sizeof text, "pcall(string.find, ('x'):rep(40), ('(x)'):rep(%d))", count);
        same(&pair, text);
    }
    close_pair(&pair);
}

static void test_patterns(void **state) {
    static char subject[512], pattern[512], text[4096], at[32];
    static const char *const replacements[] = {"'<%0>'",
                                               "'%1'",
                                               "'%2%1'",
                                               "'%%'",
                                               "'%'",
                                               "'%x'",
                                               "''",
                                               "{a='A',b=false,ab=1}",
                                               "function(x, y) return y end",
                                               "function(x) return x .. '!' end",
                                               "7",
                                               "{a={}}"};
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (int i = 0; i < ROUNDS; i++) {
        random_subject(subject);
        random_pattern(pattern);
        random_position(at);
        switch (i % 4) {
        case 0:
            sprintf(text, "pcall(string.find, %s, %s, %s, %s)", subject, pattern, at,
                    random_below(4) ? "nil" : "true");
            break;
        case 1: sprintf(text, "pcall(string.match, %s, %s, %s)", subject, pattern, at); break;
        case 2:
            sprintf(text, "pcall(string.gsub, %s, %s, %s, %s)", subject, pattern,
                    replacements[random_below(sizeof replacements / sizeof *replacements)],
                    random_below(3) ? "nil" : at);
            break;
        default:
            sprintf(text,
                    "pcall(function() local t = {} for a, b in string.gmatch(%s, %s, %s) do "
                    "t[#t + 1] = tostring(a) .. '/' .. tostring(b) end return table.concat(t, ' ') "
                    "end)",
                    subject, pattern, at);
        }
        same(&pair, text);
    }
    close_pair(&pair);
}

static void test_deep_patterns(void **state) {
    static const char *const cases[] = {
        "pcall(string.match, ('a'):rep(300), ('a?'):rep(250))",
        "pcall(string.match, ('a'):rep(300), ('(a)'):rep(33))",
        "pcall(string.match, ('a'):rep(300), ('(a'):rep(20))",
        "pcall(string.find, ('ab'):rep(30), ('.-'):rep(3) .. 'c')",
        "pcall(string.match, 'x', ('('):rep(40))",
        "pcall(string.gsub, 'abc', '', '-')",
        "pcall(string.gsub, 'hello world', 'o', 'x', 1)",
        "pcall(string.gsub, 'abc', 'b*', 'x')",
        "pcall(string.gsub, 'abc', '^a', 'x', 0)",
        "pcall(string.find, 'a\\0b', '\\0')",
        "pcall(string.find, 'a\\0b', 'b', -1)",
        "pcall(string.rep)",
        "pcall(string.gsub, 'x', 'x')",
    };
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) same(&pair, cases[i]);
    close_pair(&pair);
}

static void test_bytes(void **state) {
    static const char *const functions[] = {"sub",   "byte",    "rep", "upper",
                                            "lower", "reverse", "len"};
    static char subject[512], text[2048], a[32], b[32];
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (int i = 0; i < ROUNDS / 4; i++) {
        const char *name = functions[random_below(sizeof functions / sizeof *functions)];
        random_subject(subject);
        random_position(a);
        random_position(b);
        if (strcmp(name, "rep") == 0)
            sprintf(text, "pcall(string.rep, %s, %d, %s)", subject, (int)random_below(9) - 2,
                    random_below(2) ? "nil" : "', '");
        else
            sprintf(text, "pcall(string.%s, %s, %s, %s)", name, subject, a, b);
        same(&pair, text);
    }
    close_pair(&pair);
}

static void test_format(void **state) {
    static const char flags[] = "-+ #0.123459";
    static const char letters[] = "diuoxXaAeEfgGcsqq%";
    static const char *const values[] = {"0",
                                         "1",
                                         "-1",
                                         "255",
                                         "3.5",
                                         "-0.0",
                                         "1e100",
                                         "1e308",
                                         "2^53",
                                         "'abc'",
                                         "''",
                                         "'10'",
                                         "nil",
                                         "true",
                                         "math.huge",
                                         "-math.huge",
                                         "math.mininteger",
                                         "1/3",
                                         "'a\\0b\\n\"\\\\'",
                                         "('x'):rep(120)",
                                         "{}"};
    char text[512], spec[16];
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (int i = 0; i < ROUNDS / 2; i++) {
        uint32_t n = random_below(4), at = 0;
        for (; at < n; at++) spec[at] = flags[random_below(sizeof flags - 1)];
        spec[at] = '\0';
        char letter = letters[random_below(sizeof letters - 1)];
        const char *value = values[random_below(sizeof values / sizeof *values)];
        if (letter == 'u' || strcmp(value, "{}") == 0) continue; /* no address, and see below */
        sprintf(text, "pcall(string.format, '<%%%s%c>', %s)", spec, letter, value);
        same(&pair, text);
    }
    close_pair(&pair);
}

static void test_pack(void **state) {
    static const char options[] = "<>=!bBhHiIlLjJTfdnsczxX 1248169";
    static const char *const values[] = {"0",     "1",       "-1",         "127", "-128",
                                         "65535", "1 << 40", "-(1 << 62)", "3.5", "'abc'",
                                         "''",    "'a\\0'",  "1e10"};
    static char format[64], text[2048], subject[512];
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (int i = 0; i < ROUNDS / 2; i++) {
        uint32_t n = random_below(6) + 1, at = 0;
        for (; at < n; at++) format[at] = options[random_below(sizeof options - 1)];
        format[at] = '\0';
        sprintf(text, "pcall(string.packsize, '%s')", format);
        same(&pair, text);
        sprintf(text, "pcall(string.pack, '%s', %s, %s, %s)", format,
                values[random_below(sizeof values / sizeof *values)],
                values[random_below(sizeof values / sizeof *values)],
                values[random_below(sizeof values / sizeof *values)]);
        same(&pair, text);
        random_subject(subject);
        sprintf(text, "pcall(string.unpack, '%s', %s)", format, subject);
        same(&pair, text);
    }
    close_pair(&pair);
}

static void test_utf8(void **state) {
    static const char *const pieces[] = {"a",
                                         "\xc3\xbc",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "\x80",
                                         "\xff",
                                         "\xc0\x80",
                                         "\xed\xa0\x80",
                                         "\xe2\x82",
                                         "\xf4\x90\x80\x80",
                                         "\xfd\xbf\xbf\xbf\xbf\xbf",
                                         "\0"};
    static char bytes[128], quoted[1024], text[4096], a[32], b[32];
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (int i = 0; i < ROUNDS / 4; i++) {
        size_t len = 0;
        for (uint32_t n = random_below(6); n > 0; n--) {
            const char *piece = pieces[random_below(sizeof pieces / sizeof *pieces)];
            size_t size = *piece ? strlen(piece) : 1;
            memcpy(bytes + len, piece, size);
            len += size;
        }
        add_quoted(quoted, bytes, len);
        random_position(a);
        random_position(b);
        const char *lax = random_below(2) ? "true" : "nil";
        sprintf(text, "pcall(utf8.len, %s, %s, %s, %s)", quoted, a, b, lax);
        same(&pair, text);
        sprintf(text, "pcall(utf8.codepoint, %s, %s, %s, %s)", quoted, a, b, lax);
        same(&pair, text);
        sprintf(text, "pcall(utf8.offset, %s, %d, %s)", quoted, (int)random_below(7) - 3, a);
        same(&pair, text);
        sprintf(text, "pcall(utf8.char, %d, %u)", (int)random_below(300) - 5,
                random_below(0x7fffffff));
        same(&pair, text);
    }
    same(&pair, "true, utf8.charpattern");
    close_pair(&pair);
}

static void test_tables(void **state) {
    static const char *const calls[] = {"table.insert(t, %d, 'x')",
                                        "table.insert(t, 'x', %d)",
                                        "table.remove(t, %d)",
                                        "table.move(t, %d, %d, %d)",
                                        "table.concat(t, ',', %d, %d)",
                                        "table.unpack(t, %d, %d)",
                                        "#table.pack(table.unpack(t, %d))",
                                        "select(%d, 1, 2, 3)"};
    static char call[256], text[2048];
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (int i = 0; i < ROUNDS / 4; i++) {
        const char *form = calls[random_below(sizeof calls / sizeof *calls)];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        sprintf(call, form, (int)random_below(9) - 1, (int)random_below(9) - 1,
                (int)random_below(9) - 1);
#pragma GCC diagnostic pop
        sprintf(text,
                "pcall(function() local t = {} for i = 1, %d do t[i] = i * 10 end "
                "return table.concat({show(pcall(function() return %s end))}) .. "
                "table.concat(t, ' ') end)",
                (int)random_below(6), call);
        same(&pair, text);
    }
    close_pair(&pair);
}

static void test_sort(void **state) {
    struct pair pair;
    char text[512];
    (void)state;
    open_pair(&pair);
    for (int i = 0; i < 300; i++) {
        sprintf(
            text,
            "pcall(function() local t, x = {}, %u for i = 1, %u do x = (x * 1103515245 + 12345) "
            "%% 2147483648 t[i] = x %% %u end table.sort(t%s) return table.concat(t, ' ') end)",
            random_below(1u << 30), random_below(200), random_below(50) + 1,
            random_below(2) ? ", function(a, b) return a > b end" : "");
        same(&pair, text);
    }
    close_pair(&pair);
}

static void test_conversions(void **state) {
    static const char *const cases[] = {
        "tonumber('0x10')",
        "tonumber(' 12 ')",
        "tonumber('1e2')",
        "tonumber('z', 36)",
        "tonumber('-ff', 16)",
        "tonumber('8', 8)",
        "tonumber('')",
        "tonumber('1 2')",
        "tonumber('10', 2)",
        "tonumber(nil)",
        "pcall(tonumber)",
        "pcall(tonumber, 1, 2)",
        "pcall(tonumber, '1', 99)",
        "tonumber('0x1p4')",
        "tonumber('1e')",
        "tonumber('\\0001')",
        "'10' + 1",
        "'0x10' * '2'",
        "'3' // 2",
        "'7' % '4'",
        "-'2'",
        "'2' ^ 2",
        "pcall(function() return 'a' + 1 end)",
        "pcall(function() return {} + '1' end)",
        "10 .. 20",
        "tostring(-0.0)",
        "tostring(1e15)",
        "tostring(2^63)",
        "tostring(1e100)",
        "math.tointeger('8')",
        "math.tointeger(3.0)",
        "math.tointeger(3.5)",
        "math.fmod(-5, 3)",
        "math.fmod(5, -3.5)",
        "pcall(math.fmod, 1, 0)",
        "math.modf(3.7)",
        "math.modf(-3.7)",
        "math.modf(1/0)",
        "math.floor(-3.5)",
        "math.ceil(3.2)",
        "math.abs(math.mininteger)",
        "math.ult(1, -1)",
        "math.max(1, 2.5, -1)",
        "math.min(3)",
        "pcall(math.max)",
        "rawlen({1, 2})",
        "rawlen('abc')",
        "rawequal('a', 'a')",
        "select('#', nil, nil)",
        "select(-1, 1, 2)",
        "pcall(select, 0)",
        "next({})",
        "type(nil)",
        "pcall(type)",
        "pcall(error)",
        "pcall(error, nil)",
        "pcall(error, {1})",
        "pcall(error, 'x', 0)",
        "pcall(assert, false)",
        "pcall(assert, nil, 'm')",
        "pcall(assert)",
        "assert(1, 2)",
        "pcall(setmetatable, 1, {})",
        "pcall(ipairs)",
        "xpcall(error, function(m) return m .. '!' "
        "end, 'x')",
        "xpcall(function(...) return ... end, print, 1, 2)",
        "pcall(xpcall)",
        "pcall(pcall)",
        "(function() local n = 0 for i, v in ipairs({1, 2, nil, 4}) do n = n + v "
        "end return n end)()",
    };
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) same(&pair, cases[i]);
    close_pair(&pair);
}

/* A line is one; a line that is empty or begins with # is none. */
static void test_edges(void **state) {
    static char line[4096];
    FILE *file = fopen(VECTOR_DIR "/stock_edges.txt", "r");
    struct pair pair;
    (void)state;
    assert_non_null(file);
    open_pair(&pair);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (*line && *line != '#') same(&pair, line);
    }
    assert_true(pair.checked > 100);
    close_pair(&pair);
    (void)fclose(file);
}

static void test_coroutines(void **state) {
    static const char *const cases[] = {
        "coroutine.resume(coroutine.create(function(...) return ... end), 1, 2)",
        "coroutine.wrap(function() coroutine.yield(1, 2) end)()",
        "(function() local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) "
        "return b * 2 end) local _, x = coroutine.resume(co, 1) local _, y = coroutine.resume(co, "
        "10) return x, y, coroutine.status(co), coroutine.resume(co) end)()",
        "coroutine.resume(coroutine.create(error), 'x')",
        "pcall(coroutine.wrap(function() error('deep') end))",
        "pcall(coroutine.wrap(function() error({}) end))",
        "(function() local co = coroutine.wrap(function() return pcall(function() "
        "coroutine.yield(1) "
        "error('after') end) end) return co(), co() end)()",
        "(function() local co co = coroutine.create(function() return coroutine.status(co), "
        "coroutine.resume(co) end) return coroutine.resume(co) end)()",
        "(function() local log = '' local co = coroutine.create(function() local x <close> = "
        "setmetatable({}, {__close = function(_, e) log = log .. 'closed' .. tostring(e) end}) "
        "coroutine.yield() end) coroutine.resume(co) local a, b = coroutine.close(co) return a, b, "
        "log, coroutine.status(co) end)()",
        "(function() local co = coroutine.create(function() local x <close> = setmetatable({}, "
        "{__close = function() error('bad', 0) end}) coroutine.yield() end) coroutine.resume(co) "
        "return coroutine.close(co) end)()",
        "(function() local w = coroutine.wrap(function() local x <close> = setmetatable({}, "
        "{__close = function(_, e) error(e .. '+', 0) end}) error('a', 0) end) return pcall(w) "
        "end)()",
        "pcall(coroutine.close, coroutine.running())",
        "coroutine.isyieldable()",
        "select(2, coroutine.running())",
        "pcall(coroutine.create)",
        "pcall(coroutine.resume, 1)",
        "coroutine.resume(coroutine.create(function() return coroutine.isyieldable(), "
        "select(2, coroutine.running()) end))",
        "(function() local co = coroutine.wrap(function() return xpcall(function() "
        "coroutine.yield(1) error('z', 0) end, function(m) coroutine.isyieldable() return m .. '!' "
        "end) end) return co(), co() end)()",
        "(function() local function gen(n) return coroutine.wrap(function() for i = 1, n do "
        "coroutine.yield(i) end end) end local s = 0 for i in gen(10) do s = s + i end return s "
        "end)()",
        "(function() local co = coroutine.create(function() end) coroutine.resume(co) return "
        "coroutine.resume(co) end)()",
        "(function() local t = {} for i = 1, 50 do t[i] = coroutine.wrap(function() return t[i - "
        "1] "
        "and t[i - 1]() or i end) end return t[50]() end)()",
    };
    struct pair pair;
    (void)state;
    open_pair(&pair);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) same(&pair, cases[i]);
    close_pair(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_and_captures),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_deep_patterns),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_coroutines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
