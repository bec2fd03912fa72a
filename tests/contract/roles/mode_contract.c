/* The role mode: matches are deterministic, independent, can be shown and saved at any time. */
#include "providers.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_BYTES (256u << 10)
#define SNAPSHOT_BYTES 16384
#define SEATS 6

static uint8_t save_a[SAVE_BYTES], save_b[SAVE_BYTES];

static muster_match_id match_make(struct bench *bench, uint64_t seed) {
    const struct testkit_match_options options = {.game_mode = bench->provider->game_mode,
                                                  .map_name = bench->provider->map_name,
                                                  .seats_max = SEATS,
                                                  .tick_rate_hz = 20,
                                                  .seed = seed};
    muster_match_id match = testkit_match_create(bench->kit, bench->plugin, &options);
    assert_int_not_equal(match.value, 0);
    return match;
}

/* What a stranger may send: now and then it means something. */
static void say(struct bench *bench, muster_match_id match, uint32_t seat, uint64_t *seed) {
    uint8_t bytes[3];
    for (uint32_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)draw(seed, 8);
    uint32_t len = draw(seed, 4) ? 2 : 1 + draw(seed, 3);
    testkit_match_message(bench->kit, match, seat, bytes, len);
}

/* A tick with whatever people do; the same seed does the same. */
static void play_tick(struct bench *bench, muster_match_id match, uint64_t *seed) {
    for (uint32_t seat = 0; seat < SEATS; seat++) {
        const struct muster_seat_info *info = testkit_match_seat(bench->kit, match, seat);
        bool seated = info->seat == seat;
        char name[16];
        snprintf(name, sizeof name, "p%u", seat);
        if (!seated) {
            if (draw(seed, 10) == 0)
                (void)!testkit_match_join(bench->kit, match, seat, draw(seed, 3), name);
            continue;
        }
        if (draw(seed, 300) == 0) {
            testkit_match_leave(bench->kit, match, seat, MUSTER_LEAVE_QUIT);
            continue;
        }
        struct muster_input input = {.sequence = testkit_match_tick_count(bench->kit, match),
                                     .held = (uint16_t)draw(seed, 65536),
                                     .pressed = (uint16_t)draw(seed, 8),
                                     .aim = (uint16_t)draw(seed, 65536),
                                     .move_x = (int8_t)((int)draw(seed, 255) - 127),
                                     .move_y = (int8_t)((int)draw(seed, 255) - 127),
                                     .repeated = (uint8_t)draw(seed, 2),
                                     .sample_count = (uint8_t)draw(seed, 4)};
        testkit_match_input(bench->kit, match, seat, &input);
        say(bench, match, seat, seed);
    }
    testkit_match_tick(bench->kit, match);
}

static void play(struct bench *bench, muster_match_id match, uint64_t *seed, int ticks) {
    for (int i = 0; i < ticks; i++) play_tick(bench, match, seed);
}

static uint32_t save(struct bench *bench, muster_match_id match, uint8_t *out) {
    uint32_t len = testkit_match_save(bench->kit, match, out, SAVE_BYTES);
    assert_true(len > 0);
    return len;
}

static void assert_same_state(struct bench *bench, muster_match_id a, muster_match_id b) {
    uint32_t len = save(bench, a, save_a);
    assert_int_equal(save(bench, b, save_b), len);
    for (uint32_t i = 0; i < len; i++)
        if (save_a[i] != save_b[i]) fail_msg("byte %u of %u differs", i, len);
}

static void the_same_inputs_make_the_same_match(void **state) {
    struct bench *bench = *state;
    uint64_t seed_a = 5, seed_b = 5;
    muster_match_id a = match_make(bench, 99), b = match_make(bench, 99);
    for (int i = 0; i < 40; i++) { /* in turns: neither knows of the other */
        play(bench, a, &seed_a, 20);
        play(bench, b, &seed_b, 20);
        assert_same_state(bench, a, b);
    }
}

static void snapshots_change_nothing(void **state) {
    struct bench *bench = *state;
    const struct muster_mode *mode = bench->role;
    static uint8_t out[SNAPSHOT_BYTES];
    uint64_t seed = 6;
    muster_match_id match = match_make(bench, 7);
    for (int i = 0; i < 200; i++) {
        play(bench, match, &seed, 1);
        uint32_t len = save(bench, match, save_a);
        uint32_t full_len = testkit_match_snapshot(bench->kit, match, 0, true, out, sizeof out);
        assert_true(full_len > 0);
        (void)testkit_match_snapshot(bench->kit, match, 0, false, out, sizeof out);
        assert_int_equal(testkit_match_snapshot(bench->kit, match, 0, true, out, sizeof out),
                         full_len);
        assert_int_equal(save(bench, match, save_b), len);
        assert_memory_equal(save_a, save_b, len);
    }
    /* Too small a buffer is a flag, not a write behind its end. */
    for (uint32_t cap = 0; cap < 32; cap++) {
        uint8_t *small = malloc(cap ? cap : 1);
        struct muster_writer w = muster_writer_make(small, cap);
        mode->snapshot(bench->instance, testkit_match_state(bench->kit, match), 0, 1, &w);
        assert_true(w.overflow && w.len <= cap);
        free(small);
    }
}

static void what_was_saved_goes_on_alike(void **state) {
    struct bench *bench = *state;
    const struct muster_mode *mode = bench->role;
    if (!mode->save) return; /* save and load are optional, and come together */
    uint64_t seed = 8;
    muster_match_id match = match_make(bench, 3);
    play(bench, match, &seed, 150);
    uint64_t seed_of_copy = seed;
    uint32_t len = save(bench, match, save_a);
    muster_match_id copy = match_make(bench, 3);
    assert_int_equal(testkit_match_load(bench->kit, copy, save_a, len), MUSTER_OK);
    assert_same_state(bench, match, copy);
    play(bench, match, &seed, 150);
    play(bench, copy, &seed_of_copy, 150);
    assert_same_state(bench, match, copy);
}

static void a_state_cut_short_is_not_taken(void **state) {
    struct bench *bench = *state;
    const struct muster_mode *mode = bench->role;
    if (!mode->save) return;
    uint64_t seed = 9;
    muster_match_id match = match_make(bench, 3);
    play(bench, match, &seed, 60);
    struct muster_writer w = muster_writer_make(save_a, SAVE_BYTES);
    mode->save(bench->instance, testkit_match_state(bench->kit, match), &w);
    for (uint32_t cut = 0; cut < w.len; cut++) {
        muster_match_id copy = match_make(bench, 3);
        uint8_t *bytes = malloc(cut ? cut : 1);
        memcpy(bytes, save_a, cut);
        struct muster_reader in = muster_reader_make(bytes, cut);
        assert_int_not_equal(
            mode->load(bench->instance, testkit_match_state(bench->kit, copy), &in), MUSTER_OK);
        testkit_match_destroy(bench->kit, copy);
        free(bytes);
    }
}

/* Evidence and checkpoints come from disks: a changed byte may be refused, or be another match. */
static void a_damaged_state_harms_nothing(void **state) {
    struct bench *bench = *state;
    const struct muster_mode *mode = bench->role;
    if (!mode->save) return;
    static uint8_t out[SNAPSHOT_BYTES];
    uint64_t seed = 10;
    muster_match_id match = match_make(bench, 3);
    play(bench, match, &seed, 60);
    struct muster_writer w = muster_writer_make(save_a, SAVE_BYTES);
    mode->save(bench->instance, testkit_match_state(bench->kit, match), &w);
    for (int i = 0; i < 400; i++) {
        muster_match_id copy = match_make(bench, 3);
        memcpy(save_b, save_a, w.len);
        for (uint32_t flips = 1 + draw(&seed, 3); flips; flips--)
            save_b[draw(&seed, w.len)] = (uint8_t)draw(&seed, 256);
        struct muster_reader in = muster_reader_make(save_b, w.len);
        if (mode->load(bench->instance, testkit_match_state(bench->kit, copy), &in) == MUSTER_OK) {
            play(bench, copy, &seed, 3);
            (void)testkit_match_snapshot(bench->kit, copy, 0, true, out, sizeof out);
        }
        testkit_match_destroy(bench->kit, copy);
    }
    testkit_log_clear(bench->kit);
}

static void what_it_does_not_know_is_refused(void **state) {
    struct bench *bench = *state;
    const struct muster_mode *mode = bench->role;
    struct testkit_match_options options = {.game_mode = bench->provider->game_mode,
                                            .map_name = "no_such_map",
                                            .seats_max = SEATS,
                                            .tick_rate_hz = 20};
    assert_int_equal(testkit_match_create(bench->kit, bench->plugin, &options).value, 0);
    muster_match_id match = match_make(bench, 1);
    struct muster_command command = {
        .size = sizeof command, .seat = MUSTER_SEAT_NONE, .name = "no_such_command", .text = ""};
    if (mode->command)
        assert_int_equal(
            mode->command(bench->instance, testkit_match_state(bench->kit, match), &command),
            MUSTER_NOT_FOUND);
    mode->destroy(bench->instance, NULL);
}

static void the_intro_is_one_object(void **state) {
    struct bench *bench = *state;
    const struct muster_mode *mode = bench->role;
    static char text[65536];
    if (!mode->intro) return;
    muster_match_id match = match_make(bench, 1);
    struct muster_writer w = muster_writer_make(text, sizeof text);
    uint32_t len = save(bench, match, save_a);
    mode->intro(bench->instance, testkit_match_state(bench->kit, match), &w);
    assert_false(w.overflow);
    json_t *intro = json_loadb(text, w.len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(intro));
    json_decref(intro);
    assert_int_equal(save(bench, match, save_b), len);
    assert_memory_equal(save_a, save_b, len);
}

int main(void) {
    static const struct contract_test tests[] = {
        {"the same inputs make the same match", the_same_inputs_make_the_same_match},
        {"snapshots change nothing", snapshots_change_nothing},
        {"what was saved goes on alike", what_was_saved_goes_on_alike},
        {"a state cut short is not taken", a_state_cut_short_is_not_taken},
        {"a damaged state harms nothing", a_damaged_state_harms_nothing},
        {"what it does not know is refused", what_it_does_not_know_is_refused},
        {"the intro is one object", the_intro_is_one_object},
    };
    return contract_run(MUSTER_ROLE_MODE, tests, sizeof tests / sizeof tests[0]);
}
