/* plugin_list - the list of generations, and who holds one. */
#include <string.h>

#include "plugin_internal.h"
#include "registration.h"

static struct muster_self *generations; /* by order, then generation */
static void (*unpinned_hook)(void);

void plugin_list_add(struct muster_self *self) {
    struct muster_self **at = &generations;
    while (*at && (*at)->order <= self->order) at = &(*at)->next;
    self->next = *at;
    *at = self;
}

void plugin_list_remove(struct muster_self *self) {
    struct muster_self **at = &generations;
    while (*at && *at != self) at = &(*at)->next;
    if (*at) *at = self->next;
}

void plugin_list_sort(void) {
    struct muster_self *unsorted = generations;
    generations = NULL;
    while (unsorted) {
        struct muster_self *self = unsorted;
        unsorted = self->next;
        plugin_list_add(self);
    }
}

struct muster_self *plugin_next(const struct muster_self *previous) {
    return previous ? previous->next : generations;
}

struct muster_self *plugin_find(const char *instance_name) {
    struct muster_self *self = generations;
    while (self && !(self->committed && strcmp(self->instance_name, instance_name) == 0))
        self = self->next;
    return self;
}

static const struct muster_self *find_alive(const void *pointer) {
    const struct muster_self *self = generations;
    while (self && self != pointer) self = self->next;
    return self;
}

bool plugin_supersedes(const void *newer, const void *older) {
    const struct muster_self *a = find_alive(newer);
    const struct muster_self *b = find_alive(older);
    return a && b && a->generation > b->generation &&
           strcmp(a->instance_name, b->instance_name) == 0;
}

static bool in_force(const void *owner) {
    const struct muster_self *self = find_alive(owner);
    return !self || self->committed;
}

const struct registration_owners plugin_owners = {.supersedes = plugin_supersedes,
                                                  .in_force = in_force};

struct muster_self *plugin_before(const struct muster_self *self) {
    struct muster_self *before = NULL;
    for (struct muster_self *s = generations; s && s != self; s = s->next) before = s;
    return before;
}

/* ---- pins ------------------------------------------------------------------------------------ */

void plugin_set_unpinned(void (*fn)(void)) {
    unpinned_hook = fn;
}

void plugin_pin(struct muster_self *self) {
    self->pins++;
}

void plugin_unpin(struct muster_self *self) {
    self->pins--;
    if (self->pins == 0 && self->superseded && unpinned_hook) unpinned_hook();
}
