/* players - the table of who has been here: accounts, guests, and players of other issuers.
 *
 * Accounts, visits and presets refer to it, and each of their plugins may be the only one that is
 * loaded. So the table is a component of its own, whose steps are here alone; whoever needs it
 * links this and asks for it before its own tables. Loop thread.
 */
#ifndef MUSTER_PLAYERS_H
#define MUSTER_PLAYERS_H

#include <muster/host.h>

/* For the first steps of components that made the table before it was one: they were released, so
 * their text stays. */
#define PLAYERS_COLUMNS                                                                            \
    "(player_id TEXT PRIMARY KEY, username TEXT UNIQUE, email TEXT,"                               \
    " display_name TEXT NOT NULL DEFAULT '', region TEXT NOT NULL DEFAULT '',"                     \
    " created_at BIGINT NOT NULL, last_login BIGINT)"

/* In start; answered before what is asked for after it. As host->db->migrate. */
muster_status players_migrate(muster_self *self, const struct muster_host *host,
                              const char *database);

#define PLAYERS_VALUES 4

/* The player signs in now: a row, or its name, region and last_login anew. */
struct muster_db_statement players_seen(struct muster_db_value values[PLAYERS_VALUES],
                                        const struct muster_player_info *player, int64_t unix_ms);
/* A row where there is none: in front of one that refers to it. */
struct muster_db_statement players_known(struct muster_db_value values[PLAYERS_VALUES],
                                         const char *player_key, const char *display_name,
                                         int64_t unix_ms);

#endif
