/* write - reports as the directory wants them, each with the key that it is counted under once: the
 * match of a result, a digest of a suspicion, a number for who comes and goes. */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reporter_central.h"

#define DIGEST_BYTES 24

static char *text_of(json_t *json) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

char *write_result(const struct muster_report *report, char *key) {
    json_t *result = json_loadb(report->json.data, report->json.len, JSON_REJECT_DUPLICATES, NULL);
    const char *match = json_string_value(json_object_get(result, "matchId"));
    if (!match || strlen(match) >= KEY_MAX) {
        json_decref(result);
        return NULL;
    }
    snprintf(key, KEY_MAX, "%s", match);
    return text_of(json_pack("{s:s,s:s,s:o}", "key", key, "type", "result", "result", result));
}

char *write_suspicion(const struct muster_report *report, char *key) {
    uint8_t digest[DIGEST_BYTES];
    json_t *suspicion =
        json_loadb(report->json.data, report->json.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(suspicion)) {
        json_decref(suspicion);
        return NULL;
    }
    crypto_generichash(digest, sizeof digest, report->json.data, report->json.len, NULL, 0);
    sodium_bin2hex(key, KEY_MAX, digest, sizeof digest);
    json_object_set_new(suspicion, "id", json_string(key));
    return text_of(suspicion);
}

char *write_activity(struct reporter *reporter, const struct muster_notice *notice, char *key) {
    struct muster_player_info player = {.size = sizeof player};
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    int64_t now_ms = reporter->host->loop->unix_ms(reporter->self);
    if (reporter->host->player->get(reporter->self, notice->player, &player) != MUSTER_OK ||
        reporter->host->lobby->get(reporter->self, notice->lobby, &lobby) != MUSTER_OK)
        return NULL;
    /* Keys of one millisecond sort as they were made. */
    snprintf(key, KEY_MAX, "%08x-%016llx", reporter->key_count++,
             (unsigned long long)reporter->key_prefix);
    return text_of(json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "key", key, "type",
                             notice->kind == MUSTER_NOTICE_SEAT_TAKEN ? "join" : "leave",
                             "playerId", player.player_key, "lobbyId", lobby.lobby_key, "gameMode",
                             lobby.game_mode, "at", (json_int_t)now_ms));
}
