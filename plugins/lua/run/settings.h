/* settings - what scripts read of the lobby's settings. */
#ifndef LUA_SETTINGS_H
#define LUA_SETTINGS_H

#include "script.h"

/* The rule's value of a setting as JSON text, from lobby or match. */
const char *settings_read_json(const struct realm *realm, const char *key, char *out, size_t size);
/* The table `settings` of a script, pushed: the values of its mod's own keys, read-only. */
void settings_push(lua_State *L, struct script *script);
/* A lobby setting has another value: `settings` shows it, if it is one of the mod's. */
void script_setting_changed(struct script *script, const char *lobby_key);

#endif
