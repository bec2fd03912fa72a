/* script - one mod that runs in one realm of one lobby: a sandbox, and what the mod registered.
 *
 * Owned by its realm. A script that is stopped for good keeps its place, with no sandbox. Every
 * entry goes through script_call, which counts, bounds, reports and, in a replay, repeats a stop at
 * the same place.
 */
#ifndef LUA_SCRIPT_H
#define LUA_SCRIPT_H

#include "mod.h"
#include "realm.h"
#include "sandbox.h"

enum {
    SCRIPT_TIMERS_MAX = 256,
    SCRIPT_COMMANDS_MAX = 32,
    SCRIPT_ID_MAX = 48, /* bytes of a handler's id or a command's name, NUL included */
    SCRIPT_STATE_BYTES_MAX = 65536,
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
};

struct command {
    char name[SCRIPT_ID_MAX];
    char help[96];
    int function;
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
    uint32_t timer_count, timer_last;
    struct timer *timers;     /* SCRIPT_TIMERS_MAX, made when first needed */
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
    uint32_t granted_before;
    uint64_t trial_until; /* by the realm's clock */
};

/* Makes the sandbox, runs init.lua and, in the match realm, the mode's init. saved: what a restart
 * or a reload hands over, or null. On failure the script has no sandbox and the error is told. */
muster_status script_start(struct script *script, const void *saved, uint32_t saved_len);
/* Drops the sandbox and what it registered. */
void script_stop_sandbox(struct script *script);
/* ---- script_state.c, for script.c ---- */
/* What a restart or a reload hands over. */
struct script_saved {
    const void *bytes;
    uint32_t len;
    char changed[SCRIPT_CHANGED_BYTES]; /* kept values of another kind than the new code begins
                                         * with: what to tell, or "" */
};
/* The value on top is the state from now on; pops it. */
void script_state_set(lua_State *L, struct script *script);
/* A mode's state, as its init makes it. */
void script_state_init(lua_State *L, struct script *script);
void script_state_restore(lua_State *L, struct script *script, struct script_saved *saved);
/* One that has not started, at this place of its realm. Pins mod; null: out of memory. */
struct script *script_create(struct realm *realm, uint32_t index, struct mod *mod,
                             uint32_t granted);
/* Stops it and frees all of it. */
void script_destroy(struct script *script);

/* Enters the sandbox. False: it is stopped, it failed, or it was killed. */
bool script_call(struct script *script, const struct sandbox_call *call);
/* The same for a C function with arg as light userdata. */
bool script_enter(struct script *script, lua_CFunction body, void *arg);
/* For work that is ours: runs nothing of the mod's. The sandbox must be there. */
muster_status script_serve(struct script *script, lua_CFunction body, void *arg) MUSTER_MUST_USE;
/* Enters apart from the step, as a recording does oftener than a replay: to save, to tell a client
 * who comes. The body has no effects (script_act raises), and the generator is put back. */
bool script_peek(struct script *script, lua_CFunction body, void *arg);
/* An error within an entry that went on after it: told and counted like one that ended it. */
void script_failed(struct script *script);
/* What it asked for at that place was refused later: the same. file "": unknown. */
void script_refused(struct script *script, const char *file, int line, const char *text);
/* State and generator as bytes at out (cap bytes); the number, or 0 when the state cannot be saved.
 */
uint32_t script_save(struct script *script, void *out, uint32_t cap);
/* Tells the tester of a state that could not be saved now, and of nothing else. */
void script_check_state(struct script *script);
/* Takes over what script_save wrote. */
muster_status script_load(struct script *script, const void *saved, uint32_t len);
/* Keeps the present state as the last good one. False: it cannot be kept, or the script is stopped.
 */
bool script_keep(struct script *script);
/* New code takes the present state over. When it does not start, the old code goes on; when it
 * fails while it is on trial (reload.c), the old code comes back. */
void script_reload(struct script *script, struct mod *mod, uint32_t granted);
/* Puts it on trial, before it starts: when it fails, this code comes back. */
void script_try(struct script *script, struct mod *before, uint32_t granted);
/* The trial is over when its time is. */
void script_trial_check(struct script *script);
/* The old code takes over what the new one leaves. */
void script_revert(struct script *script);
/* Calls a function of the mode's table, if there is one; results are left on the stack. */
bool script_call_mode(lua_State *L, const struct script *script, const char *name, int args,
                      int results);
/* Pushes the table that holds the state; a rule may have given the global another one. */
void script_push_table(lua_State *L, const struct script *script);
/* For what calls a mode, at the place where it is among the arguments: pushes the state; the number
 * of values pushed, 0 for a rule, which has the global. */
int script_push_state(lua_State *L, const struct script *script);
/* Null: it has no such command. */
const struct command *script_command_find(const struct script *script, const char *name);
/* False: too many, or out of memory. Takes the reference. The same name again replaces. */
bool script_command_add(struct script *script, const char *name, const char *help, int function);
/* The table `settings`, pushed. */
void settings_push(lua_State *L, struct script *script);
/* A lobby setting has another value: `settings` shows it, if it is one of the mod's. */
void script_setting_changed(struct script *script, const char *lobby_key);
/* Ends it for this lobby, and says so. */
void script_disable(struct script *script, const char *why);
/* After a kill: begins anew with the last good state. */
void script_restart(struct script *script);

/* ---- for C functions that scripts call ---- */

struct script *script_of(lua_State *L);
struct realm *realm_of(lua_State *L);
/* Before an effect on anything outside of the sandbox, with nothing that raises in between: a stop
 * comes before it or after it, in a replay as well. False: to be left out, as there is nobody it
 * could have an effect on (a probe), or it has been done already (takes_over). */
bool script_act(lua_State *L) MUSTER_MUST_USE;

/* Stops one that runs nothing now, for what the function took (or LUA_NOREF). */
void script_stop(struct script *script, enum sandbox_kill reason, int function);

/* ---- timers; now_ms by the realm's clock ---- */
uint32_t script_timer_add(lua_State *L, double seconds, bool repeats); /* function at index 2 */
bool script_timer_cancel(struct script *script, uint32_t id);
/* All that are due: a tick's. */
void script_timers_run(struct script *script, uint64_t now_ms);
/* The one that has been due longest. */
void script_timer_next(struct script *script, uint64_t now_ms);
/* Sets the lobby realm's alarm by the timers of the scripts that are there. */
void timers_set_alarm(struct realm *realm);

#endif
