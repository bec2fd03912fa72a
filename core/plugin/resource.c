/* resource - what plugins have opened through the host, tagged with its owner. */
#include "plugin.h"
#include <stddef.h>

void resource_add(struct muster_self *owner, struct resource *resource,
                  const struct resource_kind *kind) {
    struct resource *head = &owner->resources;
    resource->owner = owner;
    resource->kind = kind;
    resource->next = head;
    resource->prev = head->prev;
    head->prev->next = resource;
    head->prev = resource;
}

void resource_remove(struct resource *resource) {
    if (!resource->next) return;
    resource->prev->next = resource->next;
    resource->next->prev = resource->prev;
    resource->next = NULL;
    resource->prev = NULL;
}
