/* watch - with --watch: mods whose files change are reloaded. */
#ifndef LUA_WATCH_H
#define LUA_WATCH_H

#include "lobby.h"

/* Folders of mods: one that is missing is made. What cannot be watched is logged. */
void watch_start(struct instance *instance, const char *const *dirs, uint32_t count);
void watch_stop(struct instance *instance);

#endif
