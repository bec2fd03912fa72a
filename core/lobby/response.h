/* response - what follows from a suspicion: one ladder for all detectors. Loop thread.
 *
 * A detector says what it has seen and of which family it is; that it means anything for the player
 * is decided here alone, by the keys of the section anticheat. Steps: ignore, log, observe (the
 * recording is kept as evidence), kick, which needs several independent families within a while.
 * Nobody is ever banned here. Who is suspected is known by player key, in memory: a restart forgets
 * it, and what goes on is noticed again.
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>

enum response_step { RESPONSE_IGNORE, RESPONSE_LOG, RESPONSE_OBSERVE, RESPONSE_KICK };

struct response {
    enum response_step taken;
    enum response_step earned; /* what would have been taken if all were allowed */
};

/* All are forgotten. */
void response_deinit(void);
/* One more suspicion of the player, of a family ("aim"; "": its detector has none, which counts for
 * nothing but itself). Families count as independent when they are of different detectors.
 * match_key: whose recording shows it; recorded: there is one. */
struct response response_take(const char *player_key, const char *detector, const char *family,
                              const char *match_key, bool recorded);
const char *response_word(enum response_step step);

#endif
