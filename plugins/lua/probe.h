/* probe - runs a version of a mod apart, once, to see what it hooks and whether it starts. */
#ifndef LUA_PROBE_H
#define LUA_PROBE_H

#include "lobby.h"

struct mode_traits {
    char *sync_json; /* what mode.sync declares, as the intro tells it; or null. Owned */
    bool is_private; /* a field that not all see: each seat has a view of its own */
};

struct probe {
    struct probe *next;
    struct mod *mod; /* pinned */
    int tried;       /* realms it was run in */
    int realms;      /* those in which it hooks something */
    uint32_t gates;  /* a bit for each that it decides */
    struct mode_traits mode;
};

/* One realm of two; the loop may turn in between. Then the other one. */
muster_status probe_step(struct instance *instance, struct mod *mod, int realm, char *error,
                         uint32_t cap);
/* INVALID: it does not start; error says why. */
muster_status probe_run(struct instance *instance, struct mod *mod, char *error, uint32_t cap);
/* Of a mod that was probed; 0: it was not, or does not start. */
int probe_realms(const struct instance *instance, const struct mod *mod);
const struct probe *probe_find(const struct instance *instance, const struct mod *mod);
/* A pinned version: of the set, of the lobby's uploads, one that was probed, or from the store. */
struct mod *version_find(struct lobby *lobby, const char *id, const char *hash);
/* It is as if it had not been probed. */
void probe_drop(struct instance *instance, const struct mod *mod);
/* Settings as a mod on trial is answered: as in a new lobby of its mode, of a rule on the base
 * arena. trial_renew: modes or settings have come or gone. */
const char *trial_setting(const struct realm *realm, const char *key, char *out, size_t size);
void trial_renew(struct instance *instance);
/* Has the host, in lobbies of this mode, a setting of that name? */
bool trial_has(struct instance *instance, const char *game_mode, const char *key);
void probes_free(struct instance *instance);
void probes_forget(struct instance *instance);

#endif
