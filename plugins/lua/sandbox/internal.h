/* internal - what the sandbox's own files share; nobody else includes it. */
#ifndef LUA_INTERNAL_H
#define LUA_INTERNAL_H

#include "heap.h"
#include "sandbox.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdatomic.h>

enum {
    LOOK_EVERY = 1024,         /* steps of a C loop between two looks at the kill flag */
    COROUTINE_DEPTH_MAX = 100, /* resumes within resumes; Lua's own limit is about 190 */
    COROUTINE_BYTES = 4096,    /* one coroutine for each so many bytes of the memory limit */
    PRINT_BYTES_MAX = 1024,
    NUMERAL_BYTES_MAX = 512, /* a longer text is no number: reading it could not be interrupted */
};

/* CPU time per second; see budget.c. */
struct bucket {
    int64_t rate_ns;     /* a second */
    int64_t capacity_ns; /* 0: nothing is bounded */
    int64_t tokens_ns;
    int64_t last_ns;  /* monotonic, when tokens were last added */
    int64_t start_ns; /* of this entry, by whichever clock */
    bool exact;       /* by the thread's CPU clock, after the cheap clock found too much */
    int64_t exact_until_ns;
    int64_t outer_inner_ns;   /* what the entry around this one had inside of it before */
    struct sandbox_time took; /* the last entry */
};

/* Memory outside of the Lua heap, for sorting keys and building strings: survives a Lua error, is
 * never larger than the limit of the heap, and freed with the sandbox. */
struct scratch {
    char *bytes;
    size_t size, used;
};

struct sandbox {
    lua_State *L; /* the main thread */
    /* The thread that executes now, null outside of entries: what sandbox_interrupt hooks. */
    _Atomic(lua_State *) running;
    atomic_int killed;
    bool kill_told;  /* the kill is in the error record */
    bool error_told; /* an error of this entry is in the record */
    bool collect;    /* the heap is nearly full: the hook collects */
    bool kill_next;  /* the hook kills */
    bool weak_told;  /* that __mode does nothing */
    int resume_depth;
    uint64_t units;
    struct bucket bucket;
    struct sandbox_limits limits;
    struct sandbox_host host;
    struct scratch scratch;
    struct {
        lua_State *L;
        struct layout_table *table;
    } growing; /* a table that may be about to change its size; see wrap.c */
    struct sandbox_error *error;
    uint64_t random[4];
    struct heap heap; /* last: its lists are long, and all others are read at every entry */
};

/* ---- budget.c */
void budget_begin(struct sandbox *sb);
void budget_end(struct sandbox *sb);
/* Sets the sticky flag and, while entered, the hook. Async-signal-safe. */
void budget_kill(struct sandbox *sb, enum sandbox_kill reason);
/* The allocator's report of a request that it has refused: larger than all that there may be. */
void budget_refused(struct sandbox *sb);
/* The allocator's report after growth. */
void budget_grew(struct sandbox *sb);
/* Makes L the running thread (null: none) and gives it the hook that is due. */
void budget_switch(struct sandbox *sb, lua_State *L);
/* Makes sb the innermost sandbox that this thread is in (null: none); what was that before. */
struct sandbox *budget_enter(struct sandbox *sb);
/* As sandbox_check on the innermost one, for code that is told of none; nothing outside of entries.
 */
void budget_look(void);
/* Gives a thread the permanent count hook, if the limits ask for one. */
void budget_arm_count(struct sandbox *sb, lua_State *L);

static inline bool is_killed(const struct sandbox *sb) {
    return atomic_load_explicit(&sb->killed, memory_order_relaxed) != SANDBOX_ALIVE;
}

/* For loops in C: one look each LOOK_EVERY steps, charging the steps at units each. */
static inline void look(lua_State *L, size_t step, unsigned units) {
    if (step % LOOK_EVERY == LOOK_EVERY - 1) sandbox_charge(L, (uint64_t)LOOK_EVERY * units);
}

/* Before a text is read as a number. */
static inline void charge_numeral(lua_State *L, size_t len) {
    sandbox_charge(L, 10 + (len < NUMERAL_BYTES_MAX ? len : NUMERAL_BYTES_MAX));
}

/* At least size bytes behind what is in use of the scratch memory, valid until the next call of
 * this or order_keys. Raises when that is over the memory limit. */
char *budget_scratch(lua_State *L, size_t size);

/* ---- wrap.c */
/* The allocator's report of the first request while a table is growing: raises when its keys would
 * not spread over the new nodes. */
void wrap_growth(struct sandbox *sb, size_t bytes);
/* Which of so many nodes of a table is the first of the chain for a number; see layout.h. */
union layout_datum;
size_t wrap_place(unsigned key_tag, const union layout_datum *key, size_t nodes);

/* ---- libc.c */
/* For lua_atpanic. Named by sandbox.c so that the linker takes libc.c before Lua's archive. */
int libc_panic(lua_State *L);

/* ---- errors.c */
/* The message handler of every entry: fills the record at the point of the error. */
int errors_handler(lua_State *L);
/* Fills the record from the value on top, with the frames of L if it has any. */
void errors_record(struct sandbox *sb, lua_State *L);
/* While Lua asks for memory its stack is its own: values are neither read nor pushed. */
enum errors_when { ERRORS_AT_REST, ERRORS_BUSY };
void errors_record_kill(struct sandbox *sb, lua_State *L, enum errors_when when);
/* The same between entries, in the last of which this function was called; or LUA_NOREF. */
void errors_record_kill_after(struct sandbox *sb, int function);
/* Valid UTF-8 without control bytes, cut to size; true if all of text went in. */
bool errors_escape(const char *text, size_t len, char *out, size_t size);
/* Length of the well-formed UTF-8 sequence at text, of which len bytes are left, or 0. */
size_t errors_utf8_length(const unsigned char *text, size_t len);

/* ---- load.c and check.c */
int load_require(lua_State *L);
/* Null, or why the text must not reach the compiler. */
const char *check_source(lua_State *L, const char *text, size_t len);
/* Null, or why the function on top must not run. */
const char *check_function(lua_State *L);

/* ---- order.c */
/* One key of a table, comparable without Lua. */
struct order_key {
    int kind; /* how kinds are sorted: integers and floats, strings, booleans, then by serial */
    size_t len;
    union {
        lua_Integer integer;
        lua_Number number;
        const char *string; /* borrowed from the table of keys */
        uint64_t serial;
    } as;
    lua_Integer at; /* in the table of keys */
};
enum { ORDER_INTEGER, ORDER_FLOAT, ORDER_STRING, ORDER_BOOLEAN, ORDER_HANDLE, ORDER_OBJECT };

/* The keys of one table in order. */
struct order {
    size_t count;
    bool sequence; /* they are 1..count, and listed nowhere */
    size_t first;  /* else sorted in the scratch memory, from here on */
    int keys;      /* and, in any order, in a table at this index, which keeps them alive */
};

/* Reads and sorts the keys of the table at index, and pushes the table of them, or nil: it has to
 * stay there until order_drop, which takes it away with all above. Raises for keys that have no
 * order. */
void order_keys(lua_State *L, int table, struct order *order);
struct order_key order_at(lua_State *L, const struct order *order, size_t i);
void order_push(lua_State *L, const struct order *order, size_t i);
void order_drop(lua_State *L, const struct order *order);
int order_pairs(lua_State *L); /* pairs */
int order_next(lua_State *L);  /* next */

/* ---- lib_*.c: each leaves its table, or nothing, on the stack */
void lib_base_open(lua_State *L); /* into the globals */
void lib_string_open(lua_State *L);
void lib_pattern_add(lua_State *L); /* find, match, gmatch, gsub into the table on top */
void lib_format_add(lua_State *L);
void lib_pack_add(lua_State *L);
void lib_table_open(lua_State *L);
void lib_coroutine_open(lua_State *L);
void lib_math_open(lua_State *L);
void lib_utf8_open(lua_State *L);
/* Raises unless scripts may write to the table at index by raw access. */
void lib_check_writable(lua_State *L, int index);

/* ---- result.c: results of library functions, and an ordinary error where the heap has no room for
 * one */
/* lua_pushlstring. */
void result_push(lua_State *L, const char *bytes, size_t len);
/* luaL_checkstack, also for counts that a script chose. */
void result_check_stack(lua_State *L, size_t count, const char *message);
/* Before so many items are put behind what a table has. */
void result_table_grows(lua_State *L, size_t count);
/* luaL_prepbuffsize, luaL_addlstring, luaL_addvalue, luaL_pushresult. */
char *result_room(luaL_Buffer *out, size_t more);
void result_add(luaL_Buffer *out, const char *bytes, size_t len);
void result_add_value(luaL_Buffer *out);
void result_finish(luaL_Buffer *out);

static inline void result_add_char(luaL_Buffer *out, char c) {
    if (out->n == out->size) result_room(out, 1);
    out->b[out->n++] = c;
}

#endif
