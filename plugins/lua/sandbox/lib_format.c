/* lib_format - string.format, without %p. Text and pointers become what tostring makes of them. */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SPEC_MAX = 32, ITEM_MAX = 512 }; /* %99.99f of 1e308 takes 410 bytes */

/* One conversion: "%", flags, width, precision; the letter is kept apart. */
struct spec {
    char text[SPEC_MAX];
    size_t len;
    char letter;
    bool precision;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static const char *read_spec(lua_State *L, const char *at, const char *end, struct spec *spec) {
    const char *first = at;
    while (at < end && *at && strchr("-+#0 .123456789", *at)) at++;
    if ((size_t)(at - first) >= 22) luaL_error(L, "invalid format string to 'format'");
    spec->len = (size_t)(at - first) + 1;
    spec->text[0] = '%';
    memcpy(spec->text + 1, first, spec->len - 1);
    spec->text[spec->len] = '\0';
    spec->letter = at < end ? *at : '\0';
    spec->precision = memchr(first, '.', (size_t)(at - first)) != NULL;
    return at < end ? at + 1 : at;
}

static void refuse_spec(lua_State *L, const struct spec *spec) {
    luaL_error(L, "invalid conversion '%s%c' to 'format'", spec->text, spec->letter);
}

static const char *skip_two_digits(const char *at) {
    if (is_digit(*at)) at++;
    if (is_digit(*at)) at++;
    return at;
}

/* Only these flags, a width of two digits, and, where allowed, such a precision. */
static void check_spec(lua_State *L, const struct spec *spec, const char *flags, bool precision) {
    const char *at = spec->text + 1;
    while (*at && strchr(flags, *at)) at++;
    if (*at != '0') { /* a width does not begin with 0 */
        at = skip_two_digits(at);
        if (*at == '.' && precision) at = skip_two_digits(at + 1);
    }
    if (*at) luaL_error(L, "invalid conversion specification: '%s%c'", spec->text, spec->letter);
}

/* The spec with a length modifier and the letter, for snprintf. */
static const char *full_spec(struct spec *spec, const char *modifier) {
    snprintf(spec->text + spec->len, sizeof spec->text - spec->len, "%s%c", modifier, spec->letter);
    return spec->text;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* checked above, letter by letter */

static void add_integer(lua_State *L, luaL_Buffer *out, struct spec *spec, int index,
                        const char *flags) {
    lua_Integer n = luaL_checkinteger(L, index);
    check_spec(L, spec, flags, true);
    char *item = result_room(out, ITEM_MAX);
    luaL_addsize(out, (size_t)snprintf(item, ITEM_MAX, full_spec(spec, "ll"), n));
}

static void add_number(lua_State *L, luaL_Buffer *out, struct spec *spec, int index) {
    bool hexadecimal = (spec->letter | 0x20) == 'a'; /* the order of checks as in Lua */
    if (hexadecimal) check_spec(L, spec, "-+ #0", true);
    lua_Number n = luaL_checknumber(L, index);
    if (!hexadecimal) check_spec(L, spec, "-+ #0", true);
    char *item = result_room(out, ITEM_MAX);
    if (isnan(n)) n = (lua_Number)NAN; /* its sign depends on the processor */
    luaL_addsize(out, (size_t)snprintf(item, ITEM_MAX, full_spec(spec, ""), n));
}

static void add_char(lua_State *L, luaL_Buffer *out, struct spec *spec, int index) {
    check_spec(L, spec, "-", false);
    int c = (int)luaL_checkinteger(L, index);
    char *item = result_room(out, ITEM_MAX);
    luaL_addsize(out, (size_t)snprintf(item, ITEM_MAX, full_spec(spec, ""), c));
}

static void add_text(lua_State *L, luaL_Buffer *out, struct spec *spec, int index) {
    size_t len;
    const char *text = sandbox_tostring(L, index, &len);
    sandbox_charge(L, len / 16 + 5);
    if (spec->len == 1) {
        result_add_value(out);
        return;
    }
    luaL_argcheck(L, len == strlen(text), index, "string contains zeros");
    check_spec(L, spec, "-", true);
    if (!spec->precision && len >= 100) { /* longer than any width */
        result_add_value(out);
        return;
    }
    char item[ITEM_MAX];
    int n = snprintf(item, sizeof item, full_spec(spec, ""), text);
    lua_pop(L, 1);
    result_add(out, item, (size_t)n);
}

#pragma GCC diagnostic pop

/* ---- %q: as Lua source */

/* Backslash and number; three digits when another digit follows. */
static void quote_control(luaL_Buffer *out, unsigned char c, bool digit_follows) {
    result_add_char(out, '\\');
    if (digit_follows || c >= 100) result_add_char(out, (char)('0' + c / 100));
    if (digit_follows || c >= 10) result_add_char(out, (char)('0' + c / 10 % 10));
    result_add_char(out, (char)('0' + c % 10));
}

static void quote_text(luaL_Buffer *out, const char *text, size_t len) {
    result_add_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        look(out->L, i, 5);
        if (c == '"' || c == '\\' || c == '\n') result_add_char(out, '\\');
        if ((c < ' ' && c != '\n') || c == 0x7f)
            quote_control(out, c, i + 1 < len && is_digit(text[i + 1]));
        else
            result_add_char(out, (char)c);
    }
    result_add_char(out, '"');
}

static void quote_number(lua_State *L, luaL_Buffer *out, int index) {
    char item[128];
    lua_Number n = lua_tonumber(L, index);
    if (lua_isinteger(L, index)) {
        lua_Integer i = lua_tointeger(L, index);
        const char *format = i == LUA_MININTEGER ? "0x%llx" : "%lld";
        snprintf(item, sizeof item, format, (long long)i);
    } else if (isinf(n) || isnan(n)) {
        snprintf(item, sizeof item, "%s", isnan(n) ? "(0/0)" : n > 0 ? "1e9999" : "-1e9999");
    } else {
        snprintf(item, sizeof item, "%a", n);
    }
    result_add(out, item, strlen(item));
}

static void add_quoted(lua_State *L, luaL_Buffer *out, const struct spec *spec, int index) {
    size_t len;
    const char *text;
    if (spec->len > 1) luaL_error(L, "specifier '%%q' cannot have modifiers");
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &len);
        sandbox_charge(L, len / 16);
        quote_text(out, text, len);
        break;
    case LUA_TNUMBER: quote_number(L, out, index); break;
    case LUA_TNIL:
    case LUA_TBOOLEAN:
        sandbox_tostring(L, index, NULL);
        result_add_value(out);
        break;
    default: luaL_argerror(L, index, "value has no literal form");
    }
}

static void add_item(lua_State *L, luaL_Buffer *out, struct spec *spec, int index) {
    switch (spec->letter) {
    case 'c': add_char(L, out, spec, index); break;
    case 'd':
    case 'i': add_integer(L, out, spec, index, "-+0 "); break;
    case 'u': add_integer(L, out, spec, index, "-0"); break;
    case 'o':
    case 'x':
    case 'X': add_integer(L, out, spec, index, "-#0"); break;
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': add_number(L, out, spec, index); break;
    case 'q': add_quoted(L, out, spec, index); break;
    case 's': add_text(L, out, spec, index); break;
    case 'p': luaL_error(L, "'%%p' is not available: scripts see no addresses"); break;
    default: refuse_spec(L, spec);
    }
}

/* Up to the next conversion; "%%" stands for itself. */
static const char *add_plain(luaL_Buffer *out, const char *at, const char *end) {
    while (at < end) {
        const char *percent = memchr(at, '%', (size_t)(end - at));
        result_add(out, at, (size_t)((percent ? percent : end) - at));
        if (!percent || percent + 1 == end || percent[1] != '%') return percent ? percent : end;
        result_add_char(out, '%');
        sandbox_charge(out->L, 10);
        at = percent + 2;
    }
    return end;
}

static int string_format(lua_State *L) {
    size_t len;
    luaL_Buffer out;
    int index = 1, top = lua_gettop(L);
    const char *at = luaL_checklstring(L, 1, &len), *end = at + len;
    sandbox_charge(L, len / 4 + 10);
    luaL_buffinit(L, &out);
    while ((at = add_plain(&out, at, end)) < end) {
        struct spec spec;
        if (++index > top) return luaL_argerror(L, index, "no value");
        at = read_spec(L, at + 1, end, &spec);
        sandbox_charge(L, 50);
        add_item(L, &out, &spec, index);
    }
    result_finish(&out);
    return 1;
}

void lib_format_add(lua_State *L) {
    lua_pushcfunction(L, string_format);
    lua_setfield(L, -2, "format");
}
