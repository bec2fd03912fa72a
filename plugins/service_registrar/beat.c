/* beat - what the node says of itself, every two seconds: updateServerStatus. */
#include <string.h>

#include "service_registrar.h"

#define ROWS_MAX 128 /* of modes and states */
#define STRETCH_DEGRADED 1.1
#define USAGE_UNHEALTHY 0.98

/* Lobbies of one mode and state. */
struct row {
    char game_mode[MUSTER_NAME_MAX];
    uint32_t state;
    uint32_t count;
};

#define STATE_TEXT(name, code, text) [code] = (text),
static const char *const states[] = {MUSTER_LOBBY_STATE_MAP(STATE_TEXT)};
#undef STATE_TEXT

static struct row *row_of(struct row *rows, uint32_t *count,
                          const struct muster_lobby_info *lobby) {
    for (uint32_t i = 0; i < *count; i++)
        if (rows[i].state == lobby->state && strcmp(rows[i].game_mode, lobby->game_mode) == 0)
            return &rows[i];
    if (*count == ROWS_MAX) return NULL;
    struct row *row = &rows[(*count)++];
    *row = (struct row){.state = lobby->state};
    memcpy(row->game_mode, lobby->game_mode, sizeof row->game_mode);
    return row;
}

static json_t *write_lobbies(const struct registrar *registrar) {
    struct row rows[ROWS_MAX];
    uint32_t count = 0;
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    muster_lobby_id last = {0};
    json_t *list = json_array();
    while (registrar->host->lobby->next(registrar->self, last, &lobby) == MUSTER_OK) {
        struct row *row = row_of(rows, &count, &lobby);
        if (row) row->count++;
        last = lobby.lobby;
    }
    for (uint32_t i = 0; i < count; i++)
        if (rows[i].state < sizeof states / sizeof states[0] && states[rows[i].state])
            json_array_append_new(list,
                                  json_pack("{s:s,s:s,s:i}", "gameMode", rows[i].game_mode, "state",
                                            states[rows[i].state], "count", (int)rows[i].count));
    return list;
}

static json_t *write_metrics(const struct health *health) {
    json_t *metrics = json_object();
    for (uint32_t i = 0; i < DIRECTORY_METRICS; i++)
        json_object_set_new(metrics, directory_metrics[i], json_real(health->metrics[i]));
    return metrics;
}

static uint32_t health_word(const struct registrar *registrar,
                            const struct muster_node_info *node) {
    if (node->is_draining) return DIRECTORY_MAINTENANCE;
    for (uint32_t i = 1; i <= 2; i++) /* memory, disk */
        if (registrar->health.metrics[i] >= USAGE_UNHEALTHY) return DIRECTORY_UNHEALTHY;
    return node->stretch > STRETCH_DEGRADED ? DIRECTORY_DEGRADED : DIRECTORY_HEALTHY;
}

/* How late a tick of the fastest mode is, by the stretch of all. */
static double tick_lateness_ms(const struct registrar *registrar,
                               const struct muster_node_info *node) {
    struct muster_node_mode mode = {.size = sizeof mode};
    uint32_t index = 0, rate_hz = 1;
    while (registrar->host->node->mode_next(registrar->self, &index, &mode) == MUSTER_OK)
        if (mode.tick_rate_hz > rate_hz) rate_hz = mode.tick_rate_hz;
    return node->stretch > 1 ? (node->stretch - 1) * 1000 / rate_hz : 0;
}

static uint32_t free_seats(const struct muster_node_info *node) {
    bool takes_more = !node->is_draining && node->players_max > node->players;
    return takes_more ? node->players_max - node->players : 0;
}

json_t *beat_make(struct registrar *registrar) {
    struct muster_node_info node = {.size = sizeof node};
    (void)registrar->host->node->info(registrar->self, &node);
    health_look(registrar);
    return json_pack("{s:I,s:I,s:s,s:o,s:f,s:i,s:i,s:i,s:i,s:o}", "bootId",
                     (json_int_t)registrar->boot_id, "sequence", (json_int_t)++registrar->sequence,
                     "status", directory_health_words[health_word(registrar, &node)], "health",
                     write_metrics(&registrar->health), "tickLatenessMs",
                     tick_lateness_ms(registrar, &node), "players", (int)node.players, "playersMax",
                     (int)node.players_max, "lobbiesMax", (int)node.lobbies_max, "freeSeats",
                     (int)free_seats(&node), "lobbies", write_lobbies(registrar));
}
