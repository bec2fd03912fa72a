/* plugin_reload - a new generation beside the old one, the swap, and the old one's end.
 *
 * The new generation is initialised and started while the old one serves: names that both register
 * are the old one's until the swap (plugin_supersedes). After it, the old generation goes on for
 * those who pin it, and ends in two turns of the loop: stop, then, when the handles it left have
 * been closed, fini and dlclose.
 */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "interface.h"
#include "kv.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "plugin_internal.h"
#include "registration.h"
#include "registry.h"
#include "untrusted.h"

static bool sweep_posted;

static void on_sweep(void *user);

static void sweep_post(void) {
    if (!sweep_posted) sweep_posted = loop_post(on_sweep, NULL) == MUSTER_OK;
    if (!sweep_posted) log_warn("plugin", "the loop is full: an old generation stays for now");
}

static void on_sweep(void *user) {
    (void)user;
    sweep_posted = false;
    for (struct muster_self *s = plugin_next(NULL), *next; s; s = next) {
        next = plugin_next(s);
        if (!s->superseded || s->pins > 0) continue;
        if (s->phase != PLUGIN_STOPPED) {
            (void)plugin_stop(s);
            sweep_post();
            continue;
        }
        log_info("plugin", "unloaded generation %u of %s", s->generation, s->instance_name);
        plugin_destroy(s);
    }
}

static void swap(struct muster_self *self, struct muster_self *older) {
    plugin_set_unpinned(sweep_post);
    self->committed = true;
    older->committed = false;
    older->superseded = true;
    registry_commit(self, older);
    plugin_order_set();
    registration_owner_superseded(older);
    interface_look();
    kv_look();
    plugin_drain(older);
    if (older->pins == 0) sweep_post();
}

/* The checked configuration goes back to what the running generation declares. */
static void config_restore(const struct muster_self *older) {
    char error[CONFIG_ERROR_MAX];
    if (config_declare(older->instance_name, &older->config_schema, error) != MUSTER_OK)
        log_warn("plugin", "%s: %s", older->instance_name, error);
}

static uint32_t generation_next(const char *instance_name) {
    uint32_t newest = 0;
    for (const struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s))
        if (strcmp(s->instance_name, instance_name) == 0 && s->generation > newest)
            newest = s->generation;
    return newest + 1;
}

static muster_status reload_refused(const struct muster_self *older, const char *instance_name,
                                    char *error) {
    const char *cause = NULL;
    if (!older)
        cause = "is not loaded";
    else if (older->phase != PLUGIN_STARTED)
        cause = "is not running";
    else if (plugin_depth() > 0)
        cause = "cannot be reloaded from inside a plugin's call";
    else if (untrusted_locked())
        cause = "cannot be reloaded: a node started with --untrusted loads no more code; restart "
                "it";
    if (!cause) return MUSTER_OK;
    snprintf(error, PLUGIN_ERROR_MAX, "plugin %.60s %s", instance_name, cause);
    return older ? MUSTER_STATE : MUSTER_NOT_FOUND;
}

muster_status plugin_reload(const char *instance_name, char *error) {
    struct muster_self *older = plugin_find(instance_name);
    muster_status status = reload_refused(older, instance_name, error);
    if (status != MUSTER_OK) return status;
    const struct plugin_source source = {.name = older->name};
    struct muster_self *self = plugin_create(&source, older->instance_name,
                                             generation_next(instance_name), older->listed, error);
    status = self ? plugin_order_check(self, error) : MUSTER_INVALID;
    if (status == MUSTER_OK) status = plugin_init(self, error);
    if (status == MUSTER_OK) status = plugin_check(self, error);
    if (status == MUSTER_OK) status = plugin_start(self, error);
    if (status != MUSTER_OK) {
        if (self) plugin_destroy(self);
        config_restore(older);
        return status;
    }
    swap(self, older);
    log_info("plugin", "reloaded %s %s as generation %u", self->instance_name, self->version,
             self->generation);
    const struct muster_notice notice = {.size = sizeof notice,
                                         .kind = MUSTER_NOTICE_PLUGIN_RELOADED};
    notices_emit(&notice);
    return MUSTER_OK;
}
