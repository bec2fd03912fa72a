/* report - finished reports on their way to the reporter plugins. Loop thread.
 *
 * Every report goes to every reporter, at once unless a plugin's call is on the stack; one that is
 * not delivered is tried again with a growing pause, report.attemptsMax times. Above
 * report.queueMax the oldest is given up (counted).
 */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <muster/types.h>

muster_status report_init(void) MUSTER_MUST_USE;
/* The stop has begun: what waits is tried once more. */
void report_hurry(void);
void report_deinit(void);
/* kind: MUSTER_REPORT_...; json is taken. */
void report_submit(uint32_t kind, json_t *json);
/* From a plugin: one JSON object; completed with match, lobby, player, tick, where it is recorded,
 * and what follows from it (response). */
muster_status report_suspicion(muster_match_id match, uint32_t seat, const char *json);

#endif
