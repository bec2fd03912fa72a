/* The settings of a lobby one by one, and how one of them gets another value. Who its host is lies
 * beside the others: most lobbies differ in nothing else, and share these. */
#include <string.h>

#include "lobby_internal.h"
#include "loop.h"
#include "shared.h"

/* What settings were: a plugin may hold a text of them until its call returns. */
static json_t *replaced;
static bool is_drop_posted;

static void drop_replaced(void *user) {
    (void)user;
    is_drop_posted = false;
    json_decref(replaced);
    replaced = NULL;
}

static bool is_host(const char *key) {
    return key && strcmp(key, "hostId") == 0; /* plugins may ask for null */
}

void lobby_settings_take(struct lobby *lobby, json_t *settings) {
    lobby->host_setting = json_incref(json_object_get(settings, "hostId"));
    json_object_set_new(settings, "hostId", json_string(""));
    lobby->settings = shared_object(settings);
}

json_t *lobby_settings_json(const struct lobby *lobby) {
    const char *host = json_string_value(lobby->host_setting);
    if (!host || !host[0]) return json_incref(lobby->settings);
    json_t *all = json_copy(lobby->settings);
    json_object_set(all, "hostId", lobby->host_setting);
    return all;
}

json_t *lobby_setting(const struct lobby *lobby, const char *key) {
    return is_host(key) ? lobby->host_setting : json_object_get(lobby->settings, key);
}

void lobby_setting_put(struct lobby *lobby, const char *key, json_t *value) {
    if (!replaced) replaced = json_array();
    (void)json_array_append(replaced, lobby_setting(lobby, key));
    if (!is_drop_posted) is_drop_posted = loop_post(drop_replaced, NULL) == MUSTER_OK;
    lobby->settings_version++;
    if (!is_host(key)) {
        shared_put(&lobby->settings, key, value);
        return;
    }
    json_decref(lobby->host_setting);
    lobby->host_setting = value;
}
