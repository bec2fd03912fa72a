/* share - budgets of several entries, and of several scripts; see share.h. */
#include "share.h"
#include "report.h"

enum { LATE_MS = 100, TOLD_EVERY_MS = 60000, AWAY_MS_MAX = 60000 };
#define BURST_NS INT64_C(1000000) /* what lobbies may spend at once */
#define DEBT_NS INT64_C(50000000) /* of theirs, by events, which do not wait */
#define ENTRY_NS INT64_C(1000)    /* what an entry costs besides the script's time, or more */
#define NS_PER_MS_PERCENT INT64_C(10000)

/* ---- one event ------------------------------------------------------------------------------- */

uint64_t share_event_begin(struct instance *instance) {
    uint64_t outer = instance->event;
    instance->event = ++instance->event_last;
    return outer;
}

void share_event_end(struct instance *instance, uint64_t outer) {
    instance->event = outer;
}

static int64_t used_ns(const struct script *script) {
    const struct instance *instance = script->realm->lobby->instance;
    return instance->event && script->event == instance->event ? script->event_ns : 0;
}

uint32_t share_left_us(const struct script *script) {
    int64_t left_us = script->realm->lobby->instance->call_us - used_ns(script) / 1000;
    return left_us > 1 ? (uint32_t)left_us : 1;
}

/* Of one entry alone the watchdog takes care. */
static bool is_over_event(struct script *script, struct sandbox_time time) {
    const struct instance *instance = script->realm->lobby->instance;
    int64_t before_ns = used_ns(script);
    if (!instance->event) return false;
    script->event = instance->event;
    script->event_ns = before_ns + time.ns;
    if (before_ns == 0 || script->event_ns <= (int64_t)instance->call_us * 1000) return false;
    if (time.is_exact) return true;
    sandbox_suspect(script->sandbox);
    script->event_ns = 0;
    return false;
}

/* ---- the scripts of a match, in a tick ------------------------------------------------------- */

static void count_in_tick(struct script *script, struct sandbox_time time, int function) {
    struct realm *realm = script->realm;
    realm->tick_ns += time.ns;
    realm->tick_guessed |= !time.is_exact;
    script->tick_ns += time.ns;
    if (time.ns <= script->longest_ns) return;
    script->longest_ns = time.ns;
    script->longest = function;
}

void share_tick_end(struct realm *realm) {
    realm->tick_ns = 0;
    realm->tick_guessed = false;
    for (uint32_t i = 0; i < realm->script_count; i++)
        realm->scripts[i]->tick_ns = realm->scripts[i]->longest_ns = 0;
}

/* The cheap clock only raises a suspicion: then all are looked at closely from here on. */
static bool is_over_tick(struct realm *realm) {
    if (realm->tick_ns <= INT64_C(500000000) / realm->tick_rate_hz) return false;
    if (!realm->tick_guessed) return true;
    for (uint32_t i = 0; i < realm->script_count; i++)
        if (realm->scripts[i]->sandbox) sandbox_suspect(realm->scripts[i]->sandbox);
    share_tick_end(realm);
    return false;
}

static struct script *most_of_tick(const struct realm *realm) {
    struct script *most = NULL;
    for (uint32_t i = 0; i < realm->script_count; i++) {
        struct script *script = realm->scripts[i];
        if (script->sandbox && (!most || script->tick_ns > most->tick_ns)) most = script;
    }
    return most;
}

static struct script *judge_tick(struct realm *realm) {
    struct script *most = is_over_tick(realm) ? most_of_tick(realm) : NULL;
    if (most) realm->tick_ns -= most->tick_ns;
    return most;
}

/* ---- the scripts of all lobbies -------------------------------------------------------------- */

static uint64_t loop_ms(const struct instance *instance) {
    return instance->host->loop->now_ms(instance->self);
}

/* Halved each second. */
static int64_t recent_ns(const struct script *script, uint64_t now_ms) {
    uint64_t seconds = (now_ms - script->recent_ms) / 1000;
    return seconds < 63 ? script->recent_ns >> seconds : 0;
}

/* Answers what comes to it in a ms. */
static int64_t fill(struct instance *instance, uint64_t now_ms) {
    int64_t rate = NS_PER_MS_PERCENT * instance->lobby_percent;
    uint64_t away_ms = now_ms - instance->lobbies_ms;
    instance->lobbies_ms = now_ms;
    instance->lobbies_ns += (int64_t)(away_ms < AWAY_MS_MAX ? away_ms : AWAY_MS_MAX) * rate;
    if (instance->lobbies_ns > BURST_NS) instance->lobbies_ns = BURST_NS;
    return rate;
}

static void count_in_lobby(struct script *script, struct sandbox_time time, int function) {
    struct instance *instance = script->realm->lobby->instance;
    uint64_t now_ms = loop_ms(instance);
    if (now_ms - script->recent_ms >= 1000) {
        script->recent_ns = recent_ns(script, now_ms);
        script->recent_ms = now_ms;
        script->longest_ns = 0;
    }
    script->recent_ns += time.ns;
    (void)fill(instance, now_ms);
    instance->lobbies_ns -= time.ns > ENTRY_NS ? time.ns : ENTRY_NS;
    if (time.ns <= script->longest_ns) return;
    script->longest_ns = time.ns;
    script->longest = function;
}

static struct script *most_of_lobbies(const struct instance *instance, bool is_upload) {
    uint64_t now_ms = loop_ms(instance);
    struct script *most = NULL;
    for (const struct lobby *lobby = instance->lobbies; lobby; lobby = lobby->next) {
        for (uint32_t i = 0; i < lobby->lobby.script_count; i++) {
            struct script *script = lobby->lobby.scripts[i];
            if (!script->sandbox || (is_upload && !script->mod->is_upload)) continue;
            if (!most || recent_ns(script, now_ms) > recent_ns(most, now_ms)) most = script;
        }
    }
    return most;
}

/* Timers and messages wait, events do not: what players set going can overspend. The operator's
 * own rules are trusted with that. */
static struct script *judge_lobbies(struct instance *instance) {
    if (instance->lobbies_ns > -DEBT_NS) return NULL;
    instance->lobbies_ns = -DEBT_NS; /* so that the timers of others come back soon */
    struct script *most = most_of_lobbies(instance, true);
    /* the next one follows soon, if that was not enough */
    if (most) instance->lobbies_ns = -DEBT_NS / 2;
    return most;
}

bool share_is_left(struct instance *instance, uint32_t *rest_ms) {
    int64_t rate = fill(instance, loop_ms(instance));
    *rest_ms = instance->lobbies_ns > 0 ? 0 : (uint32_t)(-instance->lobbies_ns / rate) + 1;
    return *rest_ms == 0;
}

void share_was_late(struct script *script, uint64_t late_ms) {
    struct instance *instance = script->realm->lobby->instance;
    uint64_t now_ms = loop_ms(instance);
    if (late_ms <= LATE_MS) return;
    instance->host->metrics->increase(instance->self, instance->metric_late, 1);
    instance->late_count++;
    if (late_ms > instance->late_ms) instance->late_ms = late_ms;
    if (now_ms < instance->late_told_ms) return;
    report_late(instance, most_of_lobbies(instance, false));
    instance->late_told_ms = now_ms + TOLD_EVERY_MS;
    instance->late_count = instance->late_ms = 0;
}

/* ---- after an entry -------------------------------------------------------------------------- */

bool share_count(struct script *script, int function) {
    const struct realm *realm = script->realm;
    struct sandbox_time time = sandbox_time(script->sandbox);
    if (realm->is_replay || realm->is_probe) return true;
    if (realm->kind == REALM_MATCH)
        count_in_tick(script, time, function);
    else
        count_in_lobby(script, time, function);
    if (!is_over_event(script, time)) return true;
    sandbox_kill_after(script->sandbox, SANDBOX_KILL_CPU, function);
    return false;
}

struct script *share_judge(struct realm *realm, enum sandbox_kill *reason) {
    bool is_match = realm->kind == REALM_MATCH;
    *reason = is_match ? SANDBOX_KILL_TICK : SANDBOX_KILL_SHARE;
    if (realm->is_replay || realm->is_probe) return NULL;
    return is_match ? judge_tick(realm) : judge_lobbies(realm->lobby->instance);
}
