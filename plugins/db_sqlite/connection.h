/* connection - an SQLite connection: the one that writes, or one that reads beside it. Opened on
 * the loop thread at start, then used by one worker's thread alone. Runs jobs in groups; knows no
 * queue.
 */
#ifndef DB_SQLITE_CONNECTION_H
#define DB_SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>

#include "job.h"

#define CONNECTION_WHY_MAX 512u

/* Numbers from the configuration. */
struct connection_limits {
    uint32_t rows_max;
    uint32_t answer_bytes_max;
    uint32_t busy_timeout_ms;
    uint32_t statement_ms_max;
    uint64_t check_bytes_max; /* files up to this size are looked through */
    uint32_t backups_kept;    /* of those made before migrations; 0: none is made */
};

struct connection;

/* Could the file be opened, and is it whole? Nothing of it is changed, also beside a server that
 * writes. Not was_checked: it is larger than check_bytes_max and was not looked through. */
muster_status connection_look(const char *file, const struct connection_limits *limits,
                              bool *was_checked, char *why) MUSTER_MUST_USE;
/* On failure why says what a person must mend. */
muster_status connection_open(const char *file, const struct connection_limits *limits,
                              struct connection **out, char *why) MUSTER_MUST_USE;
/* A second one, of a file that connection_open has opened, for requests that change nothing: it
 * sees what is committed when its group begins. */
muster_status connection_open_reader(const char *file, const struct connection_limits *limits,
                                     struct connection **out, char *why) MUSTER_MUST_USE;
bool connection_is_reader(const struct connection *connection);
/* Any thread: what runs and takes long ends soon, with TIMEOUT; so does all that comes after. */
void connection_interrupt(struct connection *connection);
/* Takes null. */
void connection_close(struct connection *connection);

/* Begin a group of jobs; durable: its commit reaches the disk before it returns. */
muster_status connection_begin(struct connection *connection, bool durable) MUSTER_MUST_USE;
/* One request inside the group, undone alone when it fails: sets its status and answer. */
void connection_run(struct connection *connection, struct job *job);
/* SQLite has rolled all of the group back by itself: no job may be run in it any more. */
bool connection_is_undone(const struct connection *connection);
/* Has anything been written since the group was begun? */
bool connection_has_written(const struct connection *connection);
/* End the group. After a failure nothing of it has happened. */
muster_status connection_commit(struct connection *connection) MUSTER_MUST_USE;
/* migrate.c. A migration, outside of any group: sets its status. STATE: the database has seen more
 * steps than these; CONFLICT: others. What the file holds is copied before
 * (backup.h). why (CONNECTION_WHY_MAX bytes): what a person must mend, or "". */
void connection_migrate(struct connection *connection, struct job *job, char *why);
/* Fold the write-ahead log into the file and cut it, without waiting for whoever reads or writes.
 * False: some of it is left, as somebody does. */
bool connection_checkpoint(struct connection *connection);
/* False: the file that was opened is no longer where it was; nothing is begun then, as it would be
 * gone with it. */
bool connection_is_there(struct connection *connection);
/* What the last failure was, for the log. */
const char *connection_error(const struct connection *connection);

#endif
