/* child - a process that starts another one and waits for it. Before any thread. */
#ifndef CHILD_H
#define CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* What tells of a child's end, and what would end or reload this process: blocked, to be waited
 * for. The child sets back what was before. */
void child_signals_block(sigset_t *signals, sigset_t *before);
/* Waits for its end, and hands on to it what this process is sent; *is_ended: SIGTERM or SIGINT was
 * among that, else it is left as it is. Returns the status of waitpid. */
int child_wait(pid_t child, const sigset_t *signals, bool *is_ended);

#endif
