/* permissions - see permissions.h. */
#include "permissions.h"

#include <string.h>

uint32_t permissions_of(const struct instance *instance, const char *id) {
    size_t len = strlen(id);
    uint32_t granted = 0;
    if (instance->tester && strcmp(instance->tester->mod, id) == 0) return MOD_PERMISSIONS_ALL;
    for (uint32_t i = 0; i < instance->grant_count; i++) {
        const char *item = instance->grants[i];
        if (strncmp(item, id, len) == 0 && item[len] == '.') item += len + 1;
        granted |= mod_permission_find(item);
    }
    return granted;
}

uint32_t permissions_granted(const struct instance *instance, const struct mod *mod) {
    if (mod->is_upload) return mod->permissions & instance->upload_permissions;
    return mod->permissions & permissions_of(instance, mod->id);
}
