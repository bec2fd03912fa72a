/* registry_internal - shared by the registry*.c files alone. */
#ifndef REGISTRY_INTERNAL_H
#define REGISTRY_INTERNAL_H

#include "registry.h"

/* A declared mode. entry first, so that a mode_entry is its slot. */
struct mode_slot {
    struct mode_entry entry; /* in force: with what the base fills in */
    struct muster_self *owner;
    char base[MUSTER_NAME_MAX]; /* "": none */
    struct mode_entry declared; /* what is 0 or null is the base's */
    json_t *defaults;           /* of lobby settings, other than their own; or null */
    struct schema merged;       /* settings of base and mode and common ones, with these defaults */
    bool merged_valid;
};

static inline struct mode_slot *mode_slot_of(const struct mode_entry *entry) {
    return (struct mode_slot *)entry;
}

/* registry.c: the generation's provider of one role, or null. */
struct provider *registry_of(const struct muster_self *self, uint32_t kind);

/* registry_mode.c */
/* Modes of `self` come into force, those of `older` end. */
void registry_mode_commit(struct muster_self *self, struct muster_self *older);
/* Drops all modes of a generation. */
void registry_mode_forget(struct muster_self *self);
/* In force, whether or not their base is there, or waiting for a commit. */
struct mode_entry *registry_modes(bool waiting);
/* Does what `holder` holds stand in the way of self? Its own older generation's does not, and
 * neither does what waits for another generation's commit. */
bool registry_in_the_way(const struct muster_self *self, const struct muster_self *holder,
                         bool waiting);
/* All merged settings are made anew when they are asked for. */
void registry_merged_drop(void);

/* registry_teams.c: copies teams, statistics and victories. Null, or what is wrong with them. */
const char *registry_teams_take(const struct muster_mode_info *info, struct mode_entry *out);
/* What the mode does not declare of them is the base's. */
void registry_teams_fill(struct mode_entry *entry, const struct mode_entry *declared,
                         const struct mode_entry *base);

/* registry_settings.c */
/* Is a key of the schema taken by common settings? EXISTS: error says by whose. */
muster_status registry_settings_taken(const struct muster_self *self, const struct schema *schema,
                                      char *error, uint32_t cap);
/* What every mode has: on which of its maps it is played, and by how many. out: empty. */
muster_status registry_settings_common(const struct mode_entry *entry, struct schema *out);
void registry_settings_commit(const struct muster_self *self, const struct muster_self *older);
void registry_settings_forget(const struct muster_self *self);

#endif
