/* storage - what mods keep over lobbies, matches and restarts: values by key, for each mod.
 *
 * All of it lies in memory, so that reading and writing answer at once; a database, where the node
 * has one, is read at the start and written behind, at most every write_ms, until stop. Without one
 * it is memory only. What an uploaded rule keeps is never written: it lives as long as its lobby.
 * Owned by the plugin's instance. Loop thread.
 */
#ifndef LUA_STORAGE_H
#define LUA_STORAGE_H

#include <muster/host.h>

enum {
    STORAGE_KEY_BYTES_MAX = 128,
    STORAGE_VALUE_BYTES_MAX = 1 << 14,
};

struct storage;
struct storage_space; /* the values of one mod */

struct storage_limits {
    uint32_t keys_max;  /* of one mod */
    uint32_t bytes_max; /* of one mod: its keys and values together */
    uint32_t write_ms;
};

/* In init. */
muster_status storage_create(const struct muster_host *host, muster_self *self,
                             const struct storage_limits *limits,
                             struct storage **out) MUSTER_MUST_USE;
/* In start: begins to read the database. Until that is done, spaces of mods answer UNAVAILABLE. */
void storage_start(struct storage *storage);
/* In drain: hands what is not written yet to the database at once. */
void storage_flush(struct storage *storage);
/* In stop: the same, for the last time. */
void storage_stop(struct storage *storage);
/* In fini; spaces of mods end with it. Takes null. */
void storage_destroy(struct storage *storage);

/* The mod's own; lives as long as the storage. Null: no memory. */
struct storage_space *storage_space(struct storage *storage, const char *mod);
/* For an uploaded rule, or a replay: in memory, empty, the caller's. Null: no memory. */
struct storage_space *storage_space_create(const struct storage_limits *limits);
void storage_space_destroy(struct storage_space *space);

/* Values are the caller's bytes; none at all are a value, too. What get hands out is borrowed until
 * the space is changed. `error` is set to a sentence
 * whenever the status is not OK. INVALID      the key is not 1 to 128 bytes of UTF-8 without
 * control bytes NOT_FOUND    get, delete: there is no such key LIMIT        set: over a limit
 *   UNAVAILABLE  what the database holds is not known yet
 *   NO_MEMORY */
muster_status storage_get(const struct storage_space *space, const char *key,
                          struct muster_bytes *out, const char **error) MUSTER_MUST_USE;
muster_status storage_set(struct storage_space *space, const char *key, struct muster_bytes value,
                          const char **error) MUSTER_MUST_USE;
muster_status storage_delete(struct storage_space *space, const char *key,
                             const char **error) MUSTER_MUST_USE;
/* Walks the keys that begin with prefix, in the order of their bytes: previous null gives the
 * first; *out is null at the end, and borrowed until the space is changed. */
muster_status storage_next(const struct storage_space *space, const char *prefix,
                           const char *previous, const char **out,
                           const char **error) MUSTER_MUST_USE;

#endif
