/* The role matchmaker: groups are bounded, hold only who waits, and nobody twice. */
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKETS 100
#define GROUPS_CAP 16

struct crowd {
    struct bench *bench;
    const struct muster_matchmaker *role;
    uint64_t now_ms;
    bool waiting[TICKETS + 1];
    struct muster_group groups[GROUPS_CAP + 1];
    uint32_t count;
};

static void enqueue(struct crowd *crowd, uint32_t i) {
    static const char *const regions[] = {"eu", "us", "asia"};
    const struct muster_queue_ticket ticket = {.size = sizeof ticket,
                                               .ticket = i,
                                               .player = 1000 + i,
                                               .game_mode = i % 7 ? "arena" : "duel",
                                               .region = regions[i % 3],
                                               .map_name = i % 5 ? "" : "canyon",
                                               .enqueued_at_ms = crowd->now_ms};
    assert_int_equal(crowd->role->enqueue(crowd->bench->instance, &ticket), MUSTER_OK);
    crowd->waiting[i] = true;
}

static void dequeue(struct crowd *crowd, uint32_t i) {
    crowd->role->dequeue(crowd->bench->instance, i);
    crowd->waiting[i] = false;
}

static struct crowd *crowd_of(void **state) {
    static struct crowd crowd;
    crowd = (struct crowd){.bench = *state, .now_ms = 50000};
    crowd.role = crowd.bench->role;
    for (uint32_t i = 1; i <= TICKETS; i++) enqueue(&crowd, i);
    return &crowd;
}

static bool terminated(const char *name) {
    return memchr(name, 0, MUSTER_NAME_MAX) != NULL;
}

static void check_group(const struct crowd *crowd, const struct muster_group *group, bool *seen) {
    assert_in_range(group->ticket_count, 1, MUSTER_GROUP_MAX);
    assert_int_equal(group->size, sizeof *group);
    for (uint32_t t = 0; t < group->ticket_count; t++) {
        assert_in_range(group->tickets[t], 1, TICKETS);
        assert_true(crowd->waiting[group->tickets[t]]);
        assert_false(seen[group->tickets[t]]);
        assert_true(group->teams[t] < MUSTER_TEAM_COUNT);
        seen[group->tickets[t]] = true;
    }
    if (group->lobby) return;
    assert_true(terminated(group->game_mode) && group->game_mode[0]);
    assert_true(terminated(group->region) && group->region[0]);
    assert_true(terminated(group->map_name));
}

static void tick(struct crowd *crowd, uint32_t cap) {
    struct muster_group untouched;
    bool seen[TICKETS + 1] = {false};
    memset(crowd->groups, 0, sizeof crowd->groups);
    for (uint32_t i = 0; i < cap; i++) crowd->groups[i].size = sizeof crowd->groups[i];
    memset(&crowd->groups[cap], 0x5A, sizeof untouched);
    untouched = crowd->groups[cap];
    crowd->now_ms += 250;
    crowd->count = crowd->role->tick(crowd->bench->instance, crowd->now_ms, crowd->groups, cap);
    assert_true(crowd->count <= cap);
    assert_memory_equal(&crowd->groups[cap], &untouched, sizeof untouched);
    for (uint32_t i = 0; i < crowd->count; i++) check_group(crowd, &crowd->groups[i], seen);
}

static void it_never_proposes_more_than_is_asked_for(void **state) {
    static const uint32_t caps[] = {0, 1, 2, GROUPS_CAP};
    struct crowd *crowd = crowd_of(state);
    for (uint32_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        tick(crowd, caps[i]);
        assert_true(caps[i] == 0 || crowd->count > 0); /* where nothing is open, a new lobby is */
    }
}

static void who_is_dequeued_is_forgotten(void **state) {
    struct crowd *crowd = crowd_of(state);
    for (uint32_t i = 2; i <= TICKETS; i += 2) dequeue(crowd, i);
    dequeue(crowd, 2); /* twice, and one that never came */
    crowd->role->dequeue(crowd->bench->instance, 987654321);
    for (int i = 0; i < 60; i++) tick(crowd, GROUPS_CAP);
    for (uint32_t i = 1; i <= TICKETS; i += 2) dequeue(crowd, i);
    tick(crowd, GROUPS_CAP);
    assert_int_equal(crowd->count, 0);
}

/* A proposal that the host could not carry out leaves its tickets waiting. */
static void who_was_not_placed_is_proposed_again(void **state) {
    struct crowd *crowd = crowd_of(state);
    tick(crowd, GROUPS_CAP);
    assert_true(crowd->count > 0);
    muster_ticket_id first = crowd->groups[0].tickets[0];
    tick(crowd, GROUPS_CAP);
    bool again = false;
    for (uint32_t i = 0; i < crowd->count; i++)
        for (uint32_t t = 0; t < crowd->groups[i].ticket_count; t++)
            again = again || crowd->groups[i].tickets[t] == first;
    assert_true(again);
}

/* The host carries out what is proposed: in the end everybody plays. */
static void everybody_is_placed_in_the_end(void **state) {
    struct crowd *crowd = crowd_of(state);
    for (int i = 0; i < 200; i++) {
        tick(crowd, GROUPS_CAP);
        for (uint32_t g = 0; g < crowd->count; g++)
            for (uint32_t t = 0; t < crowd->groups[g].ticket_count; t++)
                dequeue(crowd, (uint32_t)crowd->groups[g].tickets[t]);
    }
    for (uint32_t i = 1; i <= TICKETS; i++) assert_false(crowd->waiting[i]);
}

static void hints_about_any_lobby_are_taken(void **state) {
    struct crowd *crowd = crowd_of(state);
    if (crowd->role->backfill) crowd->role->backfill(crowd->bench->instance, 424242);
    tick(crowd, GROUPS_CAP); /* and the rest waits when it is stopped */
}

int main(void) {
    static const struct contract_test tests[] = {
        {"it never proposes more than is asked for", it_never_proposes_more_than_is_asked_for},
        {"who is dequeued is forgotten", who_is_dequeued_is_forgotten},
        {"who was not placed is proposed again", who_was_not_placed_is_proposed_again},
        {"everybody is placed in the end", everybody_is_placed_in_the_end},
        {"hints about any lobby are taken", hints_about_any_lobby_are_taken},
    };
    return contract_run(MUSTER_ROLE_MATCHMAKER, tests, sizeof tests / sizeof tests[0]);
}
