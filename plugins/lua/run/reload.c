/* reload - see reload.h. */
#include "reload.h"
#include "report.h"
#include "start.h"
#include "state.h"
#include "timers.h"

enum { TRIAL_TICKS = 100, TRIAL_MS = 5000 };

static uint64_t trial_end(const struct realm *realm) {
    uint64_t ms =
        realm->kind == REALM_MATCH ? TRIAL_TICKS * UINT64_C(1000) / realm->tick_rate_hz : TRIAL_MS;
    return realm_now_ms(realm) + ms;
}

void script_try(struct script *script, struct mod *before, uint32_t granted) {
    script->before = mod_pin(before);
    script->granted_before = granted;
    script->trial_until = trial_end(script->realm);
}

/* A script of other code in the same place, started with the state; null: it did not start. */
static struct script *start_beside(const struct script *script, struct mod *mod, uint32_t granted) {
    struct script *fresh = script_create(script->realm, script->index, mod, granted);
    if (!fresh) return NULL;
    bool failed = script->revert_due; /* it is no code to come back to */
    script_try(fresh, failed ? script->before : script->mod,
               failed ? script->granted_before : script->granted); /* from the first line on */
    if (script_start(fresh, script->saved, script->saved_len) == MUSTER_OK) return fresh;
    script_destroy(fresh);
    return NULL;
}

/* With the state at the swap as its last good one. */
static void take_place(struct script *script, struct script *fresh) {
    fresh->saved = script->saved;
    fresh->saved_len = script->saved_len;
    fresh->saved_cap = script->saved_cap;
    script->saved = NULL;
    script->realm->scripts[script->index] = fresh;
    script_destroy(script);
    timers_set_alarm(fresh->realm);
}

void script_reload(struct script *script, struct mod *mod, uint32_t granted) {
    bool is_kept = script_keep(script);
    if (!is_kept && script->sandbox) { /* it would go on without what it knows */
        report_not_reloaded(script, mod, "the state cannot be kept, the old code goes on");
        return;
    }
    struct script *fresh = start_beside(script, mod, granted);
    if (!fresh) {
        report_not_reloaded(script, mod, "the new code did not start, the old one goes on");
        return;
    }
    take_place(script, fresh);
}

void script_revert(struct script *script) {
    struct mod *mod = mod_pin(script->before);
    if (script->sandbox) script_keep(script);
    script->revert_due = false;
    struct script *fresh = start_beside(script, mod, script->granted_before);
    if (fresh) {
        mod_unpin(fresh->before); /* known to be good */
        fresh->before = NULL;
        report_reverted(fresh, script->mod);
        take_place(script, fresh);
    } else {
        script_disable(script, "neither the new code nor the old one runs");
    }
    mod_unpin(mod);
}
