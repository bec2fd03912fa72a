/* instance - what this plugin has once: limits, mods, lobbies, and what is under way now. The
 * loop's thread, but for what the watchdog's signal reads. */
#ifndef LUA_INSTANCE_H
#define LUA_INSTANCE_H

#include <jansson.h>
#include <muster/plugin.h>

#include "mod.h"
#include "sandbox.h"
#include "storage.h"

#define MOD_DIRS_MAX 16
#define OFFERED_MAX 256
#define GRANTS_MAX 256
#define GLOBALS_MAX 8
enum { ERRORS_REMEMBERED = 64 };

struct job;
struct lobby;
struct probe;
struct realm;
struct script;

/* An error that was told: the same place again is counted, not told. */
struct told {
    char mod[MOD_HASH_MAX]; /* the version */
    char file[128];
    int line;
    uint32_t count;
    uint64_t next_ms; /* when it is told again */
};

/* While mods are tested: hears what else goes to the log and to the lobby's host, and makes runs
 * equal. */
struct tester {
    void (*print)(void *user, const char *mod, const char *line);
    void (*fail)(void *user, const char *mod, const char *text);
    struct storage_space *(*space)(void *user, const char *mod);
    void *user;
    const char *mod; /* under test: gets the permissions it asks for */
    uint64_t seed;   /* of the generators in lobby realms */
};

/* One entry of a script, on the stack of whoever enters. */
struct entry {
    struct entry *outer;
    struct sandbox *sandbox; /* null: it is being made */
    int64_t limit_ns;
    volatile int64_t seen_ns; /* CPU time that the watchdog has seen it take */
    volatile bool is_seen;
};

struct instance;

/* What lies above the scripts and is called by them. */
struct script_hooks {
    /* All that a script may call, into the globals of its state. */
    void (*bind)(lua_State *L, struct script *script);
    /* What a mode's init.lua has returned is on top. Raises. */
    void (*take_mode)(lua_State *L, struct script *script);
    /* Runs a version of a mod apart, if it was not yet, to see what it hooks. Not OK: it does not
     * start, and error says why. */
    muster_status (*try_mod)(struct instance *instance, struct mod *mod, char *error, uint32_t cap);
    /* A script of the lobby realm is to begin anew, or its old code to come back: not now, in the
     * loop's next turn. */
    void (*come_back)(struct lobby *lobby);
};

struct instance {
    muster_self *self;
    const struct muster_host *host;
    const struct script_hooks *hooks;
    struct mods *mods;
    struct storage *storage;
    struct storage_limits storage_limits;
    struct lobby *lobbies;
    struct job *jobs; /* rpc.c: uploads that are being tried */
    struct sandbox_limits limits;
    struct sandbox *volatile current;
    struct entry *volatile entry; /* script.c: the innermost; null outside */
    int64_t looked_ns;            /* on_overrun: the CPU time at its last look */
    uint32_t call_us;             /* CPU time of one entry, and of all for one event */
    uint64_t event, event_last; /* share.c: the event under way, 0: none; and how many there were */
    uint32_t lobby_percent;     /* of the loop's time, for the scripts of lobbies */
    int64_t lobbies_ns;         /* of that is left, at lobbies_ms */
    uint64_t lobbies_ms;
    char console_answer[300]; /* of the command that the console runs now */
    bool console_failed;
    struct realm *waiting, *waiting_last; /* turns.c: who is due, in the order of their turns */
    muster_timer_id turn_timer;
    uint32_t late_count; /* timers of lobbies, since it was told last */
    uint64_t late_ms;    /* the most of that */
    uint64_t late_told_ms;
    const char *globals[GLOBALS_MAX];
    uint32_t global_count;
    const char *mod_dirs[MOD_DIRS_MAX]; /* besides those that come along */
    uint32_t mod_dir_count;
    const char *offered[OFFERED_MAX]; /* rules; none: all */
    uint32_t offered_count;
    const char *grants[GRANTS_MAX]; /* "chat", or "MOD.chat" for one mod alone */
    uint32_t grant_count;
    uint64_t memory_max_bytes; /* what a mod may ask for */
    struct told told[ERRORS_REMEMBERED];
    struct probe *probes;
    json_t *trial_settings; /* what mods on trial are answered: of this mode's lobbies; or null */
    char trial_mode[MUSTER_NAME_MAX];
    char *store_dir;             /* versions that took part in matches; owned */
    uint32_t upload_permissions; /* what uploads get */
    bool uploads;                /* players may bring rules of their own */
    uint64_t stretch_ns;         /* the longest call of a script */
    bool is_watching;            /* the node, its files */
    struct watch *watch;         /* null unless it does */
    const struct tester *tester; /* null: nothing is tested */
    uint32_t metric_errors, metric_kills, metric_reloads, metric_scripts, metric_late;
};

#endif
