/* registry_mode - the game modes that plugins declare.
 *
 * While a reload is under way the new generation's declarations wait beside those in force;
 * registry_commit puts them in their place. A mode with a base is not there while its base is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "registry_internal.h"

#define MAPS_MAX 64
#define PEOPLE_MAX_DEFAULT 16
#define DEFAULTS_BYTES_MAX 65536
#define CAUSE_MAX 384

static struct mode_entry *modes;         /* in force */
static struct mode_entry *modes_waiting; /* of a generation that is not committed */
static uint32_t version = 1;

struct mode_entry *registry_modes(bool waiting) {
    return waiting ? modes_waiting : modes;
}

uint32_t registry_version(void) {
    return version;
}

void registry_merged_drop(void) {
    version++;
    for (struct mode_entry *m = modes; m; m = m->next) {
        struct mode_slot *slot = mode_slot_of(m);
        if (slot->merged_valid) schema_deinit(&slot->merged);
        slot->merged_valid = false;
    }
}

static void mode_free(struct mode_entry *entry) {
    struct mode_slot *slot = mode_slot_of(entry);
    if (slot->merged_valid) schema_deinit(&slot->merged);
    schema_deinit(&entry->settings);
    json_decref(slot->defaults);
    free(slot->declared.maps);
    free(slot);
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

/* ---- what a base fills in -------------------------------------------------------------------- */

static uint32_t or_base(uint32_t own, uint32_t of_base) {
    return own ? own : of_base;
}

/* base null: there is none, and none is needed. */
static void mode_fill(struct mode_entry *entry, const struct mode_entry *base) {
    static const struct mode_entry nothing;
    const struct mode_slot *slot = mode_slot_of(entry);
    if (!base) base = &nothing;
    const struct mode_entry *own = &slot->declared;
    entry->maps = own->maps ? own->maps : base->maps;
    entry->map_count = or_base(own->map_count, base->map_count);
    entry->players_max = or_base(own->players_max, base->players_max);
    entry->people_max = or_base(own->people_max, or_base(base->people_max, PEOPLE_MAX_DEFAULT));
    entry->players_min = or_base(own->players_min, base->players_min);
    entry->tick_rate_hz = or_base(own->tick_rate_hz, base->tick_rate_hz);
    entry->view_count = or_base(own->view_count, base->view_count);
    entry->snapshot_max_bytes = or_base(own->snapshot_max_bytes, base->snapshot_max_bytes);
    registry_teams_fill(entry, own, base);
    if (slot->base[0]) entry->provider = base->provider;
}

/* After every change: a base may have come, changed or gone. */
static void modes_fill(void) {
    for (struct mode_entry *m = modes; m; m = m->next) {
        const struct mode_slot *slot = mode_slot_of(m);
        if (!slot->base[0]) continue;
        bool was_there = m->provider != NULL;
        const struct mode_entry *base = mode_in(modes, slot->base);
        mode_fill(m, base && !mode_slot_of(base)->base[0] ? base : NULL);
        if (was_there && !m->provider)
            log_warn("registry", "mode %s: its base %s is gone: nobody can play it", m->game_mode,
                     slot->base);
    }
    registry_merged_drop();
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

static const char *maps_fault(const struct muster_mode_info *info) {
    if (!info->maps || info->map_count < 1 || info->map_count > MAPS_MAX)
        return "map_count is not 1 to 64";
    for (uint32_t i = 0; i < info->map_count; i++)
        if (!name_valid(info->maps[i])) return "a map name is no name of 1 to 47 characters";
    return NULL;
}

/* info: with what the base fills in. */
static const char *info_fault(const struct muster_mode_info *info, bool maps_of_base) {
    if (!name_valid(info->game_mode)) return "game_mode is no name of 1 to 47 letters, digits, _-.";
    if (!info->title || !info->title[0]) return "the title is missing";
    uint32_t people_max = or_base(info->people_max, PEOPLE_MAX_DEFAULT);
    if (people_max > MUSTER_PEOPLE_MAX) return "people_max is more than 128";
    if (info->players_max < 1 || info->players_max > people_max)
        return "players_max is not 1 to people_max (16 when it is 0)";
    if (info->players_min > people_max) return "players_min is more than people_max";
    if (info->tick_rate_hz < 1 || info->tick_rate_hz > MUSTER_TICK_RATE_MAX)
        return "tick_rate_hz is not 1 to 128";
    if (info->view_count < 1 || info->view_count > MUSTER_VIEWS_MAX)
        return "view_count is not 1 to 129";
    if (info->snapshot_max_bytes < 64 || info->snapshot_max_bytes > 16384)
        return "snapshot_max_bytes is not 64 to 16384";
    return maps_of_base ? NULL : maps_fault(info);
}

static muster_status defaults_read(struct mode_slot *slot, const char *text, char *cause) {
    if (!text) return MUSTER_OK;
    size_t len = strnlen(text, DEFAULTS_BYTES_MAX + 1);
    if (len <= DEFAULTS_BYTES_MAX)
        slot->defaults = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(slot->defaults)) return MUSTER_OK;
    snprintf(cause, CAUSE_MAX, "its defaults are no JSON object of at most 64 KiB");
    return MUSTER_INVALID;
}

/* Those of settings of the mode, its base, and every mode. In `cause` what is wrong with them. */
static muster_status defaults_check(const struct mode_slot *slot, const struct mode_entry *base,
                                    char *cause) {
    struct schema common = {0};
    const char *key;
    json_t *value;
    muster_status status = registry_settings_common(&slot->entry, &common);
    if (status != MUSTER_OK) snprintf(cause, CAUSE_MAX, "out of memory");
    json_object_foreach(slot->defaults, key, value) {
        struct schema_error wrong;
        json_t *good = NULL;
        const struct schema_entry *entry = schema_find(&slot->entry.settings, key);
        if (!entry && base) entry = schema_find(&base->settings, key);
        if (!entry) entry = schema_find(&common, key);
        if (!entry || status != MUSTER_OK) continue;
        status = schema_check_value(entry, value, false, &good, &wrong);
        if (status != MUSTER_OK) snprintf(cause, CAUSE_MAX, "defaults, %s", wrong.text);
        json_decref(good);
    }
    schema_deinit(&common);
    return status;
}

static muster_status settings_read(struct mode_slot *slot, const char *text, char *cause) {
    struct schema_error wrong = {0};
    muster_status status = schema_parse(text ? text : "[]", &slot->entry.settings, &wrong);
    if (status != MUSTER_OK) snprintf(cause, CAUSE_MAX, "settings schema, %s", wrong.text);
    return status;
}

static bool maps_copy(struct mode_slot *slot, const struct muster_mode_info *info) {
    if (!info->maps) return true;
    char(*maps)[MUSTER_NAME_MAX] = calloc(info->map_count, sizeof *maps);
    for (uint32_t i = 0; maps && i < info->map_count; i++)
        snprintf(maps[i], sizeof maps[i], "%s", info->maps[i]);
    slot->declared.maps = maps;
    return maps != NULL;
}

/* info: as declared. */
static struct mode_slot *mode_make(const struct muster_mode_info *info,
                                   const struct mode_entry *base, char *cause) {
    struct mode_slot *slot = calloc(1, sizeof *slot);
    snprintf(cause, CAUSE_MAX, "out of memory");
    if (!slot) return NULL;
    struct mode_entry *entry = &slot->entry;
    snprintf(entry->game_mode, sizeof entry->game_mode, "%s", info->game_mode);
    snprintf(entry->title, sizeof entry->title, "%s", info->title);
    if (base) snprintf(slot->base, sizeof slot->base, "%s", base->game_mode);
    slot->declared.map_count = info->map_count;
    slot->declared.players_max = info->players_max;
    slot->declared.people_max = info->people_max;
    slot->declared.players_min = info->players_min;
    slot->declared.tick_rate_hz = info->tick_rate_hz;
    slot->declared.view_count = info->view_count;
    slot->declared.snapshot_max_bytes = info->snapshot_max_bytes;
    const char *fault = registry_teams_take(info, &slot->declared);
    if (fault) {
        snprintf(cause, CAUSE_MAX, "%s", fault);
        mode_free(entry);
        return NULL;
    }
    if (maps_copy(slot, info) && settings_read(slot, info->settings_json, cause) == MUSTER_OK &&
        defaults_read(slot, info->defaults_json, cause) == MUSTER_OK)
        return slot;
    mode_free(entry);
    return NULL;
}

bool registry_in_the_way(const struct muster_self *self, const struct muster_self *holder,
                         bool waiting) {
    if (holder == self) return true;
    return !waiting && !plugin_supersedes(self, holder);
}

/* Base and mode share no setting: neither this one and its base, nor those that are based on this
 * one. */
static muster_status base_conflicts(const struct muster_self *self, const struct mode_entry *entry,
                                    const struct mode_entry *base, char *cause) {
    const char *key = base ? schema_shared_key(&entry->settings, &base->settings) : NULL;
    if (key) {
        snprintf(cause, CAUSE_MAX, "its setting %s is its base's", key);
        return MUSTER_EXISTS;
    }
    for (const struct mode_entry *m = modes; m; m = m->next) {
        const struct mode_slot *slot = mode_slot_of(m);
        if (strcmp(slot->base, entry->game_mode) != 0) continue;
        key = schema_shared_key(&entry->settings, &m->settings);
        if (!key || !registry_in_the_way(self, slot->owner, false)) continue;
        snprintf(cause, CAUSE_MAX, "its setting %s is taken by mode %s, which is based on it", key,
                 m->game_mode);
        return MUSTER_EXISTS;
    }
    return MUSTER_OK;
}

static muster_status mode_conflicts(const struct muster_self *self, const struct mode_entry *entry,
                                    char *cause) {
    const struct mode_entry *present = mode_in(modes, entry->game_mode);
    const struct mode_entry *waiting = mode_in(modes_waiting, entry->game_mode);
    if (waiting && mode_slot_of(waiting)->owner == self) present = waiting;
    if (!present || !registry_in_the_way(self, mode_slot_of(present)->owner, false))
        return registry_settings_taken(self, &entry->settings, cause, CAUSE_MAX);
    snprintf(cause, CAUSE_MAX, "plugin %s declares it already",
             mode_slot_of(present)->owner->instance_name);
    return MUSTER_EXISTS;
}

/* The mode that another one of `self` may be based on: one that is there, or comes with it. */
static muster_status base_find(const struct muster_self *self, const struct muster_mode_info *info,
                               const struct mode_entry **out, char *cause) {
    *out = NULL;
    if (!info->base || !info->base[0]) return MUSTER_OK;
    const struct mode_entry *waiting = mode_in(modes_waiting, info->base);
    *out = waiting && mode_slot_of(waiting)->owner == self ? waiting : registry_mode(info->base);
    if (!*out || strcmp(info->base, info->game_mode) == 0) {
        snprintf(cause, CAUSE_MAX, "its base %.47s is not declared", info->base);
        return MUSTER_NOT_FOUND;
    }
    if (!mode_slot_of(*out)->base[0]) return MUSTER_OK;
    snprintf(cause, CAUSE_MAX, "its base %.47s has a base itself", info->base);
    return MUSTER_INVALID;
}

static const char *declare_fault(const struct muster_self *self, struct muster_mode_info info,
                                 const struct mode_entry *base) {
    if (self->superseded) return "the generation has been replaced";
    if (!base && !registry_of(self, MUSTER_ROLE_MODE)) return "the plugin has no mode role";
    if (!base) return info_fault(&info, false);
    info.players_max = or_base(info.players_max, base->players_max);
    info.people_max = or_base(info.people_max, base->people_max);
    info.tick_rate_hz = or_base(info.tick_rate_hz, base->tick_rate_hz);
    info.view_count = or_base(info.view_count, base->view_count);
    info.snapshot_max_bytes = or_base(info.snapshot_max_bytes, base->snapshot_max_bytes);
    return info_fault(&info, !info.maps && !info.map_count);
}

static muster_status mode_declare(struct muster_self *self, const struct muster_mode_info *info,
                                  char *cause) {
    const struct mode_entry *base;
    muster_status status = base_find(self, info, &base, cause);
    if (status != MUSTER_OK) return status;
    const char *fault = declare_fault(self, *info, base);
    if (fault) {
        snprintf(cause, CAUSE_MAX, "%s", fault);
        return MUSTER_INVALID;
    }
    struct mode_slot *slot = mode_make(info, base, cause);
    if (!slot) return MUSTER_INVALID;
    slot->owner = self;
    slot->entry.provider = registry_of(self, MUSTER_ROLE_MODE);
    mode_fill(&slot->entry, base);
    status = defaults_check(slot, base, cause);
    if (status == MUSTER_OK) status = base_conflicts(self, &slot->entry, base, cause);
    if (status == MUSTER_OK) status = mode_conflicts(self, &slot->entry, cause);
    if (status != MUSTER_OK) {
        mode_free(&slot->entry);
        return status;
    }
    mode_append(self->committed ? &modes : &modes_waiting, &slot->entry);
    if (self->committed) modes_fill();
    return MUSTER_OK;
}

muster_status registry_mode_add(struct muster_self *self, const struct muster_mode_info *info,
                                char *error, uint32_t cap) {
    struct muster_mode_info copy = *info;
    char cause[CAUSE_MAX] = "";
    const char *name = name_valid(copy.game_mode) ? copy.game_mode : "";
    if (!name[0]) copy.base = NULL; /* its name is what is wrong */
    muster_status status = mode_declare(self, &copy, cause);
    if (status != MUSTER_OK)
        snprintf(error, cap, "mode %s: %s", name[0] ? name : "(unnamed)", cause);
    return status;
}

static bool mode_unlink(struct mode_entry **list, struct muster_self *self, const char *game_mode) {
    for (; *list; list = &(*list)->next) {
        struct mode_entry *entry = *list;
        if (mode_slot_of(entry)->owner != self || strcmp(entry->game_mode, game_mode) != 0)
            continue;
        *list = entry->next;
        mode_free(entry);
        return true;
    }
    return false;
}

muster_status registry_mode_remove(struct muster_self *self, const char *game_mode) {
    if (mode_unlink(&modes_waiting, self, game_mode)) return MUSTER_OK;
    if (mode_unlink(&modes, self, game_mode)) {
        modes_fill();
        return MUSTER_OK;
    }
    return mode_in(modes, game_mode) ? MUSTER_DENIED : MUSTER_NOT_FOUND;
}

struct mode_entry *registry_mode(const char *game_mode) {
    struct mode_entry *entry = mode_in(modes, game_mode);
    return entry && entry->provider ? entry : NULL;
}

struct mode_entry *registry_mode_next(const struct mode_entry *previous) {
    struct mode_entry *entry = previous ? previous->next : modes;
    while (entry && !entry->provider) entry = entry->next;
    return entry;
}

struct muster_self *registry_mode_owner(const struct mode_entry *entry) {
    return mode_slot_of(entry)->owner;
}

const char *registry_mode_base(const struct mode_entry *entry) {
    return mode_slot_of(entry)->base;
}

/* ---- generations ----------------------------------------------------------------------------- */

/* The waiting entry's content moves into the one in force, whose address and place stay. */
static void mode_replace(struct mode_entry *present, struct mode_entry *entry) {
    struct mode_slot old = *mode_slot_of(present);
    struct mode_entry *next = present->next;
    *mode_slot_of(present) = *mode_slot_of(entry);
    present->next = next;
    *mode_slot_of(entry) = old;
    mode_free(entry);
}

static void modes_commit(struct muster_self *self) {
    struct mode_entry **at = &modes_waiting;
    while (*at) {
        struct mode_entry *entry = *at;
        if (mode_slot_of(entry)->owner != self) {
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
        if (mode_slot_of(entry)->owner != owner) {
            list = &entry->next;
            continue;
        }
        *list = entry->next;
        mode_free(entry);
    }
}

void registry_mode_commit(struct muster_self *self, struct muster_self *older) {
    modes_commit(self);
    if (older) modes_drop(&modes, older);
    modes_fill();
}

void registry_mode_forget(struct muster_self *self) {
    modes_drop(&modes_waiting, self);
    modes_drop(&modes, self);
    modes_fill();
}
