/* registry_settings - the lobby settings that plugins declare for every mode, and what they come to
 * together with a mode's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "registry_internal.h"

struct settings_block {
    struct settings_block *next;
    struct muster_self *owner; /* null: core */
    struct schema schema;
    bool waiting; /* of a generation that is not committed */
};

static struct settings_block *blocks; /* core's first, then config order */

/* ---- declaring them -------------------------------------------------------------------------- */

/* The first mode of a list that stands in the way with one of its keys, or null. */
static const struct mode_entry *modes_holding(const struct muster_self *self,
                                              const struct mode_entry *list,
                                              const struct schema *schema) {
    for (; list; list = list->next)
        if (schema_shared_key(schema, &list->settings) &&
            registry_in_the_way(self, mode_slot_of(list)->owner,
                                !mode_slot_of(list)->owner->committed))
            return list;
    return NULL;
}

static const char map_key[] = "mapName", players_key[] = "maxPlayers"; /* of every mode */

muster_status registry_settings_taken(const struct muster_self *self, const struct schema *schema,
                                      char *error, uint32_t cap) {
    const char *common = schema_find(schema, map_key)       ? map_key
                         : schema_find(schema, players_key) ? players_key
                                                            : NULL;
    if (common) {
        snprintf(error, cap, "lobby setting %s is every mode's already", common);
        return MUSTER_EXISTS;
    }
    for (const struct settings_block *b = blocks; b; b = b->next) {
        const char *key = schema_shared_key(schema, &b->schema);
        if (!key || !registry_in_the_way(self, b->owner, b->waiting)) continue;
        snprintf(error, cap, "lobby setting %s is taken by %s", key,
                 b->owner ? b->owner->instance_name : "the host");
        return MUSTER_EXISTS;
    }
    return MUSTER_OK;
}

static muster_status block_conflicts(struct muster_self *self, const struct schema *schema,
                                     char *error, uint32_t cap) {
    muster_status status = registry_settings_taken(self, schema, error, cap);
    if (status != MUSTER_OK) return status;
    const struct mode_entry *mode = modes_holding(self, registry_modes(false), schema);
    if (!mode) mode = modes_holding(self, registry_modes(true), schema);
    if (!mode) return MUSTER_OK;
    snprintf(error, cap, "lobby setting %s is taken by mode %s",
             schema_shared_key(schema, &mode->settings), mode->game_mode);
    return MUSTER_EXISTS;
}

/* Core's block has no owner and sorts first. */
static uint32_t block_place(const struct muster_self *owner) {
    return owner ? owner->listed + 1 : 0;
}

static void block_link(struct settings_block *block) {
    struct settings_block **at = &blocks;
    while (*at && block_place((*at)->owner) <= block_place(block->owner)) at = &(*at)->next;
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
        snprintf(error, cap, "lobby settings schema, %s", wrong.text);
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
    registry_merged_drop();
    return MUSTER_OK;
failed:
    schema_deinit(&schema);
    return status;
}

/* ---- of one mode ----------------------------------------------------------------------------- */

/* Settings of a victory that decides no match of the mode are none of its lobbies'. */
static bool concerns(const struct muster_self *owner, const struct mode_entry *entry) {
    return !registry_of(owner, MUSTER_ROLE_VICTORY) || registry_mode_victory(entry, owner);
}

static json_t *players_setting(const struct mode_entry *entry) {
    uint32_t least = entry->players_min ? entry->players_min : 2;
    if (least > entry->players_max) least = entry->players_max;
    return json_pack("{s:s,s:s,s:i,s:i,s:i,s:s,s:s,s:s,s:s}", "key", players_key, "type", "int",
                     "default", (int)entry->players_max, "min", (int)least, "max",
                     (int)entry->people_max, "unit", "players", "label", "Players", "help",
                     "Seats of the match.", "group", "Match");
}

static json_t *map_setting(const struct mode_entry *entry) {
    json_t *maps = json_array();
    for (uint32_t i = 0; i < entry->map_count; i++)
        json_array_append_new(maps, json_string(entry->maps[i]));
    return json_pack("{s:s,s:s,s:s,s:o,s:s,s:s}", "key", map_key, "type", "enum", "default",
                     entry->maps[0], "values", maps, "label", "Map", "group", "Match");
}

muster_status registry_settings_common(const struct mode_entry *entry, struct schema *out) {
    struct schema_error wrong = {0};
    json_t *list = json_pack("[o,o]", map_setting(entry), players_setting(entry));
    char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;
    muster_status status = text ? schema_parse(text, out, &wrong) : MUSTER_NO_MEMORY;
    free(text);
    json_decref(list);
    return status;
}

/* What every mode has, core's keys, then the base's, the mode's, the other plugins'. */
static muster_status merge(const struct mode_entry *entry, const struct mode_entry *base,
                           struct schema *out) {
    struct schema_error wrong;
    const struct settings_block *b = blocks;
    muster_status status = registry_settings_common(entry, out);
    for (; b && !b->owner && status == MUSTER_OK; b = b->next)
        status = schema_merge(out, &b->schema, &wrong);
    if (status == MUSTER_OK && base) status = schema_merge(out, &base->settings, &wrong);
    if (status == MUSTER_OK) status = schema_merge(out, &entry->settings, &wrong);
    for (; b && status == MUSTER_OK; b = b->next)
        if (!b->waiting && concerns(b->owner, entry))
            status = schema_merge(out, &b->schema, &wrong);
    return status;
}

/* A secret's default would be told to everybody with the schema. */
static void put_defaults(const struct mode_slot *slot, struct schema *out) {
    const char *key;
    json_t *value;
    json_object_foreach(slot->defaults, key, value) {
        struct schema_error wrong = {0};
        const struct schema_entry *entry = schema_find(out, key);
        if (!entry) continue; /* its plugin is not loaded */
        if (entry->secret)
            snprintf(wrong.text, sizeof wrong.text, "%s: a secret has no other default", key);
        else if (schema_default_set(out, key, value, &wrong) == MUSTER_OK)
            continue;
        log_warn("registry", "mode %s: defaults, %s", slot->entry.game_mode, wrong.text);
    }
}

const struct schema *registry_settings(const char *game_mode) {
    const struct mode_entry *entry = registry_mode(game_mode);
    if (!entry) return NULL;
    struct mode_slot *slot = mode_slot_of(entry);
    if (slot->merged_valid) return &slot->merged;
    memset(&slot->merged, 0, sizeof slot->merged);
    if (merge(entry, registry_mode(slot->base), &slot->merged) != MUSTER_OK) {
        schema_deinit(&slot->merged);
        return NULL;
    }
    put_defaults(slot, &slot->merged);
    slot->merged_valid = true;
    return &slot->merged;
}

/* ---- generations ----------------------------------------------------------------------------- */

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

void registry_settings_commit(const struct muster_self *self, const struct muster_self *older) {
    if (older) blocks_drop(older);
    for (struct settings_block *b = blocks; b; b = b->next)
        if (b->owner == self) b->waiting = false;
    registry_merged_drop();
}

void registry_settings_forget(const struct muster_self *self) {
    blocks_drop(self);
    registry_merged_drop();
}
