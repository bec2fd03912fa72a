#include "players/players.h"

#include <string.h>

/* Append only: a step that was released is never changed. */
static const char *const steps[] = {
    "CREATE TABLE IF NOT EXISTS players " PLAYERS_COLUMNS,
};

muster_status players_migrate(muster_self *self, const struct muster_host *host,
                              const char *database) {
    return host->db->migrate(self, database, "players", steps, sizeof steps / sizeof steps[0], NULL,
                             NULL, NULL);
}

static void fill(struct muster_db_value values[PLAYERS_VALUES], const char *player_key,
                 const char *display_name, const char *region, int64_t unix_ms) {
    values[0] = muster_db_text(player_key);
    values[1] = muster_db_text(display_name);
    values[2] = muster_db_text(region);
    values[3] = muster_db_integer(unix_ms);
}

struct muster_db_statement players_seen(struct muster_db_value values[PLAYERS_VALUES],
                                        const struct muster_player_info *player, int64_t unix_ms) {
    fill(values, player->player_key, player->display_name, player->region, unix_ms);
    return (struct muster_db_statement){
        "INSERT INTO players (player_id, display_name, region, created_at, last_login)"
        " VALUES ($1, $2, $3, $4, $4) ON CONFLICT (player_id) DO UPDATE SET last_login = $4,"
        " display_name = $2, region = $3",
        values, PLAYERS_VALUES, 0};
}

struct muster_db_statement players_known(struct muster_db_value values[PLAYERS_VALUES],
                                         const char *player_key, const char *display_name,
                                         int64_t unix_ms) {
    fill(values, player_key, display_name, "", unix_ms);
    return (struct muster_db_statement){
        "INSERT INTO players (player_id, display_name, region, created_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (player_id) DO NOTHING",
        values, PLAYERS_VALUES, 0};
}
