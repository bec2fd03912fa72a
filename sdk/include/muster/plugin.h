/* muster/plugin.h - what a plugin exports: one const data symbol, `muster_plugin_descriptor`.
 *
 * A plugin is a shared object. The host reads the descriptor as data, decides whether it can talk
 * to it, and only then calls the first function. ELF constructors are forbidden (they would run
 * before that decision): build with hidden visibility and `-Wl,-z,defs`; sdk/template shows how.
 *
 *     MUSTER_PLUGIN(.name = "my_plugin", .version = "1.0.0", .description = "What it does.",
 *                   .roles = roles, .role_count = 1, .init = my_init, .fini = my_fini);
 *
 * Lifecycle: probe (data only) -> init -> check -> start -> drain -> stop -> fini. Each is called
 * at most once, on the loop thread, and only after its partner succeeded: start after a check that
 * succeeded, stop after such a start, fini after such an init. A function that is null counts as
 * success.
 *
 * One .so can serve as two instances of one process: keep no mutable globals, keep all state in the
 * instance that init returns.
 *
 * Every function of a plugin runs on the loop thread and must return quickly: 10 s in one call
 * abort the process. Blocking work goes through host->loop->work. From other threads only
 * host->log, host->loop->post and host->loop->random are legal.
 */
#ifndef MUSTER_PLUGIN_H
#define MUSTER_PLUGIN_H

#include "host.h"
#include "interfaces.h"
#include "roles.h"
#include "schema.h"
#include "types.h"
#include "writer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_PLUGIN_MAGIC 0x5254534Du /* the bytes "MSTR" */
#define MUSTER_PLUGIN_SYMBOL "muster_plugin_descriptor"

/* One role that the plugin provides: a kind of enum MUSTER_ROLE_... and the vtable of that kind
 * from roles.h. This pair is frozen; the vtable begins with its own size and may grow. */
struct muster_role {
    uint32_t kind;
    uint32_t reserved; /* 0 */
    const void *vtable;
};

/* Flags of a plugin. */
enum {
    MUSTER_PLUGIN_NEEDS_DATABASE = 1, /* cannot start without one: a configuration that lists none
                                       * is refused, as is one whose key "database" of the plugin,
                                       * where its schema has one, names none */
};

struct muster_plugin {
    /* Frozen for ever: */
    uint32_t magic;     /* MUSTER_PLUGIN_MAGIC */
    uint16_t abi_major; /* MUSTER_ABI_MAJOR of the headers it was built with */
    uint16_t abi_minor;
    uint32_t size;  /* sizeof(struct muster_plugin) of the headers it was built with */
    uint32_t flags; /* MUSTER_PLUGIN_...; unknown bits are refused */
    /* Appended to by later minors: */
    const char *name;        /* [a-z][a-z0-9_]*, role first: "auth_local"; the name of the .so */
    const char *version;     /* semver */
    const char *description; /* one line */
    const struct muster_role *roles;
    uint32_t role_count; /* 1 to 16 */
    uint32_t reserved;   /* 0 */
    /* JSON text: array of config keys of this plugin (docs/plugin-guide.md, "Schemas"), or null.
     * The host has checked the configuration against it before init. */
    const char *config_schema;

    /* Build the instance. No I/O: a file, socket, thread or query belongs into start. Modes,
     * lobby settings, routes and metrics may be declared here. `self` and `host` stay valid until
     * fini returns. On failure the host owes nothing more; log the cause. */
    muster_status (*init)(muster_self *self, const struct muster_host *host, void **instance);
    /* Begin to work. All configured plugins have been through init. */
    muster_status (*start)(void *instance);
    /* New work ends, running work goes on. Called at shutdown and when a reload has replaced this
     * generation. */
    void (*drain)(void *instance);
    /* Stop working. What is still open afterwards is closed by the host and logged as a leak. */
    void (*stop)(void *instance);
    /* Free the instance. */
    void (*fini)(void *instance);
    /* Would start succeed with this configuration? Read the files that it names; write
     * nothing and ask nobody: another server may be running on the same files, and with
     * --check-config start never comes. On failure write all mistakes to `mistakes`, one a line,
     * as "KEY: expected ..., found ...". */
    muster_status (*check)(void *instance, struct muster_writer *mistakes);
    /* Names of plugins or of their instances, separated by spaces, or null: those in front of which
     * this one has to be asked, and behind which. Where nothing is said, the order is that of the
     * configuration; they are started in the same order. Who is not loaded does not count; a
     * circle is refused. At most 500 bytes each. */
    const char *before;
    const char *after;
};

/* What the descriptor leads to is read as long as the plugin is loaded: all of it is static. */
#define MUSTER_PLUGIN(...)                                                                         \
    extern MUSTER_EXPORT const struct muster_plugin muster_plugin_descriptor;                      \
    const struct muster_plugin muster_plugin_descriptor = {.magic = MUSTER_PLUGIN_MAGIC,           \
                                                           .abi_major = MUSTER_ABI_MAJOR,          \
                                                           .abi_minor = MUSTER_ABI_MINOR,          \
                                                           .size = sizeof(struct muster_plugin),   \
                                                           __VA_ARGS__}

#ifdef __cplusplus
}
#endif
#endif
