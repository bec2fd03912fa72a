/* lib_pack - string.pack, unpack and packsize. Formats as in the manual; sizes and offsets are
 * checked in one place each, so that no format can leave a string or overflow a size.
 */
#include "internal.h"

#include <string.h>

enum { INTEGER_BYTES = 8, INTEGER_BYTES_MAX = 16, ALIGN_MAX = 8, PACK_BYTES_MAX = 0x7fffffff };

enum kind {
    KIND_INT,
    KIND_UINT,
    KIND_FLOAT,
    KIND_DOUBLE,
    KIND_FIXED,  /* c: bytes of a fixed length */
    KIND_STRING, /* s: bytes behind their length */
    KIND_ZERO,   /* z: bytes up to a zero */
    KIND_PADDING,
    KIND_ALIGN, /* X */
    KIND_NONE,  /* options that only change how others are read */
};

struct format {
    lua_State *L;
    const char *at;
    bool little;
    size_t align_max;
    size_t total;   /* bytes so far */
    size_t options; /* charged now and then */
};

/* One option: padding bytes come first, then size bytes. */
struct option {
    enum kind kind;
    size_t size, padding;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t read_count(struct format *f, size_t otherwise) {
    if (!is_digit(*f->at)) return otherwise;
    size_t n = 0;
    do {
        n = n * 10 + (size_t)(*f->at++ - '0');
    } while (is_digit(*f->at) && n <= (PACK_BYTES_MAX - 9) / 10);
    return n;
}

static size_t read_size(struct format *f, size_t otherwise) {
    size_t n = read_count(f, otherwise);
    if (n < 1 || n > INTEGER_BYTES_MAX)
        luaL_error(f->L, "integral size (%d) out of limits [1,%d]", (int)n, INTEGER_BYTES_MAX);
    return n;
}

static struct option option_of(enum kind kind, size_t size) {
    return (struct option){.kind = kind, .size = size};
}

static struct option read_fixed(struct format *f) {
    size_t n = read_count(f, SIZE_MAX);
    if (n == SIZE_MAX) luaL_error(f->L, "missing size for format option 'c'");
    return option_of(KIND_FIXED, n);
}

static struct option read_other(struct format *f, char letter) {
    switch (letter) {
    case ' ': break;
    case '<': f->little = true; break;
    case '=': f->little = true; break; /* the same on every machine: replays must agree */
    case '>': f->little = false; break;
    case '!': f->align_max = read_size(f, ALIGN_MAX); break;
    default: luaL_error(f->L, "invalid format option '%c'", letter);
    }
    return option_of(KIND_NONE, 0);
}

static struct option read_letter(struct format *f) {
    char letter = *f->at++;
    switch (letter) {
    case 'b': return option_of(KIND_INT, 1);
    case 'B': return option_of(KIND_UINT, 1);
    case 'h': return option_of(KIND_INT, 2);
    case 'H': return option_of(KIND_UINT, 2);
    case 'i': return option_of(KIND_INT, read_size(f, 4));
    case 'I': return option_of(KIND_UINT, read_size(f, 4));
    case 'l':
    case 'j': return option_of(KIND_INT, 8);
    case 'L':
    case 'J':
    case 'T': return option_of(KIND_UINT, 8);
    case 'f': return option_of(KIND_FLOAT, 4);
    case 'd':
    case 'n': return option_of(KIND_DOUBLE, 8);
    case 's': return option_of(KIND_STRING, read_size(f, 8));
    case 'c': return read_fixed(f);
    case 'z': return option_of(KIND_ZERO, 0);
    case 'x': return option_of(KIND_PADDING, 1);
    case 'X': return option_of(KIND_ALIGN, 0);
    default: return read_other(f, letter);
    }
}

static bool is_aligned_kind(enum kind kind) {
    return kind <= KIND_DOUBLE || kind == KIND_STRING;
}

static size_t align_of(struct format *f, const struct option *option) {
    if (option->kind != KIND_ALIGN) return is_aligned_kind(option->kind) ? option->size : 1;
    struct option next = *f->at ? read_letter(f) : option_of(KIND_NONE, 0);
    bool bad = next.kind == KIND_FIXED || !next.size;
    luaL_argcheck(f->L, !bad, 1, "invalid next option for option 'X'");
    return next.size;
}

static struct option next_option(struct format *f) {
    if (++f->options % 64 == 0) sandbox_charge(f->L, 64 * 10);
    struct option option = read_letter(f);
    size_t align = align_of(f, &option);
    if (align > f->align_max) align = f->align_max;
    if (align <= 1) return option;
    luaL_argcheck(f->L, (align & (align - 1)) == 0, 1, "format asks for alignment not power of 2");
    option.padding = (align - (f->total & (align - 1))) & (align - 1);
    return option;
}

static void format_init(struct format *f, lua_State *L, const char *text) {
    *f = (struct format){.L = L, .at = text, .little = true, .align_max = 1};
    sandbox_charge(L, 20);
}

/* ---- bytes of numbers */

static void put_integer(char *to, lua_Unsigned n, bool little, size_t size, bool negative) {
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = i < INTEGER_BYTES ? (unsigned char)(n >> 8 * i) : negative ? 0xff : 0;
        to[little ? i : size - 1 - i] = (char)byte;
    }
}

static lua_Integer get_integer(lua_State *L, const char *from, bool little, size_t size,
                               bool is_signed) {
    lua_Unsigned n = 0;
    for (size_t i = 0; i < size && i < INTEGER_BYTES; i++)
        n |= (lua_Unsigned)(unsigned char)from[little ? i : size - 1 - i] << 8 * i;
    if (size < INTEGER_BYTES && is_signed) {
        lua_Unsigned sign = (lua_Unsigned)1 << (size * 8 - 1);
        return (lua_Integer)((n ^ sign) - sign);
    }
    unsigned char filler = is_signed && (lua_Integer)n < 0 ? 0xff : 0;
    for (size_t i = INTEGER_BYTES; i < size; i++) {
        if ((unsigned char)from[little ? i : size - 1 - i] != filler)
            luaL_error(L, "%d-byte integer does not fit into Lua Integer", (int)size);
    }
    return (lua_Integer)n;
}

static void copy_swapped(char *to, const char *from, size_t size, bool little) {
    for (size_t i = 0; i < size; i++) to[i] = from[little ? i : size - 1 - i];
}

/* ---- pack */

static void pack_integer(struct format *f, luaL_Buffer *out, const struct option *option,
                         int index) {
    lua_Integer n = luaL_checkinteger(f->L, index);
    bool is_signed = option->kind == KIND_INT;
    if (option->size < INTEGER_BYTES) {
        lua_Integer limit = (lua_Integer)1 << (option->size * 8 - 1);
        bool fits =
            is_signed ? n >= -limit && n < limit : (lua_Unsigned)n < (lua_Unsigned)limit * 2;
        luaL_argcheck(f->L, fits, index, is_signed ? "integer overflow" : "unsigned overflow");
    }
    put_integer(result_room(out, option->size), (lua_Unsigned)n, f->little, option->size,
                is_signed && n < 0);
    luaL_addsize(out, option->size);
}

static void pack_number(struct format *f, luaL_Buffer *out, const struct option *option,
                        int index) {
    double number = luaL_checknumber(f->L, index);
    float small = (float)number;
    char *to = result_room(out, option->size);
    const void *from = option->kind == KIND_FLOAT ? (const void *)&small : (const void *)&number;
    copy_swapped(to, from, option->size, f->little);
    luaL_addsize(out, option->size);
}

static void pack_bytes(struct format *f, luaL_Buffer *out, const struct option *option, int index) {
    lua_State *L = f->L;
    size_t len;
    const char *bytes = luaL_checklstring(L, index, &len);
    sandbox_charge(L, len / 16);
    if (option->kind == KIND_FIXED) {
        luaL_argcheck(L, len <= option->size, index, "string longer than given size");
        result_room(out, option->size); /* refuses a size that does not fit before it is charged */
        sandbox_charge(L, option->size / 16);
    } else if (option->kind == KIND_STRING) {
        bool fits = option->size >= sizeof len || len < (size_t)1 << option->size * 8;
        luaL_argcheck(L, fits, index, "string length does not fit in given size");
        put_integer(result_room(out, option->size), len, f->little, option->size, false);
        luaL_addsize(out, option->size);
        f->total += len;
    } else {
        luaL_argcheck(L, strlen(bytes) == len, index, "string contains zeros");
    }
    result_add(out, bytes, len);
    if (option->kind == KIND_FIXED && len < option->size) {
        memset(result_room(out, option->size - len), 0, option->size - len);
        luaL_addsize(out, option->size - len);
    }
    if (option->kind == KIND_ZERO) {
        result_add_char(out, '\0');
        f->total += len + 1;
    }
}

static int string_pack(lua_State *L) {
    struct format f;
    luaL_Buffer out;
    int index = 1;
    format_init(&f, L, luaL_checkstring(L, 1));
    lua_pushnil(L); /* marks the end of the arguments below the buffer */
    luaL_buffinit(L, &out);
    while (*f.at) {
        struct option option = next_option(&f);
        f.total += option.padding + option.size;
        for (; option.padding > 0; option.padding--) result_add_char(&out, '\0');
        switch (option.kind) {
        case KIND_INT:
        case KIND_UINT: pack_integer(&f, &out, &option, ++index); break;
        case KIND_FLOAT:
        case KIND_DOUBLE: pack_number(&f, &out, &option, ++index); break;
        case KIND_FIXED:
        case KIND_STRING:
        case KIND_ZERO: pack_bytes(&f, &out, &option, ++index); break;
        case KIND_PADDING: result_add_char(&out, '\0'); break;
        default: break;
        }
    }
    result_finish(&out);
    return 1;
}

static int string_packsize(lua_State *L) {
    struct format f;
    format_init(&f, L, luaL_checkstring(L, 1));
    while (*f.at) {
        struct option option = next_option(&f);
        bool fixed = option.kind != KIND_STRING && option.kind != KIND_ZERO;
        luaL_argcheck(L, fixed, 1, "variable-length format");
        size_t size = option.size + option.padding;
        luaL_argcheck(L, f.total <= PACK_BYTES_MAX - size, 1, "format result too large");
        f.total += size;
    }
    lua_pushinteger(L, (lua_Integer)f.total);
    return 1;
}

/* ---- unpack */

/* What is read: total of the format is the place. */
struct input {
    const char *bytes;
    size_t len;
};

static void check_input(lua_State *L, const struct input *in, size_t at, size_t size) {
    luaL_argcheck(L, at <= in->len && size <= in->len - at, 2, "data string too short");
}

static void unpack_number(struct format *f, const char *from, const struct option *option) {
    char bytes[8];
    float small;
    double number;
    copy_swapped(bytes, from, option->size, f->little);
    memcpy(&small, bytes, sizeof small);
    memcpy(&number, bytes, sizeof number);
    lua_pushnumber(f->L, option->kind == KIND_FLOAT ? (double)small : number);
}

static void unpack_string(struct format *f, const struct input *in, const struct option *option) {
    const char *from = in->bytes + f->total;
    size_t len = (size_t)get_integer(f->L, from, f->little, option->size, false);
    check_input(f->L, in, f->total + option->size, len);
    sandbox_charge(f->L, len / 16);
    result_push(f->L, from + option->size, len);
    f->total += len;
}

static void unpack_zero(struct format *f, const struct input *in) {
    const char *from = in->bytes + f->total;
    const char *zero = memchr(from, '\0', in->len - f->total);
    luaL_argcheck(f->L, zero != NULL, 2, "unfinished string for format 'z'");
    result_push(f->L, from, (size_t)(zero - from));
    f->total += (size_t)(zero - from) + 1;
    sandbox_charge(f->L, (uint64_t)(zero - from) / 16);
}

/* Pushes what the option stands for; how many values. */
static int unpack_option(struct format *f, const struct input *in, const struct option *option) {
    const char *from = in->bytes + f->total;
    switch (option->kind) {
    case KIND_INT:
    case KIND_UINT:
        lua_pushinteger(f->L,
                        get_integer(f->L, from, f->little, option->size, option->kind == KIND_INT));
        return 1;
    case KIND_FLOAT:
    case KIND_DOUBLE: unpack_number(f, from, option); return 1;
    case KIND_FIXED:
        sandbox_charge(f->L, option->size / 16);
        result_push(f->L, from, option->size);
        return 1;
    case KIND_STRING: unpack_string(f, in, option); return 1;
    case KIND_ZERO: unpack_zero(f, in); return 1;
    default: return 0;
    }
}

static size_t start_of(lua_State *L, size_t len) {
    lua_Integer at = luaL_optinteger(L, 3, 1);
    if (at > 0) return (size_t)at - 1;
    if (at == 0 || at < -(lua_Integer)len) return 0;
    return len + (size_t)at;
}

static int string_unpack(lua_State *L) {
    struct format f;
    struct input in;
    int results = 0;
    format_init(&f, L, luaL_checkstring(L, 1));
    in.bytes = luaL_checklstring(L, 2, &in.len);
    f.total = start_of(L, in.len);
    luaL_argcheck(L, f.total <= in.len, 3, "initial position out of string");
    while (*f.at) {
        struct option option = next_option(&f);
        check_input(L, &in, f.total, option.padding);
        f.total += option.padding;
        check_input(L, &in, f.total, option.size);
        luaL_checkstack(L, 2, "too many results");
        results += unpack_option(&f, &in, &option);
        f.total += option.size;
    }
    lua_pushinteger(L, (lua_Integer)f.total + 1);
    return results + 1;
}

void lib_pack_add(lua_State *L) {
    static const luaL_Reg functions[] = {{"pack", string_pack},
                                         {"packsize", string_packsize},
                                         {"unpack", string_unpack},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
