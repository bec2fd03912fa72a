/* mode - a match whose mode is a script that owns everything (mod.json without "base").
 *
 * A struct mode belongs to one match: the host's mode role makes it before the match's scripts are
 * there, and it stays over kills and reloads of the script that plays. What it holds is in C: the
 * inputs of a step, the declared fields (sync.h), the bytes of the tick's delta.
 */
#ifndef LUA_MODE_H
#define LUA_MODE_H

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
    uint32_t seats_max;             /* of the match */
    bool is_declared, is_private;   /* each seat has a view of its own */
    uint32_t teams[SYNC_SEATS_MAX]; /* as the last delta saw them */
    uint32_t input_count;
    struct mode_input {
        uint32_t seat;
        struct muster_input input;
    } inputs[MODE_INPUTS_MAX];     /* of this step, in order */
    struct muster_writer *out;     /* while mode.snapshot writes; else null */
    struct muster_bit_writer bits; /* into it */
};

struct mode_traits {
    char *sync_json; /* what mode.sync declares, as the intro tells it; or null. Owned */
    bool is_private; /* a field that not all see: each seat has a view of its own */
};

/* Null: out of memory. mode_free takes null. */
struct mode *mode_make(struct lobby *lobby, uint32_t seats_max);
void mode_free(struct mode *mode);
/* What its code has declared: other code takes its place. Takes null. */
void mode_forget(struct mode *mode);
/* The mode that this script plays; or null. */
struct mode *mode_of(const struct script *script);
/* The script that plays; null: there is none, or it is stopped. */
struct script *mode_script(const struct mode *mode);
/* The script's last good state is this one; it is back at the last one. Nothing happens for one
 * that does not play. */
void mode_keep(const struct script *script);
void mode_back(const struct script *script);
void mode_traits_read(struct script *script, struct mode_traits *traits);

#endif
