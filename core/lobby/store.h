/* store - the database role as the rest of the node uses it: queries, writes that are kept, tables,
 * copies, and whether it is there. Loop thread.
 *
 * Knows no table: each belongs to the plugin that brings its steps. All access to the role goes
 * through store_submit; what must be written goes through outbox, which keeps it until it stands.
 * There may be several databases, each an instance of a plugin; null or "" is the first. Without
 * one the node plays all the same; nothing is kept and queries answer UNAVAILABLE. So they do for a
 * name that none has, which is logged.
 */
#ifndef STORE_H
#define STORE_H

#include "plugin.h"

/* fn is called exactly once, later, unless this fails. asker: the plugin that asks (it owns the
 * query), or null for core. */
muster_status store_submit(struct muster_self *asker, const struct muster_db_request *request,
                           muster_db_fn fn, void *user, muster_query_id *out) MUSTER_MUST_USE;
/* fn is called in the loop's next turn, with CLOSED. NOT_FOUND: no query of the asker's. */
muster_status store_cancel(const struct muster_self *asker, muster_query_id id) MUSTER_MUST_USE;
/* It will be written, see outbox_add. UNAVAILABLE without a database. */
muster_status store_keep(const struct muster_self *asker,
                         const struct muster_db_request *request) MUSTER_MUST_USE;
muster_status store_migrate(struct muster_self *asker, const char *database, const char *component,
                            const char *const *steps, uint32_t step_count, muster_db_fn fn,
                            void *user, muster_query_id *out) MUSTER_MUST_USE;
/* Copies the database to a new file; fn once, later, unless this fails. UNSUPPORTED: its plugin
 * does not do that. */
muster_status store_backup(const char *database, const char *path, muster_db_fn fn,
                           void *user) MUSTER_MUST_USE;
/* For /readyz: null, or why a database is not what it should be. Asks each, at most once a second,
 * and says what came of the last time. */
const char *store_trouble(void);
/* Queries that are not answered yet. */
uint32_t store_waiting(void);

/* After the plugins have started. fn once the tables that they have asked for stand, with OK, or
 * with what one of them failed with; with OK also without a database. */
void store_start(void (*fn)(void *user, muster_status status), void *user);
void store_deinit(void);

#endif
