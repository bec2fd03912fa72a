/* rows_player - host->player. */
#include "conform.h"

static void player_get(struct conform *c) {
    struct muster_player_info info = {.size = sizeof info};
    STATUS(c, "good", c->host->player->get(c->self, c->player, &info));
    TEXT(c, "name", info.display_name);
    NUMBER(c, "connected", info.connected);
    NUMBER(c, "its lobby", MUSTER_ID_SAME(info.lobby, c->lobby));
    NUMBER(c, "seat", info.seat);
    STATUS(c, "none", c->host->player->get(c->self, (muster_player_id){0}, &info));
    STATUS(c, "nobody", c->host->player->get(c->self, NOTHING(muster_player_id), &info));
    info.size = 4;
    STATUS(c, "short", c->host->player->get(c->self, c->player, &info));
}

static void player_find(struct conform *c) {
    muster_player_id id = {0};
    STATUS(c, "good", c->host->player->find(c->self, c->player_key, &id));
    NUMBER(c, "is it", MUSTER_ID_SAME(id, c->player));
    STATUS(c, "nobody", c->host->player->find(c->self, "nobody", &id));
}

static void player_next(struct conform *c) {
    struct muster_player_info info = {.size = sizeof info};
    muster_player_id at = {0};
    uint32_t count = 0;
    for (; !c->host->player->next(c->self, at, &info); at = info.player) count++;
    NUMBER(c, "all", count);
    STATUS(c, "past",
           c->host->player->next(c->self, at.value ? at : NOTHING(muster_player_id), &info));
    info.size = 4;
    STATUS(c, "short", c->host->player->next(c->self, (muster_player_id){0}, &info));
}

static void player_notify(struct conform *c) {
    STATUS(c, "good", c->host->player->notify(c->self, c->player, "conform.note", "{}"));
    STATUS(c, "no JSON", c->host->player->notify(c->self, c->player, "conform.note", "{"));
    STATUS(c, "no object", c->host->player->notify(c->self, c->player, "conform.note", "[]"));
    STATUS(c, "nobody",
           c->host->player->notify(c->self, NOTHING(muster_player_id), "conform.note", "{}"));
}

static void player_kick(struct conform *c) {
    STATUS(c, "nobody", c->host->player->kick(c->self, NOTHING(muster_player_id), "enough"));
    STATUS(c, "good", c->host->player->kick(c->self, c->player, "enough"));
}

static void player_auth_complete(struct conform *c) {
    const struct muster_identity who = {.size = sizeof who};
    if (c->auth.value) {
        STATUS(c, "good", c->host->player->auth_complete(c->self, c->auth, MUSTER_REJECT, &who));
        STATUS(c, "again", c->host->player->auth_complete(c->self, c->auth, MUSTER_REJECT, &who));
    }
    STATUS(
        c, "none",
        c->host->player->auth_complete(c->self, (muster_auth_ticket_id){0}, MUSTER_ACCEPT, &who));
    STATUS(c, "nobody's",
           c->host->player->auth_complete(c->self, NOTHING(muster_auth_ticket_id), MUSTER_REJECT,
                                          NULL));
}

static void player_try_take(struct conform *c) {
    const struct muster_host_player *player = c->host->player;
    uint32_t wait_ms = 0;
    char name[48];
    snprintf(name, sizeof name, "try %.40s", c->place);
    STATUS(c, "good", player->try_take(c->self, c->player, name, 1, 1, &wait_ms));
    STATUS(c, "no place", player->try_take(c->self, c->player, "other", 9, 9, NULL));
    STATUS(c, "no name", player->try_take(c->self, c->player, NULL, 1, 1, &wait_ms));
    STATUS(c, "long name", player->try_take(c->self, c->player, LONG_TEXT, 1, 1, &wait_ms));
    STATUS(c, "none of its own", player->try_take(c->self, c->player, "x", 0, 1, &wait_ms));
    STATUS(c, "none of the address", player->try_take(c->self, c->player, "x", 1, 0, &wait_ms));
    STATUS(c, "nobody", player->try_take(c->self, NOTHING(muster_player_id), "x", 1, 1, &wait_ms));
}

const struct conform_row player_rows[] = {
    ROW(player, get),  ROW(player, find),          ROW(player, next),     ROW(player, notify),
    ROW(player, kick), ROW(player, auth_complete), ROW(player, try_take),
};
ROWS_COMPLETE(player, player_rows);
