/* players - handles: what scripts hold of a player.
 *
 * A handle holds numbers, no pointers. In the match realm it means who sat on that seat when it was
 * made; in the lobby realm a signed-in player. One that no longer means anybody answers nothing.
 */
#ifndef LUA_PLAYERS_H
#define LUA_PLAYERS_H

#include "script.h"

struct player {
    uint64_t who; /* seat, or muster_player_id */
    uint32_t serial;
    bool gone;
    char name[MUSTER_DISPLAY_MAX]; /* from here on only in the lobby realm */
    char key[MUSTER_PLAYER_KEY_MAX];
};
extern const char player_type[];
/* Null: it is no handle. Raises for that of somebody who is gone. */
struct player *player_find(lua_State *L, int index);
/* Raises for what is no handle, too. */
struct player *player_check(lua_State *L, int index);
/* The handle means nobody from here on; the next one of the same player is new. */
void player_drop(struct script *script, lua_State *L, struct player *player);
/* who: a seat in the match realm, a player in the lobby's. Pushes the handle, or nil. */
void player_push(struct script *script, lua_State *L, uint64_t who);
/* For sandbox_host.handle_order. */
bool player_order(lua_State *L, int index, uint64_t *order);
/* Somebody sits down: handles of who sat there are stale. */
void players_seat(struct realm *realm, uint32_t seat);
/* The player left: handles are stale from now on. */
void players_forget(struct realm *realm, uint64_t who);

#endif
