/* writer - group commit: what waits is run together, each request in its own savepoint, and
 * committed at once. One sync then serves the whole group. */
#include "writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP_JOBS_MAX 256u
#define GROUP_MS_MAX 5u
#define GROUP_ANSWER_BYTES_MAX (16u << 20)
#define IDLE_MS 30000u /* quiet for so long: cut the write-ahead log */
#define RETRY_MS 20u   /* when the loop takes no more posts */

/* A chain of jobs, first in first out. */
struct chain {
    struct job *first;
    struct job *last;
};

struct writer {
    muster_self *self;
    const struct muster_host *host;
    struct connection *connection;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct chain waiting;
    struct chain answered;
    bool posted; /* a delivery is on its way to the loop */
    bool stopping;
    uint32_t queue_max;
    uint32_t open; /* loop thread: jobs not yet answered */
};

static void chain_add(struct chain *chain, struct job *job) {
    job->next = NULL;
    if (chain->last)
        chain->last->next = job;
    else
        chain->first = job;
    chain->last = job;
}

static struct job *chain_take(struct chain *chain) {
    struct job *job = chain->first;
    if (!job) return NULL;
    chain->first = job->next;
    if (!chain->first) chain->last = NULL;
    job->next = NULL;
    return job;
}

static void chain_append(struct chain *to, struct chain *from) {
    if (!from->first) return;
    if (to->last)
        to->last->next = from->first;
    else
        to->first = from->first;
    to->last = from->last;
    *from = (struct chain){NULL, NULL};
}

static uint64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* ---- answers, on the loop thread ------------------------------------------------------------ */

static void deliver_chain(struct writer *writer, struct chain *chain) {
    struct job *job;
    while ((job = chain_take(chain)) != NULL) {
        const struct muster_db_rows *rows =
            job->status == MUSTER_OK && job->answer ? &job->answer->rows : NULL;
        struct muster_db_rows none = {.size = sizeof none};
        writer->open--;
        /* NOT_FOUND: whoever asked has gone. */
        (void)writer->host->db->complete(writer->self, job->ticket, job->status,
                                         job->status == MUSTER_OK && !rows ? &none : rows);
        job_destroy(job);
    }
}

static void deliver(void *user) {
    struct writer *writer = user;
    pthread_mutex_lock(&writer->lock);
    struct chain chain = writer->answered;
    writer->answered = (struct chain){NULL, NULL};
    writer->posted = false;
    pthread_mutex_unlock(&writer->lock);
    deliver_chain(writer, &chain);
}

/* One post carries all answers that have gathered. With the lock held; false: try again later. */
static bool post_answers(struct writer *writer) {
    if (writer->posted || !writer->answered.first || writer->stopping) return true;
    writer->posted = writer->host->loop->post(writer->self, deliver, writer) == MUSTER_OK;
    return writer->posted;
}

/* ---- the writer thread ------------------------------------------------------------------------
 */

static void log_failure(struct writer *writer, const char *what) {
    writer->host->log->write(writer->self, MUSTER_LOG_ERROR, "%s: %s", what,
                             connection_error(writer->connection));
}

static void undo_answer(struct job *job, muster_status status) {
    free(job->answer);
    job->answer = NULL;
    job->status = status;
}

static void fail_chain(struct chain *chain, muster_status status) {
    for (struct job *job = chain->first; job; job = job->next) undo_answer(job, status);
}

/* Takes jobs from `from` into `group` until a bound is met, running each. */
static void run_group(struct writer *writer, struct chain *from, struct chain *group) {
    uint64_t until_ms = now_ms() + GROUP_MS_MAX;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < GROUP_JOBS_MAX && from->first && !from->first->component; i++) {
        struct job *job = chain_take(from);
        connection_run(writer->connection, job);
        bytes += job->answer ? job->answer->bytes : 0;
        chain_add(group, job);
        if (bytes > GROUP_ANSWER_BYTES_MAX || now_ms() >= until_ms) return;
    }
}

/* A commit that failed may have one job to blame (a deferred foreign key): each once more alone. */
static void run_each_alone(struct writer *writer, struct chain *group) {
    for (struct job *job = group->first; job; job = job->next) {
        undo_answer(job, MUSTER_OK);
        muster_status status = connection_begin(writer->connection, job->request.durable != 0);
        if (status == MUSTER_OK) {
            connection_run(writer->connection, job);
            status = connection_commit(writer->connection);
        }
        if (status != MUSTER_OK) {
            log_failure(writer, "a request could not be committed");
            undo_answer(job, status);
        }
    }
}

static bool is_durable(const struct chain *chain) {
    uint32_t n = 0;
    for (const struct job *job = chain->first; job && !job->component && n < GROUP_JOBS_MAX;
         job = job->next, n++)
        if (job->request.durable) return true;
    return false;
}

static void commit_group(struct writer *writer, struct chain *from, struct chain *group) {
    muster_status status = connection_begin(writer->connection, is_durable(from));
    if (status != MUSTER_OK) {
        log_failure(writer, "cannot begin a transaction");
        chain_append(group, from);
        fail_chain(group, status);
        return;
    }
    run_group(writer, from, group);
    if (connection_commit(writer->connection) != MUSTER_OK) run_each_alone(writer, group);
}

static void migrate(struct writer *writer, struct job *job) {
    char why[CONNECTION_WHY_MAX];
    connection_migrate(writer->connection, job, why);
    if (job->status == MUSTER_OK) return;
    writer->host->log->write(writer->self, MUSTER_LOG_ERROR, "migration of \"%s\" failed: %s",
                             job->component, why);
}

/* Runs what was taken from the queue, in order; answers appear group by group. */
static void run_batch(struct writer *writer, struct chain *batch) {
    while (batch->first) {
        struct chain group = {NULL, NULL};
        if (batch->first->component) {
            chain_add(&group, chain_take(batch));
            migrate(writer, group.first);
        } else {
            commit_group(writer, batch, &group);
        }
        pthread_mutex_lock(&writer->lock);
        chain_append(&writer->answered, &group);
        (void)post_answers(writer);
        pthread_mutex_unlock(&writer->lock);
    }
}

/* Waits with the lock held for work, for a retry of the post, or for the idle time to pass. */
static bool wait_for_work(struct writer *writer, uint32_t wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000u;
    until.tv_nsec += (long)(wait_ms % 1000u) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return pthread_cond_timedwait(&writer->wake, &writer->lock, &until) == 0;
}

static void *writer_main(void *user) {
    struct writer *writer = user;
    bool checkpointed = true;
    pthread_mutex_lock(&writer->lock);
    while (writer->waiting.first || !writer->stopping) {
        struct chain batch = writer->waiting;
        writer->waiting = (struct chain){NULL, NULL};
        if (batch.first) {
            pthread_mutex_unlock(&writer->lock);
            run_batch(writer, &batch);
            checkpointed = false;
            pthread_mutex_lock(&writer->lock);
            continue;
        }
        bool sent = post_answers(writer);
        bool woken = wait_for_work(writer, sent ? IDLE_MS : RETRY_MS);
        if (woken || !sent) continue;
        pthread_mutex_unlock(&writer->lock);
        if (!connection_is_there(writer->connection)) log_failure(writer, "nothing can be kept");
        if (!checkpointed) checkpointed = connection_checkpoint(writer->connection);
        pthread_mutex_lock(&writer->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* ---- called by the plugin ---------------------------------------------------------------------
 */

muster_status writer_start(muster_self *self, const struct muster_host *host,
                           struct connection *connection, uint32_t queue_max, struct writer **out) {
    pthread_condattr_t attributes;
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        connection_close(connection);
        return MUSTER_NO_MEMORY;
    }
    writer->self = self;
    writer->host = host;
    writer->connection = connection;
    writer->queue_max = queue_max;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0) {
        connection_close(connection);
        pthread_cond_destroy(&writer->wake);
        pthread_mutex_destroy(&writer->lock);
        free(writer);
        return MUSTER_NO_MEMORY;
    }
    *out = writer;
    return MUSTER_OK;
}

muster_status writer_submit(struct writer *writer, struct job *job) {
    if (writer->open >= writer->queue_max) return MUSTER_LIMIT;
    writer->open++;
    pthread_mutex_lock(&writer->lock);
    chain_add(&writer->waiting, job);
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    return MUSTER_OK;
}

void writer_stop(struct writer *writer) {
    if (!writer) return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    deliver_chain(writer, &writer->answered);
    connection_close(writer->connection);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}
