/* replay - plays a recording again, without network and clock. */
#ifndef REPLAY_H
#define REPLAY_H

#include <jansson.h>
#include <stdbool.h>

/* Prints results and state hash; returns the exit code: 0 only when every recorded hash and the
 * result came out again. 65: not a recording, or damaged. 1: another state than recorded. */
int replay_run(const char *path, bool json);
/* A recording's header; *why (or null): it cannot be played again here. */
json_t *replay_header(const char *text, const char **why);

#endif
