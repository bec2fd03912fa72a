/* script - one mod that runs in one realm of one lobby: a sandbox, and what the mod registered.
 *
 * Owned by its realm. A script that is stopped for good keeps its place, with no sandbox. Every
 * entry goes through script_call, which counts, bounds, reports and, in a replay, repeats a stop at
 * the same place.
 */
#ifndef LUA_SCRIPT_H
#define LUA_SCRIPT_H

#include "lobby.h"

enum {
    SCRIPT_TIMERS_MAX = 256,
    SCRIPT_COMMANDS_MAX = 32,
    SCRIPT_ID_MAX = 48, /* bytes of a handler's id or a command's name, NUL included */
    SCRIPT_STATE_BYTES_MAX = 65536,
    SCRIPT_SAVED_BYTES_MAX = SCRIPT_STATE_BYTES_MAX + 32, /* with its generator of random numbers */
    SCRIPT_CHANGED_BYTES = 400,
    SCRIPT_ERRORS_MAX = 20, /* within SCRIPT_ERRORS_MS: the script is stopped */
    SCRIPT_ERRORS_MS = 10000,
    SCRIPT_TOLD_MAX = 8,
    SCRIPT_KILLS_MAX = 3, /* the third one in a match, or lobby, is the last */
};

struct timer {
    uint32_t id; /* 0: free */
    int function;
    uint64_t due_ms;
    uint32_t every_ms; /* 0: once */
    uint32_t nth;      /* of those that its start began; 0: begun later */
};

struct command {
    char name[SCRIPT_ID_MAX];
    char help[96];
    int function;
    bool is_later; /* registered since the start */
};

/* What every entry reads comes first, in two lines of the cache. */
struct script {
    struct realm *realm;
    struct mod *mod;         /* pinned */
    struct sandbox *sandbox; /* null: stopped */
    uint32_t index;          /* in the realm */
    uint32_t granted;        /* MOD_...: in a replay those of the match that was played */
    bool is_mode;            /* its init.lua returned the mode of the match */
    bool restart_due;        /* killed; begins anew at the next tick */
    bool takes_over;         /* starts with a saved state: what init does is done already */
    bool is_loaded;          /* init.lua has run to its end, and the mode's init */
    bool hooks_changed;      /* something was hooked, taken off or registered since then */
    bool is_peeking;         /* script_peek: it may change nothing */
    bool revert_due;         /* it failed on trial: the old code comes back with the next tick */
    uint32_t shut;           /* while it is stopped: a bit for each gate that it would decide */
    uint32_t host_calls;     /* of this entry that had an effect */
    uint32_t kill_after;     /* replay: stop after so many; UINT32_MAX: not in this entry */
    uint64_t calls;
    uint64_t event;            /* share.c: the last one it was called for, and how long it took */
    int64_t event_ns, tick_ns; /* and of the tick */
    int64_t longest_ns;        /* the longest call of the tick, or of the last seconds in a lobby */
    int longest;               /* and its function */
    int64_t recent_ns;         /* lobby realm: spent, and halved each second since recent_ms */
    uint64_t recent_ms;
    struct mod *before;    /* pinned: the code before a reload, while the new one is on trial */
    uint64_t timer_due_ms; /* the earliest; UINT64_MAX: none */
    int mode;              /* references, LUA_NOREF when absent: the mode's table */
    int mode_input, mode_tick, mode_snapshot; /* its functions that every tick calls */
    int state;
    int players;             /* handles by seat or player id */
    const void *player_type; /* the metatable of handles, by its address */
    const void *writer;      /* what mode.snapshot calls `out`, once it is there */
    int vote_end;            /* what a vote's end calls */
    uint32_t timer_count, timer_last, timer_room;
    struct timer *timers;     /* timer_room, more when needed */
    struct command *commands; /* SCRIPT_COMMANDS_MAX, made when first needed */
    uint32_t command_count;
    uint32_t kills;
    uint32_t error_count; /* since error_since_ms */
    uint64_t error_since_ms;
    uint32_t told[SCRIPT_TOLD_MAX]; /* places that the lobby's host was told of */
    uint32_t told_count;
    uint64_t stretch_ns; /* where uploads are taken: the longest call, by the thread's CPU clock */
    struct storage_space *space; /* borrowed; null until it is used */
    uint8_t *saved;              /* the last good state, made when first saved */
    uint32_t saved_len;
    uint32_t saved_cap;
    uint32_t granted_before;
    uint64_t trial_until; /* by the realm's clock */
};

/* Drops the sandbox and what it registered. */
void script_stop_sandbox(struct script *script);
/* One that has not started, at this place of its realm. Pins mod; null: out of memory. */
struct script *script_create(struct realm *realm, uint32_t index, struct mod *mod,
                             uint32_t granted);
/* Stops it and frees all of it. */
void script_destroy(struct script *script);

/* CPU time of this thread, so far. */
int64_t script_cpu_ns(void);
#define SCRIPT_NO_LIMIT_US UINT32_MAX
/* What the watchdog sees of an entry, which lies on the caller's stack. */
uint32_t script_limit_us(const struct script *script, uint32_t limit_us);
void script_entry_begin(struct instance *instance, struct entry *entry, uint32_t limit_us);
void script_entry_end(struct instance *instance);
/* The first entry, which loads the code: has a limit of its own, and costs nothing of the second.
 */
bool script_enter_first(struct script *script, lua_CFunction body, void *arg);
/* Enters the sandbox. False: it is stopped, it failed, or it was killed. */
bool script_call(struct script *script, const struct sandbox_call *call);
/* The same for a C function with arg as light userdata. */
bool script_enter(struct script *script, lua_CFunction body, void *arg);
/* For work that is ours: runs nothing of the mod's, so its time is not the mod's to answer for. The
 * sandbox must be there. */
muster_status script_serve(struct script *script, lua_CFunction body, void *arg) MUSTER_MUST_USE;
/* Enters apart from the step, as a recording does oftener than a replay: to save, to tell a client
 * who comes. The body has no effects (script_act raises), and the generator is put back. */
bool script_peek(struct script *script, lua_CFunction body, void *arg);
/* An error within an entry that went on after it: told and counted like one that ended it. */
void script_failed(struct script *script);
/* What it asked for at that place was refused later: the same. file "": unknown. */
void script_refused(struct script *script, const char *file, int line, const char *text);
/* The trial is over when its time is. */
void script_trial_check(struct script *script);
/* Calls a function of the mode's table, if there is one; results are left on the stack. */
bool script_call_mode(lua_State *L, const struct script *script, const char *name, int args,
                      int results);
/* Null: it has no such command. */
const struct command *script_command_find(const struct script *script, const char *name);
/* False: too many, or out of memory. Takes the reference. The same name again replaces. */
bool script_command_add(struct script *script, const char *name, const char *help, int function);
/* Ends it for this lobby, and says so. */
void script_disable(struct script *script, const char *why);
/* ---- for C functions that scripts call ---- */

struct script *script_of(lua_State *L);
struct realm *realm_of(lua_State *L);
/* Before an effect on anything outside of the sandbox, with nothing that raises in between: a stop
 * comes before it or after it, in a replay as well. False: to be left out, as there is nobody it
 * could have an effect on (a probe), or it has been done already (takes_over). */
bool script_act(lua_State *L) MUSTER_MUST_USE;

/* Stops one that runs nothing now, for what the function took (or LUA_NOREF). */
void script_stop(struct script *script, enum sandbox_kill reason, int function);

#endif
