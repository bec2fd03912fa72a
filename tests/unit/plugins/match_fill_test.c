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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
