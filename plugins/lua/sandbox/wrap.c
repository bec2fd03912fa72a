/* wrap - what stands between the objects of Lua's archive: single steps of Lua that could last as
 * long as a script likes, where no hook interrupts. The linker leads the calls named here through
 * this file (option --wrap), and each is bounded, or looks at the kill flag at least.
 *
 * Errors are raised only where Lua itself raises. Why each is here: docs/decisions/0030.
 */
#include "internal.h"
#include "layout.h"

#include <limits.h>
#include <math.h>
#include <sodium/crypto_shorthash.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHAIN_MAX = 128,       /* keys of one table at one place */
    MEETINGS_MAX = 250000, /* of two keys, while a table grows: about 1 ms */
    SMALL_NODES = 256,     /* so few can meet as they like */
    EVENT_GC = 2,
    EVENT_MODE = 3,
    EVENT_CALL = 23,
};

#define HIDDEN __attribute__((visibility("hidden")))
#define WRAPPED(type, name, ...)                                                                   \
    __attribute__((unused)) HIDDEN type __real_##name(__VA_ARGS__);                                \
    HIDDEN type __wrap_##name(__VA_ARGS__);                                                        \
    type __wrap_##name(__VA_ARGS__)

HIDDEN _Noreturn void luaG_runerror(lua_State *L, const char *format, ...);

/* ---- where keys are hashed to */

static bool is_number(unsigned tag) {
    return (tag & LAYOUT_TYPE) == LUA_TNUMBER;
}

static unsigned hash_float(lua_Number n) {
    int exponent;
    n = frexp(n, &exponent) * -(lua_Number)INT_MIN;
    if (!(n >= (lua_Number)LUA_MININTEGER && n < -(lua_Number)LUA_MININTEGER)) return 0;
    unsigned hash = (unsigned)exponent + (unsigned)(lua_Integer)n;
    return hash <= INT_MAX ? hash : ~hash;
}

size_t wrap_place(unsigned key_tag, const union layout_datum *key, size_t nodes) {
    size_t modulus = (nodes - 1) | 1;
    if (key_tag == LAYOUT_INTEGER) return (size_t)((lua_Unsigned)key->integer % modulus);
    return hash_float(key->number) % modulus;
}

static size_t nodes_of(const struct layout_table *table) {
    return table->last_free ? (size_t)1 << table->log2_nodes : 0;
}

/* ---- a key more. Numbers are hashed modulo the size of the table: numbers chosen for it would all
 * meet in one chain, and growing such a table would take n^2 steps. */

static _Noreturn void refuse_key(lua_State *L) {
    luaG_runerror(L, "too many keys of one table fall on the same place: choose other numbers");
}

/* The key is a number as a table keeps it: whole floats are integers. */
static void check_chain(lua_State *L, const struct layout_table *table, unsigned tag,
                        union layout_datum key) {
    size_t nodes = nodes_of(table);
    if (nodes <= CHAIN_MAX) return;
    const struct layout_node *node = table->nodes + wrap_place(tag, &key, nodes);
    for (int length = 1;; length++) {
        if (node->key_tag == tag && node->key.integer == key.integer) return;
        if (!node->next) return;
        if (length >= CHAIN_MAX) refuse_key(L);
        node += node->next;
    }
}

/* Before a key is put into the table, which may let it grow. */
static void before_key(lua_State *L, struct layout_table *table, const struct layout_value *key) {
    lua_Integer whole;
    struct sandbox *sb = sandbox_of(L);
    if (key->tag == LAYOUT_NIL || (key->tag == LAYOUT_FLOAT && isnan(key->datum.number))) return;
    if (key->tag == LAYOUT_INTEGER)
        check_chain(L, table, LAYOUT_INTEGER, key->datum);
    else if (key->tag == LAYOUT_FLOAT && lua_numbertointeger(key->datum.number, &whole) &&
             (lua_Number)whole == key->datum.number)
        check_chain(L, table, LAYOUT_INTEGER, (union layout_datum){.integer = whole});
    else if (key->tag == LAYOUT_FLOAT)
        check_chain(L, table, LAYOUT_FLOAT, key->datum);
    sb->growing.L = L;
    sb->growing.table = table;
}

WRAPPED(void, luaH_finishset, lua_State *L, struct layout_table *table,
        const struct layout_value *key, const struct layout_value *slot,
        struct layout_value *value) {
    if (slot->tag == LAYOUT_ABSENT) before_key(L, table, key);
    __real_luaH_finishset(L, table, key, slot, value);
    sandbox_of(L)->growing.table = NULL;
}

WRAPPED(void, luaH_set, lua_State *L, struct layout_table *table, const struct layout_value *key,
        struct layout_value *value) {
    before_key(L, table, key);
    __real_luaH_set(L, table, key, value);
    sandbox_of(L)->growing.table = NULL;
}

WRAPPED(void, luaH_setint, lua_State *L, struct layout_table *table, lua_Integer key,
        struct layout_value *value) {
    struct layout_value boxed = {{.integer = key}, LAYOUT_INTEGER};
    if ((lua_Unsigned)key - 1 >= table->array_limit) before_key(L, table, &boxed);
    __real_luaH_setint(L, table, key, value);
    sandbox_of(L)->growing.table = NULL;
}

/* ---- all keys anew */

WRAPPED(void, luaH_resize, lua_State *L, struct layout_table *table, unsigned array,
        unsigned nodes) {
    sandbox_of(L)->growing.L = L;
    sandbox_of(L)->growing.table = table;
    __real_luaH_resize(L, table, array, nodes);
    sandbox_of(L)->growing.table = NULL;
}

WRAPPED(void, luaH_resizearray, lua_State *L, struct layout_table *table, unsigned array) {
    sandbox_of(L)->growing.L = L;
    sandbox_of(L)->growing.table = table;
    __real_luaH_resizearray(L, table, array);
    sandbox_of(L)->growing.table = NULL;
}

/* Can the numbers that are keys of the table go to so many nodes? */
static bool is_spread(const struct layout_table *table, uint16_t *counts, size_t nodes) {
    size_t meetings = 0;
    for (size_t i = 0; i < nodes_of(table); i++) {
        const struct layout_node *node = &table->nodes[i];
        if (!is_number(node->key_tag) || (node->tag & LAYOUT_TYPE) == LUA_TNIL) continue;
        unsigned before = counts[wrap_place(node->key_tag, &node->key, nodes)]++;
        meetings += before;
        if (before >= CHAIN_MAX || meetings > MEETINGS_MAX) return false;
    }
    return true;
}

/* The first request while a table changes its size is the one for its nodes; without any, for its
 * array, of which no key is hashed. Nothing has been moved yet. */
void wrap_growth(struct sandbox *sb, size_t bytes) {
    lua_State *L = sb->growing.L;
    const struct layout_table *table = sb->growing.table;
    size_t nodes = bytes / sizeof(struct layout_node);
    sb->growing.table = NULL;
    sandbox_check(L);
    if (nodes <= SMALL_NODES || nodes_of(table) <= CHAIN_MAX) return;
    uint16_t *counts = calloc(nodes, sizeof *counts);
    bool spread = counts && is_spread(table, counts, nodes);
    free(counts);
    if (!spread) refuse_key(L);
}

/* ---- metamethods. No weak tables: the collector's atomic step would go over all of them again and
 * again, and what it clears would depend on the history of the state. A __call that has a __call
 * moves all arguments once for each link. */

WRAPPED(const struct layout_value *, luaT_gettm, struct layout_table *events, int event,
        void *name) {
    if (event != EVENT_MODE && event != EVENT_GC) return __real_luaT_gettm(events, event, name);
    events->absent |= (uint8_t)(1u << event);
    return NULL;
}

WRAPPED(const struct layout_value *, luaT_gettmbyobj, lua_State *L,
        const struct layout_value *object, int event) {
    if (event == EVENT_CALL) sandbox_check(L);
    return __real_luaT_gettmbyobj(L, object, event);
}

/* ---- the compiler. A label moves all later gotos once for each one that it ends. */

WRAPPED(void, luaK_patchlist, void *function, int list, int target) {
    budget_look();
    __real_luaK_patchlist(function, list, target);
}

WRAPPED(void, luaK_concat, void *function, int *list, int more) {
    budget_look();
    __real_luaK_concat(function, list, more);
}

/* ---- long strings as keys. Lua's own hash takes 1.5 ms for 900 KB, this one 0.3 ms. */

WRAPPED(unsigned, luaS_hashlongstr, struct layout_string *string) {
    static const char here; /* nobody knows where */
    unsigned char hash[crypto_shorthash_BYTES], key[crypto_shorthash_KEYBYTES];
    const uint64_t words[2] = {string->hash, (uintptr_t)&here};
    if (string->has_hash) return string->hash;
    static_assert(sizeof key == sizeof words, "a key of two words");
    memcpy(key, words, sizeof key);
    crypto_shorthash(hash, (const unsigned char *)string->bytes, string->length, key);
    memcpy(&string->hash, hash, sizeof string->hash);
    string->has_hash = 1;
    return string->hash;
}

/* ---- numerals, which Lua reads in one go */

WRAPPED(size_t, luaO_str2num, const char *text, struct layout_value *out) {
    if (strnlen(text, NUMERAL_BYTES_MAX + 1) > NUMERAL_BYTES_MAX) return 0;
    return __real_luaO_str2num(text, out);
}
