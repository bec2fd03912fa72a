/* service_console - what the files of the plugin share. */
#ifndef SERVICE_CONSOLE_H
#define SERVICE_CONSOLE_H

#include <muster/plugin.h>

struct listener;
struct client;

struct service {
    muster_self *self;
    const struct muster_host *host;
    struct listener *listeners; /* who hears events */
    uint64_t events_told;
    muster_timer_id alive;
    struct client *clients; /* who types commands */
};

/* events.c */
muster_status events_init(struct service *service) MUSTER_MUST_USE;
muster_status events_start(struct service *service) MUSTER_MUST_USE;
void events_stop(struct service *service);

/* console.c */
muster_status console_init(struct service *service) MUSTER_MUST_USE;

#endif
