/* mode_role - the host's mode role: a match whose mode is a script that owns everything. */
#ifndef LUA_MODE_ROLE_H
#define LUA_MODE_ROLE_H

#include "mode.h"

extern const struct muster_mode lua_mode;

/* The mode's table is on top, which init.lua returned: its fields that are named like events become
 * handlers, or its sync, snapshot and private are declared. Raises for what is not right, or not as
 * it was: clients read what comes by what they were told at the start. */
void mode_take(lua_State *L, struct script *script);
/* Has the player been seated by mode.join, which comes before the rules are told? */
bool mode_seats(const struct lobby *lobby, uint32_t seat);
/* All scripts have had their tick: what clients are told of this step. */
void mode_step_end(struct lobby *lobby);
void mode_save(const struct lobby *lobby, struct muster_writer *out);
muster_status mode_load(struct lobby *lobby, struct muster_reader *in);

/* ---- mode_role.c and mode_tell.c ---- */
/* A function of the mode's table and the state, pushed; false: there is none, and nothing is. */
bool mode_push_callback(lua_State *L, const struct script *script, const char *name);
uint32_t mode_team(const struct mode *mode, uint32_t seat);
void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                   struct muster_writer *out);
uint32_t mode_view(void *instance, void *state, uint32_t seat);
void mode_intro(void *instance, void *state, struct muster_writer *out);

#endif
