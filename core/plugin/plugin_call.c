/* plugin_call - how deep the calls into plugins are, and what they did wrong. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "ensure.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "plugin.h"
#include "watchdog.h"

/* Above this only every FAULTS_EVERYth fault of a plugin is written. */
#define FAULTS_WRITTEN 16
#define FAULTS_EVERY 1024

static uint32_t depth;

void plugin_enter(struct muster_self *self, const char *call) {
    ENSURE(loop_is_thread());
    if (depth >= PLUGIN_DEPTH_MAX)
        plugin_fault(self, "%s is called at depth %u, over the limit of %d", call, depth + 1,
                     PLUGIN_DEPTH_MAX);
    depth++;
    self->call_count++;
    watchdog_enter(self, call);
}

void plugin_leave(void) {
    watchdog_leave();
    depth--;
}

uint32_t plugin_depth(void) {
    return depth;
}

uint32_t plugin_depth_hide(void) {
    uint32_t hidden = depth;
    depth = 0;
    return hidden;
}

void plugin_depth_show(uint32_t hidden) {
    ENSURE(depth == 0);
    depth = hidden;
}

static void count_fault(void *user) {
    (void)user;
    metrics_add(METRIC_PLUGIN_FAULTS, 1);
}

void plugin_fault(struct muster_self *self, const char *format, ...) {
    char text[1024 + 2]; /* longer than a line may be: the log says that it was cut */
    va_list args;
    uint64_t faults = atomic_fetch_add(&self->fault_count, 1) + 1;
    if (loop_is_thread())
        count_fault(NULL);
    else
        (void)loop_post(count_fault, NULL); /* a full loop costs a count, not the log line */
    if (faults > FAULTS_WRITTEN && faults % FAULTS_EVERY != 0) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const struct log_fields fields = {.plugin = self->instance_name, .event = "plugin_fault"};
    log_fields(MUSTER_LOG_WARN, "plugin", &fields, "plugin %s: %s (fault %llu)",
               self->instance_name, text, (unsigned long long)faults);
}
