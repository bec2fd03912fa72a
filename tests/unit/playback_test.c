/* Playback: a recording that says another end than the replay comes to is reported as different. */
#include "match_rig.h"
#include "playback.h"

#define END_TICK 3

static void end_red(struct fake_state *state) {
    if (state->ticks != END_TICK) return;
    assert_int_equal(
        game_host()->end(&game.self, state->match, MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT),
        MUSTER_OK);
}

/* The state at the end of a match that ends as the replays do. */
static uint64_t hash_at_end(void) {
    struct match *match = make(NULL);
    while (!match->ended) step(match);
    assert_int_equal(match->tick, END_TICK);
    uint64_t hash = match_hash(match);
    match_destroy(match);
    return hash;
}

/* A recording of nothing but an end, played. */
static struct playback play_end(uint32_t tick, uint32_t team, uint32_t reason, uint64_t hash) {
    char path[128];
    uint8_t bytes[10];
    const struct match_setup plain = setup_of(NULL);
    struct match_setup setup = plain;
    struct record *record = NULL;
    struct record_reader *reader = NULL;
    const char *header = NULL;
    struct playback playback = {0};
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, team);
    muster_put_u8(&w, reason);
    muster_put_u64(&w, hash);
    snprintf(path, sizeof path, "%s/p.mrec", game.root);
    char *text = match_record_header(&plain);
    assert_int_equal(record_open(path, text, 1 << 16, &record), MUSTER_OK);
    free(text);
    record_append(record, tick, RECORD_END, MUSTER_SEAT_NONE, bytes, w.len);
    record_close(record);
    assert_int_equal(record_read(path, &reader, &header), MUSTER_OK);
    setup.is_replay = true;
    assert_int_equal(match_create(&setup, &playback.match), MUSTER_OK);
    assert_int_equal(playback_run(&playback, reader), MUSTER_OK);
    record_reader_close(reader);
    match_destroy(playback.match);
    assert_int_equal(unlink(path), 0);
    return playback;
}

static void the_same_end_is_the_same(void **state) {
    (void)state;
    game.in_tick = end_red;
    uint64_t hash = hash_at_end();
    struct playback p = play_end(END_TICK, MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT, hash);
    assert_true(p.ended && !p.different);
    assert_true(p.hash == hash && p.recorded_hash == hash);
}

static void another_winner_or_reason_or_state_is_different(void **state) {
    (void)state;
    game.in_tick = end_red;
    uint64_t hash = hash_at_end();
    struct playback p = play_end(END_TICK, MUSTER_TEAM_BLUE, MUSTER_END_SCORE_LIMIT, hash);
    assert_true(p.ended && p.different);
    assert_int_equal(p.different_tick, END_TICK);
    p = play_end(END_TICK, MUSTER_TEAM_RED, MUSTER_END_TIME_LIMIT, hash);
    assert_true(p.ended && p.different);
    p = play_end(END_TICK, MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT, hash + 1);
    assert_true(p.ended && p.different);
    assert_int_equal(p.different_tick, END_TICK);
}

/* The replay comes to an end before the recording does. */
static void an_earlier_end_is_different(void **state) {
    (void)state;
    game.in_tick = end_red;
    struct playback p =
        play_end(END_TICK + 1, MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT, hash_at_end());
    assert_true(p.different);
    assert_int_equal(p.different_tick, END_TICK);
}

/* Ended from outside, by who is in no recording: the replay has no end of its own. */
static void an_end_from_outside_is_taken(void **state) {
    (void)state;
    struct match *match = make(NULL);
    for (int i = 0; i < END_TICK; i++) step(match);
    match_end(match, MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT);
    uint64_t hash = match_hash(match);
    match_destroy(match);
    struct playback p = play_end(END_TICK, MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT, hash);
    assert_true(p.ended && !p.different);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        TEST(the_same_end_is_the_same),
        TEST(another_winner_or_reason_or_state_is_different),
        TEST(an_earlier_end_is_different),
        TEST(an_end_from_outside_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
