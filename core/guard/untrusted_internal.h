/* untrusted_internal - what the files of untrusted share. Included by untrusted*.c only. */
#ifndef UNTRUSTED_INTERNAL_H
#define UNTRUSTED_INTERNAL_H

#include "untrusted.h"

/* Reaches every thread: the kernel sends it for a refused call, the lock to have a thread restrict
 * itself. So no thread may block it. */
#define UNTRUSTED_SIGNAL SIGSYS

/* untrusted_files.c: Landlock and capabilities concern the calling thread alone, so each is told
 * to give them up. */

/* With the signal's handler set and the pool running. `abi` 0: this kernel has no Landlock. */
muster_status untrusted_files_restrict(const char *config_file, uint32_t *abi, uint32_t *threads,
                                       char *error);
/* In the handler of UNTRUSTED_SIGNAL. */
void untrusted_files_on_signal(void);

#endif
