/* crashes - what follows from how the last processes ended, for the lobby that they were at, and
 * what is kept of it in DATA/crashes. Loop thread.
 *
 * A fault costs a lobby its log, a second one within a minute the lobby; so does the first one
 * where the plugin has had several of late, in whatever lobbies: what is broken is the plugin. A
 * kill is nobody's fault, unless three in a row, within a minute, came in the same lobby: the
 * memory was used up by it.
 */
#ifndef CRASHES_H
#define CRASHES_H

#include <stdbool.h>

#include <jansson.h>
#include <muster/types.h>

#define CRASHES_KEPT_MAX 20

/* In the order in which lobbies are restored. */
enum crashes_verdict {
    CRASHES_RESTORE,     /* as any other */
    CRASHES_LAST,        /* after the others */
    CRASHES_WITHOUT_LOG, /* from its checkpoint alone */
    CRASHES_CLOSE,       /* it ends, with its results as they stand; no plugin of it is called */
    CRASHES_LEAVE,       /* not even that could be done: its file is put aside */
};

/* Takes the page of the process before over, and keeps what it tells. The data directory is this
 * process's. What goes wrong is logged. */
void crashes_open(void);
enum crashes_verdict crashes_verdict(const char *lobby_key);
/* A copy of this file goes to what is kept of the last crash, if that was in this lobby. */
void crashes_keep_file(const char *lobby_key, const char *path, const char *name);
/* What the verdict says has been done. */
void crashes_settle(const char *lobby_key);
/* Was the last end a fault of a lobby that has paid for it? */
bool crashes_last_is_settled(void);
/* What is kept, oldest first: [{name, crashedAt, cause, plugin, call, lobbyId, lobbyThen, ...}];
 * new reference, null: out of memory. */
json_t *crashes_list(void);

#endif
