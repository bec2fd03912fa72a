/* mode_nim_test - a game of two, with what strangers send in between. */
#include "need.h"

#include <muster_testkit.h>

struct game {
    struct testkit *kit;
    muster_self *plugin;
    muster_match_id match;
};

/* A message as the server hands it on, in the match's step. */
static void take(struct game *game, uint32_t seat, uint8_t count, uint32_t len) {
    const struct muster_mode *mode = testkit_role(game->plugin, MUSTER_ROLE_MODE);
    const uint8_t data[] = {count, 0};
    testkit_match_steer(game->kit, game->match, true);
    mode->message(testkit_instance(game->plugin), testkit_match_state(game->kit, game->match), seat,
                  data, len);
    testkit_match_steer(game->kit, game->match, false);
    testkit_match_tick(game->kit, game->match);
}

static uint32_t heap(struct game *game) {
    uint8_t frame[64];
    uint32_t len = testkit_match_snapshot(game->kit, game->match, 0, true, frame, sizeof frame);
    struct muster_reader in = muster_reader_make(frame, len);
    return muster_get_u32(&in);
}

int main(int argc, char **argv) {
    struct game game = {.kit = testkit_create()};
    game.plugin = argc == 2 ? testkit_load(game.kit, argv[1]) : NULL;
    need(game.plugin, testkit_error(game.kit));
    need(testkit_start(game.plugin) == MUSTER_OK, testkit_error(game.kit));
    need(testkit_setting_set(game.kit, "modeNimHeap", "7"), testkit_error(game.kit));
    need(testkit_setting_set(game.kit, "modeNimTurnTime", "5"), testkit_error(game.kit));

    const struct testkit_match_options options = {.game_mode = "nim", .seats_max = 2};
    game.match = testkit_match_create(game.kit, game.plugin, &options);
    need(game.match.value, testkit_error(game.kit));
    for (uint32_t seat = 0; seat < 2; seat++)
        need(testkit_match_join(game.kit, game.match, seat, MUSTER_TEAM_NONE, "Ann") == MUSTER_OK,
             "there is no seat");
    take(&game, 1, 1, 1); /* not its turn */
    take(&game, 0, 4, 1);
    take(&game, 0, 0, 1);
    take(&game, 0, 1, 2);
    need(heap(&game) == 7, "what is no turn counts");
    take(&game, 0, 3, 1);
    need(heap(&game) == 4, "a turn does not count");
    for (int i = 0; i < 5 * 4; i++) testkit_match_tick(game.kit, game.match);
    need(heap(&game) == 3, "the time for a turn does not end");
    take(&game, 0, 3, 1);
    need(testkit_match_ended(game.kit, game.match), "the last one was taken, and it goes on");

    need(testkit_stop(game.plugin) == 0, "something was left open");
    need(testkit_faults(game.kit) == 0, "it made a mistake");
    testkit_destroy(game.kit);
    return 0;
}
