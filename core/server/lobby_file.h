/* lobby_file - lobbies in files of the data directory (0600, in folders of 0700). Any thread, and
 * they block.
 */
#ifndef LOBBY_FILE_H
#define LOBBY_FILE_H

#include <stdbool.h>
#include <stdint.h>

#define LOBBY_FILE_PATH_BYTES 1024

/* DATA/folder/name, the folder made if need be. False: no name of a file, or too long. */
bool lobby_file_path(const char *folder, const char *name, char out[LOBBY_FILE_PATH_BYTES]);
/* A new file, on disk when this returns, or nothing. Returns 0 or an errno: EEXIST. */
int lobby_file_write(const char *path, const void *data, uint32_t len);
/* At most cap bytes of a regular file. Returns 0 or an errno. */
int lobby_file_read(const char *path, void *out, uint32_t cap, uint32_t *len);

#endif
