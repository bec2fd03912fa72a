/* zoo_actor - loads well and misbehaves on request: the token that authenticate gets says how. */
#include <muster/plugin.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct actor {
    muster_self *self;
    const struct muster_host *host;
    muster_status thread_status;
    volatile sig_atomic_t stop; /* set by the watchdog's signal */
};

static void on_timer(void *user) {
    (void)user;
}

static void timer_leak(struct actor *actor) {
    muster_timer_id id;
    (void)actor->host->loop->timer_start(actor->self, 60000, 0, on_timer, NULL, &id);
}

static void complete(struct actor *actor, muster_auth_ticket_id ticket) {
    struct muster_identity identity = {.size = sizeof identity};
    (void)actor->host->player->auth_complete(actor->self, ticket, MUSTER_REJECT, &identity);
}

static void *thread_run(void *user) {
    struct actor *actor = user;
    muster_timer_id id;
    actor->thread_status =
        actor->host->loop->timer_start(actor->self, 1000, 0, on_timer, NULL, &id);
    return NULL;
}

static void thread_call(struct actor *actor) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_run, actor) == 0) pthread_join(thread, NULL);
}

static void sleep_ms(long ms) {
    struct timespec rest = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0) continue;
}

/* Called in a signal handler. */
static void on_overrun(void *user) {
    struct actor *actor = user;
    actor->stop = 1;
}

/* Runs until the watchdog says stop. */
static void spin(struct actor *actor) {
    actor->stop = 0;
    if (actor->host->watchdog->overrun(actor->self, 5000, on_overrun, actor) != MUSTER_OK) return;
    while (!actor->stop) continue;
    (void)actor->host->watchdog->overrun(actor->self, 0, NULL, NULL);
}

/* Of its limit it uses next to nothing. */
static void freeze(struct actor *actor) {
    if (actor->host->watchdog->overrun(actor->self, 40000, on_overrun, actor) != MUSTER_OK) return;
    sleep_ms(50); /* long enough to be looked at */
    raise(SIGSTOP);
    sleep_ms(50);
}

static muster_verdict actor_authenticate(void *instance, const struct muster_auth_request *request,
                                         struct muster_identity *out) {
    struct actor *actor = instance;
    (void)out;
    if (strcmp(request->token, "pending") == 0) return MUSTER_PENDING;
    if (strcmp(request->token, "leak") == 0) timer_leak(actor);
    if (strcmp(request->token, "complete") == 0) complete(actor, request->ticket);
    if (strcmp(request->token, "thread") == 0) {
        thread_call(actor);
        if (actor->thread_status == MUSTER_THREAD) return MUSTER_REJECT;
    }
    if (strcmp(request->token, "spin") == 0) spin(actor);
    if (strcmp(request->token, "sleep") == 0) sleep_ms(400);
    if (strcmp(request->token, "freeze") == 0) freeze(actor);
    while (strcmp(request->token, "hang") == 0) sleep_ms(1000);
    return MUSTER_PASS;
}

static muster_status actor_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    struct actor *actor = calloc(1, sizeof *actor);
    if (!actor) return MUSTER_NO_MEMORY;
    actor->self = self;
    actor->host = host;
    *instance = actor;
    return MUSTER_OK;
}

static void actor_fini(void *instance) {
    free(instance);
}

static const struct muster_auth auth = {.size = sizeof auth, .authenticate = actor_authenticate};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_AUTH, .vtable = &auth}};

MUSTER_PLUGIN(.name = "zoo_actor", .version = "1.0.0", .description = "Misbehaves on request.",
              .roles = roles, .role_count = 1, .init = actor_init, .fini = actor_fini);
