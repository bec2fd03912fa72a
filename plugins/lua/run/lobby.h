/* lobby - what this plugin knows of a lobby: the rules that were chosen, its two realms, and the
 * plugin's instance they belong to. Owned by the instance, made by rules.create.
 */
#ifndef LUA_LOBBY_H
#define LUA_LOBBY_H

#include "instance.h"
#include "realm.h"

enum {
    LOBBY_UPLOADS_MAX = 1,
    KEEP_EVERY_MS = 1000, /* between two last good states */
};

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
    char vote_mod[MOD_ID_MAX + 1]; /* whose vote is under way */
    struct rate upload_rate;
    char draft_name[64]; /* an upload in parts, of a name that is not checked yet */
    int draft_parts;
    char *draft; /* MOD_UPLOAD_BYTES_MAX, or null; owned */
    uint32_t draft_len;
    struct rate talk_rate;  /* lines of chat that scripts may say */
    struct rate send_rate;  /* messages that scripts may send to clients */
    struct rate print_rate; /* lines of print that may be logged */
};

struct lobby *lobby_create(struct instance *instance, muster_lobby_id id);
void lobby_destroy(struct lobby *lobby); /* takes null */
/* Notes which scripts play; they are made when the note comes back. */
muster_status lobby_match_begin(struct lobby *lobby,
                                const struct muster_match_info *info) MUSTER_MUST_USE;
void lobby_match_add(struct lobby *lobby, struct mod *mod, uint32_t granted);
/* The same for one that begins later, with what was saved of it. Null: out of memory, or too many.
 */
struct script *lobby_match_put(struct lobby *lobby, struct mod *mod, uint32_t granted);
/* What is offered from now on is this version: the scripts of the lobby take it over, and it comes
 * into a realm in which only the new code hooks something. before: the version till now, or null.
 */
void lobby_reload(struct lobby *lobby, struct mod *mod, struct mod *before);
/* The match's part of it, when the note comes back. */
void lobby_match_reload(struct lobby *lobby, struct mod *mod, uint32_t granted, struct mod *before,
                        uint32_t granted_before);
struct lobby *lobby_find(const struct instance *instance, muster_lobby_id id);
/* The lobby realm's scripts that were killed begin anew in the loop's next turn. */
void lobby_restart_later(struct lobby *lobby);
/* The script of a mode on a base is off for good: without a limit of time or kills the match ends.
 */
void lobby_base_alone(struct realm *realm);
/* The rules that the lobby's settings choose, and uploads, into the lobby realm. */
void lobby_refresh(struct lobby *lobby);
/* The scripts hear of it; seconds: as MUSTER_NOTICE_SERVER_RESTARTING has them. */
void lobby_restarting(struct realm *realm, uint32_t seconds);
/* What bus.emit sends: within the realm, and from the lobby's to the match's. False: too many. */
bool lobby_emit(struct realm *realm, const char *name, const void *bytes, uint32_t len);
/* Where a mod keeps its values; an upload's end with the lobby. Null: no memory. */
struct storage_space *lobby_space(struct lobby *lobby, const struct mod *mod);

#endif
