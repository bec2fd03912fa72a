/* registration - what plugins put into the host's tables: routes, metrics, commands, methods,
 * votes, listeners.
 *
 * A table is static, with cap, entry_size and what else is wanted set; the rest is zero. An entry
 * begins with a struct registration and has an owner: a plugin's generation, or null for the core.
 * A name belongs to who comes first. The next generation of the same plugin may take it as well:
 * then both entries are there, and in force is the one of the generation that is. What owners are
 * is known to the layer above. Loop thread.
 */
#ifndef REGISTRATION_H
#define REGISTRATION_H

#include "slots.h"

#include <stdbool.h>

struct registration {
    uint64_t id;
    const void *owner;
    char *name; /* owned; null: has none */
};

struct registrations {
    uint32_t cap;
    uint32_t entry_size;
    muster_status when_full; /* what registration_add answers then */
    /* An older generation's entries stay at the swap, for whoever still holds the generation, until
     * it stops. */
    bool outlives_swap;
    void (*drop)(void *entry); /* it goes with its owner, and may be removed here; or null */
    struct slots slots;
    struct registrations *next;
    bool is_known;
};

struct registration_owners {
    /* Is `newer` a later generation of the same plugin? Takes null and what is no plugin. */
    bool (*supersedes)(const void *newer, const void *older);
    /* Is it asked for new work? So is what is no plugin. */
    bool (*in_force)(const void *owner);
};
/* Kept; null: no owner follows another, and all are in force. */
void registration_set_owners(const struct registration_owners *owners);

/* A zeroed entry but for its head; *out is set when it is OK. EXISTS: the name is another's, or the
 * owner's own already; when_full; NO_MEMORY. name is copied; null: the entry has none. */
muster_status registration_add(struct registrations *table, const void *owner, const char *name,
                               void **out) MUSTER_MUST_USE;
/* Null when the id is stale. */
void *registration_get(const struct registrations *table, uint64_t id);
/* By the low half of its id (slots_index), which is no other's while it is there. */
void *registration_at(const struct registrations *table, uint32_t index);
/* Is its owner asked for new work? */
bool registration_in_force(const struct registration *entry);
/* The entry of that name that is in force, or null. */
void *registration_find(const struct registrations *table, const char *name);
/* The next entry after *id (0: the first), null at the end. Entries may go during the walk. */
void *registration_next(const struct registrations *table, uint64_t *id);
/* Takes a stale id. */
void registration_remove(struct registrations *table, uint64_t id);

/* In all tables: the owner has been replaced at a swap; it is gone. */
void registration_owner_superseded(const void *owner);
void registration_owner_gone(const void *owner);
/* Forgets all entries. */
void registration_deinit(struct registrations *table);

#endif
