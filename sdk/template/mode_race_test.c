/* mode_race_test - a race of two, saved and loaded on the way. */
#include "need.h"

#include <muster_testkit.h>

static uint32_t steps(struct testkit *kit, muster_match_id match, uint32_t seat) {
    uint8_t frame[64];
    uint32_t len = testkit_match_snapshot(kit, match, 0, true, frame, sizeof frame);
    struct muster_reader in = muster_reader_make(frame, len);
    for (uint32_t i = 0; i < seat; i++) muster_get_u32(&in);
    return muster_get_u32(&in);
}

static void push(struct testkit *kit, muster_match_id match, uint32_t seat, int8_t move_x) {
    const struct muster_input input = {.move_x = move_x};
    testkit_match_input(kit, match, seat, &input);
}

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));
    need(testkit_setting_set(kit, "modeRaceLength", "1"), testkit_error(kit));

    const struct testkit_match_options options = {.game_mode = "race", .seats_max = 2};
    muster_match_id match = testkit_match_create(kit, plugin, &options);
    need(match.value, testkit_error(kit));
    need(testkit_match_join(kit, match, 0, MUSTER_TEAM_NONE, "Ann") == MUSTER_OK, "no Ann");
    need(testkit_match_join(kit, match, 1, MUSTER_TEAM_NONE, "Bob") == MUSTER_OK, "no Bob");
    push(kit, match, 0, 127);
    push(kit, match, 1, -127);
    for (int i = 0; i < 7; i++) testkit_match_tick(kit, match);
    need(steps(kit, match, 0) == 7 * 127 && steps(kit, match, 1) == 0, "they run otherwise");

    uint8_t saved[4096];
    uint32_t len = testkit_match_save(kit, match, saved, sizeof saved);
    need(len && testkit_match_load(kit, match, saved, len) == MUSTER_OK, "it is not taken up");
    need(!testkit_match_ended(kit, match), "it ended before the goal");
    testkit_match_tick(kit, match);
    need(testkit_match_ended(kit, match), "it goes on behind the goal");
    need(testkit_match_seat(kit, match, 0)->score == 1, "the metre does not count");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
