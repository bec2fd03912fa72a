/* nulls.c - a plugin that calls every function of the host with each pointer null and each struct
 * of size 0, in start, in a turn of the loop while the server runs, and in stop. */
#include <muster/plugin.h>

#include <stdlib.h>
#include <string.h>

static const char text[] = "x";
static char buffer[4096];
static va_list no_args; /* of a format that takes none */
static const struct muster_log_field no_field;

/* As much as any struct of the ABI; all of it 0 but its size. */
static void *sized(size_t size) {
    static _Alignas(16) unsigned char bytes[8192];
    uint32_t value = (uint32_t)size;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, &value, sizeof value);
    return bytes;
}

static void nothing(void) {
}

#include "nulls_calls.h"

struct instance {
    muster_self *self;
    const struct muster_host *host;
};

static void everywhere(struct instance *instance, const char *where) {
    call_all(instance->self, instance->host);
    instance->host->log->write(instance->self, MUSTER_LOG_INFO, "%s: %d functions, %d calls", where,
                               (int)FUNCTIONS, (int)CALLS);
}

static void in_a_turn(void *user) {
    everywhere(user, "running");
}

static muster_status nulls_init(muster_self *self, const struct muster_host *host, void **out) {
    struct instance *instance = malloc(sizeof *instance);
    if (!instance) return MUSTER_NO_MEMORY;
    *instance = (struct instance){self, host};
    *out = instance;
    everywhere(instance, "init");
    return MUSTER_OK;
}

static muster_status nulls_start(void *state) {
    struct instance *instance = state;
    muster_timer_id timer;
    everywhere(instance, "start");
    return instance->host->loop->timer_start(instance->self, 50, 0, in_a_turn, instance, &timer);
}

static void nulls_stop(void *state) {
    everywhere(state, "stop");
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};

MUSTER_PLUGIN(.name = "service_nulls", .version = "1.0.0",
              .description = "Calls all of the host with nulls.", .roles = roles, .role_count = 1,
              .init = nulls_init, .start = nulls_start, .stop = nulls_stop, .fini = free);
