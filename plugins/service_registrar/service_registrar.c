/* service_registrar - puts this node on the list of a directory, keeps it there, and lets in whom
 * that sends. Three settings: the directory's URL, a registration key, and net.publicUrl. */
#include "service_registrar.h"

#include <muster/plugin.h>
#include <stdlib.h>
#include <string.h>

#include "directory/registered.h"

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_STRING("directoryUrl", "", 400, MUSTER_LABEL("Directory"),
                         MUSTER_HELP("https://HOST of the list to be on, http of this machine "
                                     "alone; empty: on none.")),
    MUSTER_SCHEMA_STRING("key", "", 63, MUSTER_SECRET, MUSTER_LABEL("Registration key"),
                         MUSTER_HELP("From who runs the directory.")),
    MUSTER_SCHEMA_STRING("adminContact", "", 128, MUSTER_LABEL("Contact"),
                         MUSTER_HELP("For who runs the directory; not shown on the list.")),
    MUSTER_SCHEMA_LIST("tags", MUSTER_NO_VALUES, 8, MUSTER_LABEL("Tags"),
                       MUSTER_HELP("Words that players can search for: a-z, 0-9 and -.")));

static void plugin_fini(void *instance) {
    struct registrar *registrar = instance;
    gate_destroy(registrar->gate);
    sodium_memzero(registrar, sizeof *registrar);
    free(registrar);
}

static muster_status get_registration(void *instance, struct directory_registered *out) {
    const struct registrar *registrar = instance;
    if (!registrar->server_id[0]) return MUSTER_UNAVAILABLE;
    *out = (struct directory_registered){registrar->url, registrar->server_id, registrar->token};
    return MUSTER_OK;
}

static muster_status publish_registration(struct registrar *registrar) {
    static const struct directory_registration vtable = {.size = sizeof vtable,
                                                         .get = get_registration};
    const struct muster_interface interface = {.size = sizeof interface,
                                               .major = DIRECTORY_REGISTRATION_MAJOR,
                                               .name = DIRECTORY_REGISTRATION,
                                               .vtable = &vtable,
                                               .instance = registrar};
    return registrar->host->interfaces->publish(registrar->self, &interface);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct registrar *registrar = sodium_init() < 0 ? NULL : calloc(1, sizeof *registrar);
    if (!registrar) return MUSTER_NO_MEMORY;
    registrar->self = self;
    registrar->host = host;
    registrar->url = host->config->string(self, "directoryUrl");
    registrar->key = host->config->string(self, "key");
    registrar->beat_ms = 2000;
    registrar->health.meminfo_fd = -1;
    muster_status status = sign_in_create(registrar);
    if (!status) status = standing_add_command(registrar);
    if (!status && registrar->url[0]) status = proof_serve(registrar);
    if (!status && registrar->url[0]) status = publish_registration(registrar);
    if (status) {
        plugin_fini(registrar);
        return status;
    }
    *instance = registrar;
    return MUSTER_OK;
}

static void mistake(struct muster_writer *mistakes, const char *text) {
    muster_put_bytes(mistakes, text, (uint32_t)strlen(text));
    muster_put_bytes(mistakes, "\n", 1);
}

static muster_status plugin_check(void *instance, struct muster_writer *mistakes) {
    struct registrar *registrar = instance;
    struct muster_node_info node = {.size = sizeof node};
    char why[WHY_MAX];
    size_t len = strlen(registrar->url);
    if (!len) return MUSTER_OK;
    uint32_t before = mistakes->len;
    if (!place_is_safe(registrar->url) || registrar->url[len - 1] == '/')
        mistake(mistakes, "directoryUrl: expected https://HOST, or http of this machine, without a "
                          "slash at its end");
    if (!registrar->key[0]) mistake(mistakes, "key: expected a registration key, found none");
    (void)registrar->host->node->info(registrar->self, &node);
    if (!place_parse(node.public_url, &registrar->place, why)) mistake(mistakes, why);
    return mistakes->len == before ? MUSTER_OK : MUSTER_INVALID;
}

static void on_notice(void *user, const struct muster_notice *notice) {
    struct registrar *registrar = user;
    if (notice->kind == MUSTER_NOTICE_SERVER_RESTARTING)
        registrar->comes_back = notice->value != MUSTER_RESTART_CANCELLED;
    else if (!registrar->comes_back)
        register_leave(registrar);
}

static muster_status plugin_start(void *instance) {
    struct registrar *registrar = instance;
    if (!registrar->url[0]) return MUSTER_OK;
    muster_status status = registrar->host->events->subscribe(
        registrar->self,
        1ull << MUSTER_NOTICE_SERVER_STOPPING | 1ull << MUSTER_NOTICE_SERVER_RESTARTING, on_notice,
        registrar);
    if (status) return status;
    registrar->boot_id = registrar->host->loop->unix_ms(registrar->self);
    health_open(registrar);
    register_start(registrar);
    return MUSTER_OK;
}

static void plugin_stop(void *instance) {
    struct registrar *registrar = instance;
    registrar->is_stopping = true;
    (void)registrar->host->loop->timer_stop(registrar->self, registrar->step);
    link_close(registrar);
    seats_stop(registrar);
    sign_in_stop(registrar);
    health_close(registrar);
}

static const struct muster_service service_vtable = {.size = sizeof service_vtable};
static const struct muster_auth auth_vtable = {
    .size = sizeof auth_vtable, .authenticate = sign_in_authenticate, .cancel = sign_in_cancel};
static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_SERVICE, .vtable = &service_vtable},
    {.kind = MUSTER_ROLE_AUTH, .vtable = &auth_vtable},
};

MUSTER_PLUGIN(.name = "service_registrar", .version = "1.0.0",
              .description = "Puts this node on the list of a directory, and lets in its players.",
              .roles = roles, .role_count = 2, .config_schema = config_schema, .init = plugin_init,
              .check = plugin_check, .start = plugin_start, .stop = plugin_stop,
              .fini = plugin_fini);
