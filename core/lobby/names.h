/* names - who may be called what: identities' names mended, admins' names kept for admins, one name
 * only once in a lobby. Loop thread. The rule itself is base/text's.
 */
#ifndef NAMES_H
#define NAMES_H

#include "lobby.h"

/* Whatever a plugin handed in becomes a name: mended; where nothing is left, or the name is kept
 * for others (reserved words, admins), "Player-" and eight digits made of the player's key. */
void names_settle(struct muster_identity *identity);

/* The session's name, with a number behind it when somebody in the lobby has one like it. */
void names_in_lobby(const struct lobby *lobby, const struct session *session,
                    char out[MUSTER_DISPLAY_MAX]);

#endif
