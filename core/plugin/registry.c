/* registry - the table of providers by role. Its users: host, match, session, queue, report. */
#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "registry_internal.h"
#include "status.h"

#define REQUIRED_MAX 8

/* What the vtable of a kind must bring. */
struct role_shape {
    struct abi_struct type;
    uint32_t required_count;
    struct {
        const char *name;
        uint32_t offset;
    } required[REQUIRED_MAX];
};

#define NEEDS(type, function)                                                                      \
    { #function, offsetof(struct muster_##type, function) }

static const struct role_shape shapes[MUSTER_ROLE_END] = {
    [MUSTER_ROLE_AUTH] = {ABI_TYPE(muster_auth), 1, {NEEDS(auth, authenticate)}},
    [MUSTER_ROLE_MATCHMAKER] = {ABI_TYPE(muster_matchmaker),
                                3,
                                {NEEDS(matchmaker, enqueue), NEEDS(matchmaker, dequeue),
                                 NEEDS(matchmaker, tick)}},
    [MUSTER_ROLE_MODE] = {ABI_TYPE(muster_mode),
                          6,
                          {NEEDS(mode, create), NEEDS(mode, destroy), NEEDS(mode, join),
                           NEEDS(mode, leave), NEEDS(mode, tick), NEEDS(mode, snapshot)}},
    [MUSTER_ROLE_VICTORY] = {ABI_TYPE(muster_victory), 1, {NEEDS(victory, evaluate)}},
    [MUSTER_ROLE_RULES] = {ABI_TYPE(muster_rules), 0, {{NULL, 0}}},
    [MUSTER_ROLE_ANTICHEAT] = {ABI_TYPE(muster_anticheat), 0, {{NULL, 0}}},
    [MUSTER_ROLE_REPORTER] = {ABI_TYPE(muster_reporter), 1, {NEEDS(reporter, deliver)}},
    [MUSTER_ROLE_DATABASE] = {ABI_TYPE(muster_database),
                              2,
                              {NEEDS(database, submit), NEEDS(database, migrate)}},
    [MUSTER_ROLE_SERVICE] = {ABI_TYPE(muster_service), 0, {{NULL, 0}}},
    [MUSTER_ROLE_KV] = {ABI_TYPE(muster_kv),
                        3,
                        {NEEDS(kv, submit), NEEDS(kv, subscribe), NEEDS(kv, unsubscribe)}},
};

/* Functions that make sense only together. */
struct role_pair {
    uint32_t kind;
    const char *names;
    uint32_t first;
    uint32_t second;
};

#define PAIR(KIND, type, a, b)                                                                     \
    {                                                                                              \
        MUSTER_ROLE_##KIND, #a " and " #b, offsetof(struct muster_##type, a),                      \
            offsetof(struct muster_##type, b)                                                      \
    }

static const struct role_pair pairs[] = {
    PAIR(MODE, mode, save, load),
    PAIR(VICTORY, victory, create, destroy),
    PAIR(VICTORY, victory, save, load),
    PAIR(RULES, rules, create, destroy),
    PAIR(RULES, rules, save, load),
    PAIR(RULES, rules, lobby_save, lobby_load),
    PAIR(ANTICHEAT, anticheat, create, destroy),
    PAIR(ANTICHEAT, anticheat, save, load),
};

static struct provider *heads[MUSTER_ROLE_END];

static bool function_set(const uint8_t *vtable, uint32_t size, uint32_t offset) {
    void *function = NULL;
    if (offset + sizeof function > size) return false;
    memcpy(&function, vtable + offset, sizeof function);
    return function != NULL;
}

static muster_status check_functions(const struct muster_role *role, uint32_t size, char *error,
                                     uint32_t cap) {
    const struct role_shape *shape = &shapes[role->kind];
    for (uint32_t i = 0; i < shape->required_count; i++) {
        if (function_set(role->vtable, size, shape->required[i].offset)) continue;
        snprintf(error, cap, "role %s: required function %s is missing", role_text(role->kind),
                 shape->required[i].name);
        return MUSTER_INVALID;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].kind != role->kind) continue;
        if (function_set(role->vtable, size, pairs[i].first) ==
            function_set(role->vtable, size, pairs[i].second))
            continue;
        snprintf(error, cap, "role %s: %s come both or neither", role_text(role->kind),
                 pairs[i].names);
        return MUSTER_INVALID;
    }
    return MUSTER_OK;
}

muster_status registry_check(const struct muster_role *role, char *error, uint32_t cap) {
    if (role->kind == 0 || role->kind >= MUSTER_ROLE_END) {
        snprintf(error, cap, "role kind %u is unknown to this host", role->kind);
        return MUSTER_UNSUPPORTED;
    }
    if (!role->vtable) {
        snprintf(error, cap, "role %s: the function table is null", role_text(role->kind));
        return MUSTER_INVALID;
    }
    uint32_t size;
    memcpy(&size, role->vtable, sizeof size);
    const struct abi_struct *type = &shapes[role->kind].type;
    if (!abi_size_known(type, size) || size % sizeof(uint32_t) != 0) {
        snprintf(error, cap, "role %s: function table of %u bytes, expected %u to %u",
                 role_text(role->kind), size, type->first_size, type->size);
        return MUSTER_INVALID;
    }
    return check_functions(role, size, error, cap);
}

struct provider *registry_of(const struct muster_self *self, uint32_t kind) {
    struct provider *provider = self->providers;
    while (provider && provider->kind != kind) provider = provider->sibling;
    return provider;
}

static muster_status provider_add(struct muster_self *self, const struct muster_role *role,
                                  char *error, uint32_t cap) {
    if (registry_of(self, role->kind)) {
        snprintf(error, cap, "role %s is listed twice", role_text(role->kind));
        return MUSTER_EXISTS;
    }
    const struct provider *kv = heads[MUSTER_ROLE_KV];
    if (role->kind == MUSTER_ROLE_KV && kv && !plugin_supersedes(self, kv->self)) {
        snprintf(error, cap, "role kv: plugin %s provides it already, one is the limit",
                 kv->self->instance_name);
        return MUSTER_EXISTS;
    }
    struct provider *provider = calloc(1, sizeof *provider);
    if (!provider) {
        snprintf(error, cap, "role %s: out of memory", role_text(role->kind));
        return MUSTER_NO_MEMORY;
    }
    uint32_t size;
    memcpy(&size, role->vtable, sizeof size);
    memcpy(&provider->service, role->vtable, size);
    provider->kind = role->kind;
    provider->self = self;
    provider->sibling = self->providers;
    self->providers = provider;
    return MUSTER_OK;
}

muster_status registry_add(struct muster_self *self, char *error, uint32_t cap) {
    for (uint32_t i = 0; i < self->plugin.role_count; i++) {
        muster_status status = provider_add(self, &self->plugin.roles[i], error, cap);
        if (status != MUSTER_OK) return status;
    }
    return MUSTER_OK;
}

static void provider_link(struct provider *provider) {
    struct provider **at = &heads[provider->kind];
    while (*at && (*at)->self->order <= provider->self->order) at = &(*at)->next;
    provider->next = *at;
    *at = provider;
}

static void provider_unlink(struct provider *provider) {
    struct provider **at = &heads[provider->kind];
    while (*at && *at != provider) at = &(*at)->next;
    if (*at) *at = provider->next;
    provider->next = NULL;
}

void registry_commit(struct muster_self *self, struct muster_self *older) {
    for (struct provider *p = older ? older->providers : NULL; p; p = p->sibling)
        provider_unlink(p);
    for (struct provider *p = self->providers; p; p = p->sibling) {
        p->instance = self->instance;
        provider_link(p);
    }
    registry_mode_commit(self, older);
    registry_settings_commit(self, older);
}

void registry_sort(void) {
    for (uint32_t kind = 0; kind < MUSTER_ROLE_END; kind++) {
        struct provider *unsorted = heads[kind];
        heads[kind] = NULL;
        while (unsorted) {
            struct provider *provider = unsorted;
            unsorted = provider->next;
            provider_link(provider);
        }
    }
}

void registry_remove(struct muster_self *self) {
    registry_mode_forget(self);
    registry_settings_forget(self);
    while (self->providers) {
        struct provider *provider = self->providers;
        self->providers = provider->sibling;
        provider_unlink(provider);
        free(provider);
    }
}

void registry_deinit(void) {
    registry_settings_forget(NULL);
}

struct provider *registry_first(uint32_t kind) {
    return kind < MUSTER_ROLE_END ? heads[kind] : NULL;
}

struct provider *registry_named(uint32_t kind, const char *instance_name) {
    struct provider *provider = registry_first(kind);
    if (!instance_name || !instance_name[0]) return provider;
    while (provider && strcmp(provider->self->instance_name, instance_name) != 0)
        provider = provider->next;
    return provider;
}
