#include "response.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "paths.h"
#include "record.h"
#include "session.h"
#include "untrusted.h"

#define LOOK_MS 1000
#define SUSPICIONS_MAX 8
#define SUSPECTS_MAX 4096
#define EVIDENCE_AGAIN_MS 2000 /* by then a recording that has just begun is on the disk */
#define EVIDENCE_AGAIN_MAX 3

struct suspicion {
    char family[24];
    char detector[32];
    uint64_t until_ms; /* it counts */
};

struct suspect {
    char player_key[MUSTER_PLAYER_KEY_MAX];
    struct suspicion suspicions[SUSPICIONS_MAX];
    bool to_be_kicked;
    UT_hash_handle hh;
};

struct evidence_job {
    char match_key[40];
    muster_status status;     /* NOT_FOUND: the recording is not on the disk */
    uint32_t again;           /* so often it may still be tried again */
    struct loop_timer *timer; /* of the next time; null: it is under way */
    struct evidence_job *prev, *next;
};

static struct {
    struct suspect *suspects; /* by player_key, the oldest first */
    struct evidence_job *evidence;
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
static void note_suspicion(struct suspect *suspect, const char *detector, const char *family,
                           uint64_t now_ms) {
    struct suspicion *at = &suspect->suspicions[0];
    for (uint32_t i = SUSPICIONS_MAX; i-- > 0;) {
        struct suspicion *s = &suspect->suspicions[i];
        bool same = strncmp(s->family, family, sizeof s->family - 1) == 0 &&
                    strncmp(s->detector, detector, sizeof s->detector - 1) == 0;
        if (same || s->until_ms <= now_ms) at = s;
        if (same) break;
    }
    snprintf(at->family, sizeof at->family, "%s", family);
    snprintf(at->detector, sizeof at->detector, "%s", detector);
    at->until_ms = now_ms + (uint64_t)config_core->anticheat.window_s * 1000;
}

/* Families, but no more than detectors: what one of them says twice is not independent. */
static uint32_t count_families(const struct suspect *suspect, uint64_t now_ms) {
    uint32_t families = 0, detectors = 0;
    for (uint32_t i = 0; i < SUSPICIONS_MAX; i++) {
        const struct suspicion *s = &suspect->suspicions[i];
        bool new_family = s->until_ms > now_ms, new_detector = new_family;
        for (uint32_t k = 0; k < i; k++) {
            const struct suspicion *other = &suspect->suspicions[k];
            if (other->until_ms <= now_ms) continue;
            new_family = new_family && strcmp(other->family, s->family) != 0;
            new_detector = new_detector && strcmp(other->detector, s->detector) != 0;
        }
        families += new_family;
        detectors += new_detector;
    }
    return families < detectors ? families : detectors;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* A second name for the recording: it stays when the first one is pruned, and holds all that is
 * still to come. On the pool. */
static void evidence_keep(void *user) {
    struct evidence_job *job = user;
    char from[RECORD_PATH_BYTES], directory[RECORD_PATH_BYTES], to[RECORD_PATH_BYTES + 64];
    record_path(job->match_key, from);
    snprintf(directory, sizeof directory, "%s/evidence", paths_data());
    snprintf(to, sizeof to, "%s/%s.mrec", directory, job->match_key);
    job->status = paths_make_dir(directory);
    if (!job->status && link(from, to) && errno != EEXIST)
        job->status = errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
}

static void evidence_kept(void *user, muster_status status);

static void evidence_begin(void *user) {
    struct evidence_job *job = user;
    job->timer = NULL;
    if (loop_work_start(evidence_keep, evidence_kept, job, &(struct loop_work *){NULL}))
        evidence_kept(job, MUSTER_CLOSED);
}

/* What is recorded in memory is on the disk only after the next round of write_behind. */
static bool evidence_again(struct evidence_job *job) {
    if (job->status != MUSTER_NOT_FOUND || job->again == 0) return false;
    job->again--;
    job->timer = loop_timer_start(EVIDENCE_AGAIN_MS, 0, evidence_begin, job);
    return job->timer != NULL;
}

static void evidence_kept(void *user, muster_status status) {
    struct evidence_job *job = user;
    char directory[RECORD_PATH_BYTES];
    if (!status && evidence_again(job)) return;
    snprintf(directory, sizeof directory, "%s/evidence", paths_data());
    if (status || job->status)
        log_warn("anticheat", "match %s: its recording cannot be kept as evidence", job->match_key);
    else
        record_prune(directory, config_core->anticheat.evidence_keep_max);
    DL_DELETE(responses.evidence, job);
    free(job);
}

/* A last time for those that wait; none waits after that. */
static void evidence_end(void) {
    struct evidence_job *job, *next;
    DL_FOREACH_SAFE(responses.evidence, job, next) {
        job->again = 0;
        if (!job->timer) continue;
        loop_timer_stop(job->timer);
        evidence_keep(job);
        evidence_kept(job, MUSTER_OK);
    }
}

static bool is_being_kept(const char *match_key) {
    const struct evidence_job *job;
    DL_FOREACH(responses.evidence, job)
    if (strcmp(job->match_key, match_key) == 0) return true;
    return false;
}

/* A locked process may not name files anew. */
static void observe(const char *match_key) {
    if (untrusted_locked() || is_being_kept(match_key)) return;
    struct evidence_job *job = calloc(1, sizeof *job);
    if (!job) return;
    snprintf(job->match_key, sizeof job->match_key, "%s", match_key);
    job->again = EVIDENCE_AGAIN_MAX;
    DL_APPEND(responses.evidence, job);
    evidence_begin(job);
}

static void kick_later(struct suspect *suspect, uint64_t now_ms) {
    suspect->to_be_kicked = true;
    if (!responses.kicks_due_ms)
        responses.kicks_due_ms = now_ms + 1 + (uint64_t)config_core->anticheat.delay_s * 1000;
}

struct response response_take(const char *player_key, const char *detector, const char *family,
                              const char *match_key, bool recorded) {
    struct response response = {RESPONSE_IGNORE, RESPONSE_OBSERVE};
    struct suspect *suspect = player_key[0] ? suspect_of(player_key) : NULL;
    uint64_t now_ms = loop_now_ms();
    enum response_step most = allowed();
    if (suspect && family[0]) note_suspicion(suspect, detector, family, now_ms);
    if (suspect && count_families(suspect, now_ms) >= config_core->anticheat.families_min)
        response.earned = RESPONSE_KICK;
    response.taken = response.earned < most ? response.earned : most;
    if (response.taken >= RESPONSE_OBSERVE && recorded) observe(match_key);
    if (response.taken == RESPONSE_KICK) kick_later(suspect, now_ms);
    return response;
}

/* ---- time ------------------------------------------------------------------------------------ */

static void kick(const char *player_key) {
    struct session *session = session_find_key(player_key);
    if (!session || allowed() < RESPONSE_KICK) return;
    log_fields(MUSTER_LOG_WARN, "anticheat",
               &(struct log_fields){.player = player_key, .event = "suspect_kicked", .kept = true},
               "kicked %s, whom several detectors suspect", session->display_name);
    session_terminate(session, "removed by the server", MUSTER_LEAVE_KICK);
}

/* By their keys: whoever hears of one that goes may report others, and suspects come and go. */
static void kick_all(void) {
    struct suspect *suspect, *next;
    uint32_t count = 0;
    char(*keys)[MUSTER_PLAYER_KEY_MAX] = calloc(HASH_COUNT(responses.suspects) + 1, sizeof *keys);
    if (!keys) return;
    responses.kicks_due_ms = 0;
    HASH_ITER(hh, responses.suspects, suspect, next) {
        if (!suspect->to_be_kicked) continue;
        suspect->to_be_kicked = false;
        memcpy(keys[count++], suspect->player_key, sizeof *keys);
    }
    for (uint32_t i = 0; i < count; i++) kick(keys[i]);
    free(keys);
}

static void rest(void) {
    loop_timer_stop(responses.timer);
    responses.timer = NULL;
    responses.kicks_due_ms = 0;
}

static void on_timer(void *user) {
    (void)user;
    uint64_t now_ms = loop_now_ms();
    struct suspect *suspect, *next;
    if (responses.kicks_due_ms && now_ms >= responses.kicks_due_ms) kick_all();
    HASH_ITER(hh, responses.suspects, suspect, next) {
        if (!suspect->to_be_kicked && count_families(suspect, now_ms) == 0) forget(suspect);
    }
    if (!responses.suspects) rest();
}

void response_deinit(void) {
    struct suspect *suspect, *next;
    HASH_ITER(hh, responses.suspects, suspect, next) forget(suspect);
    evidence_end();
    rest();
}
