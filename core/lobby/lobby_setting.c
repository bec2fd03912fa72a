/* One setting of a lobby gets another value. */
#include "lobby_internal.h"
#include "loop.h"

/* What settings were: a plugin may hold a text of them until its call returns. */
static json_t *replaced;
static bool is_drop_posted;

static void drop_replaced(void *user) {
    (void)user;
    is_drop_posted = false;
    json_decref(replaced);
    replaced = NULL;
}

void lobby_setting_put(struct lobby *lobby, const char *key, json_t *value) {
    if (!replaced) replaced = json_array();
    (void)json_array_append(replaced, json_object_get(lobby->settings, key));
    if (!is_drop_posted) is_drop_posted = loop_post(drop_replaced, NULL) == MUSTER_OK;
    json_object_set_new(lobby->settings, key, value);
    lobby->settings_version++;
}
