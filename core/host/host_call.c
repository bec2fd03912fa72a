/* host_call - what every table of the host stands on: may this call be made, handles, copies in and
 * out. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host_internal.h"
#include "slots.h"

#define HANDLES_MAX 65536

static struct slots handles;

/* The fault's sentence has the function as host.h names it, as far as its name here tells. */
static void misplaced(struct muster_self *self, const char *function, const char *where) {
    const char *end = strstr(function, "_fn");
    size_t len = end && !end[3] ? (size_t)(end - function) : strlen(function);
    plugin_fault(self, "host function %.*s was called %s", (int)len, function, where);
}

bool host_on_loop(struct muster_self *self, const char *function) {
    if (loop_is_thread()) return true;
    misplaced(self, function, "from a thread that is not the loop's");
    return false;
}

bool host_started(struct muster_self *self, const char *function) {
    bool has_started = self->phase >= PLUGIN_STARTED && self->phase <= PLUGIN_STOPPING;
    if (self->starting || has_started) return true;
    misplaced(self, function, "before start or after stop");
    return false;
}

bool host_may_open(struct muster_self *self, const char *function) {
    if (self->phase < PLUGIN_STOPPING) return true;
    misplaced(self, function, "in stop or after it: nothing is opened any more");
    return false;
}

/* ---- handles --------------------------------------------------------------------------------- */

muster_status host_handle_open(struct muster_self *self, struct handle *handle,
                               const struct resource_kind *kind) {
    struct handle **slot = slots_add(&handles, &handle->id);
    if (!slot) return MUSTER_LIMIT;
    *slot = handle;
    resource_add(self, &handle->resource, kind);
    return MUSTER_OK;
}

void *host_handle_find(struct muster_self *self, uint64_t id, const struct resource_kind *kind) {
    struct handle **slot = slots_find(&handles, id);
    const struct resource *resource = slot ? &(*slot)->resource : NULL;
    if (!slot || resource->owner != self || resource->kind != kind) return NULL;
    return resource->is_cancelled ? NULL : *slot;
}

void host_handle_close(struct handle *handle) {
    slots_remove(&handles, handle->id);
    resource_remove(&handle->resource);
}

muster_status host_handles_init(void) {
    return slots_init(&handles, HANDLES_MAX, sizeof(struct handle *));
}

void host_handles_deinit(void) {
    slots_deinit(&handles);
}

muster_status host_defer(loop_fn fn, void *user) {
    return loop_post(fn, user);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

muster_status host_write_json(const json_t *value, struct muster_writer *out) {
    if (!out) return MUSTER_INVALID;
    if (!value) return MUSTER_NOT_FOUND;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text) return MUSTER_NO_MEMORY;
    muster_put_bytes(out, text, (uint32_t)strlen(text));
    free(text);
    return out->overflow ? MUSTER_LIMIT : MUSTER_OK;
}

json_t *host_params(struct muster_self *self, const char *method, const char *params_json) {
    json_t *params =
        method && params_json ? json_loads(params_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(params)) {
        plugin_fault(self, "notify: the params of \"%.60s\" are no JSON object",
                     method ? method : "");
        json_decref(params);
        return NULL;
    }
    const char *text = json_string_value(json_object_get(params, "text"));
    char *line = text && strcmp(method, "lobby.chat") == 0 ? strdup(text) : NULL;
    if (line) {
        (void)text_line_mend(line);
        json_object_set_new(params, "text", json_string(line));
    }
    free(line);
    return params;
}
