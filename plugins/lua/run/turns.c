/* turns - see turns.h. */
#include "turns.h"
#include "ask.h"
#include "share.h"
#include "timers.h"

static void append(struct realm *realm) {
    struct instance *instance = realm->lobby->instance;
    if (realm->waits) return;
    if (instance->waiting)
        instance->waiting_last->next_waiting = realm;
    else
        instance->waiting = realm;
    instance->waiting_last = realm;
    realm->next_waiting = NULL;
    realm->waits = true;
}

void turns_forget(struct realm *realm) {
    struct instance *instance = realm->lobby->instance;
    struct realm **at = &instance->waiting, *before = NULL;
    if (!realm->waits) return;
    for (; *at != realm; at = &before->next_waiting) before = *at;
    *at = realm->next_waiting;
    if (instance->waiting_last == realm) instance->waiting_last = before;
    realm->waits = false;
}

/* ---- one step -------------------------------------------------------------------------------- */

static struct script *first_due(const struct realm *realm) {
    struct script *first = NULL;
    for (uint32_t i = 0; i < realm->script_count; i++) {
        struct script *script = realm->scripts[i];
        if (!first || script->timer_due_ms < first->timer_due_ms) first = script;
    }
    return first;
}

uint64_t turns_due_ms(const struct realm *realm) {
    const struct script *first = first_due(realm);
    uint64_t due_ms = realm->message_count ? 0 : first ? first->timer_due_ms : UINT64_MAX;
    return due_ms > realm->rest_until_ms ? due_ms : realm->rest_until_ms;
}

static bool is_due(const struct realm *realm) {
    return turns_due_ms(realm) <= realm_now_ms(realm);
}

/* Until another call of it is sure not to be over what it may spend. */
static uint32_t rest_ms(const struct script *script) {
    int64_t call_ns = (int64_t)script->realm->lobby->instance->call_us * 1000;
    return script->sandbox ? sandbox_rest_ms(script->sandbox, call_ns) : 0;
}

/* Any of them may hear a message. */
static uint32_t rest_of_all_ms(const struct realm *realm) {
    uint32_t most_ms = 0;
    for (uint32_t i = 0; i < realm->script_count; i++) {
        uint32_t ms = rest_ms(realm->scripts[i]);
        if (ms > most_ms) most_ms = ms;
    }
    return most_ms;
}

static void step(struct realm *realm) {
    struct script *script = first_due(realm);
    uint64_t now_ms = realm_now_ms(realm);
    uint32_t rest = realm->message_count ? rest_of_all_ms(realm) : script ? rest_ms(script) : 0;
    realm->rest_until_ms = rest ? now_ms + rest : 0;
    if (rest || !is_due(realm)) return;
    if (realm->message_count) {
        realm_deliver_next(realm);
    } else {
        share_was_late(script, now_ms - script->timer_due_ms);
        script_timer_next(script, now_ms);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void run(struct instance *instance);

static void on_turn(void *user) {
    struct instance *instance = user;
    instance->turn_timer = (muster_timer_id){0};
    run(instance);
}

static void run(struct instance *instance) {
    uint32_t wait_ms;
    while (instance->waiting && share_is_left(instance, &wait_ms)) {
        struct realm *realm = instance->waiting;
        turns_forget(realm);
        step(realm);
        if (is_due(realm))
            append(realm);
        else
            timers_set_alarm(realm);
    }
    if (!instance->waiting || instance->turn_timer.value) return;
    const struct muster_host_loop *loop = instance->host->loop;
    if (loop->timer_start(instance->self, wait_ms, 0, on_turn, instance, &instance->turn_timer))
        instance->turn_timer = (muster_timer_id){0};
}

void turns_wake(struct realm *realm) {
    append(realm);
    run(realm->lobby->instance);
}

void turns_stop(struct instance *instance) {
    if (!instance->turn_timer.value) return;
    (void)instance->host->loop->timer_stop(instance->self, instance->turn_timer);
    instance->turn_timer = (muster_timer_id){0};
}
