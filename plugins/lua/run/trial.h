/* trial - settings as a mod is answered while it is tried apart from all lobbies: as in a new lobby
 * of its mode, of a rule on the base arena. */
#ifndef LUA_TRIAL_H
#define LUA_TRIAL_H

#include "lobby.h"

/* The text of a value, at out or elsewhere; null: there is no such setting. */
const char *trial_setting(const struct realm *realm, const char *key, char *out, size_t size);
/* Modes or settings have come or gone. */
void trial_renew(struct instance *instance);
bool trial_knows(struct instance *instance, const char *game_mode);
/* Has the host, in lobbies of this mode, a setting of that name? */
bool trial_has(struct instance *instance, const char *game_mode, const char *key);

#endif
