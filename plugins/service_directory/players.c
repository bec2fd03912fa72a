/* players - where the directory has sent whom: a player has one session in all of the network, and
 * the newer one wins. Memory alone; who has not been sent anywhere for the longest is forgotten. */
#include <stdio.h>
#include <stdlib.h>

#include "service_directory.h"

#define PLAYERS_MAX 262144
#define ASKS_PER_MINUTE 30

struct player {
    UT_hash_handle hh; /* by id, in the order in which they asked */
    char id[MUSTER_PLAYER_KEY_MAX];
    struct server *server; /* null: nowhere yet */
    uint32_t issue;        /* of the ticket for it */
    struct bucket asked;
};

static void drop(struct directory *directory, struct player *player) {
    HASH_DEL(directory->players, player);
    free(player);
}

/* Null: out of memory. */
static struct player *player_of(struct directory *directory, const char *id) {
    struct player *player = NULL;
    HASH_FIND_STR(directory->players, id, player);
    if (player) HASH_DEL(directory->players, player);
    if (!player) player = calloc(1, sizeof *player);
    if (!player) return NULL;
    if (!player->id[0]) snprintf(player->id, sizeof player->id, "%s", id);
    if (HASH_COUNT(directory->players) >= PLAYERS_MAX) drop(directory, directory->players);
    HASH_ADD_STR(directory->players, id, player);
    return player;
}

bool players_may_ask(struct directory *directory, const char *id, muster_request_id request) {
    uint64_t now_ms = directory->host->loop->now_ms(directory->self);
    struct player *player = player_of(directory, id);
    if (!player)
        refuse(directory, request, 503, "unavailable", "out of memory");
    else if (bucket_take(&player->asked, ASKS_PER_MINUTE, now_ms))
        return true;
    else
        refuse_limit(directory, request, &player->asked, ASKS_PER_MINUTE);
    return false;
}

void players_sent(struct directory *directory, const char *id, struct server *server,
                  uint32_t issue) {
    struct player *player = player_of(directory, id);
    if (!player) return;
    struct server *before = player->server;
    uint32_t issue_before = player->issue;
    player->server = server;
    player->issue = issue;
    if (!before || before == server) return;
    orders_tell(directory, before,
                json_pack("{s:s,s:s,s:I}", "kind", "end", "playerId", id, "issue",
                          (json_int_t)issue_before));
}

void players_forget(struct directory *directory, const struct server *server) {
    struct player *player, *next;
    HASH_ITER(hh, directory->players, player, next) {
        if (player->server == server) player->server = NULL;
    }
}

void players_clear(struct directory *directory) {
    while (directory->players) drop(directory, directory->players);
}
