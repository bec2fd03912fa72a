/* plugin - shared objects: probe, load, lifecycle, generations, owner-tagged resources.
 * The only user of dlopen. Loop thread.
 *
 * A struct muster_self is one generation of one plugin instance. A reload makes a new generation
 * beside the old one, swaps the registry entries and drains the old one, which is unloaded when
 * its pins are down to zero. Pins count lobbies and matches, running pool work, open tickets and
 * closing handles.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <muster/plugin.h>

#include "schema.h"

#define PLUGIN_ERROR_MAX 4096 /* CONFIG_ERROR_MAX: mistakes of its section are told by it */

struct provider;

enum plugin_phase {
    PLUGIN_PROBED = 1,
    PLUGIN_INITIALIZED,
    PLUGIN_STARTED,
    PLUGIN_DRAINING,
    PLUGIN_STOPPING, /* inside stop */
    PLUGIN_STOPPED,
};

/* Something a plugin has opened through the host. Embedded in the host's own record of it. */
struct resource;
struct resource_kind {
    const char *name; /* "timer": in the leak report */
    /* Frees the record; whoever waits for its end is told CLOSED. */
    void (*close)(struct resource *self);
    bool silent; /* closed with the plugin, no leak (work, a connection) */
};
struct resource {
    struct resource *next;
    struct resource *prev;
    struct muster_self *owner;
    const struct resource_kind *kind;
    bool is_cancelled; /* its plugin wants it no more: to be closed in the loop's next turn */
};

/* What waits of posts.c's, under its lock. */
struct post;
struct post_list {
    struct post *first;
    struct post *last; /* nothing while there is no first */
    bool is_closed;
};

struct muster_self {
    struct muster_self *next;   /* list of all generations */
    char name[MUSTER_NAME_MAX]; /* of the .so */
    char instance_name[MUSTER_NAME_MAX];
    char version[32];
    uint32_t generation; /* from 1 */
    uint32_t listed;     /* place of the instance in the config */
    uint32_t order;      /* in which it is asked: as listed, but for what plugins declare */
    enum plugin_phase phase;
    bool starting;   /* inside start */
    bool committed;  /* the generation in force: asked for new work */
    bool superseded; /* a newer generation is in force: unloaded at zero pins */
    uint32_t pins;
    void *library;               /* dlopen handle */
    char copy_path[512];         /* the private copy that was opened */
    struct muster_plugin plugin; /* zeroed, then min(size, sizeof) copied */
    void *instance;
    struct provider *providers; /* one per role; owned by registry */
    struct schema config_schema;
    struct resource resources; /* list head */
    struct post_list posts;
    char data_dir[512];
    uint64_t call_count;       /* calls into the plugin */
    uint64_t overrun_count;    /* of these, over the watchdog's limit */
    uint32_t overrun_limit_us; /* 0: none registered; set with watchdog_set_overrun alone */
    void (*overrun)(void *user);
    void *overrun_user;
    uint32_t work_running;
    _Atomic uint64_t fault_count;
};

/* host: the table handed to every init. */
void plugin_set_host(const struct muster_host *host);
/* Probe, config check, init of one configured instance; `error` (PLUGIN_ERROR_MAX bytes) names
 * plugin, role and cause. */
muster_status plugin_load(const char *name, const char *instance_name, char *error) MUSTER_MUST_USE;

/* ---- one instance, step by step ---- */
/* Its file by name, or a descriptor that is linked into the process. */
struct plugin_source {
    const char *name;
    const struct muster_plugin *linked; /* null: the file */
};
/* Opened and checked, with its configuration; in the list, phase PROBED. Null: `error` says why. */
struct muster_self *plugin_probe(const struct plugin_source *source, const char *instance_name,
                                 char *error);
/* init, and what it declared is in force. On failure only plugin_destroy is legal. */
muster_status plugin_begin(struct muster_self *self, char *error) MUSTER_MUST_USE;
/* Mistakes are added to `error`. */
muster_status plugin_check(struct muster_self *self, char *error) MUSTER_MUST_USE;
muster_status plugin_start(struct muster_self *self, char *error) MUSTER_MUST_USE;
/* Each does nothing unless the phase asks for it. stop returns how much was left open. */
void plugin_drain(struct muster_self *self);
uint32_t plugin_stop(struct muster_self *self);
/* fini when init succeeded, then dlclose and free. No pins are left. */
void plugin_destroy(struct muster_self *self);

/* ---- all of them ---- */
/* Asks all that are loaded whether they would start, before they do; the mistakes of all are added
 * to `error`. */
muster_status plugin_check_all(char *error) MUSTER_MUST_USE;
/* start of all loaded ones in config order; the first failure stops and is named. */
muster_status plugin_start_role(uint32_t kind, char *error) MUSTER_MUST_USE; /* 0: all */
muster_status plugin_start_all(char *error) MUSTER_MUST_USE;
void plugin_drain_all(void);
/* stop in reverse order; leaks are closed and logged. */
void plugin_stop_all(void);
/* fini and dlclose in reverse order; a generation that is still pinned is left mapped and named. */
void plugin_unload_all(void);
/* The files of the private copies are gone: who can write to the data directory must not be able to
 * change code that runs from there. */
void plugin_unlink_all(void);
/* Copy, probe, init with the new config, start, swap the registry; on failure the old generation
 * goes on and `error` says why. STATE while a call into a plugin is on the stack. */
muster_status plugin_reload(const char *instance_name, char *error) MUSTER_MUST_USE;

/* The generation of an instance that is in force, or null. */
struct muster_self *plugin_find(const char *instance_name);
/* Is `newer` a later generation of the same instance as `older`? Also of what is no plugin. */
bool plugin_supersedes(const void *newer, const void *older);
/* Who owns what in the host's tables: for registration_set_owners. */
extern const struct registration_owners plugin_owners;
/* Walk all generations, in their order: previous null gives the first. */
struct muster_self *plugin_next(const struct muster_self *previous);

void plugin_pin(struct muster_self *self);
/* May unload an old generation, but never before the loop's next turn. */
void plugin_unpin(struct muster_self *self);

void resource_add(struct muster_self *owner, struct resource *resource,
                  const struct resource_kind *kind);
void resource_remove(struct resource *resource);
/* Closes it in the loop's next turn, or with its owner: a plugin is not called back inside its own
 * call. Not OK: nothing has happened. */
muster_status resource_cancel(struct resource *resource) MUSTER_MUST_USE;
/* Closes those of this owner that are cancelled and not closed yet. */
void resource_close_cancelled(const struct muster_self *owner);

#define PLUGIN_DEPTH_MAX 4
/* Around every call into a plugin. `call` is a literal such as "mode.tick": what the watchdog
 * names. Nesting is legal to PLUGIN_DEPTH_MAX (host -> plugin -> host -> other plugin). Whoever has
 * something for a plugin whose call is on the stack brings it in a later turn; what is entered
 * twice all the same is a fault. */
void plugin_enter(struct muster_self *self, const char *call);
/* The same, of a part of the plugin that is not on the stack, while others of its may be: a state
 * of a match (its mode asks its own rules), a database that asks itself. */
void plugin_enter_part(struct muster_self *self, const char *call);
void plugin_leave(void);
/* Calls on the stack. A host function that would call on asks this first. */
uint32_t plugin_depth(void);
/* Is one of them a call of this plugin's? */
bool plugin_is_called(const struct muster_self *self);
/* What runs between the two counts as not inside the calls that are on the stack: other objects,
 * and turns of the loop, which a console command lets pass (engine). The watchdog goes on seeing
 * the whole stack. hide's answer is for show; not nested. */
uint32_t plugin_depth_hide(void);
void plugin_depth_show(uint32_t shown);
/* A fault of a plugin: counted, and logged with the plugin's name; a plugin that goes on and on is
 * logged more rarely. Any thread. */
void plugin_fault(struct muster_self *self, const char *format, ...) MUSTER_PRINTF(2, 3);

#endif
