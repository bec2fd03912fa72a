/* The role matchmaker: groups are bounded, hold only who waits, and nobody twice. */
#include "proposed.h"
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKETS 100
#define GROUPS_CAP PROPOSED_MAX

struct crowd {
    struct bench *bench;
    const struct muster_matchmaker *role;
    uint64_t now_ms;
    bool waiting[TICKETS + 1];
    struct proposed proposed;
};

static void enqueue(struct crowd *crowd, uint32_t i) {
    static const char *const regions[] = {"eu", "us", "asia"};
    const struct muster_queue_ticket ticket = {.size = sizeof ticket,
                                               .ticket = {i},
                                               .player = {1000 + i},
                                               .game_mode = i % 7 ? "arena" : "duel",
                                               .region = regions[i % 3],
                                               .map_name = i % 5 ? "" : "canyon",
                                               .enqueued_at_ms = crowd->now_ms};
    assert_int_equal(crowd->role->enqueue(crowd->bench->instance, &ticket), MUSTER_OK);
    crowd->waiting[i] = true;
}

static void dequeue(struct crowd *crowd, uint32_t i) {
    crowd->role->dequeue(crowd->bench->instance, (muster_queue_ticket_id){i});
    crowd->waiting[i] = false;
}

static struct crowd *crowd_of(void **state) {
    static struct crowd crowd;
    crowd = (struct crowd){.bench = *state, .now_ms = 50000};
    crowd.role = crowd.bench->role;
    for (uint32_t i = 1; i <= TICKETS; i++) enqueue(&crowd, i);
    return &crowd;
}

static void check_group(const struct crowd *crowd, const struct proposed_group *group, bool *seen) {
    assert_in_range(group->ticket_count, 1, MUSTER_GROUP_MAX);
    for (uint32_t t = 0; t < group->ticket_count; t++) {
        uint64_t number = group->tickets[t].value;
        assert_in_range(number, 1, TICKETS);
        assert_true(crowd->waiting[number]);
        assert_false(seen[number]);
        assert_true(group->teams[t] <= 2);
        seen[number] = true;
    }
    if (group->lobby.value) return;
    assert_true(group->game_mode[0]);
    assert_true(group->region[0]);
}

static void tick(struct crowd *crowd, uint32_t cap) {
    bool seen[TICKETS + 1] = {false};
    crowd->proposed = (struct proposed){.cap = cap};
    crowd->now_ms += 250;
    crowd->role->tick(crowd->bench->instance, crowd->now_ms, proposed_take, &crowd->proposed);
    for (uint32_t i = 0; i < crowd->proposed.count; i++)
        check_group(crowd, &crowd->proposed.groups[i], seen);
}

static void it_stops_where_no_more_is_taken(void **state) {
    static const uint32_t caps[] = {0, 1, 2, GROUPS_CAP};
    struct crowd *crowd = crowd_of(state);
    for (uint32_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        tick(crowd, caps[i]);
        assert_true(caps[i] == 0 ||
                    crowd->proposed.count > 0); /* where nothing is open, a new lobby is */
    }
}

static void who_is_dequeued_is_forgotten(void **state) {
    struct crowd *crowd = crowd_of(state);
    for (uint32_t i = 2; i <= TICKETS; i += 2) dequeue(crowd, i);
    dequeue(crowd, 2); /* twice, and one that never came */
    crowd->role->dequeue(crowd->bench->instance, (muster_queue_ticket_id){987654321});
    for (int i = 0; i < 60; i++) tick(crowd, GROUPS_CAP);
    for (uint32_t i = 1; i <= TICKETS; i += 2) dequeue(crowd, i);
    tick(crowd, GROUPS_CAP);
    assert_int_equal(crowd->proposed.count, 0);
}

/* A proposal that the host could not carry out leaves its tickets waiting. */
static void who_was_not_placed_is_proposed_again(void **state) {
    struct crowd *crowd = crowd_of(state);
    tick(crowd, GROUPS_CAP);
    assert_true(crowd->proposed.count > 0);
    muster_queue_ticket_id first = crowd->proposed.groups[0].tickets[0];
    tick(crowd, GROUPS_CAP);
    bool again = false;
    for (uint32_t i = 0; i < crowd->proposed.count; i++)
        for (uint32_t t = 0; t < crowd->proposed.groups[i].ticket_count; t++)
            again = again || MUSTER_ID_SAME(crowd->proposed.groups[i].tickets[t], first);
    assert_true(again);
}

/* The host carries out what is proposed: in the end everybody plays. */
static void everybody_is_placed_in_the_end(void **state) {
    struct crowd *crowd = crowd_of(state);
    for (int i = 0; i < 200; i++) {
        tick(crowd, GROUPS_CAP);
        for (uint32_t g = 0; g < crowd->proposed.count; g++)
            for (uint32_t t = 0; t < crowd->proposed.groups[g].ticket_count; t++)
                dequeue(crowd, (uint32_t)crowd->proposed.groups[g].tickets[t].value);
    }
    for (uint32_t i = 1; i <= TICKETS; i++) assert_false(crowd->waiting[i]);
}

static void hints_about_any_lobby_are_taken(void **state) {
    struct crowd *crowd = crowd_of(state);
    if (crowd->role->backfill)
        crowd->role->backfill(crowd->bench->instance, (muster_lobby_id){424242});
    tick(crowd, GROUPS_CAP); /* and the rest waits when it is stopped */
}

int main(void) {
    static const struct contract_test tests[] = {
        {"it stops where no more is taken", it_stops_where_no_more_is_taken},
        {"who is dequeued is forgotten", who_is_dequeued_is_forgotten},
        {"who was not placed is proposed again", who_was_not_placed_is_proposed_again},
        {"everybody is placed in the end", everybody_is_placed_in_the_end},
        {"hints about any lobby are taken", hints_about_any_lobby_are_taken},
    };
    return contract_run(MUSTER_ROLE_MATCHMAKER, tests, sizeof tests / sizeof tests[0]);
}
