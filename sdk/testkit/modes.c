/* modes.c - the game modes that plugins declare. */
#include "internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define MAPS_MAX 64u
#define MODE_BYTES_MIN offsetof(struct muster_mode_info, base) /* of 1.0 */

static struct mode_name *mode_find(struct testkit *kit, const char *name) {
    struct mode_name *mode;
    DL_FOREACH(kit->modes, mode) {
        if (strcmp(mode->name, name) == 0) return mode;
    }
    return NULL;
}

static bool number_ok(uint32_t number, uint32_t min, uint32_t max, bool based) {
    return (number >= min && number <= max) || (based && number == 0);
}

bool mode_known(struct testkit *kit, const char *game_mode) {
    const struct mode_name *mode = mode_find(kit, game_mode);
    return mode && mode->owner->phase != PHASE_LOADED;
}

static bool name_ok(const char *name) {
    size_t len = name ? strlen(name) : 0;
    if (len == 0 || len >= MUSTER_NAME_MAX || strchr("_-.", name[0])) return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_-.", name[i])) return false;
    return true;
}

static bool maps_ok(const struct muster_mode_info *info, bool based) {
    if (based && !info->maps && !info->map_count) return true;
    if (!info->maps || info->map_count < 1 || info->map_count > MAPS_MAX) return false;
    for (uint32_t i = 0; i < info->map_count; i++)
        if (!name_ok(info->maps[i])) return false;
    return true;
}

static bool mode_info_ok(const struct muster_mode_info *info, bool based) {
    return name_ok(info->game_mode) && info->title && info->title[0] && maps_ok(info, based) &&
           number_ok(info->players_max, 2, MUSTER_SEATS_MAX, based) &&
           number_ok(info->tick_rate_hz, 1, 60, based) &&
           number_ok(info->view_count, 1, MUSTER_VIEWS_MAX, based) &&
           number_ok(info->snapshot_max_bytes, 64, 16384, based);
}

muster_status kit_mode_add(muster_self *self, const struct muster_mode_info *given) {
    struct testkit *kit = self->kit;
    struct muster_mode_info info = {0};
    KIT_ON_LOOP(self);
    if (!given || given->size < MODE_BYTES_MIN || given->size > sizeof(info)) return MUSTER_INVALID;
    memcpy(&info, given, given->size < sizeof(info) ? given->size : sizeof(info));
    const struct mode_name *base = info.base ? mode_find(kit, info.base) : NULL;
    if (info.base && !base) return MUSTER_NOT_FOUND;
    if (!base && !self->roles[MUSTER_ROLE_MODE]) return MUSTER_INVALID;
    if ((base && base->has_base) || !mode_info_ok(&info, base != NULL)) return MUSTER_INVALID;
    if (mode_find(kit, info.game_mode)) return MUSTER_EXISTS;
    muster_status status = MUSTER_OK;
    if (info.settings_json)
        status = values_add(&kit->settings, info.settings_json, kit->error, sizeof(kit->error));
    if (status == MUSTER_OK && info.defaults_json)
        status = values_check(kit->settings, info.defaults_json, kit->error, sizeof(kit->error));
    if (status != MUSTER_OK) return status;
    struct mode_name *mode = kit_alloc(sizeof(*mode));
    mode->owner = self;
    mode->has_base = base != NULL;
    snprintf(mode->name, sizeof(mode->name), "%s", info.game_mode);
    DL_APPEND(kit->modes, mode);
    return MUSTER_OK;
}

muster_status kit_mode_remove(muster_self *self, const char *game_mode) {
    KIT_ON_LOOP(self);
    struct mode_name *mode = mode_find(self->kit, game_mode);
    if (!mode) return MUSTER_NOT_FOUND;
    if (mode->owner != self) return MUSTER_DENIED;
    DL_DELETE(self->kit->modes, mode);
    free(mode);
    return MUSTER_OK;
}

void modes_close(muster_self *self) {
    struct mode_name *mode, *next_mode;
    DL_FOREACH_SAFE(self->kit->modes, mode, next_mode) {
        if (mode->owner != self) continue;
        DL_DELETE(self->kit->modes, mode);
        free(mode);
    }
}
