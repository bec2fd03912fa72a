/* registration - see registration.h. */
#include "registration.h"

#include <stdlib.h>
#include <string.h>

static const struct registration_owners *owners;
static struct registrations *tables; /* those that have had an entry */

void registration_set_owners(const struct registration_owners *known) {
    owners = known;
}

static bool supersedes(const void *newer, const void *older) {
    return owners && owners->supersedes(newer, older);
}

bool registration_in_force(const struct registration *entry) {
    return !owners || owners->in_force(entry->owner);
}

static bool is_ready(struct registrations *table) {
    if (!table->slots.items && slots_init(&table->slots, table->cap, table->entry_size))
        return false;
    if (table->is_known) return true;
    table->next = tables;
    tables = table;
    table->is_known = true;
    return true;
}

static bool has_name(const struct registration *entry, const char *name) {
    return entry->name && strcmp(entry->name, name) == 0;
}

static bool is_taken(const struct registrations *table, const void *owner, const char *name) {
    uint64_t id = 0;
    for (const struct registration *entry; (entry = slots_next(&table->slots, &id));)
        if (has_name(entry, name) && !supersedes(owner, entry->owner)) return true;
    return false;
}

muster_status registration_add(struct registrations *table, const void *owner, const char *name,
                               void **out) {
    if (!is_ready(table)) return MUSTER_NO_MEMORY;
    if (name && is_taken(table, owner, name)) return MUSTER_EXISTS;
    char *copy = name ? strdup(name) : NULL;
    if (name && !copy) return MUSTER_NO_MEMORY;
    uint64_t id;
    struct registration *entry = slots_add(&table->slots, &id);
    if (!entry) {
        free(copy);
        return table->when_full;
    }
    *entry = (struct registration){id, owner, copy};
    *out = entry;
    return MUSTER_OK;
}

void *registration_get(const struct registrations *table, uint64_t id) {
    return slots_find(&table->slots, id);
}

void *registration_at(const struct registrations *table, uint32_t index) {
    return slots_at(&table->slots, index);
}

void *registration_next(const struct registrations *table, uint64_t *id) {
    return slots_next(&table->slots, id);
}

void *registration_find(const struct registrations *table, const char *name) {
    uint64_t id = 0;
    for (struct registration *entry; (entry = slots_next(&table->slots, &id));)
        if (has_name(entry, name) && registration_in_force(entry)) return entry;
    return NULL;
}

void registration_remove(struct registrations *table, uint64_t id) {
    struct registration *entry = slots_find(&table->slots, id);
    if (!entry) return;
    free(entry->name);
    slots_remove(&table->slots, id);
}

/* ---- owners ---------------------------------------------------------------------------------- */

/* The last one first: who comes next takes the places in their order. */
static void drop_owner(struct registrations *table, const void *owner) {
    for (uint32_t index = table->slots.used; index-- > 0;) {
        struct registration *entry = slots_at(&table->slots, index);
        if (!entry || entry->owner != owner) continue;
        uint64_t id = entry->id;
        if (table->drop) table->drop(entry);
        registration_remove(table, id);
    }
}

void registration_owner_superseded(const void *owner) {
    for (struct registrations *table = tables; table; table = table->next)
        if (!table->outlives_swap) drop_owner(table, owner);
}

void registration_owner_gone(const void *owner) {
    for (struct registrations *table = tables; table; table = table->next) drop_owner(table, owner);
}

void registration_deinit(struct registrations *table) {
    uint64_t id = 0;
    while (registration_next(table, &id)) registration_remove(table, id);
    slots_deinit(&table->slots);
}
