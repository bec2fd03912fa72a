/* service_directory - the list of servers: who has a registration key puts a server on it, which
 * proves its address and beats; anybody may read it. The description of all routes is
 * docs/openapi-directory.yaml.
 */
#include "service_directory.h"

#include <muster/plugin.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SERVER_PREFIX DIRECTORY_SERVERS_PATH "/"

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_DURATION_MS("beatMs", 2000, 100, 5000, MUSTER_LABEL("Time between beats"),
                              MUSTER_HELP("Told to servers: so often each says how it is.")),
    MUSTER_SCHEMA_DURATION_MS("suspectMs", 6000, 200, 60000, MUSTER_LABEL("Silence of a suspect"),
                              MUSTER_HELP("A server that has said nothing for so long is on the "
                                          "list, but unhealthy.")),
    MUSTER_SCHEMA_DURATION_MS(
        "deadMs", 10000, 400, 600000, MUSTER_LABEL("Silence of the dead"),
        MUSTER_HELP("A server that has said nothing for so long, and does not "
                    "answer at its address either, is off the list.")),
    MUSTER_SCHEMA_DURATION_S("tokenTtlS", 86400, 2, 2592000, MUSTER_LABEL("Life of a token"),
                             MUSTER_HELP("Nodes renew it at its half.")),
    MUSTER_SCHEMA_INT("registrationsPerMinute", 60, 1, 1000000, MUSTER_UNIT("requests/min"),
                      MUSTER_LABEL("Registrations and new tokens with one key"),
                      MUSTER_HELP("All of them at once if they come so; further ones get 429.")),
    MUSTER_SCHEMA_INT("serversPerKey", 1000, 1, 1000000, MUSTER_UNIT("servers"),
                      MUSTER_LABEL("Addresses of one key"),
                      MUSTER_HELP("Above it that goes which has been off the list longest; when "
                                  "none is off, 409.")),
    MUSTER_SCHEMA_INT("proofsPerMinute", 2, 1, 100000, MUSTER_UNIT("proofs/min"),
                      MUSTER_LABEL("Connections to new addresses for one key"),
                      MUSTER_HELP("Further ones wait. A server that was found once pays for its "
                                  "own.")),
    MUSTER_SCHEMA_BOOL(
        "allowPrivate", false, MUSTER_LABEL("Private addresses"),
        MUSTER_HELP("Servers may have addresses that are not of the public internet: "
                    "a network of your own.")),
    MUSTER_SCHEMA_INT("activityDays", 30, 0, 3650, MUSTER_UNIT("days"),
                      MUSTER_LABEL("Age of who came and went"),
                      MUSTER_HELP("Kept so long, then deleted; 0: for ever.")),
    MUSTER_SCHEMA_INT("resultDays", 365, 0, 3650, MUSTER_UNIT("days"),
                      MUSTER_LABEL("Age of results"), MUSTER_HELP("As activityDays.")),
    MUSTER_SCHEMA_INT("reportDays", 180, 0, 3650, MUSTER_UNIT("days"),
                      MUSTER_LABEL("Age of suspicions"), MUSTER_HELP("As activityDays.")),
    MUSTER_SCHEMA_STRING("database", "", 63, MUSTER_LABEL("Database"),
                         MUSTER_HELP("Instance of a database plugin; empty: the first.")));

/* ---- routes ---------------------------------------------------------------------------------- */

/* Below a server's path. Those that anybody may ask get the server as it is, others need its
 * token. */
static const struct act {
    const char *rest;
    const char *method;
    const char *allow;
    bool is_public;
    void (*fn)(struct directory *directory, struct server *server,
               const struct muster_http_request *request);
} acts[] = {
    {"", "GET", "DELETE, GET, HEAD", true, list_get_one},
    {"", "DELETE", "DELETE, GET, HEAD", false, register_delete},
    {"/token", "POST", "POST", false, register_refresh},
    {"/status", "PUT", "PUT", false, beats_put},
    {"/activity", "POST", "POST", false, activity_post},
    {"/reports", "POST", "POST", false, reports_post},
};

static const struct act *find_act(const char *rest, const char *method, const char **allow) {
    *allow = NULL;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(acts[i].rest, rest) != 0) continue;
        *allow = acts[i].allow;
        if (strcmp(acts[i].method, method) == 0) return &acts[i];
    }
    return NULL;
}

static void below(void *user, const struct muster_http_request *request) {
    struct directory *directory = user;
    uint8_t digest[DIGEST_BYTES];
    char id[DIRECTORY_ID_MAX] = "";
    const char *allow, *rest = request->path + sizeof SERVER_PREFIX - 1;
    size_t id_len = strcspn(rest, "/");
    if (id_len < sizeof id) memcpy(id, rest, id_len);
    const struct act *act = find_act(rest + id_len, request->method, &allow);
    if (!directory->is_ready) {
        refuse(directory, request->id, 503, "unavailable", "the directory is not ready yet");
    } else if (!act && allow) {
        refuse_method(directory, request->id, allow);
    } else if (!act) {
        refuse(directory, request->id, 404, "not_found", "there is nothing at this path");
    } else if (act->is_public) {
        act->fn(directory, servers_find(directory, id), request);
    } else {
        struct server *server = secret_presented(directory, request->id, digest)
                                    ? servers_find_token(directory, id, digest)
                                    : NULL;
        if (server)
            act->fn(directory, server, request);
        else
            refuse(directory, request->id, 401, "token_invalid",
                   "no token of this server, or one that is not good any more");
    }
}

#define BODY_BYTES_MAX 262144 /* of results */

static const struct {
    const char *method;
    const char *path;
    uint32_t flags;
    muster_http_fn fn;
    uint32_t body_max_bytes;
} routes[] = {
    {"GET", DIRECTORY_SERVERS_PATH, 0, list_get},
    {"POST", DIRECTORY_SERVERS_PATH, 0, register_post},
    {"POST", DIRECTORY_ALLOCATIONS_PATH, 0, allocations_post},
    {"POST", DIRECTORY_PRESENCE_PATH, 0, presence_post},
    {"DELETE", DIRECTORY_PRESENCE_PATH, 0, presence_delete},
    {"GET", SERVER_PREFIX, MUSTER_ROUTE_PREFIX, below},
    {"POST", SERVER_PREFIX, MUSTER_ROUTE_PREFIX, below, BODY_BYTES_MAX},
    {"PUT", SERVER_PREFIX, MUSTER_ROUTE_PREFIX, below},
    {"DELETE", SERVER_PREFIX, MUSTER_ROUTE_PREFIX, below},
};

static muster_status add_routes(struct directory *directory) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct muster_route route = {.size = sizeof route,
                                           .flags = routes[i].flags,
                                           .method = routes[i].method,
                                           .path = routes[i].path,
                                           .body_max_bytes = routes[i].body_max_bytes};
        muster_status status = directory->host->http->route_add(directory->self, &route,
                                                                routes[i].fn, directory, NULL);
        if (status == MUSTER_OK) continue;
        directory->host->log->write(directory->self, MUSTER_LOG_ERROR, "the route %s %s: %s",
                                    routes[i].method, routes[i].path, muster_status_text(status));
        return status;
    }
    return MUSTER_OK;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void read_settings(struct directory *directory) {
    const struct muster_host_config *config = directory->host->config;
    muster_self *self = directory->self;
    directory->database = config->string(self, "database");
    directory->settings.beat_ms = (uint32_t)config->integer(self, "beatMs");
    directory->settings.suspect_ms = (uint32_t)config->integer(self, "suspectMs");
    directory->settings.dead_ms = (uint32_t)config->integer(self, "deadMs");
    directory->settings.token_ms = config->integer(self, "tokenTtlS") * 1000;
    directory->settings.registrations_per_minute =
        (uint32_t)config->integer(self, "registrationsPerMinute");
    directory->settings.servers_per_key = (uint32_t)config->integer(self, "serversPerKey");
    directory->settings.proofs_per_minute = (uint32_t)config->integer(self, "proofsPerMinute");
    directory->settings.allow_private = config->boolean(self, "allowPrivate");
}

static void plugin_fini(void *instance) {
    struct directory *directory = instance;
    players_clear(directory);
    list_clear(directory);
    presence_clear(directory);
    servers_clear(directory);
    keys_clear(directory);
    text_deinit();
    free(directory);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    if (sodium_init() < 0 || text_init() != MUSTER_OK) return MUSTER_INTERNAL;
    struct directory *directory = calloc(1, sizeof *directory);
    if (!directory) return MUSTER_NO_MEMORY;
    directory->self = self;
    directory->host = host;
    read_settings(directory);
    muster_status status = add_routes(directory);
    if (!status) status = beats_serve(directory);
    if (!status) status = keys_add_command(directory);
    if (!status) status = liveness_add_metrics(directory);
    if (!status) status = allocations_open(directory);
    if (status) {
        plugin_fini(directory);
        return status;
    }
    *instance = directory;
    return MUSTER_OK;
}

static muster_status plugin_start(void *instance) {
    struct directory *directory = instance;
    muster_status status = store_open(directory);
    if (!status) status = activity_store_open(directory);
    if (!status) status = purge_start(directory);
    return status ? status : liveness_start(directory);
}

static void plugin_stop(void *instance) {
    struct directory *directory = instance;
    directory->is_ready = false;
    for (struct server *server = directory->servers; server; server = server->hh.next) {
        proof_drop(directory, server);
        beats_close(directory, server);
    }
    (void)directory->host->loop->timer_stop(directory->self, directory->sweep);
    (void)directory->host->loop->timer_stop(directory->self, directory->reading.again);
    purge_stop(directory);
}

static const struct muster_service service_vtable = {.size = sizeof service_vtable};
static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_SERVICE, .vtable = &service_vtable},
};

MUSTER_PLUGIN(.name = "service_directory", .version = "1.0.0",
              .description = "The list of servers: registration, proof, beats, browser.",
              .roles = roles, .role_count = 1, .flags = MUSTER_PLUGIN_NEEDS_DATABASE,
              .config_schema = config_schema, .init = plugin_init, .start = plugin_start,
              .stop = plugin_stop, .fini = plugin_fini);
