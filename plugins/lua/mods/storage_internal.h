/* storage_internal - what storage.c (values in memory) and storage_db.c (the database behind them)
 * share; nobody else includes it.
 */
#ifndef LUA_STORAGE_INTERNAL_H
#define LUA_STORAGE_INTERNAL_H

#include "mod.h"
#include "storage.h"

/* One value. A deleted one of a mod stays until the database knows. */
struct entry {
    struct storage_space *space;
    uint8_t *value;
    uint32_t len;
    bool is_deleted;
    bool is_dirty;                 /* in the list of what is to be written */
    uint32_t writing;              /* requests under way that hold it */
    struct entry *previous, *next; /* in that list */
    char key[];
};

struct storage_space {
    struct storage *storage; /* null: memory only */
    struct storage_space *next;
    struct storage_limits limits;
    struct entry **entries; /* by key, deleted ones included */
    uint32_t count, size;
    uint32_t keys, bytes; /* deleted ones not included */
    char mod[MOD_ID_MAX + 1];
};

enum storage_state {
    STORAGE_LOADING = 1, /* spaces of mods answer UNAVAILABLE */
    STORAGE_MEMORY,      /* there is no database */
    STORAGE_WRITING,     /* and is written behind */
};

enum { STORAGE_SPACES_MAX = 1024 };

struct batch;

struct storage {
    const struct muster_host *host;
    muster_self *self;
    struct storage_limits limits;
    enum storage_state state;
    struct storage_space *spaces;
    uint32_t space_count;
    struct entry *first, *last; /* to be written, oldest first */
    uint32_t dirty;
    struct batch *batches;         /* under way */
    muster_timer_id timer;         /* 0: none runs */
    uint32_t cycle_left;           /* entries of this cycle that wait for the request before them */
    uint32_t retry_ms;             /* 0: the last request went well */
    struct muster_bytes cursor[2]; /* mod and key up to which is read */
    bool is_stopped;
};

/* ---- storage.c */

bool storage_key_is_good(const char *key, size_t len);
/* As it was in the database; false: no memory. */
bool storage_put_loaded(struct storage_space *space, const char *key, struct muster_bytes value);
/* Frees a deleted one that nothing needs any more. */
void storage_forget(struct entry *entry);

/* ---- storage_db.c */

/* Puts it into the list, at its end, and sees to it that it will be written. */
void storage_touch(struct entry *entry);
void storage_db_free(struct storage *storage);

#endif
