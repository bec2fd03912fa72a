/* check - what the compiler of Lua 5.4.4 must not be given, and what it must not have made.
 *
 * 1. A constant named _ENV makes it index a register that the function does not own (mended
 *    upstream after 5.4.4).
 * 2. To name the culprit of an error, Lua walks back through the instructions that made a value,
 *    in C, recursing once for each step and scanning the function from its start each time. One
 *    error in "a.b.b.b..." of 64 KB takes a second (measured) and megabytes of C stack. The walk
 *    cannot be interrupted, so functions that allow a long one are refused.
 * 3. Registers and constants must be those of the function, constants of the right type: a compiler
 *    bug must not become a read of foreign memory.
 *
 * For 2 and 3 the compiled function is dumped and read; the layout is that of all of Lua 5.4.
 */
#include "dump.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 48, DEPTH_MAX = 250, REGISTERS = 256 };

/* ---- the source */

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* After "[", the level of a long bracket, or -1. */
static int bracket_level(const char *at, const char *end) {
    int level = 0;
    if (at >= end || *at++ != '[') return -1;
    for (; at < end && *at == '='; at++) level++;
    return at < end && *at == '[' ? level : -1;
}

static const char *skip_comment(lua_State *L, const char *at, const char *end) {
    int level = bracket_level(at, end);
    if (level < 0) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        return line ? line + 1 : end;
    }
    for (at += level + 2; at < end; at++) {
        look(L, (size_t)(end - at), 0);
        if (*at != ']' || end - at < level + 2 || at[level + 1] != ']') continue;
        bool closed = true;
        for (int i = 1; i <= level; i++) closed = closed && at[i] == '=';
        if (closed) return at + level + 2;
    }
    return end;
}

static const char *skip_blank(lua_State *L, const char *at, const char *end) {
    for (;;) {
        sandbox_check(L);
        while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r'))) at++;
        if (end - at < 2 || at[0] != '-' || at[1] != '-') return at;
        at = skip_comment(L, at + 2, end);
    }
}

/* A comment behind each of many _ENV may be read again for each, so this can be interrupted. */
const char *check_source(lua_State *L, const char *text, size_t len) {
    const char *end = text + len, *at = text;
    if (len && *text == '\x1b') return "bytecode is not taken";
    while ((at = memmem(at, (size_t)(end - at), "_ENV", 4)) != NULL) {
        bool word = (at == text || !is_word(at[-1])) && (at + 4 == end || !is_word(at[4]));
        at += 4;
        if (!word) continue;
        const char *next = skip_blank(L, at, end);
        if (next < end && *next == '<' && (next + 1 == end || next[1] != '='))
            return "_ENV cannot be declared with an attribute, nor stand before '<'";
    }
    return NULL;
}

/* ---- one function */

struct function {
    const unsigned char *code; /* 4 bytes an instruction, in the machine's order */
    size_t instructions;
    unsigned registers;
    const unsigned char *kinds; /* of the constants, gathered below */
    size_t constants;
};

static bool kind_is(const struct function *f, unsigned index, int kind, int other) {
    return index < f->constants && (f->kinds[index] == kind || f->kinds[index] == other);
}

/* Point 3, for the instructions that read B and C. */
static bool is_sound(const struct function *f, struct dump_instruction i) {
    bool b = i.b < f->registers, c = i.c < f->registers;
    if (i.a >= f->registers && i.op <= OP_LEN && i.op >= OP_GETTABLE && i.op <= OP_GETFIELD)
        return false;
    if (i.op == OP_GETTABUP) return kind_is(f, i.c, KIND_SHORT_STRING, KIND_SHORT_STRING);
    if (i.op == OP_GETFIELD) return b && kind_is(f, i.c, KIND_SHORT_STRING, KIND_SHORT_STRING);
    if (i.op == OP_GETTABLE) return b && c;
    if (i.op == OP_MOVE || i.op == OP_GETI) return b;
    if (i.op == OP_SELF && i.k) return b && kind_is(f, i.c, KIND_SHORT_STRING, KIND_LONG_STRING);
    if (i.op == OP_SELF) return b && c;
    if (i.op >= OP_ADDK && i.op <= OP_BXORK) return b && kind_is(f, i.c, KIND_INTEGER, KIND_NUMBER);
    if (i.op >= OP_ADD && i.op <= OP_SHR) return b && c;
    if (i.op >= OP_UNM && i.op <= OP_LEN) return b;
    return true;
}

/* Point 2: how many steps the walk back from each register takes. Branches only shorten it. */
static const char *check_code(const struct function *f) {
    unsigned steps[REGISTERS] = {0};
    for (size_t n = 0; n < f->instructions; n++) {
        struct dump_instruction i = dump_decode(f->code + 4 * n);
        if (!is_sound(f, i)) return "compiled to unsound code: a function is too large";
        if (i.op == OP_GETTABLE)
            steps[i.a] = steps[i.b] + steps[i.c] + 1;
        else if (i.op == OP_GETFIELD || i.op == OP_GETI)
            steps[i.a] = steps[i.b] + 1;
        else if (i.op == OP_SELF)
            steps[i.a] = steps[i.b] + (i.k ? 0 : steps[i.c]) + 1;
        else if (i.op == OP_MOVE)
            steps[i.a] = i.b < i.a ? steps[i.b] + 1 : 1;
        else
            steps[i.a] = 0;
        if (steps[i.a] > CHAIN_MAX)
            return "too many fields in one chain (a.b.c...): use a local variable in between";
    }
    return NULL;
}

static void skip_string(struct dump_reader *r) {
    size_t len;
    (void)dump_string(r, &len);
}

static unsigned char *take_constants(struct dump_reader *r, size_t count) {
    unsigned char *kinds = count <= (size_t)(r->end - r->at) ? malloc(count + 1) : NULL;
    if (!kinds) dump_refuse(r, "compiled to an unknown form");
    for (size_t i = 0; kinds && i < count; i++) {
        kinds[i] = (unsigned char)dump_byte(r);
        if (kinds[i] == KIND_INTEGER || kinds[i] == KIND_NUMBER)
            dump_take(r, 8);
        else if (kinds[i] == KIND_SHORT_STRING || kinds[i] == KIND_LONG_STRING)
            skip_string(r);
    }
    return kinds;
}

static void check_prototype(const struct sandbox *sb, struct dump_reader *r, int depth) {
    struct function f = {0};
    if (is_killed(sb)) dump_refuse(r, "not checked to its end");
    if (depth > DEPTH_MAX) {
        dump_refuse(r, "functions are nested too deeply");
        return;
    }
    skip_string(r);
    dump_number(r);
    dump_number(r);
    dump_take(r, 2);
    f.registers = dump_byte(r);
    f.instructions = dump_number(r);
    f.code = f.instructions <= SIZE_MAX / 4 ? dump_take(r, f.instructions * 4) : NULL;
    f.constants = dump_number(r);
    unsigned char *kinds = take_constants(r, f.constants);
    f.kinds = kinds;
    if (f.code && kinds && !r->refusal) {
        const char *refusal = check_code(&f);
        if (refusal) dump_refuse(r, refusal);
    }
    free(kinds);
    dump_take(r, dump_number(r) * 3);
    for (size_t n = dump_number(r); n > 0 && !r->refusal; n--) check_prototype(sb, r, depth + 1);
    for (int i = 0; i < 4 && !r->refusal; i++) { /* debug information: stripped, all empty */
        if (dump_number(r)) dump_refuse(r, "compiled to an unknown form");
    }
}

const char *check_function(lua_State *L) {
    struct dump dump;
    if (!dump_write(L, &dump, false)) return "no memory to check it";
    struct dump_reader reader = dump_reader(&dump);
    check_prototype(sandbox_of(L), &reader, 0);
    free(dump.bytes);
    return reader.refusal;
}
