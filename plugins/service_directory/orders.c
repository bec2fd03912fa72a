/* orders - what the directory asks of a server over its link. Each ends once: with the answer, when
 * its time is up, or with the link. */
#include <stdlib.h>

#include "service_directory.h"

#define TELL_MS 5000

struct link_order {
    UT_hash_handle hh; /* by number */
    struct directory *directory;
    struct server *server;
    int64_t number;
    muster_timer_id timer;
    order_fn done; /* null: nobody waits */
    void *user;
};

/* answer: null when there is none. */
static void end(struct link_order *order, const json_t *answer) {
    struct directory *directory = order->directory;
    order_fn done = order->done;
    void *user = order->user;
    (void)directory->host->loop->timer_stop(directory->self, order->timer);
    HASH_DEL(directory->orders, order);
    free(order);
    if (done) done(user, answer);
}

static void on_late(void *user) {
    end(user, NULL);
}

muster_status orders_send(struct directory *directory, struct server *server, json_t *json,
                          uint32_t wait_ms, order_fn done, void *user) {
    struct link_order *order = json && server->link.value ? calloc(1, sizeof *order) : NULL;
    if (!order) {
        json_decref(json);
        return MUSTER_UNAVAILABLE;
    }
    *order = (struct link_order){.directory = directory,
                                 .server = server,
                                 .number = ++directory->last_order,
                                 .done = done,
                                 .user = user};
    if (directory->host->loop->timer_start(directory->self, wait_ms, 0, on_late, order,
                                           &order->timer)) {
        json_decref(json);
        free(order);
        return MUSTER_UNAVAILABLE;
    }
    HASH_ADD(hh, directory->orders, number, sizeof order->number, order);
    json_object_set_new(json, "type", json_string("order"));
    json_object_set_new(json, "order", json_integer(order->number));
    beats_send(directory, server, json);
    return MUSTER_OK;
}

void orders_tell(struct directory *directory, struct server *server, json_t *json) {
    if (orders_send(directory, server, json, TELL_MS, NULL, NULL))
        return; /* a server without a link is told nothing */
}

void orders_answered(struct directory *directory, const struct server *server,
                     const json_t *answer) {
    int64_t number = json_integer_value(json_object_get(answer, "order"));
    struct link_order *order = NULL;
    HASH_FIND(hh, directory->orders, &number, sizeof number, order);
    if (order && order->server == server) end(order, answer);
}

void orders_drop(struct directory *directory, const struct server *server) {
    struct link_order *order = directory->orders;
    while (order && order->server != server) order = order->hh.next;
    if (!order) return;
    end(order, NULL);
    orders_drop(directory, server); /* the end of one may have begun another, elsewhere */
}
