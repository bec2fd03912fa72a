/* console - the commands of mods. */
#ifndef LUA_CONSOLE_H
#define LUA_CONSOLE_H

#include "instance.h"

muster_status console_add(struct instance *instance);

#endif
