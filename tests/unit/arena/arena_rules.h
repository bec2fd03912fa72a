/* arena_rules.h - stands for the rules of an arena match: gives commands, and keeps what it is
 * told. For the arena tests. */
#ifndef ARENA_RULES_H
#define ARENA_RULES_H

#include "arena_fixture.h"

#define ROW (8 * 256 + 128) /* an open row of crossfire */
#define TOLD_MAX 256

struct told {
    char kind[16];
    char text[32];
    uint32_t seat, other, third;
    int64_t value;
};

static struct told told[TOLD_MAX];
static uint32_t told_count;

static inline void hear(void *user, const struct muster_fact *fact) {
    const struct fixture *f = user;
    assert_int_equal(fact->size, sizeof(*fact));
    assert_int_equal(fact->tick, testkit_match_tick_count(f->kit, f->match));
    assert_true(told_count < TOLD_MAX);
    struct told *t = &told[told_count++];
    *t = (struct told){.seat = fact->seat,
                       .other = fact->other_seat,
                       .third = fact->third_seat,
                       .value = fact->value};
    snprintf(t->kind, sizeof(t->kind), "%s", fact->kind);
    snprintf(t->text, sizeof(t->text), "%s", fact->text);
}

/* "kind seat value text" of all facts since the last call, with commas between. */
static inline const char *heard(void) {
    static char line[4096];
    size_t len = 0;
    line[0] = '\0';
    for (uint32_t i = 0; i < told_count; i++) {
        len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s %u %lld%s%s", i ? ", " : "",
                                told[i].kind, told[i].seat, (long long)told[i].value,
                                told[i].text[0] ? " " : "", told[i].text);
        assert_true(len < sizeof(line));
    }
    told_count = 0;
    return line;
}

static inline void duel(struct fixture *f) {
    fixture_open(f, SHARE_DIR);
    fixture_match(f, "crossfire", 5);
    testkit_tell_set(f->kit, hear, f);
    fixture_join(f, 0, MUSTER_TEAM_RED);
    fixture_join(f, 1, MUSTER_TEAM_BLUE);
    fixture_ticks(f, 1);
    fixture_place(f, 0, 2 * 256 + 128, ROW);
    fixture_place(f, 1, 8 * 256 + 128, ROW);
    told_count = 0;
}

static inline void duel_close(struct fixture *f) {
    testkit_tell_set(f->kit, NULL, NULL);
    fixture_close(f);
}

#define COMMAND(f, name, text, ...)                                                                \
    command(f, name, text, (const int64_t[]){__VA_ARGS__},                                         \
            sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static inline muster_status command(struct fixture *f, const char *name, const char *text,
                                    const int64_t *args, uint32_t count) {
    const struct muster_mode *mode = testkit_role(f->plugin, MUSTER_ROLE_MODE);
    struct muster_command call = {.size = sizeof(call),
                                  .seat = MUSTER_SEAT_NONE,
                                  .name = name,
                                  .text = text,
                                  .args = args,
                                  .arg_count = count};
    testkit_match_steer(f->kit, f->match, true);
    muster_status status = mode->command(testkit_instance(f->plugin), f->arena, &call);
    testkit_match_steer(f->kit, f->match, false);
    return status;
}

#endif
