#include "interface.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "registration.h"

#define INTERFACES_MAX 256
#define KEY_MAX (MUSTER_NAME_MAX + 12) /* "NAME MAJOR" */

struct published {
    struct registration head; /* its name is the key */
    uint32_t minor;
    uint32_t vtable_size;
    void *instance;
    alignas(8) uint8_t vtable[MUSTER_INTERFACE_BYTES_MAX];
};

struct subscriber {
    struct registration head;
    uint64_t told; /* id of what was offered when it was told last, or 0 */
    uint32_t vtable_size;
    char key[KEY_MAX];
    void (*changed)(void *user, uint32_t change);
    void *user;
};

static bool look_posted;

static void on_drop(void *entry) {
    (void)entry;
    interface_look();
}

static struct registrations published = {.cap = INTERFACES_MAX,
                                         .entry_size = sizeof(struct published),
                                         .when_full = MUSTER_LIMIT,
                                         .drop = on_drop};
static struct registrations subscribers = {.cap = INTERFACES_MAX,
                                           .entry_size = sizeof(struct subscriber),
                                           .when_full = MUSTER_LIMIT,
                                           .outlives_swap = true};

static bool runs(const struct muster_self *self) {
    return self->phase == PLUGIN_STARTED || self->phase == PLUGIN_DRAINING;
}

static struct published *find(const char *key) {
    struct published *p = registration_find(&published, key);
    return p && runs(p->head.owner) ? p : NULL;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(struct subscriber *s) {
    struct muster_self *owner = (struct muster_self *)s->head.owner;
    const struct published *p = find(s->key);
    uint64_t now = p ? p->head.id : 0;
    if (now == s->told || !runs(owner)) return;
    uint32_t change = !now      ? MUSTER_INTERFACE_GONE
                      : s->told ? MUSTER_INTERFACE_RELOADED
                                : MUSTER_INTERFACE_CAME;
    s->told = now;
    if (!s->changed) return;
    plugin_enter(owner, "interfaces.changed");
    s->changed(s->user, change);
    plugin_leave();
}

static void on_look(void *user) {
    (void)user;
    look_posted = false;
    uint64_t id = 0;
    for (struct subscriber *s; (s = registration_next(&subscribers, &id));) tell(s);
}

void interface_look(void) {
    uint64_t id = 0;
    if (look_posted || !registration_next(&subscribers, &id)) return;
    look_posted = loop_post(on_look, NULL) == MUSTER_OK;
    if (!look_posted) log_warn("plugin", "the loop is full: changed interfaces are told later");
}

/* ---- what plugins ask ------------------------------------------------------------------------ */

static bool key_make(const char *name, uint32_t major, char *key) {
    size_t len = name ? strnlen(name, MUSTER_NAME_MAX) : 0;
    if (len == 0 || len == MUSTER_NAME_MAX || major == 0 || name[0] < 'a' || name[0] > 'z' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") != len)
        return false;
    snprintf(key, KEY_MAX, "%s %u", name, major);
    return true;
}

static bool size_valid(struct muster_self *self, const char *name, uint32_t size) {
    if (size >= 2 * sizeof size && size <= MUSTER_INTERFACE_BYTES_MAX && size % sizeof size == 0)
        return true;
    plugin_fault(self, "interface %s: its table has %u bytes, expected 8 to %d: its size first",
                 name, size, MUSTER_INTERFACE_BYTES_MAX);
    return false;
}

muster_status interface_publish(struct muster_self *owner, const struct muster_interface *what) {
    char key[KEY_MAX];
    uint32_t size;
    void *entry;
    if (!what->vtable || !key_make(what->name, what->major, key)) return MUSTER_INVALID;
    memcpy(&size, what->vtable, sizeof size);
    if (!size_valid(owner, what->name, size)) return MUSTER_INVALID;
    muster_status status = registration_add(&published, owner, key, &entry);
    if (status) return status;
    struct published *p = entry;
    p->minor = what->minor;
    p->vtable_size = size;
    p->instance = what->instance;
    memcpy(p->vtable, what->vtable, size);
    interface_look();
    return MUSTER_OK;
}

muster_status interface_subscribe(struct muster_self *owner,
                                  const struct muster_interface_wish *wish, void *user,
                                  muster_interface_id *out) {
    char key[KEY_MAX];
    void *entry;
    if (!key_make(wish->name, wish->major, key)) return MUSTER_INVALID;
    if (!size_valid(owner, wish->name, wish->vtable_size)) return MUSTER_INVALID;
    muster_status status = registration_add(&subscribers, owner, NULL, &entry);
    if (status) return status;
    struct subscriber *s = entry;
    s->vtable_size = wish->vtable_size;
    snprintf(s->key, sizeof s->key, "%s", key);
    s->changed = wish->changed;
    s->user = user;
    out->value = s->head.id;
    interface_look();
    return MUSTER_OK;
}

/* What the caller's headers have, as far as the publisher's go. */
static void call(const struct subscriber *s, const struct published *p, muster_interface_fn fn,
                 void *user) {
    alignas(8) uint8_t vtable[MUSTER_INTERFACE_BYTES_MAX] = {0};
    struct muster_self *owner = (struct muster_self *)p->head.owner;
    memcpy(vtable, p->vtable, p->vtable_size < s->vtable_size ? p->vtable_size : s->vtable_size);
    memcpy(vtable, &s->vtable_size, sizeof s->vtable_size);
    plugin_pin(owner);
    plugin_enter(owner, "interfaces.call");
    fn(user, vtable, p->instance);
    plugin_leave();
    plugin_unpin(owner);
}

muster_status interface_call(struct muster_self *self, muster_interface_id id,
                             muster_interface_fn fn, void *user) {
    const struct subscriber *s = registration_get(&subscribers, id.value);
    if (!s || s->head.owner != self) return MUSTER_NOT_FOUND;
    const struct published *p = find(s->key);
    if (!p) return MUSTER_UNAVAILABLE;
    if (plugin_is_called(p->head.owner)) return MUSTER_CONFLICT;
    if (plugin_depth() >= PLUGIN_DEPTH_MAX) return MUSTER_LIMIT;
    call(s, p, fn, user);
    return MUSTER_OK;
}

void interface_list(const struct muster_self *owner, char *out, uint32_t cap) {
    uint64_t id = 0;
    out[0] = '\0';
    for (const struct published *p; (p = registration_next(&published, &id));) {
        size_t used = strlen(out);
        if (p->head.owner != owner) continue;
        snprintf(out + used, cap - used, "%s%s.%u", used ? ", " : "", p->head.name, p->minor);
    }
}

void interface_deinit(void) {
    registration_deinit(&published);
    registration_deinit(&subscribers);
    look_posted = false;
}
