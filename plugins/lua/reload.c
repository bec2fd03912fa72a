/* reload - other code takes a running script's place: a new version, and back when it fails.
 *
 * Between two steps. The new code runs apart first: while it loads and takes the state over, the
 * old one stays as it is. Afterwards it is on trial; when it fails then, the old code comes back
 * with the state that the new one can still save, else with that of the swap.
 */
#include "lobby.h"
#include "script.h"

enum { TRIAL_TICKS = 100, TRIAL_MS = 5000 };

static uint64_t trial_end(const struct realm *realm) {
    uint64_t ms =
        realm->kind == REALM_MATCH ? TRIAL_TICKS * UINT64_C(1000) / realm->tick_rate_hz : TRIAL_MS;
    return realm_now_ms(realm) + ms;
}

/* A script of other code in the same place, started with the state; null: it did not start. */
static struct script *start_beside(const struct script *script, struct mod *mod, uint32_t granted) {
    struct script *fresh = script_create(script->realm, script->index, mod, granted);
    if (!fresh) return NULL;
    fresh->granted_before = script->granted;
    fresh->before = mod_pin(script->mod); /* on trial from the first line on */
    fresh->trial_until = trial_end(script->realm);
    if (script_start(fresh, script->saved, script->saved_len) == MUSTER_OK) return fresh;
    script_destroy(fresh);
    return NULL;
}

/* With the state at the swap as its last good one. */
static void take_place(struct script *script, struct script *fresh) {
    fresh->saved = script->saved;
    fresh->saved_len = script->saved_len;
    script->saved = NULL;
    script->realm->scripts[script->index] = fresh;
    script_destroy(script);
}

void script_reload(struct script *script, struct mod *mod, uint32_t granted) {
    script_keep(script);
    struct script *fresh = start_beside(script, mod, granted);
    if (!fresh) {
        report_not_reloaded(script, mod);
        return;
    }
    take_place(script, fresh);
}

void script_revert(struct script *script) {
    struct mod *mod = mod_pin(script->before);
    script->revert_due = false;
    if (script->sandbox) script_keep(script);
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

void script_trial_check(struct script *script) {
    if (!script->before || script->revert_due) return;
    if (realm_now_ms(script->realm) < script->trial_until) return;
    mod_unpin(script->before);
    script->before = NULL;
}
