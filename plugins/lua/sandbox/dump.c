/* dump - writing a compiled function out, and the pieces of which such a text is made. */
#include "dump.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static int write_piece(lua_State *L, const void *piece, size_t size, void *user) {
    struct dump *dump = user;
    if (is_killed(sandbox_of(L))) return 1;
    if (dump->used + size > dump->size) {
        size_t larger = (dump->used + size) * 2;
        unsigned char *bytes = realloc(dump->bytes, larger);
        if (!bytes) return 1;
        dump->bytes = bytes;
        dump->size = larger;
    }
    memcpy(dump->bytes + dump->used, piece, size);
    dump->used += size;
    return 0;
}

bool dump_write(lua_State *L, struct dump *out, bool with_lines) {
    *out = (struct dump){0};
    if (lua_dump(L, write_piece, out, !with_lines) == 0) return true;
    free(out->bytes);
    *out = (struct dump){0};
    return false;
}

struct dump_reader dump_reader(const struct dump *dump) {
    enum { HEADER_BYTES = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1 }; /* the last: number of upvalues */
    struct dump_reader r = {dump->bytes, dump->bytes + dump->used, NULL};
    dump_take(&r, HEADER_BYTES);
    return r;
}

void dump_refuse(struct dump_reader *r, const char *refusal) {
    if (!r->refusal) r->refusal = refusal;
    r->at = r->end;
}

const unsigned char *dump_take(struct dump_reader *r, size_t n) {
    const unsigned char *at = r->at;
    if (n > (size_t)(r->end - at)) {
        dump_refuse(r, "compiled to an unknown form");
        return NULL;
    }
    r->at += n;
    return at;
}

unsigned dump_byte(struct dump_reader *r) {
    const unsigned char *at = dump_take(r, 1);
    return at ? *at : 0;
}

size_t dump_number(struct dump_reader *r) {
    size_t number = 0;
    for (int i = 0; i < 10 && r->at < r->end; i++) {
        unsigned byte = dump_byte(r);
        number = number << 7 | (byte & 0x7f);
        if (byte & 0x80) return number;
    }
    dump_refuse(r, "compiled to an unknown form");
    return 0;
}

const char *dump_string(struct dump_reader *r, size_t *len) {
    size_t size = dump_number(r); /* 0: none, else length + 1 */
    *len = size ? size - 1 : 0;
    return size ? (const char *)dump_take(r, *len) : NULL;
}
