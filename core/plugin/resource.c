/* resource - what plugins have opened through the host, tagged with its owner. */
#include <stddef.h>

#include "loop.h"
#include "plugin.h"

static struct resource cancelled = {.next = &cancelled, .prev = &cancelled};

static void append(struct resource *head, struct resource *resource) {
    resource->next = head;
    resource->prev = head->prev;
    head->prev->next = resource;
    head->prev = resource;
}

void resource_add(struct muster_self *owner, struct resource *resource,
                  const struct resource_kind *kind) {
    resource->owner = owner;
    resource->kind = kind;
    append(&owner->resources, resource);
}

void resource_remove(struct resource *resource) {
    if (!resource->next) return;
    resource->prev->next = resource->next;
    resource->next->prev = resource->prev;
    resource->next = NULL;
    resource->prev = NULL;
}

static void close_one(struct resource *resource) {
    resource_remove(resource);
    resource->kind->close(resource);
}

/* What is cancelled meanwhile waits for the next turn. */
static void on_turn(void *user) {
    (void)user;
    struct resource taken = {.next = &taken, .prev = &taken};
    while (cancelled.next != &cancelled) {
        struct resource *first = cancelled.next;
        resource_remove(first);
        append(&taken, first);
    }
    while (taken.next != &taken) close_one(taken.next);
}

muster_status resource_cancel(struct resource *resource) {
    bool is_first = cancelled.next == &cancelled;
    muster_status status = is_first ? loop_post(on_turn, NULL) : MUSTER_OK;
    if (status) return status;
    resource->is_cancelled = true;
    resource_remove(resource);
    append(&cancelled, resource);
    return MUSTER_OK;
}

void resource_close_cancelled(const struct muster_self *owner) {
    struct resource *r = cancelled.next;
    while (r != &cancelled) {
        bool is_meant = r->owner == owner;
        struct resource *next = r->next;
        if (is_meant) close_one(r);
        r = is_meant ? cancelled.next : next; /* closing one may end others */
    }
}
