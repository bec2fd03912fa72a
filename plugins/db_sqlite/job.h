/* job - one request to the database: a deep copy of what was asked, and its answer. Created on the
 * loop thread, owned by a worker's thread while it runs, back on the loop thread for its answer.
 */
#ifndef DB_SQLITE_JOB_H
#define DB_SQLITE_JOB_H

#include <muster/roles.h>

#define JOB_STATEMENTS_MAX 64u
#define JOB_PARAMS_MAX 999u      /* of one statement */
#define JOB_BYTES_MAX (8u << 20) /* SQL and parameters of one request */
#define JOB_STEPS_MAX 256u       /* of one migration */

/* Rows in one allocation. */
struct answer {
    struct muster_db_rows rows;
    uint64_t bytes;
};

struct job {
    struct job *next;
    muster_db_ticket_id ticket;
    struct muster_db_request request; /* a migration: statements are its steps */
    const char *component;            /* null unless it is a migration */
    muster_status status;
    struct answer *answer;
};

/* INVALID: malformed; LIMIT: over the bounds above. */
muster_status job_create(muster_db_ticket_id ticket, const struct muster_db_request *request,
                         struct job **out) MUSTER_MUST_USE;
muster_status job_create_migration(muster_db_ticket_id ticket, const char *component,
                                   const char *const *steps, uint32_t step_count,
                                   struct job **out) MUSTER_MUST_USE;
/* Takes null. */
void job_destroy(struct job *job);

#endif
