/* anticheat_presses_test - who is named, and when, seen by a reporter of the test's own. */
#include "need.h"

#include <muster_testkit.h>

static uint32_t suspicions;

static muster_verdict deliver(void *instance, const struct muster_report *report) {
    (void)instance;
    suspicions += report->kind == MUSTER_REPORT_SUSPICION;
    return MUSTER_ACCEPT;
}

static const struct muster_reporter reporter = {.size = sizeof reporter, .deliver = deliver};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_REPORTER, .vtable = &reporter}};
MUSTER_PLUGIN(.name = "reporter_of_the_test", .version = "1.0.0", .description = "Counts.",
              .roles = roles, .role_count = 1);

static void press(struct testkit *kit, muster_match_id match, int times) {
    const struct muster_input input = {.held = 1, .pressed = 1};
    for (int i = 0; i < times; i++) testkit_match_input(kit, match, 0, &input);
    testkit_match_tick(kit, match);
    testkit_advance(kit, 1000);
}

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *witness = testkit_add(kit, &muster_plugin_descriptor);
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_config_set(plugin, "pressesMax", "10"), testkit_error(kit));
    need(testkit_start(witness) == MUSTER_OK, testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));

    const struct testkit_match_options options = {.seats_max = 2, .tick_rate_hz = 2};
    muster_match_id match = testkit_match_create(kit, NULL, &options);
    need(testkit_match_join(kit, match, 0, MUSTER_TEAM_NONE, "Ann") == MUSTER_OK, "no Ann");
    press(kit, match, 5);
    press(kit, match, 5); /* ten in the first second */
    press(kit, match, 6); /* the next second */
    need(suspicions == 0, "somebody is named for what fingers can do");
    press(kit, match, 5);
    need(suspicions == 1, "nobody is named");
    press(kit, match, 20);
    need(suspicions == 1, "somebody is named twice");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
