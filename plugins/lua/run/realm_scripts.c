/* realm_scripts - see realm_scripts.h. */
#include "realm_scripts.h"
#include "objects.h"
#include "state.h"
#include "turns.h"

#include <stdlib.h>

static void handlers_free(struct handlers *handlers) {
    free(handlers->items);
    *handlers = (struct handlers){0};
}

void realm_deinit(struct realm *realm) {
    turns_forget(realm);
    for (uint32_t i = 0; i < realm->script_count; i++) script_destroy(realm->scripts[i]);
    for (int event = 0; event < EVENT_COUNT; event++) handlers_free(&realm->handlers[event]);
    handlers_free(&realm->bus);
    realm_messages_drop(realm);
    free(realm->messages);
    while (realm->answers) {
        struct answer *next = realm->answers->next;
        free(realm->answers);
        realm->answers = next;
    }
    free(realm->stops);
    free(realm->seats);
    objects_free(realm->objects);
    if (realm->timer.value)
        (void)realm_host(realm)->loop->timer_stop(realm_self(realm), realm->timer);
    realm_init(realm, realm->lobby, realm->kind);
}

void realm_tell_idle(const struct realm *realm) {
    if (realm->kind == REALM_MATCH && realm->match.value)
        (void)realm_host(realm)->match->idle_set(realm_self(realm), realm->match,
                                                 realm->script_count == 0);
}

struct script *realm_add(struct realm *realm, struct mod *mod, uint32_t granted) {
    if (realm->script_count == REALM_SCRIPTS_MAX) return NULL;
    struct script *script = script_create(realm, realm->script_count, mod, granted);
    if (script) realm->scripts[realm->script_count++] = script;
    realm_tell_idle(realm);
    return script;
}

void realm_remove(struct realm *realm, struct script *script) {
    uint32_t at = script->index;
    script_destroy(script);
    realm->script_count--;
    for (; at < realm->script_count; at++) {
        realm->scripts[at] = realm->scripts[at + 1];
        realm->scripts[at]->index = at;
    }
    realm_tell_idle(realm);
}

void realm_check_states(const struct realm *realm) {
    if (!realm->lobby->instance->tester || realm->is_replay) return;
    for (uint32_t i = 0; i < realm->script_count; i++) script_check_state(realm->scripts[i]);
}
