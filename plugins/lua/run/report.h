/* report - errors, kills and prints of scripts, told to who has to know: the operator all of it,
 * the lobby's host one line of each place. The same place is counted, not told again.
 */
#ifndef LUA_REPORT_H
#define LUA_REPORT_H

#include "script.h"

void report_error(struct script *script);
void report_kill(struct script *script);
/* What the script asked for at this place was not done. */
void report_refusal(struct script *script, const char *file, int line, const char *text);
void report_print(const struct script *script, const char *line);
void report_stretch(struct script *script, uint64_t ns);
/* Timers of lobbies are late; most was spent by this script, if there is one. */
void report_late(const struct instance *instance, const struct script *most);
void report_disabled(struct script *script, const char *why);
void report_not_reloaded(struct script *script, const struct mod *mod, const char *why);
void report_reverted(struct script *script, const struct mod *mod);
/* One line to the lobby's host. */
void report_to_host(const struct lobby *lobby, const char *mod, const char *text);

/* Takes one token, if there is one. */
bool report_take(const struct lobby *lobby, struct rate *rate, double per_ms, double burst);
/* Takes one line from the lobby's quota of chat: what is over it is not said. */
bool report_may_talk(struct lobby *lobby);
/* The same of messages to clients. */
bool report_may_send(struct lobby *lobby);

#endif
