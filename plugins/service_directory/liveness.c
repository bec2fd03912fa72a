/* liveness - which servers are on the list: those that have proven their address and beat. One that
 * falls silent is suspect; it is taken off when it does not answer at its address either. When many
 * fall silent at once it is the directory that hears nothing, and nobody is taken off. */
#include <stdio.h>
#include <stdlib.h>

#include "service_directory.h"

#define SWEEP_MS 250
#define RETRY_LEAST_MS 30000
#define RETRY_MOST_MS 600000
#define AGAIN_MS 600000      /* a listed server is proven again, a fifth earlier or later */
#define AGAIN_FAILURES 2     /* then it is not there any more ... */
#define AGAIN_FAILURES_MAX 4 /* ... if not even more fail in a row: then it is this side */
#define MASS_LEAST 4         /* servers, fewer say nothing */
#define MASS_SHARE 0.3       /* of them that fell silent ... */
#define MASS_WITHIN_MS 10000 /* ... within so long */
#define MASS_LASTS_MS 60000  /* then it is over if more than half of them beat */

static uint64_t now_ms(const struct directory *directory) {
    return directory->host->loop->now_ms(directory->self);
}

static void say(const struct directory *directory, const struct server *server, const char *what) {
    const struct muster_log_field fields[] = {
        muster_log_text("server", server->id), muster_log_text("name", server->name),
        muster_log_text("address", server->address), muster_log_integer("port", server->port)};
    directory->host->log->write_fields(directory->self, MUSTER_LOG_INFO, what, fields,
                                       sizeof fields / sizeof fields[0]);
}

/* ---- proofs ---------------------------------------------------------------------------------- */

static void found(struct directory *directory, struct server *server) {
    bool is_news = server->standing != STANDING_LISTED;
    server->standing = STANDING_LISTED;
    server->cause[0] = '\0';
    server->retry_ms = 0;
    server->proofs_failed = 0;
    server->again_at_ms =
        now_ms(directory) + AGAIN_MS * 4 / 5 + randombytes_uniform(AGAIN_MS * 2 / 5);
    directory->proofs_failed = 0;
    if (!server->proven_ms) {
        server->proven_ms = directory->host->loop->unix_ms(directory->self);
        store_server(directory, server, NULL, NULL);
    }
    if (!is_news) return;
    list_changed(directory);
    say(directory, server, "a server has proven its address");
    beats_tell(directory, server);
}

static bool is_silent(const struct directory *directory, const struct server *server) {
    return now_ms(directory) - server->beat_at_ms >= directory->settings.dead_ms;
}

static void not_found(struct directory *directory, struct server *server, const char *cause) {
    bool is_new = server->standing != STANDING_UNREACHABLE;
    server->retry_ms = server->retry_ms ? server->retry_ms * 2 : RETRY_LEAST_MS;
    if (server->retry_ms > RETRY_MOST_MS) server->retry_ms = RETRY_MOST_MS;
    server->retry_at_ms = now_ms(directory) + server->retry_ms;
    server->standing = STANDING_UNREACHABLE;
    snprintf(server->cause, sizeof server->cause, "%s port %u: %s", server->address, server->port,
             cause);
    if (!is_new) return;
    say(directory, server, "a server is not reachable");
    beats_tell(directory, server);
}

/* It beats, and does not answer where it is listed. */
static void not_found_again(struct directory *directory, struct server *server, const char *cause) {
    server->proofs_failed++;
    directory->proofs_failed++;
    if (server->proofs_failed < AGAIN_FAILURES || directory->proofs_failed > AGAIN_FAILURES_MAX ||
        directory->is_mass_loss)
        return;
    not_found(directory, server, cause);
    list_changed(directory);
}

void liveness_proven(struct directory *directory, struct server *server, const char *cause) {
    if (!cause) {
        found(directory, server);
    } else if (server->standing != STANDING_LISTED) {
        not_found(directory, server, cause);
    } else if (is_silent(directory, server) && !directory->is_mass_loss) {
        say(directory, server, "a server is dead: no beats, and no answer at its address");
        servers_silence(directory, server);
        beats_close(directory, server);
    } else if (!server->is_suspect) {
        not_found_again(directory, server, cause);
    }
}

void liveness_beaten(struct directory *directory, struct server *server) {
    directory->host->metrics->increase(directory->self, directory->metrics.beats, 1);
    server->beat_at_ms = now_ms(directory);
    server->is_suspect = false;
    if (server->standing != STANDING_SILENT) return;
    server->standing = STANDING_PROBING;
    proof_want(directory, server);
}

/* ---- the sweep ------------------------------------------------------------------------------- */

struct census {
    uint32_t listed;
    uint32_t suspect;
    uint32_t newly_suspect; /* within MASS_WITHIN_MS */
};

static void look_at_listed(struct directory *directory, struct server *server,
                           struct census *census) {
    uint64_t now = now_ms(directory), silent_ms = now - server->beat_at_ms;
    if (!server->is_suspect && silent_ms >= directory->settings.suspect_ms) {
        server->is_suspect = true;
        server->suspect_at_ms = now;
        server->retry_at_ms = server->beat_at_ms + directory->settings.dead_ms;
    }
    if (!server->is_suspect && now >= server->again_at_ms) {
        server->again_at_ms = now + RETRY_LEAST_MS;
        proof_want(directory, server);
    }
    census->listed++;
    census->suspect += server->is_suspect;
    census->newly_suspect += server->is_suspect && now - server->suspect_at_ms < MASS_WITHIN_MS;
}

static void look_at(struct directory *directory, struct server *server, struct census *census) {
    uint64_t now = now_ms(directory);
    if (server->token_expires_ms &&
        directory->host->loop->unix_ms(directory->self) >= server->token_expires_ms)
        servers_retire(directory, server);
    switch (server->standing) {
    case STANDING_SILENT: break;
    case STANDING_LISTED: look_at_listed(directory, server, census); break;
    case STANDING_PROBING: break;
    case STANDING_UNREACHABLE:
        if (is_silent(directory, server)) {
            servers_silence(directory, server);
        } else if (now >= server->retry_at_ms) {
            proof_want(directory, server);
        }
    }
}

static void judge_loss(struct directory *directory, const struct census *census) {
    const struct muster_host_log *log = directory->host->log;
    uint64_t now = now_ms(directory);
    bool is_mass =
        census->listed >= MASS_LEAST && census->newly_suspect > MASS_SHARE * census->listed;
    if (!directory->is_mass_loss && is_mass) {
        directory->is_mass_loss = true;
        directory->mass_loss_at_ms = now;
        log->write(
            directory->self, MUSTER_LOG_WARN,
            "%u of %u servers fell silent at once: it must be this side, and nobody is taken "
            "off the list",
            census->newly_suspect, census->listed);
    }
    if (!directory->is_mass_loss) return;
    bool most_beat = census->suspect * 2 < census->listed;
    bool is_over = census->suspect <= MASS_SHARE * census->listed ||
                   (most_beat && now - directory->mass_loss_at_ms >= MASS_LASTS_MS);
    if (!is_over) return;
    directory->is_mass_loss = false;
    log->write(directory->self, MUSTER_LOG_INFO, "servers beat again, silent are %u of %u",
               census->suspect, census->listed);
}

static void check_suspects(struct directory *directory) {
    uint64_t now = now_ms(directory);
    for (struct server *server = directory->servers; server; server = server->hh.next) {
        if (server->standing != STANDING_LISTED || !server->is_suspect) continue;
        if (now < server->retry_at_ms) continue;
        server->retry_at_ms = now + RETRY_LEAST_MS;
        proof_want(directory, server);
    }
}

static void sweep(void *user) {
    struct directory *directory = user;
    struct census census = {0};
    for (struct server *server = directory->servers; server; server = server->hh.next)
        look_at(directory, server, &census);
    directory->host->metrics->set(directory->self, directory->metrics.listed, census.listed);
    directory->host->metrics->set(directory->self, directory->metrics.suspect, census.suspect);
    judge_loss(directory, &census);
    if (!directory->is_mass_loss) check_suspects(directory);
    proof_pump(directory);
    presence_sweep(directory);
}

muster_status liveness_add_metrics(struct directory *directory) {
    const struct {
        uint32_t type;
        const char *name, *help;
        uint32_t *metric;
    } metrics[] = {
        {MUSTER_METRIC_GAUGE, "muster_directory_servers", "Servers on the list.",
         &directory->metrics.listed},
        {MUSTER_METRIC_GAUGE, "muster_directory_servers_suspect",
         "Servers on the list that are silent.", &directory->metrics.suspect},
        {MUSTER_METRIC_COUNTER, "muster_directory_beats_total", "Beats heard.",
         &directory->metrics.beats},
    };
    muster_status status = MUSTER_OK;
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0] && !status; i++)
        status = directory->host->metrics->add(directory->self, metrics[i].type, metrics[i].name,
                                               metrics[i].help, metrics[i].metric);
    return status;
}

muster_status liveness_start(struct directory *directory) {
    return directory->host->loop->timer_start(directory->self, SWEEP_MS, SWEEP_MS, sweep, directory,
                                              &directory->sweep);
}
