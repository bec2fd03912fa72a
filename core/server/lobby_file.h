/* lobby_file - lobbies in files of the data directory (0600, in folders of 0700). Any thread, and
 * they block.
 */
#ifndef LOBBY_FILE_H
#define LOBBY_FILE_H

#include <stdbool.h>
#include <stdint.h>

#define LOBBY_FILE_PATH_BYTES 1024
#define LOBBY_FILE_ODD (-1) /* beside the errnos: a folder, a link, a pipe, a socket, a device */

/* DATA/folder/name. False: no name of a file, or too long. */
bool lobby_file_path(const char *folder, const char *name, char out[LOBBY_FILE_PATH_BYTES]);
/* Makes the folder in which it is to be, if there is none. */
void lobby_file_folder(const char *path);
/* A new file, on disk when this returns, or nothing. Its folder is made. Returns 0 or an errno:
 * EEXIST. */
int lobby_file_write(const char *path, const void *data, uint32_t len);
/* A regular file of at most cap bytes. Returns 0, LOBBY_FILE_ODD or an errno: EFBIG. */
int lobby_file_read(const char *path, void *out, uint32_t cap, uint32_t *len);
/* What either returned, in words. */
const char *lobby_file_error(int error);

#endif
