/* list - what anybody may ask: GET /v1/servers and /v1/servers/ID. */
#include <string.h>

#include "service_directory.h"

/* On the list: where it says it is, and heard of. */
static bool is_listed(const struct server *server) {
    return server->standing == STANDING_LISTED && server->beat.boot_id != 0;
}

/* One that is silent is not well, whatever it said last. */
static const char *health_of(const struct server *server) {
    return directory_health_words[server->is_suspect ? DIRECTORY_UNHEALTHY : server->beat.health];
}

static json_t *write_server(const struct server *server) {
    const json_t *info = server->info;
    const struct beat *beat = &server->beat;
    return json_pack("{s:s,s:O,s:O,s:s,s:i,s:b,s:O,s:O,s:O,s:O,s:s,s:i,s:i,s:i,s:i,s:i,s:O}",
                     "serverId", server->id, "serverName", json_object_get(info, "serverName"),
                     "region", json_object_get(info, "region"), "address", server->address, "port",
                     (int)server->port, "tls", (int)server->tls, "version",
                     json_object_get(info, "version"), "supportedGameModes",
                     json_object_get(info, "supportedGameModes"), "maxLobbies",
                     json_object_get(info, "maxLobbies"), "tags", json_object_get(info, "tags"),
                     "status", health_of(server), "claimedPlayers", (int)beat->players, "players",
                     0, "verifiedPlayers", 0, "playersMax", (int)beat->players_max, "freeSeats",
                     (int)beat->free_seats, "lobbies", beat->lobbies);
}

void list_get(void *user, const struct muster_http_request *request) {
    struct directory *directory = user;
    json_t *servers = json_array();
    for (const struct server *server = directory->servers; server; server = server->hh.next)
        if (is_listed(server)) json_array_append_new(servers, write_server(server));
    answer(directory, request->id, 200, json_pack("{s:o}", "servers", servers));
}

/* NodeHealth. */
static json_t *write_health(const struct directory *directory, const struct server *server) {
    uint64_t silent_ms = directory->host->loop->now_ms(directory->self) - server->beat_at_ms;
    json_t *metrics = json_object();
    for (uint32_t i = 0; i < DIRECTORY_METRICS; i++)
        json_object_set_new(metrics, directory_metrics[i], json_real(server->beat.metrics[i]));
    return json_pack(
        "{s:s,s:s,s:o,s:I}", "nodeId", server->id, "status", health_of(server), "metrics", metrics,
        "lastHeartbeat",
        (json_int_t)(directory->host->loop->unix_ms(directory->self) - (int64_t)silent_ms));
}

void list_get_one(struct directory *directory, struct server *server,
                  const struct muster_http_request *request) {
    if (!server || !is_listed(server)) {
        refuse(directory, request->id, 404, "not_found", "no such server is on the list");
        return;
    }
    json_t *json = write_server(server);
    json_object_set_new(json, "health", write_health(directory, server));
    json_object_set_new(json, "tickLatenessMs", json_real(server->beat.tick_lateness_ms));
    answer(directory, request->id, 200, json);
}
