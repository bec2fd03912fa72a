/* victory_points_test - without a server: victory_points_test victory_points.so */
#include "need.h"

#include <muster_testkit.h>

/* What a mode does when somebody scores. */
static void score(struct testkit *kit, muster_self *plugin, muster_match_id match, int32_t points) {
    testkit_match_steer(kit, match, true);
    need(testkit_host(kit)->match->team_score_add(plugin, match, MUSTER_TEAM_RED, points) ==
             MUSTER_OK,
         "the points do not count");
    testkit_match_steer(kit, match, false);
    testkit_match_tick(kit, match);
}

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_config_set(plugin, "pointsDefault", "3"), testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));

    const struct testkit_match_options options = {.seats_max = 2};
    muster_match_id match = testkit_match_create(kit, NULL, &options);
    score(kit, plugin, match, 2);
    need(!testkit_match_ended(kit, match), "it ended with 2 of 3 points");
    score(kit, plugin, match, 1);
    need(testkit_match_ended(kit, match), "it did not end with 3 of 3 points");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
