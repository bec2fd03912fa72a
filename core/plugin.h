/* plugin - shared objects: probe, load, lifecycle, generations, owner-tagged resources. Layer 2.
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

enum plugin_phase {
    PLUGIN_PROBED = 1,
    PLUGIN_INITIALIZED,
    PLUGIN_STARTED,
    PLUGIN_DRAINING,
    PLUGIN_STOPPED,
};

/* Something a plugin has opened through the host. Embedded in the host's own record of it. */
struct resource;
struct resource_kind {
    const char *name;                     /* "timer": in the leak report */
    void (*close)(struct resource *self); /* frees the record */
    bool silent;                          /* closed with the plugin, no leak (route, subscription) */
};
struct resource {
    struct resource *next;
    struct resource *prev;
    struct muster_self *owner;
    const struct resource_kind *kind;
};

struct muster_self {
    struct muster_self *next; /* list of all generations */
    char name[MUSTER_NAME_MAX];     /* of the .so */
    char instance_name[MUSTER_NAME_MAX];
    char version[32];
    uint32_t generation;
    enum plugin_phase phase;
    uint32_t pins;
    void *library;                /* dlopen handle */
    char copy_path[512];          /* the private copy that was opened */
    struct muster_plugin plugin;  /* zeroed, then min(size, sizeof) copied */
    void *instance;
    struct schema config_schema;
    struct resource resources; /* list head */
    char data_dir[512];
    uint64_t call_count;       /* calls into the plugin */
    uint64_t overrun_count;    /* of these, over the watchdog's limit */
    uint32_t overrun_limit_us; /* 0: none registered */
    void (*overrun)(void *user);
    void *overrun_user;
    uint32_t work_running;
};

/* host: the table handed to every init. */
void plugin_set_host(const struct muster_host *host);
/* Probe, config check, init of one configured instance; `error` (512 bytes) names plugin, role and
 * cause. */
muster_status plugin_load(const char *name, const char *instance_name, char *error)
    MUSTER_MUST_USE;
/* start of all loaded ones in config order; the first failure stops and is named. */
muster_status plugin_start_all(char *error) MUSTER_MUST_USE;
void plugin_drain_all(void);
/* stop in reverse order; leaks are closed and logged. */
void plugin_stop_all(void);
/* fini and dlclose in reverse order. */
void plugin_unload_all(void);
/* Copy, probe, init with the new config, start, swap the registry; on failure the old generation
 * goes on and `error` says why. */
muster_status plugin_reload(const char *instance_name, char *error) MUSTER_MUST_USE;

/* Newest generation of an instance, or null. */
struct muster_self *plugin_find(const char *instance_name);
/* Walk all generations: previous null gives the first. */
struct muster_self *plugin_next(const struct muster_self *previous);

void plugin_pin(struct muster_self *self);
/* May unload an old generation, but never before the loop's next turn. */
void plugin_unpin(struct muster_self *self);

void resource_add(struct muster_self *owner, struct resource *resource,
                  const struct resource_kind *kind);
void resource_remove(struct resource *resource);

/* Around every call into a plugin. `call` is a literal such as "mode.tick": what the watchdog names.
 * Nesting is legal to depth 4 (host -> plugin -> host -> other plugin). */
void plugin_enter(struct muster_self *self, const char *call);
void plugin_leave(void);
/* The plugin whose call is innermost on the stack, or null. */
struct muster_self *plugin_current(void);
/* A fault of a plugin: logged once with the plugin's name, counted. */
void plugin_fault(struct muster_self *self, const char *format, ...) MUSTER_PRINTF(2, 3);

#endif
