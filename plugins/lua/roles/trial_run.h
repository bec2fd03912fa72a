/* trial_run - runs a version of a mod apart, once, to see what it hooks and whether it starts. */
#ifndef LUA_TRIAL_RUN_H
#define LUA_TRIAL_RUN_H

#include "probe.h"

/* One realm of two; the loop may turn in between. Then the other one. */
muster_status trial_run_step(struct instance *instance, struct mod *mod, int realm, char *error,
                             uint32_t cap);
/* INVALID: it does not start; error says why. */
muster_status trial_run(struct instance *instance, struct mod *mod, char *error, uint32_t cap);

#endif
