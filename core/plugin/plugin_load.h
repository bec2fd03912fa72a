/* plugin_load - one shared object: find, check, copy, open, probe. plugin.c is its only
 * caller; no function of the plugin runs here.
 */
#ifndef PLUGIN_LOAD_H
#define PLUGIN_LOAD_H

#include "plugin.h"

/* Fills name, version, library, copy_path, plugin and config_schema of a zeroed self. `error`
 * (PLUGIN_ERROR_MAX bytes) is the cause without the plugin's name. On failure nothing is left. */
muster_status plugin_image_open(struct muster_self *self, const char *name,
                                char *error) MUSTER_MUST_USE;
/* The same from a descriptor that is linked into the process: no file, no code to unload. */
muster_status plugin_image_take(struct muster_self *self, const struct muster_plugin *linked,
                                char *error) MUSTER_MUST_USE;
/* The private copy's file is gone, its code stays. */
void plugin_image_unlink(struct muster_self *self);
/* dlclose, and the private copy is gone. Takes a half-built image. */
void plugin_image_close(struct muster_self *self);

/* Would dlopen run code of this ELF file? Reads the file's bytes alone, which may be hostile. */
muster_status plugin_elf_check(const uint8_t *data, size_t len, char *error,
                               uint32_t cap) MUSTER_MUST_USE;

#endif
