/* realm - the scripts of one lobby, or of its match, and what they hook.
 *
 * The lobby realm lives as long as the lobby. The match realm lives as long as the match, is part
 * of its step, and is made again by a replay: whatever reaches it is an argument of the step, comes
 * from host->match, or is written into the match's log (note.h).
 */
#ifndef LUA_REALM_H
#define LUA_REALM_H

#include <lua.h>
#include <muster/plugin.h>

#include "events.h"
#include "sandbox.h"

enum { REALM_SCRIPTS_MAX = 24, REALM_BUS_MAX = 64, REALM_ERROR_BYTES = 400 };

struct script;
struct lobby;
struct mod;
struct objects;

struct handler {
    struct script *script;
    int function;
    int16_t priority;
    bool is_mode;  /* a field of the mode's table: gets the state first */
    bool is_open;  /* a gate that stays open when the handler fails */
    bool is_later; /* hooked since the start */
    char id[48];
};

struct handlers {
    struct handler *items; /* by priority, then script, then age */
    uint32_t count, cap;
};

/* What bus.emit left for the next turn. */
struct message {
    char name[48];
    uint8_t *bytes; /* an encoded value, owned */
    uint32_t len;
};

/* Where a replay stops a script. */
struct stop {
    uint32_t script;
    uint32_t host_calls;
    uint64_t call;
};

/* What a script read that is not part of the match, in the order it was read. */
struct answer {
    struct answer *next;
    uint64_t call; /* by which entry, and how many effects that had had with this one */
    uint32_t host_calls;
    uint32_t len;
    uint8_t bytes[];
};

/* What a match's scripts may write into its log. Filled by ticks, so that a replay counts alike. */
struct quota {
    int64_t left;
    uint32_t tick; /* when it was filled last */
    bool is_begun; /* else it is full */
};

struct realm_seat {
    uint32_t serial; /* who sits there: handles of those before are stale */
    bool taken;
};

/* What every tick reads lies together: with thousands of matches all of it comes from memory. */
struct realm {
    struct lobby *lobby;
    int kind; /* REALM_LOBBY or REALM_MATCH */
    bool is_replay;
    bool is_probe;         /* of no lobby: only to see whether the script starts */
    bool is_mode_lost;     /* the script of the match's mode is off: looked at with the next tick */
    bool tick_guessed;     /* tick_ns is by the cheap clock, or partly so */
    muster_match_id match; /* the match realm's, as all up to calls */
    uint32_t tick, tick_rate_hz, seats_max;
    uint32_t script_count, message_count;
    uint64_t now_ms;            /* match time */
    int64_t tick_ns;            /* spent in scripts in this tick */
    uint64_t calls;             /* entries so far */
    uint64_t rest_until_ms;     /* lobby realm: before that nothing of it is run */
    bool waits;                 /* in the row of turns.c */
    struct realm *next_waiting; /* behind it there */
    struct script *scripts[REALM_SCRIPTS_MAX];
    struct handlers handlers[EVENT_COUNT];
    struct handlers bus;      /* id holds "event\0id" */
    struct message *messages; /* REALM_BUS_MAX, made with the first; owned */
    char *probe_error;        /* of one of no lobby: where to say why it does not start */
    enum sandbox_kill probe_kill;
    /* the match realm's */
    char game_mode[MUSTER_NAME_MAX];
    struct quota commands;      /* to the match's mode */
    struct objects *objects;    /* objects.h; null until a command is sent. Owned */
    struct quota answers_quota; /* bytes of what scripts read */
    struct stop *stops;         /* of a replay, in order */
    uint32_t stop_count;
    struct answer *answers, **answers_end;
    struct answer **answer_open; /* the last one, when more of it is to come */
    uint32_t seat_count;         /* of people and bots */
    struct realm_seat *seats;    /* owned */
    /* the lobby realm's */
    muster_timer_id timer;
    uint64_t timer_due_ms;
};

/* ---- life ---- */
void realm_init(struct realm *realm, struct lobby *lobby, int kind);
struct script *realm_find(const struct realm *realm, const char *mod_id);

/* ---- handlers ---- */
/* handler: all but the script. The same id of the same script again: replaces, behind the others of
 * its priority. False: too many, or out of memory. */
bool realm_hook(struct script *script, enum event event, const struct handler *handler);
bool realm_find_hook(const struct script *script, enum event event, const char *id);
bool realm_unhook(struct script *script, enum event event, const char *id);
bool realm_bus_find(const struct script *script, const char *name, const char *id);
bool realm_bus_hook(struct script *script, const char *name, const char *id, int function);
/* Where the script's handler of that id is; or the count. */
uint32_t realm_hook_index(const struct handlers *handlers, const struct handler *handler);
/* All of the handler is set, its id as it lies in these handlers. */
bool realm_hook_as(struct script *script, struct handlers *handlers, const struct handler *handler);
/* Everything the script hooked, without running it again. */
void realm_unhook_all(struct script *script);
/* The gates that are shut when the script fails: a bit for each event. */
uint32_t realm_gates(const struct script *script);
/* Does somebody sit there, in this match? */
static inline bool realm_seated(const struct realm *realm, uint64_t seat) {
    return seat < realm->seat_count && realm->seats[seat].taken;
}
static inline bool realm_has(const struct realm *realm, enum event event) {
    return realm->handlers[event].count > 0;
}

/* ---- bus ---- */
void realm_messages_drop(struct realm *realm);
/* Queues a message; false: too many. bytes are copied. */
bool realm_emit(struct realm *realm, const char *name, const void *bytes, uint32_t len);

/* Fills by per_tick up to burst; false when nothing is left. What it costs is taken by the caller,
 * and may leave a debt. */
bool realm_quota(const struct realm *realm, struct quota *quota, int64_t per_tick, int64_t burst);
uint64_t realm_now_ms(const struct realm *realm);
muster_self *realm_self(const struct realm *realm);
const struct muster_host *realm_host(const struct realm *realm);

#endif
