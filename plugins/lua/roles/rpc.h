/* rpc - the methods of mods: which there are, their settings, uploads. */
#ifndef LUA_RPC_H
#define LUA_RPC_H

#include "instance.h"

muster_status rpc_add(struct instance *instance);

#endif
