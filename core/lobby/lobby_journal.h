/* lobby_journal - what of the lobbies outlives the process: each has a file DATA/live/KEY
 * (checkpoint), and what steers its match is in the match's recording. Loop thread.
 *
 * A lobby is written at the end of a turn of the loop in which it changed or its people were told
 * something, and every match.checkpointMs of a match; between two of those a step moves the mark.
 * What people are told leaves behind that (net_flush), so that nobody knows more than is kept. What
 * is left by a process that dies is this lobby, its match at the tick that the mark says.
 */
#ifndef LOBBY_JOURNAL_H
#define LOBBY_JOURNAL_H

#include "lobby.h"

/* From now on lobbies are kept. UNAVAILABLE: the folder cannot be made. */
muster_status lobby_journal_start(void) MUSTER_MUST_USE;
/* Writes those that have changed; at the end of each turn of the loop. */
void lobby_journal_flush(void);
/* Writes it now; its file stays when it is let go (lobby_let_go). False: it could not be written,
 * and the log says why. */
bool lobby_journal_leave(struct lobby *lobby);
/* It stays after all. */
void lobby_journal_take_back(struct lobby *lobby);
/* DATA/live */
#define LOBBY_JOURNAL_FOLDER "live"

#endif
