/* auth_sample - an answer that comes later: looks a token up on a pool thread.
 *
 * Blocking work (a file, a slow computation) never runs on the loop thread: the question is
 * answered PENDING, the work runs elsewhere, and its end completes the ticket. It takes the
 * tokens of a small text file, a line each: "TOKEN NAME".
 */
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 1024
#define TOKEN_BYTES 128

struct sample {
    muster_self *self;
    const struct muster_host *host;
    char path[PATH_BYTES];
};

struct lookup {
    struct sample *sample;
    muster_auth_ticket_id ticket;
    char token[TOKEN_BYTES];
    char name[MUSTER_DISPLAY_MAX];
};

/* On a pool thread: touches the lookup and nothing else. */
static void lookup_run(void *user) {
    struct lookup *lookup = user;
    char line[TOKEN_BYTES + MUSTER_DISPLAY_MAX + 2];
    FILE *file = fopen(lookup->sample->path, "r");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        char *name = strchr(line, ' ');
        if (!name) continue;
        *name++ = '\0';
        name[strcspn(name, "\r\n")] = '\0';
        if (strcmp(line, lookup->token) == 0)
            snprintf(lookup->name, sizeof lookup->name, "%.63s", name);
    }
    fclose(file);
}

/* Back on the loop thread, also when the work was cancelled. */
static void lookup_done(void *user, muster_status status) {
    struct lookup *lookup = user;
    struct sample *sample = lookup->sample;
    struct muster_identity identity = {.size = sizeof identity};
    muster_verdict verdict = MUSTER_REJECT;
    if (status == MUSTER_OK && lookup->name[0]) {
        verdict = MUSTER_ACCEPT;
        snprintf(identity.player_key, sizeof identity.player_key, "sample-%.48s", lookup->name);
        snprintf(identity.display_name, sizeof identity.display_name, "%s", lookup->name);
        identity.expires_at_s = sample->host->loop->unix_ms(sample->self) / 1000 + 3600;
    } else {
        snprintf(identity.reason, sizeof identity.reason, "this token is not known");
    }
    sample->host->player->auth_complete(sample->self, lookup->ticket, verdict, &identity);
    free(lookup);
}

static muster_verdict sample_authenticate(void *instance, const struct muster_auth_request *request,
                                          struct muster_identity *out) {
    struct sample *sample = instance;
    muster_work_id work;
    (void)out;
    if (strlen(request->token) >= TOKEN_BYTES) return MUSTER_PASS;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup) return MUSTER_PASS;
    lookup->sample = sample;
    lookup->ticket = request->ticket;
    memcpy(lookup->token, request->token, strlen(request->token));
    if (sample->host->loop->work(sample->self, lookup_run, lookup_done, lookup, &work) == MUSTER_OK)
        return MUSTER_PENDING;
    free(lookup);
    return MUSTER_PASS;
}

static muster_status sample_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct sample *sample = calloc(1, sizeof *sample);
    if (!sample) return MUSTER_NO_MEMORY;
    sample->self = self;
    sample->host = host;
    snprintf(sample->path, sizeof sample->path, "%s/auth_sample.txt", host->config->data_dir(self));
    *instance = sample;
    return MUSTER_OK;
}

static void sample_fini(void *instance) {
    free(instance);
}

static const struct muster_auth auth = {.size = sizeof auth, .authenticate = sample_authenticate};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_AUTH, .vtable = &auth}};

MUSTER_PLUGIN(.name = "auth_sample", .version = "1.0.0",
              .description = "Takes the tokens of a text file.", .roles = roles, .role_count = 1,
              .init = sample_init, .fini = sample_fini);
