/* plugin - the life of a generation: load, start, drain, stop, unload. */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "interface.h"
#include "log.h"
#include "notices.h"
#include "pending.h"
#include "plugin_internal.h"
#include "plugin_load.h"
#include "posts.h"
#include "registration.h"
#include "registry.h"
#include "status.h"
#include "watchdog.h"

#define LEAK_TEXT_MAX 256
#define MISTAKES_MAX_BYTES 2048 /* of one plugin */

static const struct muster_host *host_table;
static uint32_t listed_next;

void plugin_set_host(const struct muster_host *host) {
    host_table = host;
}

/* ---- one generation -------------------------------------------------------------------------- */

/* "auth, service": a person looks for the role that is missing now. */
static const char *roles_text(const struct muster_self *self, char *out, uint32_t cap) {
    out[0] = '\0';
    for (uint32_t i = 0; i < self->plugin.role_count; i++) {
        size_t used = strlen(out);
        snprintf(out + used, cap - used, "%s%s", used ? ", " : "",
                 role_text(self->plugin.roles[i].kind));
    }
    return out;
}

static muster_status call_failed(const struct muster_self *self, const char *call,
                                 muster_status status, char *error) {
    char roles[96];
    snprintf(error, PLUGIN_ERROR_MAX, "plugin %s (%s): %s failed: %s", self->instance_name,
             roles_text(self, roles, sizeof roles), call, status_text(status));
    return status;
}

static muster_status prepare(struct muster_self *self, const struct plugin_source *source,
                             char *cause) {
    char config_error[CONFIG_ERROR_MAX];
    muster_status status = source->linked ? plugin_image_take(self, source->linked, cause)
                                          : plugin_image_open(self, source->name, cause);
    if (status != MUSTER_OK) return status;
    status = config_declare(self->instance_name, &self->config_schema, config_error);
    if (status != MUSTER_OK) {
        snprintf(cause, PLUGIN_ERROR_MAX, "%.3800s", config_error);
        return status;
    }
    return registry_add(self, cause, PLUGIN_ERROR_MAX);
}

struct muster_self *plugin_create(const struct plugin_source *source, const char *instance_name,
                                  uint32_t generation, uint32_t listed, char *error) {
    const char *name = source->name;
    char cause[PLUGIN_ERROR_MAX] = "out of memory";
    struct muster_self *self = calloc(1, sizeof *self);
    if (!self) goto failed;
    snprintf(self->instance_name, sizeof self->instance_name, "%s", instance_name);
    self->generation = generation;
    self->listed = listed;
    self->order = listed;
    self->resources.next = &self->resources;
    self->resources.prev = &self->resources;
    plugin_list_add(self);
    if (prepare(self, source, cause) != MUSTER_OK) {
        plugin_destroy(self);
        goto failed;
    }
    self->phase = PLUGIN_PROBED;
    return self;
failed:
    if (strcmp(name, instance_name) == 0)
        snprintf(error, PLUGIN_ERROR_MAX, "plugin %s: %.3800s", name, cause);
    else
        snprintf(error, PLUGIN_ERROR_MAX, "plugin %s (instance %s): %.3800s", name, instance_name,
                 cause);
    return NULL;
}

muster_status plugin_init(struct muster_self *self, char *error) {
    muster_status status = MUSTER_OK;
    if (self->plugin.init) {
        plugin_enter(self, "init");
        status = self->plugin.init(self, host_table, &self->instance);
        plugin_leave();
    }
    if (status != MUSTER_OK) return call_failed(self, "init", status, error);
    self->phase = PLUGIN_INITIALIZED;
    return MUSTER_OK;
}

static void add_mistakes(const struct muster_self *self, const char *text, char *error) {
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        config_fail(error, "plugin %s: %.*s", self->instance_name, (int)strcspn(at, "\n"), at);
}

muster_status plugin_check(struct muster_self *self, char *error) {
    char text[MISTAKES_MAX_BYTES] = "";
    struct muster_writer mistakes = muster_writer_make(text, sizeof text - 1);
    if (!self->plugin.check) return MUSTER_OK;
    plugin_enter(self, "check");
    muster_status status = self->plugin.check(self->instance, &mistakes);
    plugin_leave();
    text[mistakes.len] = '\0';
    if (status != MUSTER_OK)
        add_mistakes(self, text[0] ? text : "it would not start, and does not say why", error);
    return status;
}

muster_status plugin_start(struct muster_self *self, char *error) {
    muster_status status = MUSTER_OK;
    if (self->plugin.start) {
        plugin_enter(self, "start");
        self->starting = true;
        status = self->plugin.start(self->instance);
        self->starting = false;
        plugin_leave();
    }
    if (status != MUSTER_OK) return call_failed(self, "start", status, error);
    self->phase = PLUGIN_STARTED;
    interface_look();
    return MUSTER_OK;
}

void plugin_drain(struct muster_self *self) {
    if (self->phase != PLUGIN_STARTED) return;
    self->phase = PLUGIN_DRAINING;
    if (!self->plugin.drain) return;
    plugin_enter(self, "drain");
    self->plugin.drain(self->instance);
    plugin_leave();
}

static void resource_close(struct resource *resource) {
    const struct resource_kind *kind = resource->kind;
    resource_remove(resource);
    kind->close(resource);
}

static bool is_silent(const struct resource_kind *kind, const void *unused) {
    (void)unused;
    return kind->silent;
}

static bool is_same(const struct resource_kind *kind, const void *wanted) {
    return kind == wanted;
}

/* Closes all whose kind is meant; returns how many. From the head after each one, since closing
 * one may end others. */
static uint32_t resources_close(struct muster_self *self,
                                bool (*meant)(const struct resource_kind *kind, const void *arg),
                                const void *arg) {
    uint32_t count = 0;
    struct resource *head = &self->resources;
    struct resource *r = head->next;
    while (r != head) {
        if (!meant(r->kind, arg)) {
            r = r->next;
            continue;
        }
        resource_close(r);
        count++;
        r = head->next;
    }
    return count;
}

/* What is left in the list now are leaks: "2 timer, 1 socket". */
static uint32_t leaks_close(struct muster_self *self, char *text, uint32_t cap) {
    uint32_t total = 0;
    text[0] = '\0';
    while (self->resources.next != &self->resources) {
        const struct resource_kind *kind = self->resources.next->kind;
        uint32_t count = resources_close(self, is_same, kind);
        size_t used = strlen(text);
        snprintf(text + used, cap - used, "%s%u %s", used ? ", " : "", count, kind->name);
        total += count;
    }
    return total;
}

/* Whatever it waits for is told CLOSED; then nothing of the plugin's is called again but fini and
 * the ends of work that runs. Returns how much it had left open. */
static uint32_t close_all(struct muster_self *self, bool report) {
    char text[LEAK_TEXT_MAX];
    registration_owner_gone(self);
    resource_close_cancelled(self);
    resources_close(self, is_silent, NULL);
    uint32_t leaks = leaks_close(self, text, sizeof text);
    if (leaks && report) plugin_fault(self, "left open after stop: %s", text);
    pending_close_owner(self);
    watchdog_set_overrun(self, 0, NULL, NULL);
    return leaks;
}

uint32_t plugin_stop(struct muster_self *self) {
    if (self->phase != PLUGIN_STARTED && self->phase != PLUGIN_DRAINING) return 0;
    self->phase = PLUGIN_STOPPING;
    if (self->plugin.stop) {
        plugin_enter(self, "stop");
        self->plugin.stop(self->instance);
        plugin_leave();
    }
    self->phase = PLUGIN_STOPPED;
    posts_close(self, true);
    return close_all(self, true);
}

void plugin_destroy(struct muster_self *self) {
    bool has_begun = self->phase >= PLUGIN_INITIALIZED;
    bool has_stopped = self->phase == PLUGIN_STOPPED;
    self->phase = PLUGIN_STOPPED;
    if (!has_stopped) {
        posts_close(self, has_begun);
        (void)close_all(self, false);
    }
    if (has_begun && self->plugin.fini) {
        plugin_enter(self, "fini");
        self->plugin.fini(self->instance);
        plugin_leave();
        (void)close_all(self, true);
    }
    registry_remove(self);
    plugin_list_remove(self);
    watchdog_forget(self);
    plugin_image_close(self);
    free(self);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool instance_known(const char *instance_name) {
    for (const struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s))
        if (strcmp(s->instance_name, instance_name) == 0) return true;
    return false;
}

struct muster_self *plugin_probe(const struct plugin_source *source, const char *instance_name,
                                 char *error) {
    if (!instance_known(instance_name))
        return plugin_create(source, instance_name, 1, listed_next++, error);
    snprintf(error, PLUGIN_ERROR_MAX,
             "plugin %.60s: instance %.60s is loaded already: give one of them another name "
             "(NAME:INSTANCE)",
             source->name, instance_name);
    return NULL;
}

muster_status plugin_begin(struct muster_self *self, char *error) {
    muster_status status = plugin_order_check(self, error);
    if (status == MUSTER_OK) status = plugin_init(self, error);
    if (status != MUSTER_OK) return status;
    self->committed = true;
    registry_commit(self, NULL);
    plugin_order_set();
    log_info("plugin", "loaded %s %s", self->instance_name, self->version);
    return MUSTER_OK;
}

muster_status plugin_load(const char *name, const char *instance_name, char *error) {
    const struct plugin_source source = {.name = name};
    struct muster_self *self = plugin_probe(&source, instance_name, error);
    if (!self) return instance_known(instance_name) ? MUSTER_EXISTS : MUSTER_INVALID;
    muster_status status = plugin_begin(self, error);
    if (status != MUSTER_OK) plugin_destroy(self);
    return status;
}

static bool has_role(const struct muster_self *self, uint32_t kind) {
    for (uint32_t i = 0; i < self->plugin.role_count; i++)
        if (self->plugin.roles[i].kind == kind) return true;
    return false;
}

muster_status plugin_check_all(char *error) {
    muster_status all = MUSTER_OK;
    for (struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s)) {
        muster_status status = s->phase == PLUGIN_INITIALIZED ? plugin_check(s, error) : MUSTER_OK;
        if (status != MUSTER_OK) all = status;
    }
    return all;
}

muster_status plugin_start_role(uint32_t kind, char *error) {
    for (struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s)) {
        if (s->phase != PLUGIN_INITIALIZED || (kind && !has_role(s, kind))) continue;
        muster_status status = plugin_start(s, error);
        if (status != MUSTER_OK) return status;
    }
    return MUSTER_OK;
}

/* Others ask these when they start, and until they have stopped. */
static bool is_asked_by_all(const struct muster_self *self) {
    return has_role(self, MUSTER_ROLE_DATABASE) || has_role(self, MUSTER_ROLE_KV);
}

muster_status plugin_start_all(char *error) {
    muster_status status = plugin_start_role(MUSTER_ROLE_DATABASE, error);
    if (!status) status = plugin_start_role(MUSTER_ROLE_KV, error);
    return status ? status : plugin_start_role(0, error);
}

void plugin_drain_all(void) {
    for (struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s)) plugin_drain(s);
}

void plugin_stop_all(void) {
    for (struct muster_self *s = plugin_before(NULL); s; s = plugin_before(s))
        if (!is_asked_by_all(s)) (void)plugin_stop(s);
    for (struct muster_self *s = plugin_before(NULL); s; s = plugin_before(s)) (void)plugin_stop(s);
}

void plugin_unlink_all(void) {
    for (struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s)) plugin_image_unlink(s);
}

void plugin_unload_all(void) {
    struct muster_self *before;
    for (struct muster_self *s = plugin_before(NULL); s; s = before) {
        before = plugin_before(s);
        if (s->pins == 0)
            plugin_destroy(s);
        else
            log_error("plugin", "%s: stays in memory, %u things of it still run", s->instance_name,
                      s->pins);
    }
}
