/* lobby_saved - a lobby as bytes, read into a struct. Shared by lobby_state.c, lobby_saved.c and
 * lobby_load.c alone.
 *
 * Little-endian: "MSTRLOB1", u32 version, u64 XXH3 of what follows; then as lobby_saved_write.c
 * has it. Each byte is somebody's: what is read is bounded and checked before anything is made of
 * it.
 */
#ifndef LOBBY_SAVED_H
#define LOBBY_SAVED_H

#include "lobby_internal.h"

#define LOBBY_SAVED_VERSION 2
#define LOBBY_SAVED_MAGIC "MSTRLOB1"

/* A plugin that had a part in it. */
struct saved_part {
    char instance_name[MUSTER_NAME_MAX];
    char version[64];
    struct muster_bytes state; /* borrowed from what was read; of rules alone */
};

struct saved_member {
    uint32_t index;
    struct member member; /* times are not set */
    uint64_t left_ms;     /* 0: no deadline */
    uint64_t ago_ms;      /* has been here */
    struct session_saved session;
};

struct saved_match {
    bool there;
    bool ended;
    char key[TICKET_UUID_SIZE];
    char map_name[MUSTER_NAME_MAX];
    uint64_t seed;
    uint32_t tick_rate_hz;
    uint32_t seats_max;
    uint32_t log_position; /* 0: it was not recorded */
    json_t *settings;
    uint32_t victory_count;
    struct saved_part victories[MATCH_VICTORIES_MAX];
    uint32_t version_count;
    struct match_version versions[MATCH_VERSIONS_MAX];
    struct kept *kept;
    struct muster_bytes state, waiting; /* borrowed */
};

struct lobby_saved {
    char key[TICKET_UUID_SIZE];
    char region[MUSTER_NAME_MAX];
    char game_mode[MUSTER_NAME_MAX];
    char code[LOBBY_CODE_SIZE];
    char host_key[MUSTER_PLAYER_KEY_MAX];
    uint32_t state;
    bool unmatched;
    bool forced;
    bool stands; /* was frozen, until somebody thaws it */
    uint32_t people_max;
    uint64_t left_ms;
    json_t *settings;
    struct kept *kept;
    struct saved_part mode, owner;
    uint32_t rules_count;
    struct saved_part rules[MATCH_RULES_MAX];
    struct lobby_vote vote; /* for another match; its deadline is the time left */
    struct saved_match match;
    uint32_t member_count;
    struct saved_member *members; /* people_max + LOBBY_SPECTATORS_MAX, by index */
    int64_t epoch;
    int64_t saved_unix_ms;
    uint32_t tickets_count;
    struct lobby_tickets *tickets;
};

/* The body. False: these bytes were not written by lobby_save. Either way to be freed. */
bool lobby_saved_read(struct muster_reader *r, struct lobby_saved *out);
void lobby_saved_free(struct lobby_saved *saved);

/* lobby_tickets.c: what lobby_tickets_save has written. */
bool lobby_tickets_read(struct muster_reader *r, struct lobby_saved *out);

/* lobby_load.c: the lobby, or why not. */
muster_status lobby_load_saved(struct lobby_saved *saved, uint32_t cause,
                               const struct checkpoint_mark *mark, struct lobby **out,
                               char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;
/* It is closed at once, without its plugins. */
muster_status lobby_end_saved(struct lobby_saved *saved, const char *reason,
                              char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;

#endif
