/* methods - what each JSON-RPC method does: docs/protocol.md section 2. Loop thread. */
#ifndef METHODS_H
#define METHODS_H

#include <muster/host.h>

#include "dispatch.h"

extern const struct method methods_table[];

/* Result of server.info and GET /v1/info, until something changes; brief: without the settings
 * schemas. Null: out of memory. */
const char *methods_info(bool brief, uint32_t *len);
/* The configuration has changed. */
void methods_info_forget(void);
/* Checks call->params as a client's would be; RPC_OK or call->failure's code. */
int32_t methods_check(struct call *call, const char *method);
/* Result of lobby.list and GET /v1/lobbies for params already checked (an object). */
int32_t methods_lobby_list(struct call *call);

/* ---- methods that plugins bring (host->rpc) ---- */

/* EXISTS when the name is taken by another plugin or the host. */
muster_status methods_plugin_add(struct muster_self *owner, const char *name, muster_rpc_fn fn,
                                 void *user);
const struct method *methods_plugin_find(const char *name, const struct session *session);
muster_status methods_plugin_answer(struct muster_self *owner, muster_rpc_call_id call,
                                    const char *result_json);
muster_status methods_plugin_refuse(struct muster_self *owner, muster_rpc_call_id call,
                                    const char *code, const char *text,
                                    const struct muster_refusal *refusal);

#endif
