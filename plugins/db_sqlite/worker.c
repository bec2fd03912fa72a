/* worker - group commit: what waits is run together, each request in its own savepoint, and
 * committed at once. One sync then serves the whole group. */
#include "worker.h"

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

struct worker {
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
    uint32_t open;   /* loop thread: jobs not yet answered */
    bool is_failing; /* its thread: the file takes nothing, and that was told */
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

static void deliver_chain(struct worker *worker, struct chain *chain) {
    struct job *job;
    while ((job = chain_take(chain)) != NULL) {
        const struct muster_db_rows *rows =
            job->status == MUSTER_OK && job->answer ? &job->answer->rows : NULL;
        struct muster_db_rows none = {.size = sizeof none};
        worker->open--;
        /* NOT_FOUND: whoever asked has gone. */
        (void)worker->host->db->complete(worker->self, job->ticket, job->status,
                                         job->status == MUSTER_OK && !rows ? &none : rows);
        job_destroy(job);
    }
}

static void deliver(void *user) {
    struct worker *worker = user;
    pthread_mutex_lock(&worker->lock);
    struct chain chain = worker->answered;
    worker->answered = (struct chain){NULL, NULL};
    worker->posted = false;
    pthread_mutex_unlock(&worker->lock);
    deliver_chain(worker, &chain);
}

/* One post carries all answers that have gathered. With the lock held; false: try again later. */
static bool post_answers(struct worker *worker) {
    if (worker->posted || !worker->answered.first || worker->stopping) return true;
    worker->posted = worker->host->loop->post(worker->self, deliver, worker) == MUSTER_OK;
    return worker->posted;
}

/* ---- its thread ------------------------------------------------------------------------
 */

/* A file that cannot be written (a full disk) is told once, until it can. */
static void log_failure(struct worker *worker, muster_status status, const char *what) {
    if (status == MUSTER_IO && worker->is_failing) return;
    worker->is_failing = status == MUSTER_IO;
    worker->host->log->write(worker->self, MUSTER_LOG_ERROR, "%s: %s", what,
                             connection_error(worker->connection));
}

/* Reading goes well on a full disk, too. */
static void note_success(struct worker *worker) {
    if (connection_has_written(worker->connection)) worker->is_failing = false;
}

static void undo_answer(struct job *job, muster_status status) {
    free(job->answer);
    job->answer = NULL;
    job->status = status;
}

static void fail_chain(struct chain *chain, muster_status status) {
    for (struct job *job = chain->first; job; job = job->next) undo_answer(job, status);
}

/* Takes jobs from `from` into `group` until a bound is met, running each. When SQLite has rolled
 * all back (disk full, interrupted), the next would be committed for itself. */
static void run_group(struct worker *worker, struct chain *from, struct chain *group) {
    uint64_t until_ms = now_ms() + GROUP_MS_MAX;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < GROUP_JOBS_MAX && from->first && !from->first->component; i++) {
        struct job *job = chain_take(from);
        connection_run(worker->connection, job);
        bytes += job->answer ? job->answer->bytes : 0;
        chain_add(group, job);
        bool is_undone = connection_is_undone(worker->connection);
        if (is_undone || bytes > GROUP_ANSWER_BYTES_MAX || now_ms() >= until_ms) return;
    }
}

/* A commit that failed may have one job to blame (a deferred foreign key): each once more alone. */
static void run_each_alone(struct worker *worker, struct chain *group) {
    for (struct job *job = group->first; job; job = job->next) {
        undo_answer(job, MUSTER_OK);
        muster_status status = connection_begin(worker->connection, job->request.durable != 0);
        if (status == MUSTER_OK) {
            connection_run(worker->connection, job);
            status = connection_commit(worker->connection);
        }
        if (status == MUSTER_OK) {
            note_success(worker);
            continue;
        }
        if (job->status != MUSTER_OK) status = job->status; /* why there was nothing to commit */
        log_failure(worker, status, "a request could not be committed");
        undo_answer(job, status);
    }
}

static bool is_durable(const struct chain *chain) {
    uint32_t n = 0;
    for (const struct job *job = chain->first; job && !job->component && n < GROUP_JOBS_MAX;
         job = job->next, n++)
        if (job->request.durable) return true;
    return false;
}

static void commit_group(struct worker *worker, struct chain *from, struct chain *group) {
    muster_status status = connection_begin(worker->connection, is_durable(from));
    if (status != MUSTER_OK) {
        log_failure(worker, status, "cannot begin a transaction");
        chain_append(group, from);
        fail_chain(group, status);
        return;
    }
    run_group(worker, from, group);
    if (connection_commit(worker->connection) != MUSTER_OK)
        run_each_alone(worker, group);
    else
        note_success(worker);
}

static void migrate(struct worker *worker, struct job *job) {
    char why[CONNECTION_WHY_MAX];
    connection_migrate(worker->connection, job, why);
    if (job->status == MUSTER_OK) return;
    worker->host->log->write(worker->self, MUSTER_LOG_ERROR, "migration of \"%s\" failed: %s",
                             job->component, why);
}

/* Runs what was taken from the queue, in order; answers appear group by group. */
static void run_batch(struct worker *worker, struct chain *batch) {
    while (batch->first) {
        struct chain group = {NULL, NULL};
        if (batch->first->component) {
            chain_add(&group, chain_take(batch));
            migrate(worker, group.first);
        } else {
            commit_group(worker, batch, &group);
        }
        pthread_mutex_lock(&worker->lock);
        chain_append(&worker->answered, &group);
        (void)post_answers(worker);
        pthread_mutex_unlock(&worker->lock);
    }
}

/* Waits with the lock held for work, for a retry of the post, or for the idle time to pass. */
static bool wait_for_work(struct worker *worker, uint32_t wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000u;
    until.tv_nsec += (long)(wait_ms % 1000u) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return pthread_cond_timedwait(&worker->wake, &worker->lock, &until) == 0;
}

static void *worker_main(void *user) {
    struct worker *worker = user;
    bool checkpointed = true;
    pthread_mutex_lock(&worker->lock);
    while (worker->waiting.first || !worker->stopping) {
        struct chain batch = worker->waiting;
        worker->waiting = (struct chain){NULL, NULL};
        if (batch.first) {
            pthread_mutex_unlock(&worker->lock);
            run_batch(worker, &batch);
            checkpointed = false;
            pthread_mutex_lock(&worker->lock);
            continue;
        }
        bool sent = post_answers(worker);
        bool woken = wait_for_work(worker, sent ? IDLE_MS : RETRY_MS);
        if (woken || !sent || connection_is_reader(worker->connection)) continue;
        pthread_mutex_unlock(&worker->lock);
        if (!connection_is_there(worker->connection))
            log_failure(worker, MUSTER_IO, "nothing can be kept");
        if (!checkpointed) checkpointed = connection_checkpoint(worker->connection);
        pthread_mutex_lock(&worker->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* ---- called by the plugin ---------------------------------------------------------------------
 */

muster_status worker_start(muster_self *self, const struct muster_host *host,
                           struct connection *connection, uint32_t queue_max, struct worker **out) {
    pthread_condattr_t attributes;
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker) {
        connection_close(connection);
        return MUSTER_NO_MEMORY;
    }
    worker->self = self;
    worker->host = host;
    worker->connection = connection;
    worker->queue_max = queue_max;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
        connection_close(connection);
        pthread_cond_destroy(&worker->wake);
        pthread_mutex_destroy(&worker->lock);
        free(worker);
        return MUSTER_NO_MEMORY;
    }
    *out = worker;
    return MUSTER_OK;
}

muster_status worker_submit(struct worker *worker, struct job *job) {
    if (worker->stopping) return MUSTER_STATE;
    if (worker->open >= worker->queue_max) return MUSTER_LIMIT;
    worker->open++;
    pthread_mutex_lock(&worker->lock);
    chain_add(&worker->waiting, job);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    return MUSTER_OK;
}

void worker_stop(struct worker *worker) {
    if (!worker) return;
    if (connection_is_reader(worker->connection)) connection_interrupt(worker->connection);
    pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    deliver_chain(worker, &worker->answered);
    connection_close(worker->connection);
}

void worker_destroy(struct worker *worker) {
    if (!worker) return;
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}
