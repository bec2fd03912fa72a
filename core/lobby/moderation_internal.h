/* moderation_internal - shared by the moderation*.c files alone. */
#ifndef MODERATION_INTERNAL_H
#define MODERATION_INTERNAL_H

#include "moderation.h"

#define CHANGES_MAX 32

/* What one command changes: written in one transaction. */
struct changes {
    const struct sanction *added; /* or null */
    uint32_t ended_count;
    char ended[CHANGES_MAX][SANCTION_KEY_SIZE];
};

/* moderation_store.c: the database and the file. each: called for every sanction in force. */
void sanctions_load(void (*each)(const struct sanction *sanction),
                    void (*fn)(void *user, muster_status status), void *user);
/* Into the database, and moderation.json anew from moderation_next. */
muster_status sanctions_write(const struct changes *changes) MUSTER_MUST_USE;

#endif
