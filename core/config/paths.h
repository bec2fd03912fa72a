/* paths - where this node's files lie, and its id. Loop thread. */
#ifndef PATHS_H
#define PATHS_H

#include <stdbool.h>

#include <muster/types.h>

#define PATHS_ERROR_MAX 640

/* By the config and the place of the executable. With create: the data directory (0700) and the
 * node's id in it, too, and the directory belongs to this process until paths_deinit. EXISTS: it
 * belongs to another one. `error` (PATHS_ERROR_MAX bytes) says what is wrong. */
muster_status paths_init(bool create, char *error) MUSTER_MUST_USE;
void paths_deinit(void);
/* Who has only looked takes the directory after all; as paths_init with create. */
muster_status paths_take(char *error) MUSTER_MUST_USE;
/* Another process may take the directory while this one stands still. */
void paths_lend(void);
/* It is this one's again. EXISTS: the other has it. */
muster_status paths_take_back(char *error) MUSTER_MUST_USE;
/* The directory, which is there, belongs to this process from here on; as paths_init. */
muster_status paths_lock(char *error) MUSTER_MUST_USE;
/* Does it belong to another one? Which (PATHS_PID_MAX bytes), as far as that is told. */
#define PATHS_PID_MAX 24
bool paths_in_use(char *pid);
/* Is the data directory this process's, or is it only looked at (create was false)? */
bool paths_keeps_data(void);
/* Could the data directory be made and written? Nothing is. `error` as above. */
muster_status paths_look(char *error) MUSTER_MUST_USE;
/* Data goes there from here on; for who only looks. */
void paths_move_data(const char *dir);
/* Absolute, no trailing slash. */
const char *paths_data(void);
const char *paths_share(void); /* server.shareDir, the build tree's, or the installed one */
const char *paths_node_id(void);
/* All that was written to the data directory is on the disk. 0, or an errno. Any thread. */
int paths_sync_data(void);
/* Creates a directory with mode 0700, parents too. */
muster_status paths_make_dir(const char *path);

#endif
