#ifndef LUA_MODE_H
#define LUA_MODE_H
#include "probe.h"
extern const struct muster_mode lua_mode;
void mode_traits_read(struct script *script, struct mode_traits *traits);
#endif
