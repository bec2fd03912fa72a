/* What this node is and plays. Strangers ask for it, so its text is made once and kept until a
 * mode, a setting or the configuration changes. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lobby.h"
#include "methods.h"
#include "paths.h"
#include "registry.h"

static struct {
    char *full;
    char *brief; /* without settings schemas */
    uint32_t full_len;
    uint32_t brief_len;
    uint32_t version; /* of the registry */
} kept;

static json_t *mode_json(const struct mode_entry *mode, bool brief) {
    json_t *maps = json_array();
    for (uint32_t i = 0; i < mode->map_count; i++)
        json_array_append_new(maps, json_string(mode->maps[i]));
    json_t *teams = json_array();
    for (uint32_t i = 0; i < mode->teams.count; i++)
        json_array_append_new(teams, json_string(mode->teams.team[i].name));
    json_t *json = json_pack("{s:s,s:s,s:o,s:o,s:i,s:i}", "name", mode->game_mode, "title",
                             mode->title, "maps", maps, "teams", teams, "maxPlayers",
                             (int)mode->players_max, "tickRate", (int)mode->tick_rate_hz);
    if (!brief) json_object_set_new(json, "settingsSchema", lobby_settings_schema(mode->game_mode));
    return json;
}

static char *make(bool brief, uint32_t *len) {
    json_t *modes = json_array();
    for (const struct mode_entry *m = registry_mode_next(NULL); m; m = registry_mode_next(m))
        json_array_append_new(modes, mode_json(m, brief));
    json_t *regions = json_array();
    for (uint32_t i = 0; i < config_core->server.regions.count; i++)
        json_array_append_new(regions, json_string(config_core->server.regions.items[i]));
    json_t *info =
        json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:s}", "name", config_core->server.name, "version",
                  MUSTER_VERSION, "nodeId", paths_node_id(), "region", config_core->server.region,
                  "regions", regions, "gameModes", modes, "protocol", "muster.v1");
    char *text = rpc_dump(info, len);
    json_decref(info);
    return text;
}

void methods_info_forget(void) {
    free(kept.full);
    free(kept.brief);
    memset(&kept, 0, sizeof kept);
}

const char *methods_info(bool brief, uint32_t *len) {
    if (kept.version != registry_version()) methods_info_forget();
    kept.version = registry_version();
    if (brief && !kept.brief) kept.brief = make(true, &kept.brief_len);
    if (!brief && !kept.full) kept.full = make(false, &kept.full_len);
    *len = brief ? kept.brief_len : kept.full_len;
    return brief ? kept.brief : kept.full;
}
