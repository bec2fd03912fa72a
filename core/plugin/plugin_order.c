/* plugin_order - who is asked before whom: as the configuration lists them, but for what plugins
 * declare of each other. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "plugin_internal.h"
#include "registry.h"

#define INSTANCES_MAX 128

/* The instances to be ordered, as listed; null: placed. */
struct unplaced {
    struct muster_self *items[INSTANCES_MAX];
    uint32_t count;
};

static bool names(const char *list, const struct muster_self *self) {
    return list &&
           (muster_permitted(list, self->name) || muster_permitted(list, self->instance_name));
}

/* Two instances of one plugin say the same of each other: nothing. */
static bool goes_first(const struct muster_self *a, const struct muster_self *b) {
    if (strcmp(a->name, b->name) == 0) return false;
    return names(a->plugin.before, b) || names(b->plugin.after, a);
}

static void add(struct unplaced *all, struct muster_self *self) {
    uint32_t at = all->count++;
    for (; at > 0 && all->items[at - 1]->listed > self->listed; at--)
        all->items[at] = all->items[at - 1];
    all->items[at] = self;
}

/* Those in force, with `self`, which may be null, in the place of its older generation. */
static bool collect(struct unplaced *all, struct muster_self *self) {
    all->count = 0;
    for (struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s)) {
        bool counts = s == self || (s->committed && !(self && plugin_supersedes(self, s)));
        if (counts && all->count == INSTANCES_MAX) return false;
        if (counts) add(all, s);
    }
    return true;
}

/* One that has to come before items[index], or count. */
static uint32_t find_before(const struct unplaced *all, uint32_t index) {
    uint32_t i = 0;
    while (i < all->count &&
           !(i != index && all->items[i] && goes_first(all->items[i], all->items[index])))
        i++;
    return i;
}

/* The next in order: its index; count: there is none, they go round in a circle. */
static uint32_t find_next(const struct unplaced *all) {
    uint32_t i = 0;
    while (i < all->count && !(all->items[i] && find_before(all, i) == all->count)) i++;
    return i;
}

/* "a goes before b, b before c, c before a": from any that is left back to one met twice. */
static void say_circle(const struct unplaced *all, char *error) {
    bool met[INSTANCES_MAX] = {false};
    uint32_t at = 0;
    while (!all->items[at]) at++;
    for (; !met[at]; at = find_before(all, at)) met[at] = true;
    uint32_t last = at;
    size_t used = (size_t)snprintf(error, PLUGIN_ERROR_MAX,
                                   "plugins declare an order that goes round in a circle: ");
    do {
        uint32_t before = find_before(all, at);
        used += (size_t)snprintf(error + used, PLUGIN_ERROR_MAX - used, "%s%s before %s",
                                 at == last ? "" : ", ", all->items[before]->instance_name,
                                 all->items[at]->instance_name);
        at = before;
    } while (at != last && used < PLUGIN_ERROR_MAX);
}

muster_status plugin_order_check(struct muster_self *self, char *error) {
    struct unplaced all;
    if (!collect(&all, self)) {
        snprintf(error, PLUGIN_ERROR_MAX, "more than %d plugins", INSTANCES_MAX);
        return MUSTER_LIMIT;
    }
    for (uint32_t placed = 0; placed < all.count; placed++) {
        uint32_t next = find_next(&all);
        if (next == all.count) {
            say_circle(&all, error);
            return MUSTER_INVALID;
        }
        all.items[next] = NULL;
    }
    return MUSTER_OK;
}

/* All generations of the instance. */
static void place(const struct muster_self *self, uint32_t order) {
    for (struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s))
        if (strcmp(s->instance_name, self->instance_name) == 0) s->order = order;
}

void plugin_order_set(void) {
    struct unplaced all;
    if (!collect(&all, NULL)) return;
    for (uint32_t order = 0; order < all.count; order++) {
        uint32_t next = find_next(&all);
        if (next == all.count) return; /* refused by the check */
        place(all.items[next], order);
        all.items[next] = NULL;
    }
    plugin_list_sort();
    registry_sort();
}
