/* plugin_file - finds NAME.so, refuses files and folders that others may write, checks the sha256
 * pin, makes the private copy. Used by plugin_load, and by check, which looks whether it could.
 */
#ifndef PLUGIN_FILE_H
#define PLUGIN_FILE_H

#include <muster/types.h>

/* path: of the copy, in <dataDir>/run or, where that is not ours, in a temporary folder; to be
 * removed with plugin_file_remove. `error` is the cause. On failure no file is left. */
muster_status plugin_file_copy(const char *name, char *path, uint32_t cap, char *error,
                               uint32_t error_cap) MUSTER_MUST_USE;
void plugin_file_remove(const char *path);

#endif
