/* registry_mode - the game modes and the lobby settings that plugins declare.
 *
 * While a reload is under way the new generation's declarations wait beside those in force;
 * registry_commit puts them in their place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_internal.h"

#define MAPS_MAX 64
#define CAUSE_MAX 384

/* entry first, so that a mode_entry is its slot. */
struct mode_slot {
    struct mode_entry entry;
    struct muster_self *owner;
    struct schema merged; /* settings of the mode and common ones */
    bool merged_valid;
};

struct settings_block {
    struct settings_block *next;
    struct muster_self *owner; /* null: core */
    struct schema schema;
    bool waiting;
};

static struct mode_entry *modes;         /* in force */
static struct mode_entry *modes_waiting; /* of a generation that is not committed */
static struct settings_block *blocks;    /* core's first, then config order */

static struct mode_slot *slot_of(const struct mode_entry *entry) {
    return (struct mode_slot *)entry;
}

static void merged_drop(struct mode_entry *entry) {
    struct mode_slot *slot = slot_of(entry);
    if (slot->merged_valid) schema_deinit(&slot->merged);
    slot->merged_valid = false;
}

static void merged_drop_all(void) {
    for (struct mode_entry *m = modes; m; m = m->next) merged_drop(m);
}

static void mode_free(struct mode_entry *entry) {
    merged_drop(entry);
    schema_deinit(&entry->settings);
    free(entry->maps);
    free(slot_of(entry));
}

static void mode_append(struct mode_entry **list, struct mode_entry *entry) {
    while (*list) list = &(*list)->next;
    entry->next = NULL;
    *list = entry;
}

static struct mode_entry *mode_in(struct mode_entry *list, const char *game_mode) {
    while (list && strcmp(list->game_mode, game_mode) != 0) list = list->next;
    return list;
}

/* ---- declaring a mode ------------------------------------------------------------------------ */

static bool name_valid(const char *name) {
    size_t len = name ? strnlen(name, MUSTER_NAME_MAX) : 0;
    if (len == 0 || len >= MUSTER_NAME_MAX) return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || !strchr("_-.", c))) return false;
    }
    return true;
}

static const char *info_fault(const struct muster_mode_info *info) {
    if (!name_valid(info->game_mode)) return "gameMode is no name of 1 to 47 letters, digits, _-.";
    if (!info->title || !info->title[0]) return "the title is missing";
    if (info->players_max < 2 || info->players_max > MUSTER_SEATS_MAX)
        return "players_max is not 2 to 32";
    if (info->tick_rate_hz < 1 || info->tick_rate_hz > 60) return "tick_rate_hz is not 1 to 60";
    if (info->view_count < 1 || info->view_count > 4) return "view_count is not 1 to 4";
    if (info->snapshot_max_bytes < 64 || info->snapshot_max_bytes > 16384)
        return "snapshot_max_bytes is not 64 to 16384";
    if (!info->maps || info->map_count < 1 || info->map_count > MAPS_MAX)
        return "map_count is not 1 to 64";
    for (uint32_t i = 0; i < info->map_count; i++)
        if (!name_valid(info->maps[i])) return "a map name is no name of 1 to 47 characters";
    return NULL;
}

/* Null when out of memory or when the settings are no schema (error says which). */
static struct mode_entry *mode_make(const struct muster_mode_info *info, char *error,
                                    uint32_t cap) {
    struct schema_error wrong = {0};
    struct mode_slot *slot = calloc(1, sizeof *slot);
    snprintf(error, cap, "out of memory");
    if (!slot) return NULL;
    struct mode_entry *entry = &slot->entry;
    entry->maps = calloc(info->map_count, sizeof *entry->maps);
    if (!entry->maps) goto failed;
    for (uint32_t i = 0; i < info->map_count; i++)
        snprintf(entry->maps[i], sizeof entry->maps[i], "%s", info->maps[i]);
    snprintf(entry->game_mode, sizeof entry->game_mode, "%s", info->game_mode);
    snprintf(entry->title, sizeof entry->title, "%s", info->title);
    entry->map_count = info->map_count;
    entry->players_max = info->players_max;
    entry->tick_rate_hz = info->tick_rate_hz;
    entry->view_count = info->view_count;
    entry->snapshot_max_bytes = info->snapshot_max_bytes;
    if (schema_parse(info->settings_json ? info->settings_json : "[]", &entry->settings, &wrong) !=
        MUSTER_OK) {
        snprintf(error, cap, "settings schema, %s: %s", wrong.key, wrong.text);
        goto failed;
    }
    return entry;
failed:
    free(entry->maps);
    free(slot);
    return NULL;
}

/* The first key that both have, or null. */
static const char *shared_key(const struct schema *a, const struct schema *b) {
    for (uint32_t i = 0; i < a->count; i++)
        if (schema_find(b, a->entries[i].key)) return a->entries[i].key;
    return NULL;
}

/* Does what `holder` holds stand in the way of self? Its own older generation's does not, and
 * neither does what waits for another generation's commit. */
static bool in_the_way(const struct muster_self *self, const struct muster_self *holder,
                       bool waiting) {
    if (holder == self) return true;
    return !waiting && !plugin_supersedes(self, holder);
}

static muster_status mode_conflicts(struct muster_self *self, const struct mode_entry *entry,
                                    char *error, uint32_t cap) {
    const struct mode_entry *present = mode_in(modes, entry->game_mode);
    const struct mode_entry *waiting = mode_in(modes_waiting, entry->game_mode);
    if (waiting && slot_of(waiting)->owner == self) present = waiting;
    if (present && in_the_way(self, slot_of(present)->owner, false)) {
        snprintf(error, cap, "plugin %s declares it already",
                 slot_of(present)->owner->instance_name);
        return MUSTER_EXISTS;
    }
    for (const struct settings_block *b = blocks; b; b = b->next) {
        const char *key = shared_key(&entry->settings, &b->schema);
        if (!key || !in_the_way(self, b->owner, b->waiting)) continue;
        snprintf(error, cap, "its setting %s is taken by %s", key,
                 b->owner ? b->owner->instance_name : "the host");
        return MUSTER_EXISTS;
    }
    return MUSTER_OK;
}

muster_status registry_mode_add(struct muster_self *self, const struct muster_mode_info *info,
                                char *error, uint32_t cap) {
    struct muster_mode_info copy = {0};
    char cause[CAUSE_MAX] = "";
    if (info->size > sizeof copy || info->size < sizeof info->size) {
        snprintf(error, cap, "a mode's description of %u bytes is not of this ABI", info->size);
        return MUSTER_INVALID;
    }
    memcpy(&copy, info, info->size);
    const char *name = name_valid(copy.game_mode) ? copy.game_mode : "(unnamed)";
    const char *fault = info_fault(&copy);
    struct provider *provider = registry_of(self, MUSTER_ROLE_MODE);
    if (!provider) fault = "the plugin has no mode role";
    if (self->superseded) fault = "the generation has been replaced";
    if (fault) {
        snprintf(error, cap, "mode %s: %s", name, fault);
        return MUSTER_INVALID;
    }
    struct mode_entry *entry = mode_make(&copy, cause, sizeof cause);
    muster_status status =
        entry ? mode_conflicts(self, entry, cause, sizeof cause) : MUSTER_INVALID;
    if (status != MUSTER_OK) {
        snprintf(error, cap, "mode %s: %s", name, cause);
        if (entry) mode_free(entry);
        return status;
    }
    entry->provider = provider;
    slot_of(entry)->owner = self;
    mode_append(self->committed ? &modes : &modes_waiting, entry);
    return MUSTER_OK;
}

static bool mode_unlink(struct mode_entry **list, struct muster_self *self, const char *game_mode) {
    for (; *list; list = &(*list)->next) {
        struct mode_entry *entry = *list;
        if (slot_of(entry)->owner != self || strcmp(entry->game_mode, game_mode) != 0) continue;
        *list = entry->next;
        mode_free(entry);
        return true;
    }
    return false;
}

muster_status registry_mode_remove(struct muster_self *self, const char *game_mode) {
    if (mode_unlink(&modes_waiting, self, game_mode) || mode_unlink(&modes, self, game_mode))
        return MUSTER_OK;
    return mode_in(modes, game_mode) ? MUSTER_DENIED : MUSTER_NOT_FOUND;
}

struct mode_entry *registry_mode(const char *game_mode) {
    return mode_in(modes, game_mode);
}

struct mode_entry *registry_mode_next(const struct mode_entry *previous) {
    return previous ? previous->next : modes;
}

/* ---- common settings ------------------------------------------------------------------------- */

/* The first mode of a list that stands in the way with one of its keys, or null. */
static const struct mode_entry *modes_holding(const struct muster_self *self,
                                              const struct mode_entry *list,
                                              const struct schema *schema) {
    for (; list; list = list->next)
        if (shared_key(schema, &list->settings) &&
            in_the_way(self, slot_of(list)->owner, !slot_of(list)->owner->committed))
            return list;
    return NULL;
}

static muster_status block_conflicts(struct muster_self *self, const struct schema *schema,
                                     char *error, uint32_t cap) {
    for (const struct settings_block *b = blocks; b; b = b->next) {
        const char *key = shared_key(schema, &b->schema);
        if (!key || !in_the_way(self, b->owner, b->waiting)) continue;
        snprintf(error, cap, "lobby setting %s is taken by %s", key,
                 b->owner ? b->owner->instance_name : "the host");
        return MUSTER_EXISTS;
    }
    const struct mode_entry *mode = modes_holding(self, modes, schema);
    if (!mode) mode = modes_holding(self, modes_waiting, schema);
    if (mode) {
        snprintf(error, cap, "lobby setting %s is taken by mode %s",
                 shared_key(schema, &mode->settings), mode->game_mode);
        return MUSTER_EXISTS;
    }
    return MUSTER_OK;
}

/* Core's block has no owner and sorts first. */
static uint32_t block_order(const struct muster_self *owner) {
    return owner ? owner->order + 1 : 0;
}

static void block_link(struct settings_block *block) {
    struct settings_block **at = &blocks;
    while (*at && block_order((*at)->owner) <= block_order(block->owner)) at = &(*at)->next;
    block->next = *at;
    *at = block;
}

muster_status registry_settings_add(struct muster_self *self, const char *schema_json, char *error,
                                    uint32_t cap) {
    struct schema schema = {0};
    struct schema_error wrong = {0};
    if (self && self->superseded) {
        snprintf(error, cap, "lobby settings: the generation has been replaced");
        return MUSTER_STATE;
    }
    muster_status status = schema_parse(schema_json, &schema, &wrong);
    if (status != MUSTER_OK) {
        snprintf(error, cap, "lobby settings schema, %s: %s", wrong.key, wrong.text);
        return status;
    }
    status = block_conflicts(self, &schema, error, cap);
    if (status != MUSTER_OK) goto failed;
    struct settings_block *block = calloc(1, sizeof *block);
    if (!block) {
        snprintf(error, cap, "lobby settings: out of memory");
        status = MUSTER_NO_MEMORY;
        goto failed;
    }
    block->owner = self;
    block->schema = schema;
    block->waiting = self && !self->committed;
    block_link(block);
    merged_drop_all();
    return MUSTER_OK;
failed:
    schema_deinit(&schema);
    return status;
}

/* Core's keys, then the mode's, then the other plugins'. */
static muster_status merge(const struct mode_entry *entry, struct schema *out) {
    struct schema_error wrong;
    const struct settings_block *b = blocks;
    muster_status status = MUSTER_OK;
    for (; b && !b->owner && status == MUSTER_OK; b = b->next)
        status = schema_merge(out, &b->schema, &wrong);
    if (status == MUSTER_OK) status = schema_merge(out, &entry->settings, &wrong);
    for (; b && status == MUSTER_OK; b = b->next)
        if (!b->waiting) status = schema_merge(out, &b->schema, &wrong);
    return status;
}

const struct schema *registry_settings(const char *game_mode) {
    struct mode_entry *entry = mode_in(modes, game_mode);
    if (!entry) return NULL;
    struct mode_slot *slot = slot_of(entry);
    if (slot->merged_valid) return &slot->merged;
    memset(&slot->merged, 0, sizeof slot->merged);
    if (merge(entry, &slot->merged) != MUSTER_OK) {
        schema_deinit(&slot->merged);
        return NULL;
    }
    slot->merged_valid = true;
    return &slot->merged;
}

/* ---- generations ----------------------------------------------------------------------------- */

/* The waiting entry's content moves into the one in force, whose address and place stay. */
static void mode_replace(struct mode_entry *present, struct mode_entry *entry) {
    struct mode_slot old = *slot_of(present);
    struct mode_entry *next = present->next;
    *slot_of(present) = *slot_of(entry);
    present->next = next;
    *slot_of(entry) = old;
    mode_free(entry);
}

static void modes_commit(struct muster_self *self) {
    struct mode_entry **at = &modes_waiting;
    while (*at) {
        struct mode_entry *entry = *at;
        if (slot_of(entry)->owner != self) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        struct mode_entry *present = mode_in(modes, entry->game_mode);
        if (present)
            mode_replace(present, entry);
        else
            mode_append(&modes, entry);
    }
}

static void modes_drop(struct mode_entry **list, const struct muster_self *owner) {
    while (*list) {
        struct mode_entry *entry = *list;
        if (slot_of(entry)->owner != owner) {
            list = &entry->next;
            continue;
        }
        *list = entry->next;
        mode_free(entry);
    }
}

static void blocks_drop(const struct muster_self *owner) {
    struct settings_block **at = &blocks;
    while (*at) {
        struct settings_block *block = *at;
        if (block->owner != owner) {
            at = &block->next;
            continue;
        }
        *at = block->next;
        schema_deinit(&block->schema);
        free(block);
    }
}

void registry_mode_commit(struct muster_self *self, struct muster_self *older) {
    merged_drop_all();
    modes_commit(self);
    if (older) {
        modes_drop(&modes, older);
        blocks_drop(older);
    }
    for (struct settings_block *b = blocks; b; b = b->next)
        if (b->owner == self) b->waiting = false;
}

void registry_mode_forget(struct muster_self *self) {
    merged_drop_all();
    modes_drop(&modes_waiting, self);
    modes_drop(&modes, self);
    blocks_drop(self);
}
