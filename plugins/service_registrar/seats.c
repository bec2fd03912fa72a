/* seats - a seat for a player whom the directory sends: in the lobby that it names, else in the
 * fullest of the mode that takes more, else in a new one. Those who come at once share a new one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "service_registrar.h"

#define TRIES_MAX 8 /* lobbies that are asked before a new one is made */

struct reservation {
    struct reservation *prev, *next;
    struct registrar *registrar;
    json_int_t order;
    char player_id[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
    char game_mode[MUSTER_NAME_MAX];
    char lobby_id[MUSTER_PLAYER_KEY_MAX]; /* "": any of the mode */
    uint32_t issue;
    uint32_t hold_ms;
    bool is_making;  /* a lobby; others of the same mode wait for it */
    bool is_leaving; /* the player gives up another seat here */
};

static void seek(struct reservation *wish);

static void forget(struct reservation *wish) {
    DL_DELETE(wish->registrar->reservations, wish);
    free(wish);
}

static void refuse(struct reservation *wish, const char *why) {
    orders_refuse(wish->registrar, wish->order, why);
    forget(wish);
}

/* ---- one lobby ------------------------------------------------------------------------------- */

/* OK: it is answered, and gone. */
static muster_status take_seat(struct reservation *wish, muster_lobby_id id, char why[WHY_MAX]) {
    struct registrar *registrar = wish->registrar;
    const struct muster_host_lobby *host = registrar->host->lobby;
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    struct muster_seat_ticket ticket = {.size = sizeof ticket};
    const struct muster_seat_wish seat = {.size = sizeof seat,
                                          .player_key = wish->player_id,
                                          .display_name = wish->display_name,
                                          .hold_ms = wish->hold_ms,
                                          .ticket_issue = wish->issue};
    muster_status status = host->seat_reserve(registrar->self, id, &seat, &ticket, why, WHY_MAX);
    if (!status) status = host->get(registrar->self, id, &lobby);
    if (status) return status;
    orders_done(registrar, wish->order,
                json_pack("{s:s,s:I,s:i}", "lobbyId", lobby.lobby_key, "epoch",
                          (json_int_t)lobby.epoch, "seat", (int)ticket.seat));
    forget(wish);
    return MUSTER_OK;
}

static void take_named(struct reservation *wish) {
    struct registrar *registrar = wish->registrar;
    char why[WHY_MAX] = "there is no such lobby";
    muster_lobby_id id;
    if (registrar->host->lobby->find(registrar->self, wish->lobby_id, &id) ||
        take_seat(wish, id, why))
        refuse(wish, why[0] ? why : "no seat there");
}

/* ---- any lobby ------------------------------------------------------------------------------- */

static bool takes_more(const struct muster_lobby_info *lobby, const char *game_mode) {
    bool is_joined = lobby->state == MUSTER_LOBBY_WAITING ||
                     lobby->state == MUSTER_LOBBY_STARTING || lobby->state == MUSTER_LOBBY_ACTIVE;
    return is_joined && !lobby->is_unmatched && lobby->players_current < lobby->players_max &&
           strcmp(lobby->game_mode, game_mode) == 0;
}

/* Before the match rather than in it, and where more play. */
static bool is_better(const struct muster_lobby_info *lobby, const struct muster_lobby_info *best) {
    bool is_early = lobby->state != MUSTER_LOBBY_ACTIVE;
    if (!best->lobby.value) return true;
    if (is_early != (best->state != MUSTER_LOBBY_ACTIVE)) return is_early;
    return lobby->players_current > best->players_current;
}

static bool has_tried(const muster_lobby_id *tried, uint32_t count, muster_lobby_id id) {
    for (uint32_t i = 0; i < count; i++)
        if (MUSTER_ID_SAME(tried[i], id)) return true;
    return false;
}

/* The id is 0: there is none. */
static muster_lobby_id find_lobby(const struct reservation *wish, const muster_lobby_id *tried,
                                  uint32_t tried_count) {
    const struct registrar *registrar = wish->registrar;
    struct muster_lobby_info lobby = {.size = sizeof lobby}, best = {.size = sizeof best};
    while (registrar->host->lobby->next(registrar->self, lobby.lobby, &lobby) == MUSTER_OK)
        if (takes_more(&lobby, wish->game_mode) && !has_tried(tried, tried_count, lobby.lobby) &&
            is_better(&lobby, &best))
            best = lobby;
    return best.lobby;
}

/* ---- a new lobby ----------------------------------------------------------------------------- */

static void wake(struct registrar *registrar, const char *game_mode) {
    struct reservation *wish, *next;
    DL_FOREACH_SAFE(registrar->reservations, wish, next)
    if (!wish->is_making && !wish->is_leaving && strcmp(wish->game_mode, game_mode) == 0)
        seek(wish);
}

static void made(void *user, muster_status status, muster_lobby_id lobby, const char *reason) {
    struct reservation *wish = user;
    struct registrar *registrar = wish->registrar;
    char game_mode[MUSTER_NAME_MAX], why[WHY_MAX];
    snprintf(game_mode, sizeof game_mode, "%s", wish->game_mode);
    snprintf(why, sizeof why, "%s", reason);
    if (!status && (status = take_seat(wish, lobby, why)))
        (void)registrar->host->lobby->close(registrar->self, lobby, "nobody has a seat");
    if (status) refuse(wish, why[0] ? why : muster_status_text(status));
    if (!registrar->is_stopping) wake(registrar, game_mode);
}

static bool is_made(const struct registrar *registrar, const char *game_mode) {
    const struct reservation *wish;
    DL_FOREACH(registrar->reservations, wish)
    if (wish->is_making && strcmp(wish->game_mode, game_mode) == 0) return true;
    return false;
}

static void make_lobby(struct reservation *wish) {
    struct registrar *registrar = wish->registrar;
    const struct muster_lobby_plan plan = {.size = sizeof plan, .game_mode = wish->game_mode};
    if (is_made(registrar, wish->game_mode)) return; /* its turn comes with that one */
    wish->is_making = true;
    muster_status status = registrar->host->lobby->create(registrar->self, &plan, made, wish);
    if (status) refuse(wish, muster_status_text(status));
}

/* ---- the order ------------------------------------------------------------------------------- */

/* The wish is answered, or waits for a lobby. */
static void seek(struct reservation *wish) {
    muster_lobby_id tried[TRIES_MAX], id;
    uint32_t count = 0;
    char why[WHY_MAX] = "";
    while (count < TRIES_MAX && (id = find_lobby(wish, tried, count)).value) {
        muster_status status = take_seat(wish, id, why);
        if (status == MUSTER_OK) return;
        if (status == MUSTER_LIMIT || status == MUSTER_CONFLICT || status == MUSTER_INVALID) {
            refuse(wish, why[0] ? why : muster_status_text(status));
            return;
        }
        tried[count++] = id;
    }
    make_lobby(wish);
}

static void place(struct reservation *wish) {
    if (wish->lobby_id[0])
        take_named(wish);
    else
        seek(wish);
}

static void has_left(void *user) {
    struct reservation *wish = user;
    wish->is_leaving = false;
    if (wish->registrar->is_stopping)
        forget(wish);
    else
        place(wish);
}

/* Where the player sits already, if that will do; else that seat is given up first. False: the
 * player sits nowhere. */
static bool is_here(struct reservation *wish) {
    struct registrar *registrar = wish->registrar;
    struct muster_player_info player = {.size = sizeof player};
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    char why[WHY_MAX];
    if (registrar->host->player->find(registrar->self, wish->player_id, &player.player) ||
        registrar->host->player->get(registrar->self, player.player, &player) ||
        registrar->host->lobby->get(registrar->self, player.lobby, &lobby))
        return false;
    bool is_meant = wish->lobby_id[0] ? strcmp(lobby.lobby_key, wish->lobby_id) == 0
                                      : strcmp(lobby.game_mode, wish->game_mode) == 0;
    if (is_meant && take_seat(wish, player.lobby, why) == MUSTER_OK) return true;
    if (registrar->host->lobby->remove(registrar->self, player.lobby, player.player,
                                       MUSTER_LEAVE_QUIT, "you play in another lobby"))
        return false;
    wish->is_leaving = registrar->host->loop->post(registrar->self, has_left, wish) == MUSTER_OK;
    return wish->is_leaving;
}

static bool read_wish(const json_t *said, struct reservation *out) {
    const char *player_id, *display_name, *game_mode, *lobby_id = "";
    json_int_t issue, hold_ms;
    if (json_unpack((json_t *)said, "{s:s,s:s,s:s,s?s,s:I,s:I}", "playerId", &player_id,
                    "displayName", &display_name, "gameMode", &game_mode, "lobbyId", &lobby_id,
                    "issue", &issue, "holdMs", &hold_ms) != 0 ||
        strlen(player_id) >= sizeof out->player_id ||
        strlen(display_name) >= sizeof out->display_name ||
        strlen(game_mode) >= sizeof out->game_mode || strlen(lobby_id) >= sizeof out->lobby_id ||
        issue <= 0 || issue > UINT32_MAX || hold_ms <= 0 || hold_ms > UINT32_MAX)
        return false;
    snprintf(out->player_id, sizeof out->player_id, "%s", player_id);
    snprintf(out->display_name, sizeof out->display_name, "%s", display_name);
    snprintf(out->game_mode, sizeof out->game_mode, "%s", game_mode);
    snprintf(out->lobby_id, sizeof out->lobby_id, "%s", lobby_id);
    out->issue = (uint32_t)issue;
    out->hold_ms = (uint32_t)hold_ms;
    return true;
}

void seats_reserve(struct registrar *registrar, json_int_t order, const json_t *said) {
    struct reservation *wish = calloc(1, sizeof *wish);
    if (!wish || !read_wish(said, wish)) {
        free(wish);
        orders_refuse(registrar, order, "no order that is known");
        return;
    }
    wish->registrar = registrar;
    wish->order = order;
    DL_APPEND(registrar->reservations, wish);
    if (!is_here(wish)) place(wish);
}

void seats_stop(struct registrar *registrar) {
    struct reservation *wish, *next;
    DL_FOREACH_SAFE(registrar->reservations, wish, next)
    if (!wish->is_making && !wish->is_leaving) forget(wish); /* those are told an end */
}
