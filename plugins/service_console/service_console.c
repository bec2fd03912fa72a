/* service_console - the node from afar, for who has the admin token: GET /v1/admin/events tells
 * what happens, WebSocket /v1/admin/console takes commands. On the admin address. */
#include "service_console.h"

#include <stdlib.h>

static muster_status service_init(muster_self *self, const struct muster_host *host,
                                  void **instance) {
    struct service *service = calloc(1, sizeof *service);
    if (!service) return MUSTER_NO_MEMORY;
    service->self = self;
    service->host = host;
    muster_status status = events_init(service);
    if (!status) status = console_init(service);
    if (status) {
        host->log->write(self, MUSTER_LOG_ERROR, "a path below /v1/admin is taken: %s",
                         muster_status_text(status));
        free(service);
        return status;
    }
    *instance = service;
    return MUSTER_OK;
}

static muster_status service_start(void *instance) {
    return events_start(instance);
}

static void service_stop(void *instance) {
    events_stop(instance);
}

/* Streams and connections have told their ends by now. */
static void service_fini(void *instance) {
    free(instance);
}

static const struct muster_service service_vtable = {.size = sizeof service_vtable};
static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_SERVICE, .vtable = &service_vtable},
};

MUSTER_PLUGIN(.name = "service_console", .version = "1.0.0",
              .description = "Events and a console for who has the admin token.", .roles = roles,
              .role_count = 1, .init = service_init, .start = service_start, .stop = service_stop,
              .fini = service_fini);
