/* mod_code - reads the functions of a dump into a tree, then follows globals through each. */
#include "mod_code.h"

#include "mod_internal.h"

#include <stdlib.h>

enum { DEPTH_MAX = 250, LINE_IS_APART = -128 };

struct upvalue {
    unsigned char in_stack, index;
};

struct code {
    int first_line;
    unsigned registers;
    const unsigned char *code; /* 4 bytes an instruction */
    size_t instructions;
    int *lines;             /* of the instructions */
    const char **constants; /* strings; null for others */
    size_t constant_count;
    struct upvalue *upvalues;
    size_t upvalue_count;
    struct code *functions;
    size_t function_count;
};

/* ---- the tree */

struct tree {
    struct dump_reader r;
    struct mod_memory *memory;
    bool is_full; /* no memory */
};

/* Each of count items is at least one byte of the dump. */
static void *take_room(struct tree *tree, size_t count, size_t size) {
    if (count > (size_t)(tree->r.end - tree->r.at)) {
        dump_refuse(&tree->r, "compiled to an unknown form");
        return NULL;
    }
    void *room = mod_memory_take(&tree->memory, count * size);
    tree->is_full |= !room;
    if (!room) dump_refuse(&tree->r, "no memory");
    return room;
}

static const char *read_constant(struct tree *tree) {
    unsigned kind = dump_byte(&tree->r);
    size_t len;
    if (kind == KIND_INTEGER || kind == KIND_NUMBER) dump_take(&tree->r, 8);
    if (kind != KIND_SHORT_STRING && kind != KIND_LONG_STRING) return NULL;
    const char *bytes = dump_string(&tree->r, &len);
    char *text = bytes ? mod_memory_copy(&tree->memory, bytes, len) : NULL;
    tree->is_full |= bytes && !text;
    return text;
}

static void read_constants(struct tree *tree, struct code *code) {
    code->constant_count = dump_number(&tree->r);
    code->constants = take_room(tree, code->constant_count, sizeof *code->constants);
    for (size_t i = 0; code->constants && i < code->constant_count; i++)
        code->constants[i] = read_constant(tree);
}

static void read_upvalues(struct tree *tree, struct code *code) {
    code->upvalue_count = dump_number(&tree->r);
    code->upvalues = take_room(tree, code->upvalue_count, sizeof *code->upvalues);
    for (size_t i = 0; code->upvalues && i < code->upvalue_count; i++) {
        code->upvalues[i].in_stack = (unsigned char)dump_byte(&tree->r);
        code->upvalues[i].index = (unsigned char)dump_byte(&tree->r);
        dump_byte(&tree->r); /* its kind */
    }
}

/* A byte for each instruction is the step from the line before; a step that does not fit stands in
 * a list apart, with the line itself. */
static void read_lines(struct tree *tree, struct code *code) {
    size_t count = dump_number(&tree->r);
    const unsigned char *steps = dump_take(&tree->r, count);
    size_t apart = dump_number(&tree->r);
    code->lines =
        take_room(tree, code->instructions ? 1 : 0, (code->instructions + 1) * sizeof(int));
    if (!steps || !code->lines || count != code->instructions) {
        if (count != code->instructions) dump_refuse(&tree->r, "compiled to an unknown form");
        return;
    }
    int line = code->first_line;
    for (size_t i = 0; i < count; i++) {
        if ((signed char)steps[i] != LINE_IS_APART) {
            line += (signed char)steps[i];
        } else if (apart > 0) {
            apart--;
            dump_number(&tree->r); /* the instruction: this one */
            line = (int)dump_number(&tree->r);
        }
        code->lines[i] = line;
    }
    for (; apart > 0 && !tree->r.refusal; apart--) {
        dump_number(&tree->r);
        dump_number(&tree->r);
    }
}

static void skip_names(struct tree *tree) {
    size_t len;
    for (size_t n = dump_number(&tree->r); n > 0 && !tree->r.refusal; n--) { /* locals */
        dump_string(&tree->r, &len);
        dump_number(&tree->r);
        dump_number(&tree->r);
    }
    for (size_t n = dump_number(&tree->r); n > 0 && !tree->r.refusal; n--) /* upvalues */
        dump_string(&tree->r, &len);
}

static void read_code(struct tree *tree, struct code *code, int depth) {
    size_t len;
    if (depth > DEPTH_MAX) dump_refuse(&tree->r, "functions are nested too deeply");
    dump_string(&tree->r, &len); /* the chunk's name */
    code->first_line = (int)dump_number(&tree->r);
    dump_number(&tree->r); /* the last line */
    dump_take(&tree->r, 2);
    code->registers = dump_byte(&tree->r);
    code->instructions = dump_number(&tree->r);
    code->code =
        code->instructions <= SIZE_MAX / 8 ? dump_take(&tree->r, code->instructions * 4) : NULL;
    if (!code->code) dump_refuse(&tree->r, "compiled to an unknown form");
    read_constants(tree, code);
    read_upvalues(tree, code);
    code->function_count = dump_number(&tree->r);
    code->functions = take_room(tree, code->function_count, sizeof *code->functions);
    for (size_t i = 0; code->functions && i < code->function_count && !tree->r.refusal; i++)
        read_code(tree, &code->functions[i], depth + 1);
    read_lines(tree, code);
    skip_names(tree);
}

/* ---- following globals */

/* What is known of a register or upvalue. */
struct value {
    bool is_globals;   /* the table of globals itself */
    const char *root;  /* the global it is, */
    const char *field; /* or that field of it */
    const char *text;  /* a literal */
};

struct walk {
    const struct code *code;
    const struct value *upvalues;
    struct value *registers;
    int line;
    struct listener *listener;
};

struct listener {
    code_use_fn fn;
    void *user;
    bool is_full; /* no memory */
};

static void walk_code(const struct code *code, const struct value *upvalues,
                      struct listener *listener);

static void tell(const struct walk *w, enum code_kind kind, const char *root, const char *field,
                 const char *text) {
    struct code_use use = {kind, w->line, root, field, text};
    w->listener->fn(w->listener->user, &use);
}

static const char *constant(const struct walk *w, unsigned index) {
    return index < w->code->constant_count ? w->code->constants[index] : NULL;
}

static struct value register_at(const struct walk *w, unsigned index) {
    return index < w->code->registers ? w->registers[index] : (struct value){0};
}

static struct value upvalue_at(const struct walk *w, unsigned index) {
    return index < w->code->upvalue_count ? w->upvalues[index] : (struct value){0};
}

static void set(struct walk *w, unsigned index, struct value value) {
    if (index < w->code->registers) w->registers[index] = value;
}

static void forget_from(struct walk *w, unsigned index) {
    for (; index < w->code->registers; index++) w->registers[index] = (struct value){0};
}

/* base[key] */
static struct value field_of(const struct walk *w, struct value base, const char *key) {
    if (!key) return (struct value){0};
    if (base.is_globals) {
        tell(w, CODE_READ, key, NULL, NULL);
        return (struct value){.root = key};
    }
    if (!base.root || base.field) return (struct value){0};
    tell(w, CODE_FIELD, base.root, key, NULL);
    return (struct value){.root = base.root, .field = key};
}

static void written(const struct walk *w, struct value base, const char *key) {
    if (base.is_globals && key) tell(w, CODE_WRITE, key, NULL, NULL);
    if (base.root && !base.field && key) tell(w, CODE_SET, base.root, key, NULL);
}

static void called(const struct walk *w, struct dump_instruction i) {
    struct value function = register_at(w, i.a), argument = register_at(w, i.a + 1);
    if (function.root && argument.text && i.b != 1)
        tell(w, CODE_CALL, function.root, function.field, argument.text);
}

/* x:name(...), where x may be a global: hooks:on is a field, too. */
static void method(struct walk *w, struct dump_instruction i) {
    struct value object = register_at(w, i.b), name = {0};
    if (i.k) name.text = constant(w, i.c);
    if (!i.k) name = register_at(w, i.c);
    struct value found = field_of(w, object, name.text);
    if (!found.root && name.text) tell(w, CODE_METHOD, NULL, name.text, NULL);
    set(w, i.a, (struct value){0}); /* its first argument is x: no literal */
    set(w, i.a + 1, object);
}

static void closure(struct walk *w, unsigned index) {
    if (index >= w->code->function_count) return;
    const struct code *inner = &w->code->functions[index];
    struct value *upvalues = calloc(inner->upvalue_count + 1, sizeof *upvalues);
    w->listener->is_full |= !upvalues;
    for (size_t i = 0; upvalues && i < inner->upvalue_count; i++) {
        struct upvalue from = inner->upvalues[i];
        upvalues[i] = from.in_stack ? register_at(w, from.index) : upvalue_at(w, from.index);
    }
    if (upvalues) walk_code(inner, upvalues, w->listener);
    free(upvalues);
}

static bool writes_no_register(unsigned op) {
    return op == OP_SETUPVAL || (op >= OP_SETTABUP && op <= OP_SETFIELD) ||
           (op >= OP_MMBIN && op <= OP_MMBINK) || (op >= OP_CLOSE && op <= OP_TEST) ||
           (op >= OP_TAILCALL && op <= OP_RETURN1) || op == OP_SETLIST || op >= OP_VARARG + 1;
}

/* What the instruction leaves in registers. */
static void follow(struct walk *w, struct dump_instruction i) {
    struct value value = {0};
    switch (i.op) {
    case OP_MOVE: value = register_at(w, i.b); break;
    case OP_LOADK: value.text = constant(w, dump_bx(i)); break;
    case OP_GETUPVAL: value = upvalue_at(w, i.b); break;
    case OP_GETTABUP: value = field_of(w, upvalue_at(w, i.b), constant(w, i.c)); break;
    case OP_GETFIELD: value = field_of(w, register_at(w, i.b), constant(w, i.c)); break;
    case OP_GETTABLE: value = field_of(w, register_at(w, i.b), register_at(w, i.c).text); break;
    case OP_SELF: method(w, i); return;
    case OP_CLOSURE: closure(w, dump_bx(i)); break;
    case OP_LOADNIL:
    case OP_CALL:
    case OP_VARARG: forget_from(w, i.a); return;
    default:
        if (writes_no_register(i.op)) return;
        if (i.op >= OP_FORLOOP && i.op <= OP_TFORLOOP) forget_from(w, i.a);
    }
    set(w, i.a, value);
}

static void look_at(struct walk *w, struct dump_instruction i) {
    if (i.op == OP_CALL || i.op == OP_TAILCALL) called(w, i);
    if (i.op == OP_SETTABUP) written(w, upvalue_at(w, i.a), constant(w, i.b));
    if (i.op == OP_SETFIELD) written(w, register_at(w, i.a), constant(w, i.b));
    if (i.op == OP_SETTABLE) written(w, register_at(w, i.a), register_at(w, i.b).text);
    follow(w, i);
}

static void walk_code(const struct code *code, const struct value *upvalues,
                      struct listener *listener) {
    struct walk w = {code, upvalues, calloc(code->registers + 1, sizeof *w.registers), 0, listener};
    for (size_t i = 0; i < code->constant_count; i++)
        if (code->constants[i]) tell(&w, CODE_TEXT, NULL, NULL, code->constants[i]);
    for (size_t i = 0; w.registers && i < code->instructions; i++) {
        w.line = code->lines[i];
        look_at(&w, dump_decode(code->code + 4 * i));
    }
    listener->is_full |= !w.registers;
    free(w.registers);
}

muster_status mod_code_walk(const struct dump *dump, code_use_fn fn, void *user) {
    struct tree tree = {.r = dump_reader(dump)};
    struct listener listener = {fn, user, false};
    struct code code = {0};
    read_code(&tree, &code, 0);
    if (!tree.r.refusal) {
        struct value *upvalues = calloc(code.upvalue_count + 1, sizeof *upvalues);
        listener.is_full = !upvalues;
        if (upvalues) {
            upvalues[0].is_globals = true; /* the one upvalue of a chunk */
            walk_code(&code, upvalues, &listener);
        }
        free(upvalues);
    }
    mod_memory_free(tree.memory);
    if (tree.is_full || listener.is_full) return MUSTER_NO_MEMORY;
    return tree.r.refusal ? MUSTER_INVALID : MUSTER_OK;
}
