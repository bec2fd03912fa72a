/* probe - what is known of a version of a mod that was run apart, once: whether it starts, and what
 * it hooks. */
#ifndef LUA_PROBE_H
#define LUA_PROBE_H

#include "lobby.h"
#include "mode.h"

struct probe {
    struct probe *next;
    struct mod *mod; /* pinned */
    int tried;       /* realms it was run in */
    int realms;      /* those in which it hooks something */
    uint32_t gates;  /* a bit for each that it decides */
    struct mode_traits mode;
};

/* Of a mod that was probed; 0: it was not, or does not start. */
int probe_realms(const struct instance *instance, const struct mod *mod);
const struct probe *probe_find(const struct instance *instance, const struct mod *mod);
/* The one of this version, made if there is none, which holds mod from now on. Null: no memory. */
struct probe *probe_take(struct instance *instance, struct mod *mod);
/* It is as if it had not been probed. */
void probe_drop(struct instance *instance, const struct mod *mod);
/* A pinned version: of the set, of the lobby's uploads, one that was probed, or from the store. */
struct mod *probe_find_version(struct lobby *lobby, const char *id, const char *hash);
void probes_free(struct instance *instance);
/* Those that no set and no lobby holds any more. */
void probes_forget(struct instance *instance);

#endif
