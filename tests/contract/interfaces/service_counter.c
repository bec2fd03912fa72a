/* service_counter - counts for whoever asks. */
#include <stdlib.h>

#include "counter.h"

static uint32_t next(void *instance) {
    return ++*(uint32_t *)instance;
}

static const struct counter counter = {.size = sizeof counter, .next = next};

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    *instance = calloc(1, sizeof(uint32_t));
    if (!*instance) return MUSTER_NO_MEMORY;
    const struct muster_interface offer = {.size = sizeof offer,
                                           .major = 1,
                                           .minor = 4,
                                           .name = COUNTER,
                                           .vtable = &counter,
                                           .instance = *instance};
    return host->interfaces->publish(self, &offer);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_PLUGIN(.name = "service_counter", .version = "1.0.0", .description = "Counts for others.",
              .roles = roles, .role_count = 1, .init = init, .fini = free);
