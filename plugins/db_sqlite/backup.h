/* backup - copies of the database file, made while it is in use. Any thread; a connection of its
 * own.
 */
#ifndef DB_SQLITE_BACKUP_H
#define DB_SQLITE_BACKUP_H

#include <muster/types.h>
#include <stdint.h>

#define BACKUP_WHY_MAX 512u

/* Copies what is committed in `file` to `to`, which only this account may read and which is there
 * whole or not at all. EXISTS: something is there already, and stays as it is; else IO. why: what a
 * person must mend. */
muster_status backup_make(const char *file, const char *to, char *why) MUSTER_MUST_USE;
/* Copies to FILE.backup-TIME (UTC); of such copies the newest `kept` stay, this one included. 0:
 * none is made. */
muster_status backup_before_migration(const char *file, uint32_t kept, char *why) MUSTER_MUST_USE;

#endif
