/* orders - what the directory asks of this node over the link: each is answered once. */
#include <stdlib.h>
#include <string.h>

#include "service_registrar.h"

/* more: taken, or null. */
static void answer(struct registrar *registrar, json_int_t order, const char *status,
                   json_t *more) {
    json_t *json = json_pack("{s:s,s:I,s:s}", "type", "done", "order", order, "status", status);
    if (json) json_object_update(json, more);
    json_decref(more);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text) /* a link that is gone: the directory asks no more */
        (void)registrar->host->ws->send(registrar->self, registrar->link, 0,
                                        (struct muster_bytes){text, strlen(text)});
    free(text);
}

void orders_done(struct registrar *registrar, json_int_t order, json_t *more) {
    answer(registrar, order, "ok", more);
}

void orders_refuse(struct registrar *registrar, json_int_t order, const char *why) {
    answer(registrar, order, "refused", json_pack("{s:s}", "reason", why));
}

static void end_session(struct registrar *registrar, json_int_t order, const json_t *said) {
    const char *player_id = json_string_value(json_object_get(said, "playerId"));
    json_int_t issue = json_integer_value(json_object_get(said, "issue"));
    muster_player_id player;
    if (issue > 0 && issue <= UINT32_MAX) sign_in_void(registrar, (uint32_t)issue);
    if (player_id &&
        registrar->host->player->find(registrar->self, player_id, &player) == MUSTER_OK)
        (void)registrar->host->player->kick(registrar->self, player, "you play on another server");
    orders_done(registrar, order, NULL);
}

static const struct {
    const char *kind;
    void (*fn)(struct registrar *registrar, json_int_t order, const json_t *said);
} kinds[] = {{"reserve", seats_reserve}, {"end", end_session}};

void orders_take(struct registrar *registrar, const json_t *said) {
    const char *kind = json_string_value(json_object_get(said, "kind"));
    json_int_t order = json_integer_value(json_object_get(said, "order"));
    for (size_t i = 0; kind && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) != 0) continue;
        kinds[i].fn(registrar, order, said);
        return;
    }
    answer(registrar, order, "unsupported", NULL);
}
