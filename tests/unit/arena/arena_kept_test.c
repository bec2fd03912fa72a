/* What whole matches come to, from a seed: every snapshot, event, fact, answer and saved state of
 * them in one figure. A record plays back only where its match comes to the same. Who changes on
 * purpose how the arena plays writes the new figures here and a new version into arena.c; a figure
 * that changes otherwise is a fault. */
#include "arena_rules.h"

#define SAVE_MAX 65536
#define TICKS 3000

struct kept {
    const char *map, *skill, *friendly_fire, *elimination;
    uint64_t hash;
};

static const struct kept kept[] = {
    {"canyon", "easy", "true", "false", 0x9e6d19f09de7a1ef},
    {"crossfire", "normal", "false", "false", 0xa1c1667daf2cce7d},
    {"foundry", "hard", "true", "false", 0x88ebbbfbf852214e},
    {"crossfire", "hard", "false", "true", 0xd59915b1a855c1b0},
};

static uint64_t sum;  /* of what came about */
static uint32_t dice; /* what happens next */

static uint32_t roll(uint32_t bound) {
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % bound;
}

static void add(const void *data, size_t len) { /* FNV-1a */
    const uint8_t *at = data;
    for (size_t i = 0; i < len; i++) sum = (sum ^ at[i]) * UINT64_C(1099511628211);
}

static void add_number(int64_t value) {
    add(&value, sizeof(value));
}

static void hear_all(void *user, const struct muster_fact *fact) {
    (void)user;
    add(fact->kind, strlen(fact->kind));
    add(fact->text, strlen(fact->text));
    add_number(fact->seat);
    add_number(fact->other_seat);
    add_number(fact->third_seat);
    add_number(fact->value);
    add_number(fact->tick);
}

/* Rules that want another number now and then; one bot gets stuck. */
static int64_t adjust(void *user, const struct muster_param *param, int64_t value) {
    (void)user;
    add(param->name, strlen(param->name));
    add_number(param->seat);
    add_number(param->other_seat);
    add_number(value);
    if (param->seat == 12 && strcmp(param->name, "speed") == 0) return 0;
    return value % 7 == 3 ? value * 2 : value;
}

/* ---- what people and rules do ------------------------------------------------------------------
 */

static void come_and_go(struct fixture *f, uint32_t seat) {
    if (roll(4) == 0) testkit_match_connection(f->kit, f->match, seat, roll(2));
    if (roll(40) != 0) return;
    if (fixture_row(f, seat)->seat == seat && !fixture_row(f, seat)->is_bot)
        testkit_match_leave(f->kit, f->match, seat, MUSTER_LEAVE_QUIT);
    else
        fixture_join(f, seat, roll(ARENA_TEAMS_END));
}

static void play(struct fixture *f, uint32_t seat) {
    static int8_t way[4][2];
    if (roll(10) == 0) {
        way[seat][0] = (int8_t)roll(256);
        way[seat][1] = (int8_t)roll(256);
    }
    for (uint32_t n = roll(8) ? 1 : roll(5); n > 0; n--) {
        struct muster_input input = {.held = (uint16_t)(roll(3) ? 0 : roll(4)),
                                     .pressed = (uint16_t)roll(roll(60) ? 4 : 9),
                                     .aim = (uint16_t)(roll(256) * 256),
                                     .move_x = way[seat][0],
                                     .move_y = way[seat][1],
                                     .repeated = roll(9) == 0,
                                     .sample_count = (uint8_t)roll(3)};
        for (uint32_t i = 0; i < input.sample_count; i++) {
            input.samples[i].aim = (uint16_t)(roll(256) * 256);
            input.samples[i].pressed = (uint16_t)roll(4);
        }
        testkit_match_input(f->kit, f->match, seat, &input);
    }
}

static const char *place(char *text, size_t cap, const char *word) {
    static const char *const places[] = {"center", "red_base", "blue_base"};
    if (roll(2)) {
        snprintf(text, cap, "%s|%s", places[roll(3)], word);
    } else {
        snprintf(text, cap, "at:%u,%u|%s", roll(30), roll(20), word);
    }
    return text;
}

static void rules_act(struct fixture *f) {
    char text[64];
    uint32_t seat = roll(12), id = 1 + roll(3);
    muster_status status = MUSTER_OK;
    switch (roll(14)) {
    case 0:
    case 1:
        place(text, sizeof(text), roll(2) ? "hill" : "");
        status = COMMAND(f, "zone", text, id, 200 + roll(900), roll(3), roll(101));
        break;
    case 2: status = COMMAND(f, "zone_remove", "", id); break;
    case 3:
    case 4:
        place(text, sizeof(text), roll(2) ? "flag" : "crown");
        status = COMMAND(f, "item", text, id, roll(3), roll(3));
        break;
    case 5: status = COMMAND(f, "item_remove", "", id); break;
    case 6: status = COMMAND(f, "item_home", "", id); break;
    case 7: status = COMMAND(f, "carry", "", id, seat); break;
    case 8: status = COMMAND(f, "kill", "", seat); break;
    case 9: status = COMMAND(f, "spawn", "", seat); break;
    case 10: status = COMMAND(f, "heal", "", seat, (int64_t)roll(201) - 100); break;
    case 11: status = COMMAND(f, "team", "", seat, 1 + roll(2)); break;
    case 12: status = COMMAND(f, "loadout", "", seat, roll(4), roll(300), roll(5)); break;
    default: status = COMMAND(f, "bots", "", roll(4) ? 8 : roll(9)); break;
    }
    add_number(status);
}

/* ---- what comes of it --------------------------------------------------------------------------
 */

static void add_tick(struct fixture *f) {
    static uint8_t data[SAVE_MAX];
    uint32_t count, tick = testkit_match_tick_count(f->kit, f->match);
    add(data, testkit_match_snapshot(f->kit, f->match, 0, tick % 16 == 0, data, sizeof(data)));
    add(data, testkit_match_save(f->kit, f->match, data, sizeof(data)));
    const struct testkit_event *events = testkit_match_events(f->kit, f->match, &count);
    for (uint32_t i = 0; i < count; i++) add(events[i].data, events[i].len);
    testkit_match_events_clear(f->kit, f->match);
    for (uint32_t seat = 0; seat < ARENA_SEATS_MAX; seat++) {
        const struct muster_seat_info *row = fixture_row(f, seat);
        if (row->seat != seat) continue;
        add_number(row->team);
        add_number(row->score);
        add_number(row->kills);
        add_number(row->deaths);
        add_number(row->assists);
    }
}

static uint64_t match_of(struct fixture *f, const struct kept *k, uint32_t seed) {
    sum = UINT64_C(14695981039346656037);
    dice = seed;
    assert_true(testkit_setting_set(f->kit, "friendlyFire", k->friendly_fire));
    assert_true(testkit_setting_set(f->kit, "elimination", k->elimination));
    assert_true(testkit_setting_set(f->kit, "botSkill", k->skill));
    assert_true(testkit_setting_set(f->kit, "botFill", "8"));
    fixture_match(f, k->map, seed);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        for (uint32_t seat = 0; seat < 3; seat++) {
            come_and_go(f, seat);
            play(f, seat);
        }
        if (roll(6) == 0) rules_act(f);
        fixture_ticks(f, 1);
        add_tick(f);
    }
    testkit_match_destroy(f->kit, f->match);
    return sum;
}

static void test_matches_come_to_what_they_came_to(void **state) {
    struct fixture f;
    uint32_t changed = 0;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    testkit_tell_set(f.kit, hear_all, NULL);
    testkit_adjust_set(f.kit, adjust, NULL);
    for (uint32_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
        uint64_t found = match_of(&f, &kept[i], i + 1);
        if (found == kept[i].hash) continue;
        changed++;
        print_error("%s %s: expected 0x%016llx, found 0x%016llx\n", kept[i].map, kept[i].skill,
                    (unsigned long long)kept[i].hash, (unsigned long long)found);
    }
    assert_int_equal(changed, 0);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches_come_to_what_they_came_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
