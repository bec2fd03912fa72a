/* service_escape - a plugin that plays the code of a script which broke out: on a command it tries
 * calls that a locked node must refuse, on the loop thread, the pool, or a thread of its own.
 *
 * `escape loop|pool|thread [NAME]` answers a line "NAME RESULT" for each attempt; without a name it
 * tries all but the deadly ones. `escape-fetch URL` logs what came of a request. */
#include <errno.h>
#include <muster/plugin.h>
#include <muster/writer.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempts.h"

#define FETCH_MS 5000

struct escape {
    muster_self *self;
    const struct muster_host *host;
    pthread_t thread;
    sem_t asked;
    sem_t done;
    bool stopping;
    const char *name; /* of the attempt that is asked for, or "" */
    struct muster_writer *out;
};

static void write_line(struct muster_writer *out, const char *name, int result) {
    char line[128];
    int len = snprintf(line, sizeof line, "%s %s\n", name, result ? strerrorname_np(result) : "OK");
    muster_put_bytes(out, line, (uint32_t)len);
}

static void run_attempts(struct escape *escape) {
    for (uint32_t i = 0; i < attempt_count; i++) {
        const struct attempt *attempt = &attempts[i];
        bool named = strcmp(escape->name, attempt->name) == 0;
        if (named || (!escape->name[0] && !attempt->deadly))
            write_line(escape->out, attempt->name, attempt_run(attempt));
    }
}

/* ---- where --------------------------------------------------------------------------------- */

static void run_in_pool(void *user) {
    struct escape *escape = user;
    run_attempts(escape);
    sem_post(&escape->done);
}

static void ran_in_pool(void *user, muster_status status) {
    (void)user;
    (void)status;
}

static void *run_in_thread(void *user) {
    struct escape *escape = user;
    for (;;) {
        while (sem_wait(&escape->asked) != 0) continue;
        if (escape->stopping) return NULL;
        run_attempts(escape);
        sem_post(&escape->done);
    }
}

static void wait_until_done(struct escape *escape) {
    while (sem_wait(&escape->done) != 0) continue;
}

static void on_escape(void *user, const char *arguments, struct muster_writer *answer) {
    struct escape *escape = user;
    const char *space = strchr(arguments, ' ');
    escape->name = space ? space + 1 : "";
    escape->out = answer;
    if (strncmp(arguments, "loop", 4) == 0) {
        run_attempts(escape);
    } else if (strncmp(arguments, "thread", 6) == 0) {
        sem_post(&escape->asked);
        wait_until_done(escape);
    } else if (escape->host->loop->work(escape->self, run_in_pool, ran_in_pool, escape, NULL) ==
               MUSTER_OK) {
        wait_until_done(escape);
    }
}

static void on_fetched(void *user, const struct muster_http_result *result) {
    struct escape *escape = user;
    escape->host->log->write(escape->self, MUSTER_LOG_INFO, "fetched: status %d, http %u",
                             result->status, result->http_status);
}

static void on_fetch(void *user, const char *arguments, struct muster_writer *answer) {
    struct escape *escape = user;
    const struct muster_http_fetch request = {.size = sizeof request,
                                              .timeout_ms = FETCH_MS,
                                              .method = "GET",
                                              .url = arguments,
                                              .response_max_bytes = 65536};
    muster_status status =
        escape->host->http->fetch(escape->self, &request, on_fetched, escape, NULL);
    const char *text = status == MUSTER_OK ? "begun" : "refused";
    muster_put_bytes(answer, text, (uint32_t)strlen(text));
}

/* ---- life ---------------------------------------------------------------------------------- */

static muster_status escape_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct escape *escape = calloc(1, sizeof *escape);
    if (!escape) return MUSTER_NO_MEMORY;
    escape->self = self;
    escape->host = host;
    sem_init(&escape->asked, 0, 0);
    sem_init(&escape->done, 0, 0);
    attempts_prepare(host->config->data_dir(self), host->config->share_dir(self));
    *instance = escape;
    return MUSTER_OK;
}

static muster_status thread_start(struct escape *escape) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    bool blocks = escape->host->config->boolean(escape->self, "blockSignals");
    if (blocks) pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&escape->thread, NULL, run_in_thread, escape);
    if (blocks) pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code == 0 ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static muster_status escape_start(void *instance) {
    struct escape *escape = instance;
    const struct muster_host *host = escape->host;
    struct muster_node_info node = {.size = sizeof node};
    (void)host->node->info(escape->self, &node);
    host->log->write(escape->self, MUSTER_LOG_INFO, "untrusted: %s",
                     node.is_untrusted ? "yes" : "no");
    muster_status status = thread_start(escape);
    if (!status)
        status = host->admin->command_add(escape->self, "escape", "WHERE [NAME] try to get out",
                                          on_escape, escape);
    if (!status)
        status = host->admin->command_add(escape->self, "escape-fetch", "URL ask for it", on_fetch,
                                          escape);
    return status;
}

static void escape_stop(void *instance) {
    struct escape *escape = instance;
    escape->stopping = true;
    sem_post(&escape->asked);
    pthread_join(escape->thread, NULL);
}

static void escape_fini(void *instance) {
    struct escape *escape = instance;
    sem_destroy(&escape->asked);
    sem_destroy(&escape->done);
    free(escape);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};

MUSTER_PLUGIN(.name = "service_escape", .version = "1.0.0",
              .description = "Tries what a locked node must refuse; for tests.",
              .config_schema = "[{\"key\":\"blockSignals\",\"type\":\"bool\",\"default\":false,"
                               "\"help\":\"Its thread takes no signals\"}]",
              .roles = roles, .role_count = 1, .init = escape_init, .start = escape_start,
              .stop = escape_stop, .fini = escape_fini);
