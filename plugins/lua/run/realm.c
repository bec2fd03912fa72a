/* realm - what the scripts of a realm hook, and their bus; see realm.h. ask.c asks them. */
#include "realm.h"
#include "script.h"

#include <stdlib.h>
#include <string.h>

enum { HANDLERS_MAX = 128 }; /* of one event in one realm */

void realm_init(struct realm *realm, struct lobby *lobby, int kind) {
    memset(realm, 0, sizeof *realm);
    realm->lobby = lobby;
    realm->kind = kind;
    realm->timer_due_ms = UINT64_MAX;
    realm->answers_end = &realm->answers;
}

struct script *realm_find(const struct realm *realm, const char *mod_id) {
    for (uint32_t i = 0; i < realm->script_count; i++)
        if (strcmp(realm->scripts[i]->mod->id, mod_id) == 0) return realm->scripts[i];
    return NULL;
}

muster_self *realm_self(const struct realm *realm) {
    return realm->lobby->instance->self;
}

const struct muster_host *realm_host(const struct realm *realm) {
    return realm->lobby->instance->host;
}

bool realm_quota(const struct realm *realm, struct quota *quota, int64_t per_tick, int64_t burst) {
    int64_t ticks = (int64_t)realm->tick - quota->tick;
    if (!quota->is_begun) quota->left = burst;
    quota->is_begun = true;
    quota->tick = realm->tick;
    quota->left += ticks * per_tick;
    if (quota->left > burst) quota->left = burst;
    return quota->left > 0;
}

uint64_t realm_now_ms(const struct realm *realm) {
    if (realm->kind == REALM_MATCH) return realm->now_ms;
    return realm_host(realm)->loop->now_ms(realm_self(realm));
}

/* ---- handlers -------------------------------------------------------------------------------- */

static bool goes_before(const struct handler *a, const struct handler *b) {
    if (a->priority != b->priority) return a->priority > b->priority;
    return a->script->index < b->script->index;
}

static bool insert(struct handlers *handlers, const struct handler *handler) {
    if (handlers->count == HANDLERS_MAX) return false;
    if (handlers->count == handlers->cap) {
        uint32_t cap = handlers->cap ? handlers->cap * 2 : 4;
        struct handler *items = realloc(handlers->items, cap * sizeof *items);
        if (!items) return false;
        handlers->items = items;
        handlers->cap = cap;
    }
    uint32_t at = handlers->count++;
    for (; at > 0 && goes_before(handler, &handlers->items[at - 1]); at--)
        handlers->items[at] = handlers->items[at - 1];
    handlers->items[at] = *handler;
    return true;
}

static void take_out(struct handlers *handlers, uint32_t at) {
    const struct handler *handler = &handlers->items[at];
    if (handler->script->sandbox) sandbox_release(handler->script->sandbox, handler->function);
    handlers->count--;
    memmove(&handlers->items[at], &handlers->items[at + 1],
            (handlers->count - at) * sizeof *handlers->items);
}

/* Index of the script's handler of that id, or count. */
static uint32_t find_id(const struct handlers *handlers, const struct script *script,
                        const char *id, size_t id_size) {
    uint32_t i = 0;
    for (; i < handlers->count; i++)
        if (handlers->items[i].script == script && memcmp(handlers->items[i].id, id, id_size) == 0)
            break;
    return i;
}

static bool remove_id(struct handlers *handlers, const struct script *script, const char *id,
                      size_t id_size) {
    uint32_t at = find_id(handlers, script, id, id_size);
    if (at == handlers->count) return false;
    take_out(handlers, at);
    return true;
}

static void copy_id(char out[SCRIPT_ID_MAX], const char *id) {
    memset(out, 0, SCRIPT_ID_MAX);
    memcpy(out, id, strnlen(id, SCRIPT_ID_MAX - 1));
}

uint32_t realm_hook_index(const struct handlers *handlers, const struct handler *handler) {
    return find_id(handlers, handler->script, handler->id, sizeof handler->id);
}

bool realm_hook_as(struct script *script, struct handlers *handlers,
                   const struct handler *handler) {
    script->hooks_changed |= script->is_loaded;
    remove_id(handlers, script, handler->id, sizeof handler->id);
    return insert(handlers, handler);
}

bool realm_hook(struct script *script, enum event event, const struct handler *handler) {
    struct handler own = *handler;
    own.script = script;
    own.is_later = script->is_loaded;
    copy_id(own.id, handler->id);
    return realm_hook_as(script, &script->realm->handlers[event], &own);
}

bool realm_find_hook(const struct script *script, enum event event, const char *id) {
    const struct handlers *handlers = &script->realm->handlers[event];
    char key[SCRIPT_ID_MAX];
    copy_id(key, id);
    return find_id(handlers, script, key, sizeof key) < handlers->count;
}

bool realm_unhook(struct script *script, enum event event, const char *id) {
    char key[SCRIPT_ID_MAX];
    copy_id(key, id);
    if (!remove_id(&script->realm->handlers[event], script, key, sizeof key)) return false;
    script->hooks_changed |= script->is_loaded;
    return true;
}

/* "name\0id" */
static void bus_id(char out[SCRIPT_ID_MAX], const char *name, const char *id) {
    size_t len = strnlen(name, SCRIPT_ID_MAX - 1);
    copy_id(out, name);
    if (len + 1 < SCRIPT_ID_MAX - 1)
        memcpy(out + len + 1, id, strnlen(id, SCRIPT_ID_MAX - 2 - len));
}

bool realm_bus_find(const struct script *script, const char *name, const char *id) {
    const struct handlers *handlers = &script->realm->bus;
    char key[SCRIPT_ID_MAX];
    bus_id(key, name, id);
    return find_id(handlers, script, key, sizeof key) < handlers->count;
}

bool realm_bus_hook(struct script *script, const char *name, const char *id, int function) {
    struct handler handler = {
        .script = script, .function = function, .is_later = script->is_loaded};
    bus_id(handler.id, name, id);
    return realm_hook_as(script, &script->realm->bus, &handler);
}

static void unhook_from(struct handlers *handlers, const struct script *script) {
    for (uint32_t i = handlers->count; i-- > 0;)
        if (handlers->items[i].script == script) take_out(handlers, i);
}

uint32_t realm_gates(const struct script *script) {
    uint32_t gates = 0;
    for (int event = 0; event < EVENT_COUNT; event++) {
        const struct handlers *handlers = &script->realm->handlers[event];
        if (!event_is_gate((enum event)event)) continue;
        for (uint32_t i = 0; i < handlers->count; i++)
            if (handlers->items[i].script == script && !handlers->items[i].is_open)
                gates |= UINT32_C(1) << event;
    }
    return gates;
}

void realm_unhook_all(struct script *script) {
    for (int event = 0; event < EVENT_COUNT; event++)
        unhook_from(&script->realm->handlers[event], script);
    unhook_from(&script->realm->bus, script);
}

/* ---- bus ------------------------------------------------------------------------------------- */

void realm_messages_drop(struct realm *realm) {
    for (uint32_t i = 0; i < realm->message_count; i++) free(realm->messages[i].bytes);
    realm->message_count = 0;
}

bool realm_emit(struct realm *realm, const char *name, const void *bytes, uint32_t len) {
    if (realm->message_count == REALM_BUS_MAX) return false;
    if (!realm->messages) realm->messages = malloc(REALM_BUS_MAX * sizeof *realm->messages);
    if (!realm->messages) return false;
    struct message *message = &realm->messages[realm->message_count];
    message->bytes = malloc(len ? len : 1);
    if (!message->bytes) return false;
    memcpy(message->bytes, bytes, len);
    message->len = len;
    copy_id(message->name, name);
    realm->message_count++;
    return true;
}
