/* kit - the plugin in the testkit: kit PLUGIN.so serve|play. The lines come as from the daemon. */
#include <muster_testkit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"

#define WAIT_MS 60000

struct kit_driver {
    struct testkit *kit;
    muster_self *plugin;
    muster_player_id players[2];
    muster_lobby_id lobby;
    muster_match_id match;
};

/* ---- a match that is played ------------------------------------------------------------------ */

static void lobby_begin(struct kit_driver *d) {
    static const char *const names[] = {"Ann", "Bob"};
    const struct muster_lobby_info info = {.state = MUSTER_LOBBY_STARTING,
                                           .game_mode = "conform",
                                           .region = "eu-central",
                                           .map_name = "plain",
                                           .players_current = 2,
                                           .players_max = 8,
                                           .team_players = {2}};
    testkit_setting_set(d->kit, "conformLimit", "3");
    testkit_setting_set(d->kit, "conformWord", "word");
    d->lobby = testkit_lobby_add(d->kit, info);
    for (uint32_t i = 0; i < 2; i++) {
        char key[16];
        snprintf(key, sizeof key, "player-%u", i);
        d->players[i] = testkit_player_add(d->kit, key, names[i]);
        testkit_member_add(d->kit, d->lobby, d->players[i], i, MUSTER_TEAM_NONE);
    }
}

static void tick(void *user) {
    struct kit_driver *d = user;
    testkit_match_tick(d->kit, d->match);
}

static void scene_begin(void *user) {
    struct kit_driver *d = user;
    lobby_begin(d);
    const struct testkit_match_options options = {.game_mode = "conform",
                                                  .map_name = "plain",
                                                  .seats_max = 8,
                                                  .tick_rate_hz = 20,
                                                  .seed = 7,
                                                  .lobby = d->lobby};
    d->match = testkit_match_create(d->kit, d->plugin, &options);
    struct muster_lobby_info *info = testkit_lobby(d->kit, d->lobby);
    info->match = d->match;
    info->state = MUSTER_LOBBY_ACTIVE;
    (void)testkit_match_join(d->kit, d->match, 0, MUSTER_TEAM_NONE, "Ann");
    (void)testkit_match_join(d->kit, d->match, 1, MUSTER_TEAM_NONE, "Bob");
    tick(d);
}

static void snapshot(void *user) {
    uint8_t bytes[4000];
    struct kit_driver *d = user;
    (void)testkit_match_snapshot(d->kit, d->match, 0, true, bytes, sizeof bytes);
}

static void turn(void *user) {
    testkit_pump(((struct kit_driver *)user)->kit);
}

static void call(void *user) {
    struct kit_driver *d = user;
    (void)testkit_rpc(d->kit, d->players[0], "conform.call", "{}");
}

/* The kit has no chat of players: the rules are asked here. */
static void chat(void *user) {
    struct kit_driver *d = user;
    const struct muster_rules *rules = testkit_role(d->plugin, MUSTER_ROLE_RULES);
    struct muster_refusal refusal = {.size = sizeof refusal};
    const struct muster_action action = {.size = sizeof action,
                                         .kind = MUSTER_ACTION_CHAT,
                                         .lobby = d->lobby,
                                         .player = d->players[0],
                                         .key = "",
                                         .value = "hello",
                                         .refusal = &refusal};
    char reason[MUSTER_REASON_MAX] = "", text[256] = "hello";
    void *instance = testkit_instance(d->plugin);
    (void)rules->allow(instance, NULL, &action, reason, sizeof reason);
    (void)rules->chat(instance, NULL, d->lobby, 0, text, sizeof text);
}

static void scene_end(void *user) {
    struct kit_driver *d = user;
    for (uint32_t i = 0; i < 2; i++) {
        testkit_match_leave(d->kit, d->match, i, MUSTER_LEAVE_QUIT);
        testkit_member_remove(d->kit, d->lobby, d->players[i]);
        testkit_player_remove(d->kit, d->players[i]);
    }
    testkit_lobby(d->kit, d->lobby)->players_current = 0;
    testkit_match_destroy(d->kit, d->match);
    testkit_lobby_remove(d->kit, d->lobby);
    testkit_pump(d->kit);
}

static bool play(struct testkit *kit, muster_self *plugin) {
    static const char *const maps[] = {"plain", "hills"};
    struct kit_driver d = {.kit = kit, .plugin = plugin};
    const struct conform_driver driver = {.user = &d,
                                          .scene_begin = scene_begin,
                                          .tick = tick,
                                          .snapshot = snapshot,
                                          .turn = turn,
                                          .call = call,
                                          .chat = chat,
                                          .scene_end = scene_end};
    if (testkit_start(plugin)) return false;
    testkit_maps_set(kit, maps, 2);
    if (testkit_rules_attach(kit, plugin, 0, NULL)) return false;
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
    testkit_threads(kit, true);
    if (testkit_init(plugin)) return false;
    struct conform *c = testkit_instance(plugin);
    c->over = set_flag;
    c->over_user = &over;
    if (testkit_start(plugin)) return false;
    const struct muster_notice ready = {.size = sizeof ready, .kind = MUSTER_NOTICE_SERVER_READY};
    testkit_notice(kit, &ready);
    bool in_time = testkit_wait(kit, is_set, &over, WAIT_MS);
    bool answered = testkit_http(kit, "GET", "/conform", NULL).status == 204;
    (void)testkit_stop(plugin);
    return in_time && answered;
}

/* The one that stands beside the plugin. */
static bool database_begin(struct testkit *kit, const char *plugin) {
    char path[4096];
    int folder = (int)(strrchr(plugin, '/') - plugin);
    snprintf(path, sizeof path, "%.*s/db_sqlite.so", folder, plugin);
    muster_self *database = testkit_load(kit, path);
    if (!database || testkit_start(database)) return false;
    testkit_db_use(kit, database);
    return true;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    struct testkit *kit = testkit_create();
    testkit_share_dir_set(kit, "/usr/share/muster");
    muster_self *plugin = testkit_load(kit, argv[1]);
    setenv("CONFORM_PART", argv[2], 1);
    bool good =
        plugin && database_begin(kit, argv[1]) && (argv[2][0] == 's' ? serve : play)(kit, plugin);
    if (!good) fprintf(stderr, "kit: %s\n", testkit_error(kit));
    testkit_destroy(kit);
    return good ? 0 : 1;
}
