/* memory - a folder in memory (tmpfs) for what the loop writes itself and the next process goes on
 * with: there it never waits for a disk. Loop thread.
 *
 * A supervised server makes one below server.memoryDir. The link "memory" of the data directory
 * leads to it, and it mirrors that: of DATA/live/KEY the newest lies in live/KEY there, and DATA
 * has a copy (write_behind). A start without the folder, as after a power failure, begins with the
 * copies. An orderly end brings all of it back and removes folder and link.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>

#define MEMORY_PATH_BYTES 512

/* Before the data directory is taken: whoever starts this process again finds the folder. */
void memory_want(void);
/* When the data directory has been taken: the folder that a process has left, or a new one. */
void memory_open(void);
/* The folder, or null: there is none. */
const char *memory_folder(void);
/* Where the newest of this file lies: in the folder, by `out`, or where it says. */
const char *memory_place(const char *path, char out[MEMORY_PATH_BYTES]);
/* is_left: the next process goes on with it; else all is brought back, unless a recording lies
 * there that is not whole without it. */
void memory_close(bool is_left);

#endif
