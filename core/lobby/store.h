/* store - what the node keeps in the database: players, lobbies, results. Loop thread.
 *
 * All access to the database role goes through store_submit; what is written goes through outbox,
 * which keeps it until it stands. Without a database plugin the node
 * plays all the same; nothing is kept and queries answer UNAVAILABLE.
 */
#ifndef STORE_H
#define STORE_H

#include "lobby.h"

/* fn is called exactly once, later, unless this fails. asker: the plugin that asks (it owns the
 * query), or null for core. */
muster_status store_submit(struct muster_self *asker, const struct muster_db_request *request,
                           muster_db_fn fn, void *user, muster_ticket_id *out) MUSTER_MUST_USE;
/* It will be written, see outbox_add; who: for the log. UNAVAILABLE without a database. */
muster_status store_keep(const char *who, const struct muster_db_request *request) MUSTER_MUST_USE;
muster_status store_migrate(struct muster_self *asker, const char *component,
                            const char *const *steps, uint32_t step_count, muster_db_fn fn,
                            void *user, muster_ticket_id *out) MUSTER_MUST_USE;
/* Copies the database to a new file; fn once, later, unless this fails. UNSUPPORTED: its plugin
 * does not do that. */
muster_status store_backup(const char *path, muster_db_fn fn, void *user) MUSTER_MUST_USE;
/* For /readyz: null, or why the database is not what it should be. Asks it, at most once a second,
 * and says what came of the last time. */
const char *store_trouble(void);
/* Queries that are not answered yet. */
uint32_t store_waiting(void);

/* Brings core's tables up to date; fn when that is done (OK also without a database). */
void store_start(void (*fn)(void *user, muster_status status), void *user);
/* Upserts the player: last_login. */
void store_player(const struct session *session);
void store_lobby_created(const struct lobby *lobby);
void store_lobby_state(const struct lobby *lobby);
void store_lobby_player(const struct lobby *lobby, uint32_t member);
/* match_results and player_match_stats in one durable transaction. */
void store_results(const struct lobby *lobby, const struct match_results *results);
/* The newest results as a JSON array of MatchResults, read back from the tables; json is null
 * unless status is OK, and is taken by fn. */
void store_recent_results(uint32_t limit,
                          void (*fn)(void *user, muster_status status, json_t *json), void *user);

#endif
