/* host - the tables of sdk/include/muster/host.h, filled. Loop thread.
 *
 * host.c log, config, metrics, admin, events, watchdog, report; host_loop.c loop and net;
 * host_http.c http; host_ws.c ws; host_game.c lobby, match, player, db. Every function checks
 * thread and arguments; what would re-enter a match that is being stepped is done right after.
 */
#ifndef HOST_H
#define HOST_H

#include "plugin.h"

muster_status host_init(void) MUSTER_MUST_USE;
void host_deinit(void);
const struct muster_host *host_table(void);
struct net_handlers;
/* Fills in those of WebSockets at the paths of plugins. */
void host_net_handlers(struct net_handlers *handlers);

#endif
