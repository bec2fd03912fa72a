/* connection_internal - what connection.c, connection_open.c and migrate.c share. */
#ifndef DB_SQLITE_CONNECTION_INTERNAL_H
#define DB_SQLITE_CONNECTION_INTERNAL_H

#include <stdatomic.h>
#include <sys/types.h>

#include "answer.h"
#include "connection.h"

#define CACHE_MAX 64u

/* Our own statements; requests may not use transaction control themselves. */
enum control {
    CONTROL_BEGIN,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_SAVEPOINT,
    CONTROL_RELEASE,
    CONTROL_UNDO,
    CONTROL_COUNT,
};

struct cached {
    char *sql;
    sqlite3_stmt *statement;
    uint64_t used_at;
};

/* What is committed stands in the -wal until it is moved into the file. */
enum { FILES = 3 };
struct identity {
    dev_t device;
    ino_t inode;
};

struct connection {
    sqlite3 *db;
    char *file;                        /* null: in memory */
    struct identity identities[FILES]; /* of the file, its -wal and its -shm */
    bool is_reader;
    const char *lost;  /* which of them is no longer where it was, or null */
    bool is_new;       /* nothing had been migrated when it was opened */
    bool is_backed_up; /* before the first migration of this start */
    struct connection_limits limits;
    sqlite3_stmt *control[CONTROL_COUNT];
    struct cached cache[CACHE_MAX];
    uint64_t uses;
    struct answer_scratch scratch;
    uint64_t deadline_ms;
    bool guarded;               /* a request's SQL is being prepared or run */
    bool may_only_read;         /* so does the request that runs */
    atomic_bool is_interrupted; /* nobody waits for what takes long */
    int changes;                /* of all time, when the transaction began */
    bool durable;               /* the connection's present synchronous setting is FULL */
};

uint64_t connection_clock_ms(void);
muster_status connection_status(int code);
void connection_rollback(struct connection *connection);

#endif
