/* lobby - what this plugin knows of a lobby: the rules that were chosen, its two realms, and the
 * plugin's instance they belong to. Owned by the instance, made by rules.create.
 */
#ifndef LUA_LOBBY_H
#define LUA_LOBBY_H

#include <jansson.h>

#include "mod.h"
#include "realm.h"
#include "sandbox.h"
#include "storage.h"

enum {
    LOBBY_UPLOADS_MAX = 1,
    GLOBALS_MAX = 8,
    ERRORS_REMEMBERED = 64,
    KEEP_EVERY_MS = 1000, /* between two last good states */
};

struct probe;
struct mode; /* mode.h: a match whose mode a script owns */

/* What scripts want of the lobby at the end of this turn; see api_lobby.c. */
struct lobby_changes {
    bool is_posted;
    uint8_t lock;                    /* 1 + locked; 0: as it is */
    uint8_t teams[MUSTER_SEATS_MAX]; /* 1 + team, by seat */
};

/* Fills with time; each line or upload takes one token. Zeroed, it fills since time 0. */
struct rate {
    double tokens;
    uint64_t since_ms;
};

struct lobby {
    struct lobby *next;
    struct instance *instance;
    muster_lobby_id id; /* 0: a replay */
    struct mode *mode;
    uint64_t seed;      /* of the match */
    struct realm match; /* while a match runs: match.match is not 0 */
    struct realm lobby; /* of the lobby */
    struct mod *uploads[LOBBY_UPLOADS_MAX];
    struct upload_space {
        char id[MOD_ID_MAX + 1];
        struct storage_space *space; /* owned */
    } spaces[LOBBY_UPLOADS_MAX];
    uint32_t upload_count;
    bool refresh_posted;
    struct lobby_changes changes;
    muster_player_id speaker; /* of the line of chat that is asked about */
    char console_answer[300]; /* of the command that the console runs now */
    bool console_failed;
    char vote_mod[MOD_ID_MAX + 1]; /* whose vote is under way */
    struct rate upload_rate;
    char draft_name[64]; /* an upload in parts, of a name that is not checked yet */
    int draft_parts;
    char *draft; /* MOD_UPLOAD_BYTES_MAX, or null; owned */
    uint32_t draft_len;
    struct rate talk_rate;  /* lines of chat that scripts may say */
    struct rate print_rate; /* lines of print that may be logged */
};

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

struct instance {
    muster_self *self;
    const struct muster_host *host;
    struct mods *mods;
    struct storage *storage;
    struct storage_limits storage_limits;
    struct lobby *lobbies;
    struct sandbox_limits limits;
    struct sandbox *volatile current;
    struct entry *volatile entry; /* script.c: the innermost; null outside */
    int64_t looked_ns;            /* on_overrun: the CPU time at its last look */
    uint32_t call_us;             /* CPU time of one entry, and of all for one event */
    uint64_t event, event_last; /* share.c: the event under way, 0: none; and how many there were */
    uint32_t lobby_percent;     /* of the loop's time, for the scripts of lobbies */
    int64_t lobbies_ns;         /* of that is left, at lobbies_ms */
    uint64_t lobbies_ms;
    struct realm *waiting, *waiting_last; /* turns.c: who is due, in the order of their turns */
    muster_timer_id turn_timer;
    uint32_t late_count; /* timers of lobbies, since it was told last */
    uint64_t late_ms;    /* the most of that */
    uint64_t late_told_ms;
    const char *globals[GLOBALS_MAX];
    uint32_t global_count;
    struct told told[ERRORS_REMEMBERED];
    struct probe *probes;
    json_t *trial_settings; /* what mods on trial are answered: of this mode's lobbies; or null */
    char trial_mode[MUSTER_NAME_MAX];
    char *store_dir;                     /* versions that took part in matches; owned */
    uint32_t upload_permissions;         /* what uploads get */
    bool uploads;                        /* players may bring rules of their own */
    uint64_t stretch_ns;                 /* the longest call of a script */
    struct watch *watch;                 /* null without --watch */
    const struct tester *tester;         /* null: nothing is tested */
    char creating_mode[MUSTER_NAME_MAX]; /* of the lobby that is being created */
    uint32_t metric_errors, metric_kills, metric_reloads, metric_scripts, metric_late;
};

/* ---- roles.c ---- */
extern const struct muster_rules lobby_rules;
extern const struct muster_victory lobby_victory;
/* "waiting", "active", ...: how scripts name MUSTER_LOBBY_... */
const char *lobby_state_name(uint32_t state);
/* "quit", "timeout", ...: how scripts name MUSTER_LEAVE_... */
const char *leave_name(uint32_t reason);

/* ---- lobby.c ---- */
struct lobby *lobby_create(struct instance *instance, muster_lobby_id id);
void lobby_destroy(struct lobby *lobby); /* takes null */
/* Notes which scripts play; they are made when the note comes back. */
void lobby_match_begin(struct lobby *lobby, const struct muster_match_info *info);
void lobby_match_add(struct lobby *lobby, struct mod *mod, uint32_t granted);
/* What is offered from now on is this version: the scripts of the lobby take it over, and it comes
 * into a realm in which only the new code hooks something. before: the version till now, or null.
 */
void lobby_reload(struct lobby *lobby, struct mod *mod, struct mod *before);
/* The match's part of it, when the note comes back. */
void lobby_match_reload(struct lobby *lobby, struct mod *mod, uint32_t granted, struct mod *before,
                        uint32_t granted_before);
struct lobby *lobby_find(const struct instance *instance, muster_lobby_id id);
/* Seed of a script's generator: of a match by its seed, else random. */
uint64_t lobby_seed(const struct realm *realm, const char *mod_id);
/* The lobby realm's scripts that were killed begin anew in the loop's next turn. */
void lobby_restart_later(struct lobby *lobby);
/* The script that owned the match's mode has been stopped: the match ends with its score. */
void lobby_mode_lost(const struct realm *realm);
/* The script of a mode on a base is off for good: without a limit of time or kills the match ends.
 */
void lobby_base_alone(struct realm *realm);
/* The rules that the lobby's settings choose, and uploads, into the lobby realm. */
void lobby_refresh(struct lobby *lobby);
/* What bus.emit sends: within the realm, and from the lobby's to the match's. False: too many. */
bool lobby_emit(struct realm *realm, const char *name, const void *bytes, uint32_t len);
/* The permissions that the operator grants to a mod that asks for them. */
uint32_t permissions_of(const struct instance *instance, const char *id);
/* What this mod gets of what it asks for. */
uint32_t permissions_granted(const struct instance *instance, const struct mod *mod);
/* Is it a rule that the operator lets lobbies choose? */
bool rule_is_offered(const struct instance *instance, const char *id);
/* Where a mod keeps its values; an upload's end with the lobby. Null: no memory. */
struct storage_space *lobby_space(struct lobby *lobby, const struct mod *mod);
/* The setting "rules" as a list: fn for each id. */
void lobby_chosen(const struct lobby *lobby, void (*fn)(void *user, const char *id), void *user);
/* The rule's value of a setting as JSON text, from lobby or match. */
const char *lobby_setting_json(const struct realm *realm, const char *key, char *out, size_t size);
bool result_parse(const char *team, const char *reason, uint32_t *team_out, uint32_t *reason_out);
const char *winner_name(uint32_t team);

/* ---- players.c: handles ---- */
/* who: a seat in the match realm, a player in the lobby's. Pushes the handle, or nil. */
void player_push(struct script *script, lua_State *L, uint64_t who);
bool player_order(lua_State *L, int index, uint64_t *order);
/* Somebody sits down: handles of who sat there are stale. */
void players_seat(struct realm *realm, uint32_t seat);
/* The player left: handles are stale from now on. */
void players_forget(struct realm *realm, uint64_t who);

/* ---- report.c: what people are told ---- */
void report_error(struct script *script);
void report_kill(struct script *script);
/* What the script asked for at this place was not done. */
void report_refusal(struct script *script, const char *file, int line, const char *text);
/* Takes one token, if there is one. */
bool lobby_take(const struct lobby *lobby, struct rate *rate, double per_ms, double burst);
/* Take one line from the lobby's quota of prints, or of chat: what is over it is not said. */
bool print_allowed(struct lobby *lobby);
bool talk_allowed(struct lobby *lobby);
void report_print(const struct script *script, const char *line);
void report_stretch(struct script *script, uint64_t ns);
/* Timers of lobbies are late; most was spent by this script, if there is one. */
void report_late(const struct instance *instance, const struct script *most);
/* Of the loop's thread, so far. */
int64_t thread_cpu_ns(void);
void report_disabled(struct script *script, const char *why);
/* One line to the lobby's host. */
void report_to_host(const struct lobby *lobby, const char *mod, const char *text);

void report_not_reloaded(struct script *script, const struct mod *mod, const char *why);
void report_reverted(struct script *script, const struct mod *mod);

/* ---- console.c, rpc.c ---- */
muster_status console_add(struct instance *instance);
muster_status rpc_add(struct instance *instance);

#endif
