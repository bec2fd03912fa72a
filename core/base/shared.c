#include "shared.h"

enum { LATEST = 16 }; /* kinds of lobbies that are made at a time */

static struct {
    json_t *objects[LATEST];
    unsigned count; /* ever */
} latest;

json_t *shared_object(json_t *own) {
    for (unsigned i = 0; i < LATEST; i++) {
        if (!latest.objects[i] || !json_equal(latest.objects[i], own)) continue;
        json_decref(own);
        return json_incref(latest.objects[i]);
    }
    json_t **oldest = &latest.objects[latest.count++ % LATEST];
    json_decref(*oldest);
    *oldest = json_incref(own);
    return own;
}

void shared_put(json_t **object, const char *key, json_t *value) {
    if ((*object)->refcount > 1) {
        json_t *own = json_copy(*object);
        json_decref(*object);
        *object = own;
    }
    json_object_set_new(*object, key, value);
}

void shared_forget(void) {
    for (unsigned i = 0; i < LATEST; i++) {
        json_decref(latest.objects[i]);
        latest.objects[i] = NULL;
    }
}
