/* sandbox - one bounded Lua state: the only way this plugin runs a script.
 *
 * A sandbox belongs to one mod in one lobby and to the loop thread. A script in it can spend its
 * own budget and its own memory, and nothing else. When it overspends, the sandbox is killed: the
 * script cannot catch that, every later entry answers MUSTER_CLOSED, and the owner destroys it.
 *
 * All entries are protected: no Lua error ever leaves them. What a body, pusher or taker below does
 * to the state happens inside that protection, and must be left by return or by a Lua error.
 */
#ifndef LUA_SANDBOX_H
#define LUA_SANDBOX_H

#include <lua.h>
#include <muster/types.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox;

enum {
    SANDBOX_SOURCE_BYTES_MAX = 1 << 20, /* a file of a mod */
    SANDBOX_MESSAGE_BYTES_MAX = 4096,
    SANDBOX_MODULE_BYTES_MAX = 128, /* the name given to require */
};

/* Why a sandbox was killed. */
enum sandbox_kill {
    SANDBOX_ALIVE = 0,
    SANDBOX_KILL_CPU = 1,          /* sandbox_interrupt: a call, or a second, took too long */
    SANDBOX_KILL_MEMORY = 2,       /* over memory_bytes */
    SANDBOX_KILL_INSTRUCTIONS = 3, /* over call_units: the same in every run */
    SANDBOX_KILL_HOST = 4,         /* sandbox_kill: a replay applies a recorded kill */
    SANDBOX_KILL_TICK = 5,         /* sandbox_kill: most of what a match's scripts overspent */
    SANDBOX_KILL_SHARE = 6,        /* sandbox_kill: most of what all lobbies' scripts overspent */
};

/* 0 stands for the default. */
struct sandbox_limits {
    size_t memory_bytes;     /* default 1 MiB; a soft limit, see heap.h */
    uint64_t call_units;     /* default 1,000,000: work done in C per entry, about 2 ns each */
    uint32_t second_cpu_us;  /* default 100,000: CPU time per second; UINT32_MAX: unbounded */
    uint32_t burst_cpu_us;   /* default second_cpu_us: of that, at most so much at once */
    bool is_exact;           /* time by the thread's clock, always: no first offence is forgiven */
    uint32_t count_every;    /* default 0: only charge C work. Else also charge VM instructions,
                              * looking every so many: for runs that nothing interrupts from
                              * outside (tests, replays). Costs 20 to 60 % of speed. */
    size_t source_bytes_max; /* default SANDBOX_SOURCE_BYTES_MAX */
};

/* What a sandbox asks of its owner. Every function may be null. None may enter the sandbox. */
struct sandbox_host {
    void *user;
    /* The text of one of the mod's own files by dotted name (already checked: parts of letters,
     * digits, _ and -, joined by single dots), borrowed until the next call; chunk is what errors
     * call the file. False: there is no such file. */
    bool (*require)(void *user, const char *name, const char **text, size_t *len,
                    const char **chunk);
    /* One line of the script's print: at most 1 KiB, control bytes escaped. */
    void (*print)(void *user, const char *line);
    /* A stable number for the full userdata at index, by which ordered pairs sorts keys of this
     * kind; false: not a handle, it has no order. Must not raise. */
    bool (*handle_order)(lua_State *L, int index, uint64_t *order);
    /* If set: holds the sandbox that is running now, null outside, kept through nested entries of
     * different sandboxes. For the handler that calls sandbox_interrupt. */
    struct sandbox *volatile *current;
};

/* Copies both; host may be null. seed feeds math.random. MUSTER_NO_MEMORY when the state cannot be
 * built. */
muster_status sandbox_create(const struct sandbox_limits *limits, const struct sandbox_host *host,
                             uint64_t seed, struct sandbox **out) MUSTER_MUST_USE;
/* Frees all memory of the state in a few calls. Runs no Lua and no finalizer, so nothing in the
 * state may own memory outside of it. Takes null. Not while entered. */
void sandbox_destroy(struct sandbox *sandbox);

/* ---- entries: each answers
 *   MUSTER_OK
 *   MUSTER_INVALID      the script (or body) raised an error: see sandbox_error
 *   MUSTER_LIMIT        killed during this call: see sandbox_killed and sandbox_error
 *   MUSTER_CLOSED       killed before
 *   MUSTER_STATE        already entered
 * and leaves the state's stack as it was. */

/* Runs body, a C function, with arg as light userdata at index 1: to bind functions, to copy
 * values. Its results are dropped. Bind globals by raw access (lua_pushglobaltable, lua_rawset):
 * lua_setglobal is refused like a script's own undeclared assignment. */
muster_status sandbox_enter(struct sandbox *sandbox, lua_CFunction body, void *arg) MUSTER_MUST_USE;

/* The same for work that is the owner's, not the script's: costs it nothing of its second. */
muster_status sandbox_serve(struct sandbox *sandbox, lua_CFunction body, void *arg) MUSTER_MUST_USE;

/* One call of a script's function. */
struct sandbox_call {
    int function;                          /* a reference from below */
    int (*push)(lua_State *L, void *arg);  /* pushes the arguments, returns their number; or null */
    int results;                           /* how many: more are dropped, missing ones are nil */
    void (*take)(lua_State *L, void *arg); /* reads results, at -results..-1; or null. By raw
                                            * access only: they are the script's */
    void *arg;
};
muster_status sandbox_call(struct sandbox *sandbox,
                           const struct sandbox_call *call) MUSTER_MUST_USE;

/* Compiles text (never bytecode) and hands out the chunk as a function. chunk names it in errors,
 * like "koth/init.lua". Compiling is charged and can be interrupted. A syntax error is
 * MUSTER_INVALID, as is a text over source_bytes_max. */
muster_status sandbox_load(struct sandbox *sandbox, const char *text, size_t len, const char *chunk,
                           int *function) MUSTER_MUST_USE;
/* Lets the script assign to this undeclared global, which is an error otherwise. */
muster_status sandbox_allow_global(struct sandbox *sandbox, const char *name) MUSTER_MUST_USE;
void sandbox_release(struct sandbox *sandbox, int function);

/* ---- the kill */

/* Async-signal-safe, on the thread that runs the sandbox; does nothing unless it is entered. The
 * script ends at its next instruction or at the next step of a library function. */
void sandbox_interrupt(struct sandbox *sandbox);
/* Kills between entries. */
void sandbox_kill(struct sandbox *sandbox, enum sandbox_kill reason);
/* The same, for what the function took that was called last: it is told as the place. */
void sandbox_kill_after(struct sandbox *sandbox, enum sandbox_kill reason, int function);
enum sandbox_kill sandbox_killed(const struct sandbox *sandbox);
/* "cpu", "memory", "instructions", "host", "tick", "share", or "" */
const char *sandbox_kill_name(enum sandbox_kill reason);

/* The last error or kill. All texts are valid UTF-8 without control bytes. */
struct sandbox_error {
    char message[SANDBOX_MESSAGE_BYTES_MAX + 1];
    char file[128];       /* chunk name, "" when unknown */
    int line;             /* 0 when unknown */
    char traceback[2048]; /* the script's own frames, one a line: "file:line: in name(types)" */
};
/* Borrowed until the next entry; null before the first error. */
const struct sandbox_error *sandbox_error(const struct sandbox *sandbox);

/* ---- figures and state */

size_t sandbox_memory(const struct sandbox *sandbox); /* bytes in use */
size_t
sandbox_memory_peak(const struct sandbox *sandbox); /* bytes taken from the system, at most */
/* What the last entry took, without what was entered inside of it. Where second_cpu_us bounds
 * nothing: by units if count_every is set, else 0. */
struct sandbox_time {
    int64_t ns;
    bool is_exact; /* else by a cheap clock that counts the turns of other processes, too */
};
struct sandbox_time sandbox_time(const struct sandbox *sandbox);
/* Entries of the next seconds are timed exactly. */
void sandbox_suspect(struct sandbox *sandbox);
/* Nothing of the second is used yet. */
void sandbox_refill(struct sandbox *sandbox);
/* How long it takes until so much (or all that may be spent at once) can be spent; 0: it can. */
uint32_t sandbox_rest_ms(struct sandbox *sandbox, int64_t ns);
bool sandbox_is_entered(const struct sandbox *sandbox);
/* The generator behind math.random: part of what is saved and restored. */
void sandbox_random_get(const struct sandbox *sandbox, uint64_t state[4]);
void sandbox_random_set(struct sandbox *sandbox, const uint64_t state[4]);

/* ---- for C functions that scripts call */

struct sandbox *sandbox_of(lua_State *L);
void *sandbox_user(lua_State *L); /* host.user */
/* Adds work to the budget of this entry, about 2 ns a unit; raises when that, or anything else, has
 * killed the sandbox. Call it before the work, and every 1000 steps or so inside long loops. */
void sandbox_charge(lua_State *L, uint64_t units);
/* The same for a number of items that a script chose: neither this nor the sum ever wraps around.
 */
void sandbox_charge_items(lua_State *L, uint64_t count, uint32_t units_each);
/* Makes room for a result of so many bytes: collects garbage if that helps, raises an ordinary
 * error if it does not. */
void sandbox_reserve(lua_State *L, size_t bytes);
/* Like tostring, without addresses; pushes the text. May call __tostring. */
const char *sandbox_tostring(lua_State *L, int index, size_t *len);
/* Compiles a file of the mod and pushes its chunk, or raises: sandbox_load from inside. */
void sandbox_load_chunk(lua_State *L, const char *text, size_t len, const char *chunk);
/* The body that sandbox_call enters; its argument is a struct sandbox_call. */
int sandbox_call_body(lua_State *L);
/* Which function an entry of this body calls, or LUA_NOREF. */
int sandbox_called(lua_CFunction body, const void *arg);
/* Protected calls within an entry, for bodies that go on after an error. sandbox_handler pushes
 * what all of them need, and answers where. sandbox_try calls the function below its arguments.
 * True: its results are on top. False: it failed, sandbox_error says how, nothing is left. A kill
 * goes through. */
int sandbox_handler(lua_State *L);
bool sandbox_try(lua_State *L, int handler, int arguments, int results);
/* Kills with SANDBOX_KILL_HOST when the script goes on after the C function that calls this. */
void sandbox_kill_next(lua_State *L);
/* A text of the script for people: control bytes escaped, cut to size. */
void sandbox_clean(const char *text, size_t len, char *out, size_t size);
/* Raises if a kill is pending. For C functions that catch errors: before they go on. */
void sandbox_check(lua_State *L);

#endif
