/* kit - the plugin in the testkit: kit PLUGIN.so serve|play|store. The lines come as from the
 * daemon. */
#include <jansson.h>
#include <muster_testkit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"

#define WAIT_MS 60000

struct kit_driver {
    struct testkit *kit;
    muster_self *plugin;
    muster_player_id players[3];
    muster_lobby_id lobby;
};

/* ---- a match that is played ------------------------------------------------------------------ */

/* What the daemon's driver does by the engine: players ask, and time passes. */
static void request(struct kit_driver *d, uint32_t player, const char *method, json_t *params,
                    json_t **result) {
    char *text = json_dumps(params, JSON_COMPACT);
    struct testkit_rpc answer = testkit_rpc(d->kit, d->players[player], method, text);
    free(text);
    json_decref(params);
    bool is_good = answer.answered && !answer.code[0];
    const struct conform *c = testkit_instance(d->plugin);
    if (!is_good && c->wanted) { /* else a place did what forbids it */
        fprintf(stderr, "kit: %s: %s %s\n", method, answer.code, answer.text);
        exit(1);
    }
    if (result) *result = is_good ? json_loads(answer.text, 0, NULL) : NULL;
    testkit_pump(d->kit);
}

static void enter(struct kit_driver *d, uint32_t player, const char *method, json_t *params) {
    json_t *reservation = NULL;
    request(d, player, method, params, &reservation);
    json_t *ticket = json_object_get(reservation, "seatTicket");
    request(d, player, "lobby.enter", json_pack("{s:O*}", "seatTicket", ticket), NULL);
    json_decref(reservation);
}

/* 0: none runs, or the lobby is gone. */
static muster_match_id match_of(const struct kit_driver *d) {
    const struct muster_lobby_info *lobby = testkit_lobby(d->kit, d->lobby);
    return lobby ? lobby->match : (muster_match_id){0};
}

static void scene_begin(void *user) {
    struct kit_driver *d = user;
    d->players[0] = testkit_player_add(d->kit, "engine:1", "Ann");
    d->players[1] = testkit_player_add(d->kit, "engine:2", "Bob");
    enter(d, 0, "lobby.create",
          json_pack("{s:s,s:{s:b}}", "gameMode", "conform", "settings", "conformOpen", 1));
    const struct muster_player_info *ann = testkit_player(d->kit, d->players[0]);
    d->lobby = ann ? ann->lobby : (muster_lobby_id){0};
    const struct muster_lobby_info *lobby = testkit_lobby(d->kit, d->lobby);
    enter(d, 1, "lobby.join", json_pack("{s:s}", "lobbyId", lobby ? lobby->lobby_key : ""));
    for (int i = 0; i < 100 && !match_of(d).value; i++) testkit_advance(d->kit, 50);
    testkit_advance(d->kit, 50);
}

static void tick(void *user) {
    testkit_advance(((struct kit_driver *)user)->kit, 50);
}

static void snapshot(void *user) {
    uint8_t bytes[4000];
    struct kit_driver *d = user;
    (void)testkit_match_snapshot(d->kit, match_of(d), 0, true, bytes, sizeof bytes);
}

static void call(void *user) {
    request(user, 0, "conform.call", json_object(), NULL);
}

static void chat(void *user) {
    request(user, 0, "lobby.chat", json_pack("{s:s}", "text", "hello"), NULL);
}

static void input(void *user) {
    struct kit_driver *d = user;
    const struct muster_input forward = {.sequence = 1, .move_y = 127};
    testkit_player_input(d->kit, d->players[0], &forward);
    tick(d);
}

static void message(void *user) {
    struct kit_driver *d = user;
    testkit_match_message(d->kit, match_of(d), 0, "x", 1);
}

static void disconnect(void *user) {
    struct kit_driver *d = user;
    testkit_match_connection(d->kit, match_of(d), 1, false);
}

static void save(void *user) {
    struct kit_driver *d = user;
    (void)testkit_lobby_reincarnate(d->kit, d->lobby);
}

static void queue(void *user) {
    struct kit_driver *d = user;
    d->players[2] = testkit_player_add(d->kit, "engine:3", "Cid");
    request(d, 2, "match.find", json_pack("{s:s}", "gameMode", "conform"), NULL);
    testkit_advance(d->kit, 500);
    request(d, 1, "lobby.leave", json_object(), NULL);
    testkit_advance(d->kit, 500);
    testkit_player_remove(d->kit, d->players[2]);
}

static void scene_end(void *user) {
    struct kit_driver *d = user;
    for (uint32_t i = 0; i < 2; i++) testkit_player_remove(d->kit, d->players[i]);
    testkit_lobby_remove(d->kit, d->lobby);
    testkit_advance(d->kit, 5000);
}

static bool play(struct testkit *kit, muster_self *plugin) {
    struct kit_driver d = {.kit = kit, .plugin = plugin};
    const struct conform_driver driver = {.user = &d,
                                          .scene_begin = scene_begin,
                                          .tick = tick,
                                          .snapshot = snapshot,
                                          .turn = tick,
                                          .call = call,
                                          .chat = chat,
                                          .input = input,
                                          .save = save,
                                          .queue = queue,
                                          .message = message,
                                          .disconnect = disconnect,
                                          .scene_end = scene_end};
    if (testkit_start(plugin)) return false;
    struct conform *c = testkit_instance(plugin);
    c->play(c, &driver);
    (void)testkit_stop(plugin);
    return true;
}

/* ---- a server that serves -------------------------------------------------------------------- */

static void set_flag(void *user) {
    *(bool *)user = true;
}

static bool is_set(void *user) {
    return *(bool *)user;
}

static bool serve(struct testkit *kit, muster_self *plugin) {
    bool over = false;
    if (testkit_init(plugin)) return false;
    struct conform *c = testkit_instance(plugin);
    c->over = set_flag;
    c->over_user = &over;
    if (testkit_start(plugin)) return false;
    const struct muster_notice ready = {.size = sizeof ready, .kind = MUSTER_NOTICE_SERVER_READY};
    testkit_notice(kit, &ready);
    bool in_time = testkit_wait(kit, is_set, &over, WAIT_MS);
    struct muster_identity who;
    bool refused = testkit_authenticate(plugin, "a token", &who) == MUSTER_REJECT;
    bool answered = testkit_http(kit, "GET", "/conform", NULL).status == 204;
    (void)testkit_stop(plugin);
    return in_time && refused && answered;
}

/* One that stands beside the plugin. */
static bool begin_beside(struct testkit *kit, const char *plugin, const char *name) {
    char path[4096];
    int folder = (int)(strrchr(plugin, '/') - plugin);
    snprintf(path, sizeof path, "%.*s/%s.so", folder, plugin, name);
    muster_self *other = testkit_load(kit, path);
    return other && testkit_start(other) == MUSTER_OK;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    setenv("MUSTER_LOBBY_COUNTDOWN_MS", "500", 1); /* as config.json */
    setenv("MUSTER_LOBBY_SCOREBOARD_MS", "1000", 1);
    setenv("MUSTER_LOBBY_PLAYERS_MIN", "1", 1);
    struct testkit *kit = testkit_create();
    testkit_share_dir_set(kit, "/usr/share/muster");
    muster_self *plugin = testkit_load(kit, argv[1]);
    setenv("CONFORM_PART", argv[2], 1);
    bool stores = strcmp(argv[2], "store") == 0; /* it is both itself */
    bool is_served = plugin && (stores || (begin_beside(kit, argv[1], "db_sqlite") &&
                                           begin_beside(kit, argv[1], "kv_memory")));
    bool good = is_served && (strcmp(argv[2], "serve") == 0 ? serve : play)(kit, plugin);
    if (!good) fprintf(stderr, "kit: %s\n", testkit_error(kit));
    testkit_destroy(kit);
    return good ? 0 : 1;
}
