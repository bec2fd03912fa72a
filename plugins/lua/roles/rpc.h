/* rpc - the methods of mods: which there are, their settings, uploads. */
#ifndef LUA_RPC_H
#define LUA_RPC_H

#include "instance.h"

muster_status rpc_add(struct instance *instance);
/* Uploads that are being tried, when the plugin ends. */
void rpc_forget(struct instance *instance);

#endif
