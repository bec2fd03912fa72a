/* match_fill: whom it sends where. */
#include "test.h"

#include "proposed.h"
#include "testkit_put.h"
#include <stdio.h>

#define GROUPS PROPOSED_MAX
#define MODE "testkit" /* of lobbies of none */

struct queue {
    struct testkit *kit;
    muster_self *plugin;
    const struct muster_matchmaker *role;
    struct proposed proposed;
    uint64_t now_ms;
};

static void queue_open(struct queue *q, const char *key, const char *value) {
    *q = (struct queue){.kit = testkit_create(), .now_ms = 100000};
    q->plugin = testkit_load(q->kit, PLUGIN_DIR "/match_fill.so");
    if (!q->plugin) fail_msg("%s", testkit_error(q->kit));
    if (key) assert_true(testkit_config_set(q->plugin, key, value));
    assert_int_equal(testkit_start(q->plugin), MUSTER_OK);
    q->role = testkit_role(q->plugin, MUSTER_ROLE_MATCHMAKER);
}

static void queue_close(struct queue *q) {
    assert_int_equal(testkit_faults(q->kit), 0);
    assert_int_equal(testkit_stop(q->plugin), 0);
    testkit_destroy(q->kit);
}

static muster_status wait_for(struct queue *q, uint64_t id, const char *mode, const char *region,
                              const char *map) {
    struct muster_queue_ticket ticket = {.size = sizeof(ticket),
                                         .ticket = {id},
                                         .player = {id},
                                         .game_mode = mode,
                                         .region = region,
                                         .map_name = map,
                                         .enqueued_at_ms = q->now_ms};
    return q->role->enqueue(testkit_instance(q->plugin), &ticket);
}

static void waits(struct queue *q, uint64_t id, const char *region, const char *map) {
    assert_int_equal(wait_for(q, id, MODE, region, map), MUSTER_OK);
}

static uint32_t tick(struct queue *q, uint32_t cap) {
    q->proposed = (struct proposed){.cap = cap};
    q->role->tick(testkit_instance(q->plugin), q->now_ms, proposed_take, &q->proposed);
    return q->proposed.count;
}

static muster_lobby_id lobby(struct queue *q, uint32_t state, const char *region, uint32_t players,
                             uint32_t players_max) {
    struct muster_lobby_info info = {
        .state = state, .players_current = players, .players_max = players_max};
    snprintf(info.region, sizeof(info.region), "%s", region);
    snprintf(info.map_name, sizeof(info.map_name), "canyon");
    return testkit_lobby_add(q->kit, info);
}

static void test_creates_at_once(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, NULL, NULL);
    assert_int_equal(tick(&q, GROUPS), 0);
    waits(&q, 1, "eu", "");
    waits(&q, 2, "us", "");
    waits(&q, 3, "eu", "");
    waits(&q, 4, "eu", "foundry");
    assert_int_equal(tick(&q, GROUPS), 3);
    assert_int_equal(q.proposed.groups[0].lobby.value, 0);
    assert_int_equal(q.proposed.groups[0].ticket_count, 2);
    assert_int_equal(q.proposed.groups[0].tickets[0].value, 1);
    assert_int_equal(q.proposed.groups[0].tickets[1].value, 3);
    assert_int_equal(q.proposed.groups[0].teams[0], MUSTER_TEAM_NONE);
    assert_string_equal(q.proposed.groups[0].game_mode, MODE);
    assert_string_equal(q.proposed.groups[0].region, "eu");
    assert_string_equal(q.proposed.groups[1].region, "us");
    assert_string_equal(q.proposed.groups[2].map_name, "foundry");
    queue_close(&q);
}

static void test_fills_the_first_open(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, NULL, NULL);
    lobby(&q, MUSTER_LOBBY_ENDING, "eu", 1, 8);
    lobby(&q, MUSTER_LOBBY_WAITING, "eu", 8, 8);
    muster_lobby_id secret = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 1, 8);
    LOBBY_PUT(q.kit, secret, is_private, 1);
    muster_lobby_id first = lobby(&q, MUSTER_LOBBY_ACTIVE, "eu", 6, 8);
    muster_lobby_id second = lobby(&q, MUSTER_LOBBY_STARTING, "eu", 0, 8);
    for (uint64_t id = 1; id <= 3; id++) waits(&q, id, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 3); /* two seats here, the third goes on */
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(q.proposed.groups[i].lobby.value, i < 2 ? first.value : second.value);
        assert_int_equal(q.proposed.groups[i].ticket_count, 1);
        assert_int_equal(q.proposed.groups[i].tickets[0].value, i + 1);
    }
    queue_close(&q);
}

static void test_wishes_are_kept(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, NULL, NULL);
    muster_lobby_id canyon = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 0, 8);
    assert_int_equal(wait_for(&q, 1, "duel", "eu", ""), MUSTER_OK);
    waits(&q, 2, "eu", "foundry");
    waits(&q, 3, "eu", "canyon");
    assert_int_equal(tick(&q, GROUPS), 3);
    assert_int_equal(q.proposed.groups[0].lobby.value, 0);
    assert_string_equal(q.proposed.groups[0].game_mode, "duel");
    assert_int_equal(q.proposed.groups[1].lobby.value, 0);
    assert_int_equal(q.proposed.groups[2].lobby.value, canyon.value);
    queue_close(&q);
}

static void test_other_region_after_a_wait(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, "searchFallbackMs", "5000");
    muster_lobby_id far = lobby(&q, MUSTER_LOBBY_WAITING, "us", 2, 8);
    waits(&q, 1, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 1);
    assert_int_equal(q.proposed.groups[0].lobby.value,
                     0); /* the host could not create it: still queued */
    q.now_ms += 4999;
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, 0);
    q.now_ms += 1;
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, far.value);
    muster_lobby_id near = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 2, 8);
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, near.value);
    queue_close(&q);
}

static void refused(struct queue *q, uint64_t id, muster_lobby_id lobby) {
    const struct muster_group_refusal refusal = {.size = sizeof(refusal),
                                                 .is_cause = 1,
                                                 .ticket = {id},
                                                 .lobby = lobby,
                                                 .reason = "it is full"};
    q->role->refused(testkit_instance(q->plugin), &refusal);
}

static void test_refusals_are_kept_for_a_while(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, NULL, NULL);
    muster_lobby_id first = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 2, 8);
    muster_lobby_id second = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 2, 8);
    waits(&q, 1, "eu", "");
    waits(&q, 2, "eu", "");
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, first.value);
    refused(&q, 1, first);
    refused(&q, 77, first); /* unknown: nothing happens */
    assert_int_equal(tick(&q, GROUPS), 2);
    assert_int_equal(q.proposed.groups[0].lobby.value, second.value);
    assert_int_equal(q.proposed.groups[0].tickets[0].value, 1);
    assert_int_equal(q.proposed.groups[1].lobby.value,
                     first.value); /* the other one's wish is as before */
    assert_int_equal(q.proposed.groups[1].tickets[0].value, 2);
    refused(&q, 1, second);
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, 0); /* then a new one */
    refused(&q, 1, (muster_lobby_id){0});
    assert_int_equal(tick(&q, GROUPS), 1);
    assert_int_equal(q.proposed.groups[0].tickets[0].value, 2);
    q.now_ms += 4999;
    assert_int_equal(tick(&q, GROUPS), 1);
    q.now_ms += 1;
    assert_int_equal(tick(&q, GROUPS), 2);
    assert_int_equal(q.proposed.groups[0].lobby.value, first.value);
    assert_int_equal(q.proposed.groups[1].lobby.value, first.value);
    queue_close(&q);
}

/* More refusals than are kept: the oldest is forgotten, the newest eight are not. */
static void test_many_refusals(void **state) {
    struct queue q;
    muster_lobby_id ids[9];
    (void)state;
    queue_open(&q, NULL, NULL);
    waits(&q, 1, "eu", "");
    for (int i = 0; i < 9; i++) ids[i] = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 2, 8);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(tick(&q, GROUPS), 1);
        assert_int_equal(q.proposed.groups[0].lobby.value, ids[i].value);
        refused(&q, 1, ids[i]);
        q.now_ms++;
    }
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, ids[0].value);
    q.role->dequeue(testkit_instance(q.plugin), (muster_queue_ticket_id){1});
    waits(&q, 2, "eu", ""); /* in the place of who was refused */
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, ids[0].value);
    refused(&q, 2, ids[0]);
    tick(&q, GROUPS);
    assert_int_equal(q.proposed.groups[0].lobby.value, ids[1].value);
    queue_close(&q);
}

static void test_large_groups_and_small_caps(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, NULL, NULL);
    for (uint64_t id = 1; id <= 20; id++) waits(&q, id, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 3);
    assert_int_equal(q.proposed.groups[0].ticket_count, 8);
    assert_int_equal(q.proposed.groups[2].ticket_count, 4);
    assert_int_equal(tick(&q, 1), 1); /* no more than asked for */
    assert_int_equal(q.proposed.groups[0].ticket_count, 8);
    lobby(&q, MUSTER_LOBBY_WAITING, "eu", 0, 32);
    assert_int_equal(tick(&q, GROUPS), 20);
    assert_int_equal(tick(&q, 7), 7);
    queue_close(&q);
}

/* As many open lobbies as are looked at in one tick, and one more. */
static void test_many_open_lobbies(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, NULL, NULL);
    for (int i = 0; i < 1023; i++) lobby(&q, MUSTER_LOBBY_WAITING, "us", 0, 8);
    muster_lobby_id last = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 0, 8);
    muster_lobby_id beyond = lobby(&q, MUSTER_LOBBY_WAITING, "asia", 0, 8);
    waits(&q, 1, "eu", "");
    waits(&q, 2, "asia", "");
    assert_int_equal(tick(&q, GROUPS), 2);
    assert_int_equal(q.proposed.groups[0].lobby.value, last.value);
    assert_int_equal(q.proposed.groups[1].lobby.value, 0);
    assert_true(beyond.value != 0);
    queue_close(&q);
}

static void test_dequeue_and_limit(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, "queueMax", "3");
    for (uint64_t id = 1; id <= 3; id++) waits(&q, id, "eu", "");
    assert_int_equal(wait_for(&q, 4, MODE, "eu", ""), MUSTER_FULL);
    q.role->dequeue(testkit_instance(q.plugin), (muster_queue_ticket_id){2});
    q.role->dequeue(testkit_instance(q.plugin),
                    (muster_queue_ticket_id){77}); /* unknown: nothing happens */
    waits(&q, 4, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 1);
    assert_int_equal(q.proposed.groups[0].ticket_count, 3);
    assert_int_equal(q.proposed.groups[0].tickets[0].value, 1);
    assert_int_equal(q.proposed.groups[0].tickets[1].value, 3);
    assert_int_equal(q.proposed.groups[0].tickets[2].value, 4);
    char name[MUSTER_NAME_MAX + 1];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    q.role->dequeue(testkit_instance(q.plugin), (muster_queue_ticket_id){1});
    assert_int_equal(wait_for(&q, 5, name, "eu", ""), MUSTER_INVALID);
    queue_close(&q);
}

/* ---- other plugins say who belongs together, and plays how well -------------------------------
 */

/* Tickets up to 9 are of who is alone; 10 to 19 are one party of three, 20 to 29 one of five. */
static uint64_t party_of(void *instance, muster_player_id player, uint32_t *member_count) {
    (void)instance;
    if (player.value < 10 || player.value >= 100) return 0;
    *member_count = player.value < 20 ? 3 : 5;
    return player.value / 10;
}

/* From 100 to 199 a hundred points more each; all others have none. */
static int32_t rating_of(void *instance, muster_player_id player, const char *game_mode) {
    (void)instance;
    assert_string_equal(game_mode, MODE);
    return player.value < 100 || player.value > 199 ? 0 : (int32_t)(player.value - 100) * 100;
}

static const struct muster_party party = {.size = sizeof party, .party = party_of};
static const struct muster_rating rating = {.size = sizeof rating, .rating = rating_of};

static muster_status others_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    const struct muster_interface parties = {
        .size = sizeof parties, .major = 1, .name = MUSTER_PARTY, .vtable = &party};
    const struct muster_interface ratings = {
        .size = sizeof ratings, .major = 1, .name = MUSTER_RATING, .vtable = &rating};
    (void)instance;
    muster_status status = host->interfaces->publish(self, &parties);
    return status ? status : host->interfaces->publish(self, &ratings);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role others_roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};
static const struct muster_plugin others = {.magic = MUSTER_PLUGIN_MAGIC,
                                            .abi_major = MUSTER_ABI_MAJOR,
                                            .abi_minor = MUSTER_ABI_MINOR,
                                            .size = sizeof others,
                                            .name = "service_others",
                                            .version = "1.0.0",
                                            .description = "Parties and ratings by number.",
                                            .roles = others_roles,
                                            .role_count = 1,
                                            .init = others_init};

static muster_self *others_come(struct queue *q) {
    muster_self *self = testkit_add(q->kit, &others);
    if (!self || testkit_start(self)) fail_msg("%s", testkit_error(q->kit));
    return self;
}

static void test_parties_are_placed_whole(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, NULL, NULL);
    muster_self *plugin = others_come(&q);
    muster_lobby_id small = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 6, 8);
    muster_lobby_id large = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 1, 8);
    waits(&q, 10, "eu", "");
    waits(&q, 1, "eu", "");
    waits(&q, 11, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 1); /* one of three is waited for */
    assert_int_equal(q.proposed.groups[0].tickets[0].value, 1);
    waits(&q, 12, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 2);
    assert_int_equal(q.proposed.groups[0].lobby.value, large.value); /* has room for three */
    assert_int_equal(q.proposed.groups[0].ticket_count, 3);
    assert_int_equal(q.proposed.groups[0].tickets[2].value, 12);
    assert_int_equal(q.proposed.groups[1].lobby.value, small.value);
    refused(&q, 11, large); /* so it is refused to all of them */
    assert_int_equal(tick(&q, GROUPS), 1);
    assert_int_equal(q.proposed.groups[0].lobby.value, 0); /* with who waits for the same */
    assert_int_equal(q.proposed.groups[0].ticket_count, 4);
    testkit_unload(plugin);
    assert_int_equal(tick(&q, GROUPS), 3);
    assert_int_equal(q.proposed.groups[0].lobby.value, small.value); /* everybody is alone now */
    assert_int_equal(q.proposed.groups[0].ticket_count, 1);
    queue_close(&q);
}

static void test_a_new_lobby_takes_whole_parties(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, "newLobbyPlayersMax", "4");
    others_come(&q);
    waits(&q, 1, "eu", "");
    waits(&q, 2, "eu", "");
    for (uint64_t id = 10; id < 13; id++) waits(&q, id, "eu", "");
    for (uint64_t id = 20; id < 25; id++) waits(&q, id, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 3);
    assert_int_equal(q.proposed.groups[0].ticket_count, 2); /* there is no room for three more */
    assert_int_equal(q.proposed.groups[1].ticket_count, 3);
    assert_int_equal(q.proposed.groups[2].ticket_count, 5); /* larger than wanted, and whole */
    queue_close(&q);
}

static void test_equals_play_together(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, "searchFallbackMs", "5000");
    others_come(&q);
    waits(&q, 110, "eu", "");
    waits(&q, 150, "eu", "");
    waits(&q, 112, "eu", "");
    waits(&q, 113, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 3);
    assert_int_equal(q.proposed.groups[0].ticket_count, 2); /* 200 points are near */
    assert_int_equal(q.proposed.groups[0].tickets[1].value, 112);
    assert_int_equal(q.proposed.groups[1].tickets[0].value, 150);
    assert_int_equal(q.proposed.groups[2].tickets[0].value, 113);
    q.now_ms += 5000; /* then anybody will do */
    assert_int_equal(tick(&q, GROUPS), 1);
    assert_int_equal(q.proposed.groups[0].ticket_count, 4);
    queue_close(&q);
}

/* By the mean of who is there. */
static void test_equals_join_a_lobby(void **state) {
    struct queue q;
    (void)state;
    queue_open(&q, "searchFallbackMs", "5000");
    others_come(&q);
    muster_lobby_id beginners = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 0, 8);
    muster_player_id beginner = testkit_player_add(q.kit, "beginner", "Beginner");
    assert_non_null(testkit_member_add(q.kit, beginners, beginner, 0, MUSTER_TEAM_NONE));
    muster_lobby_id empty = lobby(&q, MUSTER_LOBBY_WAITING, "eu", 0, 8);
    waits(&q, 150, "eu", "");
    waits(&q, 1, "eu", "");
    assert_int_equal(tick(&q, GROUPS), 2);
    assert_int_equal(q.proposed.groups[0].lobby.value, empty.value);
    assert_int_equal(q.proposed.groups[1].lobby.value, beginners.value);
    q.now_ms += 5000;
    assert_int_equal(tick(&q, GROUPS), 2);
    assert_int_equal(q.proposed.groups[0].lobby.value, empty.value); /* the nearest comes first */
    queue_close(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creates_at_once),
        cmocka_unit_test(test_fills_the_first_open),
        cmocka_unit_test(test_wishes_are_kept),
        cmocka_unit_test(test_other_region_after_a_wait),
        cmocka_unit_test(test_refusals_are_kept_for_a_while),
        cmocka_unit_test(test_many_refusals),
        cmocka_unit_test(test_large_groups_and_small_caps),
        cmocka_unit_test(test_many_open_lobbies),
        cmocka_unit_test(test_dequeue_and_limit),
        cmocka_unit_test(test_parties_are_placed_whole),
        cmocka_unit_test(test_a_new_lobby_takes_whole_parties),
        cmocka_unit_test(test_equals_play_together),
        cmocka_unit_test(test_equals_join_a_lobby),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
