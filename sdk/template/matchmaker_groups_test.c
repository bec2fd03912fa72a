/* matchmaker_groups_test - who comes together, asked of the role as the server asks it. */
#include "need.h"

#include <muster_testkit.h>

struct seen {
    uint32_t groups;
    uint64_t tickets[2]; /* of the newest */
};

static muster_status take(void *proposals, const struct muster_group *group) {
    struct seen *seen = proposals;
    need(group->ticket_count == 2, "a group of other than two");
    for (uint32_t i = 0; i < 2; i++) seen->tickets[i] = group->tickets[i].value;
    seen->groups++;
    return MUSTER_OK;
}

static struct seen tick(muster_self *plugin, const struct muster_matchmaker *role,
                        uint64_t now_ms) {
    struct seen seen = {0};
    role->tick(testkit_instance(plugin), now_ms, take, &seen);
    return seen;
}

static void enqueue(muster_self *plugin, const struct muster_matchmaker *role, uint64_t ticket,
                    const char *game_mode, const char *region) {
    const struct muster_queue_ticket queued = {.size = sizeof queued,
                                               .ticket = {ticket},
                                               .player = {ticket},
                                               .game_mode = game_mode,
                                               .region = region,
                                               .map_name = "",
                                               .enqueued_at_ms = 1000};
    need(role->enqueue(testkit_instance(plugin), &queued) == MUSTER_OK, "nobody may wait");
}

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_config_set(plugin, "regionWait", "20000"), testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));
    const struct muster_matchmaker *role = testkit_role(plugin, MUSTER_ROLE_MATCHMAKER);

    enqueue(plugin, role, 1, "race", "eu");
    enqueue(plugin, role, 2, "nim", "eu");
    enqueue(plugin, role, 3, "race", "us");
    need(tick(plugin, role, 20999).groups == 0, "a group of two modes, or of two regions");
    struct seen seen = tick(plugin, role, 21000);
    need(seen.groups == 1 && seen.tickets[0] == 1 && seen.tickets[1] == 3, "they wait for ever");

    enqueue(plugin, role, 4, "race", "eu");
    seen = tick(plugin, role, 2000);
    need(seen.groups == 1 && seen.tickets[1] == 4, "not the one of the region");
    const struct muster_group_refusal refusal = {
        .size = sizeof refusal, .is_cause = 1, .ticket = {4}, .reason = ""};
    role->refused(testkit_instance(plugin), &refusal);
    need(tick(plugin, role, 2000).groups == 0, "who was refused is proposed again at once");
    for (uint64_t i = 1; i <= 4; i++)
        role->dequeue(testkit_instance(plugin), (muster_queue_ticket_id){i});

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
