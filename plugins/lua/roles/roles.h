/* roles - what the host asks of rules and victory, put to the scripts of the lobby or match. */
#ifndef LUA_ROLES_H
#define LUA_ROLES_H

#include <muster/plugin.h>

extern const struct muster_rules lobby_rules;
extern const struct muster_victory lobby_victory;

#endif
