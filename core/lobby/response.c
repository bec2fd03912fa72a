#include "response.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "paths.h"
#include "record.h"
#include "session.h"
#include "untrusted.h"

#define LOOK_MS 1000
#define FAMILIES_MAX 8
#define SUSPECTS_MAX 4096

struct family {
    char word[24];
    uint64_t until_ms; /* it counts */
};

struct suspect {
    char player_key[MUSTER_PLAYER_KEY_MAX];
    struct family families[FAMILIES_MAX];
    bool to_be_kicked;
    UT_hash_handle hh;
};

static struct {
    struct suspect *suspects; /* by player_key, the oldest first */
    struct loop_timer *timer;
    uint64_t kicks_due_ms; /* 0: nobody waits for one */
} responses;

static const char *const words[] = {
    [RESPONSE_IGNORE] = "ignore",
    [RESPONSE_LOG] = "log",
    [RESPONSE_OBSERVE] = "observe",
    [RESPONSE_KICK] = "kick",
};

const char *response_word(enum response_step step) {
    return words[step];
}

static enum response_step allowed(void) {
    for (enum response_step step = RESPONSE_KICK; step > RESPONSE_IGNORE; step--)
        if (strcmp(config_core->anticheat.response, words[step]) == 0) return step;
    return RESPONSE_IGNORE;
}

static void on_timer(void *user);

/* ---- suspects -------------------------------------------------------------------------------- */

static void forget(struct suspect *suspect) {
    HASH_DEL(responses.suspects, suspect);
    free(suspect);
}

static struct suspect *suspect_of(const char *player_key) {
    struct suspect *suspect;
    HASH_FIND_STR(responses.suspects, player_key, suspect);
    if (suspect) return suspect;
    if (HASH_COUNT(responses.suspects) >= SUSPECTS_MAX) forget(responses.suspects);
    if (!responses.timer) responses.timer = loop_timer_start(LOOK_MS, LOOK_MS, on_timer, NULL);
    suspect = responses.timer ? calloc(1, sizeof *suspect) : NULL;
    if (!suspect) return NULL;
    snprintf(suspect->player_key, sizeof suspect->player_key, "%s", player_key);
    HASH_ADD_STR(responses.suspects, player_key, suspect);
    return suspect;
}

/* Its own place, else a free one; with more than there are the first is lost, which is enough to
 * act on all the same. */
static void note_family(struct suspect *suspect, const char *word, uint64_t now_ms) {
    struct family *at = &suspect->families[0];
    for (uint32_t i = FAMILIES_MAX; i-- > 0;) {
        struct family *family = &suspect->families[i];
        bool same = strncmp(family->word, word, sizeof family->word - 1) == 0;
        if (same || family->until_ms <= now_ms) at = family;
        if (same) break;
    }
    snprintf(at->word, sizeof at->word, "%s", word);
    at->until_ms = now_ms + (uint64_t)config_core->anticheat.window_s * 1000;
}

static uint32_t count_families(const struct suspect *suspect, uint64_t now_ms) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < FAMILIES_MAX; i++) count += suspect->families[i].until_ms > now_ms;
    return count;
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct evidence_job {
    char match_key[40];
    muster_status status;
};

/* A second name for the recording: it stays when the first one is pruned, and holds all that is
 * still to come. On the pool. */
static void evidence_keep(void *user) {
    struct evidence_job *job = user;
    char from[RECORD_PATH_BYTES], directory[RECORD_PATH_BYTES], to[RECORD_PATH_BYTES + 64];
    record_path(job->match_key, from);
    snprintf(directory, sizeof directory, "%s/evidence", paths_data());
    snprintf(to, sizeof to, "%s/%s.mrec", directory, job->match_key);
    job->status = paths_make_dir(directory);
    if (!job->status && link(from, to) && errno != EEXIST) job->status = MUSTER_IO;
}

static void evidence_kept(void *user, muster_status status) {
    struct evidence_job *job = user;
    char directory[RECORD_PATH_BYTES];
    snprintf(directory, sizeof directory, "%s/evidence", paths_data());
    if (status || job->status)
        log_warn("anticheat", "match %s: its recording cannot be kept as evidence", job->match_key);
    else
        record_prune(directory, config_core->anticheat.evidence_keep_max);
    free(job);
}

/* A locked process may not name files anew. */
static void observe(const char *match_key) {
    struct evidence_job *job = untrusted_locked() ? NULL : calloc(1, sizeof *job);
    if (!job) return;
    snprintf(job->match_key, sizeof job->match_key, "%s", match_key);
    if (loop_work_start(evidence_keep, evidence_kept, job, &(struct loop_work *){NULL}))
        evidence_kept(job, MUSTER_CLOSED);
}

static void kick_later(struct suspect *suspect, uint64_t now_ms) {
    suspect->to_be_kicked = true;
    if (!responses.kicks_due_ms)
        responses.kicks_due_ms = now_ms + 1 + (uint64_t)config_core->anticheat.delay_s * 1000;
}

struct response response_take(const char *player_key, const char *family, const char *match_key,
                              bool recorded) {
    struct response response = {RESPONSE_IGNORE, RESPONSE_OBSERVE};
    struct suspect *suspect = player_key[0] ? suspect_of(player_key) : NULL;
    uint64_t now_ms = loop_now_ms();
    enum response_step most = allowed();
    if (suspect && family[0]) note_family(suspect, family, now_ms);
    if (suspect && count_families(suspect, now_ms) >= config_core->anticheat.families_min)
        response.earned = RESPONSE_KICK;
    response.taken = response.earned < most ? response.earned : most;
    if (response.taken >= RESPONSE_OBSERVE && recorded) observe(match_key);
    if (response.taken == RESPONSE_KICK) kick_later(suspect, now_ms);
    return response;
}

/* ---- time ------------------------------------------------------------------------------------ */

static void kick(struct suspect *suspect) {
    struct session *session = session_find_key(suspect->player_key);
    suspect->to_be_kicked = false;
    if (!session || allowed() < RESPONSE_KICK) return;
    log_fields(MUSTER_LOG_WARN, "anticheat",
               &(struct log_fields){
                   .player = suspect->player_key, .event = "suspect_kicked", .kept = true},
               "kicked %s, whom several detectors suspect", session->display_name);
    session_terminate(session, "removed by the server", MUSTER_LEAVE_KICK);
}

static void rest(void) {
    loop_timer_stop(responses.timer);
    responses.timer = NULL;
    responses.kicks_due_ms = 0;
}

static void on_timer(void *user) {
    (void)user;
    uint64_t now_ms = loop_now_ms();
    bool kicks = responses.kicks_due_ms && now_ms >= responses.kicks_due_ms;
    struct suspect *suspect, *next;
    if (kicks) responses.kicks_due_ms = 0;
    HASH_ITER(hh, responses.suspects, suspect, next) {
        if (kicks && suspect->to_be_kicked) kick(suspect);
        if (!suspect->to_be_kicked && count_families(suspect, now_ms) == 0) forget(suspect);
    }
    if (!responses.suspects) rest();
}

void response_deinit(void) {
    struct suspect *suspect, *next;
    HASH_ITER(hh, responses.suspects, suspect, next) forget(suspect);
    rest();
}
