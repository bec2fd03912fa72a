/* mode - a match whose mode is a script that owns everything (mod.json without "base").
 *
 * A struct mode belongs to one match: the host's mode role makes it before the match's scripts are
 * there, and it stays over kills and reloads of the script that plays. What it holds is in C: the
 * inputs of a step, the declared fields (sync.h), the bytes of the tick's delta.
 */
#ifndef LUA_MODE_H
#define LUA_MODE_H

#include "probe.h"
#include "script.h"
#include "sync.h"

enum {
    MODE_VIEWS_MAX = SYNC_SEATS_MAX + 1, /* 0: spectators, or everybody; else seat + 1 */
    MODE_INPUTS_MAX = SYNC_SEATS_MAX * 2,
};

/* What mode.snapshot wrote for this tick, by view. */
struct mode_deltas {
    uint32_t views, bytes_max; /* each */
    uint32_t len[MODE_VIEWS_MAX];
    uint8_t bytes[];
};

struct mode {
    struct lobby *lobby;
    struct sync *sync;              /* mode.sync; or null */
    struct mode_deltas *deltas;     /* mode.snapshot; or null */
    bool is_declared, is_private;   /* each seat has a view of its own */
    uint32_t teams[SYNC_SEATS_MAX]; /* as the last delta saw them */
    uint32_t input_count;
    struct mode_input {
        uint32_t seat;
        struct muster_input input;
    } inputs[MODE_INPUTS_MAX]; /* of this step, in order */
    struct muster_writer *out; /* while mode.snapshot writes; else null */
};

extern const struct muster_mode lua_mode;

/* Null: out of memory. mode_free takes null. */
struct mode *mode_make(struct lobby *lobby);
void mode_free(struct mode *mode);

/* ---- script.c: the script that plays. Nothing happens for any other. ---- */
/* The mode's table is on top: its sync, snapshot and private. Raises for what is not right, or not
 * as it was: clients read what comes by what they were told at the start. */
void mode_declare(lua_State *L, struct script *script);
/* The script's last good state is this one; it is back at the last one. */
void mode_keep(const struct script *script);
void mode_back(const struct script *script);

/* ---- roles.c ---- */
/* Has the player been seated by mode.join, which comes before the rules are told? */
bool mode_seats(const struct lobby *lobby, uint32_t seat);
/* All scripts have had their tick: what clients are told of this step. */
void mode_step_end(struct lobby *lobby);
void mode_save(const struct lobby *lobby, struct muster_writer *out);
muster_status mode_load(struct lobby *lobby, struct muster_reader *in);

/* ---- probe.c, api_mode.c ---- */
void mode_traits_read(struct script *script, struct mode_traits *traits);
/* The mode that this script plays; or null. */
struct mode *mode_of(const struct script *script);
/* Pushes what mode.snapshot calls `out`. */
void mode_push_writer(lua_State *L);

/* ---- mode.c and mode_tell.c ---- */
/* The script that plays; null: there is none, or it is stopped. */
struct script *mode_script(const struct mode *mode);
/* A function of the mode's table and the state, pushed; false: there is none, and nothing is. */
bool mode_push_callback(lua_State *L, const struct script *script, const char *name);
uint32_t mode_team(const struct mode *mode, uint32_t seat);
void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                   struct muster_writer *out);
uint32_t mode_view(void *instance, void *state, uint32_t seat);
void mode_intro(void *instance, void *state, struct muster_writer *out);

#endif
