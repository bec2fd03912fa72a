/* moderation_internal - shared by the moderation*.c files alone. */
#ifndef MODERATION_INTERNAL_H
#define MODERATION_INTERNAL_H

#include "moderation.h"

/* What one command changes. */
struct changes {
    const struct sanction *added; /* or null */
    uint32_t ended_count;
    char ended[MUSTER_SANCTIONS_ENDED_MAX][SANCTION_KEY_SIZE];
};

typedef void (*sanction_fn)(const struct sanction *sanction);

/* moderation_file.c */
muster_status moderation_file_read(sanction_fn each, moderation_wrong_fn wrong) MUSTER_MUST_USE;
/* Anew, from moderation_next. */
muster_status moderation_file_save(void);

/* moderation_keeper.c; UNAVAILABLE: there is none. */
/* each for every sanction in force, then fn, unless this fails. */
muster_status moderation_keeper_load(sanction_fn each,
                                     void (*fn)(muster_status status)) MUSTER_MUST_USE;
muster_status moderation_keeper_write(const struct changes *changes) MUSTER_MUST_USE;
/* Nobody waits for what it loads. */
void moderation_keeper_forget(void);

/* moderation.c: what another node has said; the keeper knows it. False: nothing was loaded yet. */
bool moderation_is_loaded(void);
void moderation_take(const struct sanction *sanction);
void moderation_take_end(const char *key);

#endif
