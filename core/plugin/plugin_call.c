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

#define STACK_MAX (2 * PLUGIN_DEPTH_MAX) /* plugin_depth_hide lets a second stack grow on one */

static struct muster_self *stack[STACK_MAX]; /* whose calls: hidden ones below */
static uint32_t hidden;
static uint32_t depth;

void plugin_enter_part(struct muster_self *self, const char *call) {
    ENSURE(loop_is_thread());
    if (depth >= PLUGIN_DEPTH_MAX)
        plugin_fault(self, "%s is called at depth %u, over the limit of %d", call, depth + 1,
                     PLUGIN_DEPTH_MAX);
    if (hidden + depth < STACK_MAX) stack[hidden + depth] = self;
    depth++;
    self->call_count++;
    watchdog_enter(self, call);
}

void plugin_enter(struct muster_self *self, const char *call) {
    if (plugin_is_called(self))
        plugin_fault(self, "%s is called while another call of the plugin has not returned", call);
    plugin_enter_part(self, call);
}

void plugin_leave(void) {
    watchdog_leave();
    depth--;
}

uint32_t plugin_depth(void) {
    return depth;
}

bool plugin_is_called(const struct muster_self *self) {
    for (uint32_t i = hidden; i < hidden + depth && i < STACK_MAX; i++)
        if (stack[i] == self) return true;
    return false;
}

uint32_t plugin_depth_hide(void) {
    ENSURE(hidden == 0);
    hidden = depth;
    depth = 0;
    return hidden;
}

void plugin_depth_show(uint32_t shown) {
    ENSURE(depth == 0 && shown == hidden);
    depth = shown;
    hidden = 0;
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
