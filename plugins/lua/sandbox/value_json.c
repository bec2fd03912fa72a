/* value_json - plain values as JSON text; see value.h. */
#include "internal.h"
#include "value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS_PER_VALUE = 20, NUMBER_BYTES_MAX = 64 };

/* ---- writing */

struct writer {
    lua_State *L;
    char *out;
    size_t size, used;
};

static void write_value(struct writer *w, int index, int depth);

static void put(struct writer *w, const char *bytes, size_t len) {
    if (len > w->size - w->used) luaL_error(w->L, "value over %I bytes", (lua_Integer)w->size);
    memcpy(w->out + w->used, bytes, len);
    w->used += len;
}

static void put_text(struct writer *w, const char *text) {
    put(w, text, strlen(text));
}

static void write_escape(struct writer *w, unsigned char c) {
    static const char *const named[] = {
        ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r",
        ['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\"};
    char escape[8];
    if (c < sizeof named / sizeof *named && named[c]) {
        put_text(w, named[c]);
        return;
    }
    snprintf(escape, sizeof escape, "\\u%04x", c);
    put_text(w, escape);
}

static void write_string(struct writer *w, const char *text, size_t len) {
    const unsigned char *bytes = (const unsigned char *)text;
    sandbox_charge(w->L, len / 2);
    put(w, "\"", 1);
    for (size_t i = 0; i < len;) {
        size_t n = errors_utf8_length(bytes + i, len - i);
        if (n == 0) luaL_error(w->L, "a string that is not UTF-8 has no JSON form");
        if (bytes[i] < ' ' || bytes[i] == '"' || bytes[i] == '\\' || bytes[i] == 0x7f)
            write_escape(w, bytes[i]);
        else
            put(w, text + i, n);
        i += n;
    }
    put(w, "\"", 1);
}

/* The shortest text that reads back as the same number, and as a float. */
static void write_float(struct writer *w, double number) {
    char text[NUMBER_BYTES_MAX];
    if (!isfinite(number)) luaL_error(w->L, "a number that is not finite has no JSON form");
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    put_text(w, text);
    if (!strpbrk(text, ".e")) put(w, ".0", 2);
}

static void write_number(struct writer *w, int index) {
    char text[NUMBER_BYTES_MAX];
    if (!lua_isinteger(w->L, index)) {
        write_float(w, lua_tonumber(w->L, index));
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(w->L, index));
    put_text(w, text);
}

static void write_key(struct writer *w, const struct order_key *key) {
    if (key->kind != ORDER_STRING)
        luaL_error(w->L, "a table with keys other than 1..n or strings has no JSON form");
    write_string(w, key->as.string, key->len);
    put(w, ":", 1);
}

static void write_table(struct writer *w, int index, int depth) {
    lua_State *L = w->L;
    struct order order;
    if (depth >= VALUE_DEPTH_MAX)
        luaL_error(L, "tables nested over %d deep, or in a cycle", VALUE_DEPTH_MAX);
    luaL_checkstack(L, 8, NULL);
    if (lua_getmetatable(L, index)) luaL_error(L, "a table with a metatable has no JSON form");
    order_keys(L, index, &order);
    bool array = order.sequence && order.count > 0;
    put(w, array ? "[" : "{", 1);
    for (size_t i = 0; i < order.count; i++) {
        struct order_key key = order_at(L, &order, i);
        if (i > 0) put(w, ",", 1);
        if (!array) write_key(w, &key);
        order_push(L, &order, i);
        lua_rawget(L, index);
        write_value(w, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    put(w, array ? "]" : "}", 1);
    order_drop(L, &order);
}

static void write_value(struct writer *w, int index, int depth) {
    size_t len;
    const char *text;
    sandbox_charge(w->L, UNITS_PER_VALUE);
    switch (lua_type(w->L, index)) {
    case LUA_TNIL: put_text(w, "null"); break;
    case LUA_TBOOLEAN: put_text(w, lua_toboolean(w->L, index) ? "true" : "false"); break;
    case LUA_TNUMBER: write_number(w, index); break;
    case LUA_TSTRING:
        text = lua_tolstring(w->L, index, &len);
        write_string(w, text, len);
        break;
    case LUA_TTABLE: write_table(w, index, depth); break;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(w->L, index)) {
            put_text(w, "null");
            break;
        } /* FALLTHROUGH */
    default: luaL_error(w->L, "a %s has no JSON form", luaL_typename(w->L, index));
    }
}

size_t value_to_json(lua_State *L, int index, char *out, size_t size) {
    struct writer w = {.L = L, .out = out, .size = size};
    write_value(&w, lua_absindex(L, index), 0);
    return w.used;
}

/* ---- reading */

struct reader {
    lua_State *L;
    const char *start, *at, *end;
};

static void read_value(struct reader *r, int depth);

static int fail(struct reader *r, const char *what) {
    return luaL_error(r->L, "JSON: %s at byte %I", what, (lua_Integer)(r->at - r->start) + 1);
}

static void skip_blank(struct reader *r) {
    size_t steps = 0;
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) {
        r->at++;
        look(r->L, steps++, 1);
    }
}

static char peek(struct reader *r) {
    return r->at < r->end ? *r->at : '\0';
}

static bool take_char(struct reader *r, char c) {
    if (peek(r) != c || r->at == r->end) return false;
    r->at++;
    return true;
}

static void read_word(struct reader *r, const char *word) {
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0) fail(r, "unknown word");
    r->at += len;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void skip_digits(struct reader *r) {
    if (!is_digit(peek(r))) fail(r, "digit expected");
    while (is_digit(peek(r))) r->at++;
}

static void read_number(struct reader *r) {
    char text[NUMBER_BYTES_MAX];
    const char *first = r->at;
    take_char(r, '-');
    if (!take_char(r, '0')) skip_digits(r);
    if (take_char(r, '.')) skip_digits(r);
    if (take_char(r, 'e') || take_char(r, 'E')) {
        if (!take_char(r, '-')) take_char(r, '+');
        skip_digits(r);
    }
    size_t len = (size_t)(r->at - first);
    if (len >= sizeof text) fail(r, "number too long");
    memcpy(text, first, len);
    text[len] = '\0';
    if (lua_stringtonumber(r->L, text) != len + 1 || !isfinite(lua_tonumber(r->L, -1)))
        fail(r, "number out of range");
}

static uint32_t read_hex(struct reader *r) {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        char c = peek(r);
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : fail(r, "four hexadecimal digits expected");
        code = code << 4 | (uint32_t)digit;
        r->at++;
    }
    return code;
}

/* Behind "\u"; a pair of surrogates is one character. */
static uint32_t read_code(struct reader *r) {
    uint32_t code = read_hex(r);
    if (code < 0xd800 || code > 0xdfff) return code;
    if (code > 0xdbff || !take_char(r, '\\') || !take_char(r, 'u')) fail(r, "lone surrogate");
    uint32_t low = read_hex(r);
    if (low < 0xdc00 || low > 0xdfff) fail(r, "lone surrogate");
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_code(uint32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00 >> n & 0xff) | code);
    return n;
}

static size_t read_escape(struct reader *r, char *out) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = peek(r);
    const char *known = c ? strchr(letters, c) : NULL;
    if (c == 'u') {
        r->at++;
        return put_code(read_code(r), out);
    }
    if (!known) fail(r, "unknown escape");
    r->at++;
    *out = meanings[known - letters];
    return 1;
}

/* The text is never longer than what stands in quotes. */
static void read_string(struct reader *r) {
    luaL_Buffer out;
    if (!take_char(r, '"')) fail(r, "string expected");
    const char *end = memchr(r->at, '"', (size_t)(r->end - r->at));
    while (end && end[-1] == '\\') { /* perhaps escaped: only bounds the space needed */
        end = memchr(end + 1, '"', (size_t)(r->end - end - 1));
    }
    size_t most = (size_t)((end ? end : r->end) - r->at), used = 0;
    sandbox_charge(r->L, most / 2);
    sandbox_reserve(r->L, most);
    char *text = luaL_buffinitsize(r->L, &out, most + 4);
    while (!take_char(r, '"')) {
        if (r->at == r->end) fail(r, "unfinished string");
        if (used > most) fail(r, "unfinished string");
        size_t n = errors_utf8_length((const unsigned char *)r->at, (size_t)(r->end - r->at));
        if (n == 0 || (unsigned char)*r->at < ' ') fail(r, "invalid byte in a string");
        if (take_char(r, '\\')) {
            used += read_escape(r, text + used);
            continue;
        }
        memcpy(text + used, r->at, n);
        used += n;
        r->at += n;
    }
    luaL_pushresultsize(&out, used);
}

static void check_depth(struct reader *r, int depth) {
    if (depth >= VALUE_DEPTH_MAX) fail(r, "nested too deeply");
}

static void read_array(struct reader *r, int depth) {
    check_depth(r, depth);
    lua_newtable(r->L);
    skip_blank(r);
    if (take_char(r, ']')) return;
    for (lua_Integer i = 1;; i++) {
        read_value(r, depth + 1);
        lua_rawseti(r->L, -2, i);
        if (take_char(r, ']')) return;
        if (!take_char(r, ',')) fail(r, "',' or ']' expected");
    }
}

static void read_object(struct reader *r, int depth) {
    check_depth(r, depth);
    lua_newtable(r->L);
    skip_blank(r);
    if (take_char(r, '}')) return;
    for (;;) {
        skip_blank(r);
        read_string(r);
        skip_blank(r);
        if (!take_char(r, ':')) fail(r, "':' expected");
        read_value(r, depth + 1);
        lua_rawset(r->L, -3);
        if (take_char(r, '}')) return;
        if (!take_char(r, ',')) fail(r, "',' or '}' expected");
    }
}

/* Skips blanks on both sides. */
static void read_value(struct reader *r, int depth) {
    sandbox_charge(r->L, UNITS_PER_VALUE);
    luaL_checkstack(r->L, 8, NULL);
    skip_blank(r);
    switch (peek(r)) {
    case '{': r->at++, read_object(r, depth); break;
    case '[': r->at++, read_array(r, depth); break;
    case '"': read_string(r); break;
    case 't': read_word(r, "true"), lua_pushboolean(r->L, 1); break;
    case 'f': read_word(r, "false"), lua_pushboolean(r->L, 0); break;
    case 'n': read_word(r, "null"), value_push_null(r->L); break;
    default: read_number(r);
    }
    skip_blank(r);
}

void value_from_json(lua_State *L, const char *text, size_t len) {
    struct reader r = {.L = L, .start = text, .at = text, .end = text + len};
    read_value(&r, 0);
    if (r.at != r.end) fail(&r, "text left over");
}
