/* host->node: what this node is, and plays. */
#include <stdio.h>

#include "config.h"
#include "host_internal.h"
#include "lobby.h"
#include "metrics.h"
#include "net.h"
#include "pacer.h"
#include "paths.h"
#include "registry.h"
#include "untrusted.h"

static int64_t started_unix_ms;

void host_node_init(void) {
    started_unix_ms = loop_unix_ms();
}

static muster_status info_fn(muster_self *self, struct muster_node_info *out) {
    HOST_CHECK_THREAD(self);
    if (!ABI_GIVEN(self, muster_node_info, out)) return MUSTER_INVALID;
    const struct muster_node_info info = {
        .port = net_port(),
        .admin_port = net_admin_port(),
        .has_tls = config_core->tls.cert[0] != '\0',
        .node_id = paths_node_id(),
        .name = config_core->server.name,
        .region = config_core->server.region,
        .version = MUSTER_VERSION,
        .public_url = config_core->net.public_url,
        .started_unix_ms = started_unix_ms,
        .players = session_count(),
        .players_max = config_core->server.max_players,
        .lobbies_waiting = lobby_count_state(MUSTER_LOBBY_WAITING),
        .lobbies_starting = lobby_count_state(MUSTER_LOBBY_STARTING),
        .lobbies_active = lobby_count_state(MUSTER_LOBBY_ACTIVE),
        .lobbies_ending = lobby_count_state(MUSTER_LOBBY_ENDING),
        .lobbies_max = config_core->lobby.max_lobbies,
        .is_draining = lobby_draining(),
        .stretch = pacer_stretch(),
        .ticks_late = (uint64_t)metrics_values[METRIC_TICK_OVERRUNS],
        .ticks_skipped = (uint64_t)metrics_values[METRIC_TICKS_SKIPPED],
        .is_untrusted = untrusted_requested(),
        .is_watching = config_watch(),
    };
    abi_copy_out(out, &info);
    return MUSTER_OK;
}

static muster_status mode_next_fn(muster_self *self, uint32_t *index,
                                  struct muster_node_mode *out) {
    HOST_CHECK_THREAD(self);
    if (!ABI_GIVEN(self, muster_node_mode, out) || !index) return MUSTER_INVALID;
    const struct mode_entry *entry = registry_mode_next(NULL);
    for (uint32_t i = 0; entry && i < *index; i++) entry = registry_mode_next(entry);
    if (!entry) return MUSTER_NOT_FOUND;
    struct muster_node_mode mode = {.players_max = entry->players_max,
                                    .people_max = entry->people_max,
                                    .players_min = entry->players_min,
                                    .team_count = entry->teams.count,
                                    .tick_rate_hz = entry->tick_rate_hz};
    if (!mode.players_min) mode.players_min = config_core->lobby.players_min;
    snprintf(mode.game_mode, sizeof mode.game_mode, "%s", entry->game_mode);
    snprintf(mode.title, sizeof mode.title, "%s", entry->title);
    snprintf(mode.base, sizeof mode.base, "%s", registry_mode_base(entry));
    abi_copy_out(out, &mode);
    ++*index;
    return MUSTER_OK;
}

static const char *team_name_fn(muster_self *self, const char *game_mode, uint32_t team) {
    static const struct registry_teams none;
    if (!host_on_loop(self, __func__)) return "";
    const struct mode_entry *entry = game_mode ? registry_mode(game_mode) : NULL;
    return registry_team_name(entry ? &entry->teams : &none, team);
}

const struct muster_host_node host_node_group = {
    .size = sizeof host_node_group,
    .info = info_fn,
    .mode_next = mode_next_fn,
    .team_name = team_name_fn,
};
