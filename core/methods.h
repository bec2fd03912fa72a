/* methods - what each JSON-RPC method does: docs/protocol.md section 2. Layer 3. Loop thread. */
#ifndef METHODS_H
#define METHODS_H

#include "dispatch.h"

/* Runs a console command line for a client with permission "admin". fn gets the answer, now or
 * later. */
typedef void (*methods_admin_fn)(const char *actor, const char *line,
                                 void (*fn)(void *user, const char *answer), void *user);
void methods_set_admin(methods_admin_fn fn);

extern const struct method methods_table[];

/* Result of server.info and GET /v1/info. */
json_t *methods_server_info(void);
/* Result of lobby.list and GET /v1/lobbies for params already checked (an object). */
int32_t methods_lobby_list(struct call *call);

#endif
