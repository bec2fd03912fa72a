/* dump - reading compiled functions, in the form in which lua_dump writes those of all of Lua 5.4.
 * For checks before a function runs (check.c), and for people who write mods (mod_code.c).
 */
#ifndef LUA_DUMP_H
#define LUA_DUMP_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct dump {
    unsigned char *bytes; /* to be freed */
    size_t size, used;
};
/* Of the function on top. False: no memory. */
bool dump_write(lua_State *L, struct dump *out, bool with_lines);

/* Past the end, and after a refusal, everything is empty. */
struct dump_reader {
    const unsigned char *at, *end;
    const char *refusal; /* the first, or null */
};
/* Behind the header, at the function. */
struct dump_reader dump_reader(const struct dump *dump);
void dump_refuse(struct dump_reader *r, const char *refusal);
const unsigned char *dump_take(struct dump_reader *r, size_t n);
unsigned dump_byte(struct dump_reader *r);
size_t dump_number(struct dump_reader *r);
/* Null for a string that is not there. */
const char *dump_string(struct dump_reader *r, size_t *len);

struct dump_instruction {
    unsigned op, a, b, c, k;
};

static inline struct dump_instruction dump_decode(const unsigned char *code) {
    uint32_t word;
    memcpy(&word, code, sizeof word);
    return (struct dump_instruction){.op = word & 0x7f,
                                     .a = word >> 7 & 0xff,
                                     .k = word >> 15 & 1,
                                     .b = word >> 16 & 0xff,
                                     .c = word >> 24};
}

/* The operand of LOADK and CLOSURE. */
static inline unsigned dump_bx(struct dump_instruction i) {
    return i.k | i.b << 1 | i.c << 9;
}

enum {
    OP_MOVE = 0,
    OP_LOADK = 3,
    OP_LOADNIL = 8,
    OP_GETUPVAL = 9,
    OP_SETUPVAL = 10,
    OP_GETTABUP = 11,
    OP_GETTABLE = 12,
    OP_GETI = 13,
    OP_GETFIELD = 14,
    OP_SETTABUP = 15,
    OP_SETTABLE = 16,
    OP_SETI = 17,
    OP_SETFIELD = 18,
    OP_SELF = 20,
    OP_ADDK = 22,
    OP_IDIVK = 28,
    OP_BANDK = 29,
    OP_BXORK = 31,
    OP_ADD = 34,
    OP_SHR = 45,
    OP_MMBIN = 46,
    OP_MMBINK = 48,
    OP_UNM = 49,
    OP_LEN = 52,
    OP_CLOSE = 54,
    OP_TEST = 66,
    OP_CALL = 68,
    OP_TAILCALL = 69,
    OP_RETURN1 = 72,
    OP_FORLOOP = 73,
    OP_TFORLOOP = 77,
    OP_SETLIST = 78,
    OP_CLOSURE = 79,
    OP_VARARG = 80,
    OP_EXTRAARG = 82,
    KIND_INTEGER = 0x03,
    KIND_NUMBER = 0x13,
    KIND_SHORT_STRING = 0x04,
    KIND_LONG_STRING = 0x14,
};

#endif
