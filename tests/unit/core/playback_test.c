/* Playback: a recording that says another end than the replay comes to is reported as different. */
#include "ended.h"
#include "match_rig.h"
#include "playback.h"

#define END_TICK 3

static void end_red(struct fake_state *state) {
    if (state->ticks != END_TICK) return;
    assert_int_equal(
        game_host()->end(&game.self, state->match, ENDED(MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT)),
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

struct entry {
    uint32_t tick, kind, seat, len;
    const void *data;
};

/* A recording of these entries, played. */
static muster_status play(const struct entry *entries, uint32_t count, struct playback *playback) {
    char path[128];
    const struct match_setup plain = setup_of(NULL);
    struct match_setup setup = plain;
    struct record *record = NULL;
    struct record_reader *reader = NULL;
    const char *header = NULL;
    snprintf(path, sizeof path, "%s/p.mrec", game.root);
    char *text = match_record_header(&plain);
    assert_int_equal(record_open(path, text, 1 << 16, &record), MUSTER_OK);
    free(text);
    for (uint32_t i = 0; i < count; i++)
        record_append(record, entries[i].tick, entries[i].kind, entries[i].seat, entries[i].data,
                      entries[i].len);
    record_close(record);
    assert_int_equal(record_read(path, &reader, &header), MUSTER_OK);
    setup.is_replay = true;
    *playback = (struct playback){0};
    assert_int_equal(match_create(&setup, &playback->match), MUSTER_OK);
    muster_status status = playback_run(playback, reader);
    record_reader_close(reader);
    match_destroy(playback->match);
    assert_int_equal(unlink(path), 0);
    return status;
}

static struct playback play_end(uint32_t tick, uint32_t team, const char *reason, uint64_t hash) {
    uint8_t bytes[64];
    struct playback playback;
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, MUSTER_WINNER_TEAM);
    muster_put_u8(&w, team);
    muster_put_str(&w, reason);
    muster_put_u64(&w, hash);
    const struct entry end = {tick, RECORD_END, MUSTER_SEAT_NONE, w.len, bytes};
    assert_int_equal(play(&end, 1, &playback), MUSTER_OK);
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

/* Whoever looks for the cause wants to know where it began. */
static void the_first_difference_is_told(void **state) {
    (void)state;
    static const uint8_t other[8] = {1};
    struct playback playback;
    const struct entry entries[] = {{1, RECORD_HASH, MUSTER_SEAT_NONE, 8, other},
                                    {2, RECORD_HASH, MUSTER_SEAT_NONE, 8, other}};
    assert_int_equal(play(entries, 2, &playback), MUSTER_OK);
    assert_true(playback.different && !playback.ended);
    assert_int_equal(playback.different_tick, 1);
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
    match_end(match, match_decide(MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT));
    uint64_t hash = match_hash(match);
    match_destroy(match);
    struct playback p = play_end(END_TICK, MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT, hash);
    assert_true(p.ended && !p.different);
}

/* A file may be damaged: nothing in it leads to a seat, a team or a time that there is not. */
static void what_cannot_have_been_is_refused(void **state) {
    (void)state;
    static const uint8_t zeros[80];
    static const char won[] = "\1\1\1\0w\0\0\0\0\0\0\0\0", no_winner[] = "\1\3\1\0w\0\0\0\0\0\0\0";
    static const char no_kind[] = "\3\1\1\0w\0\0\0\0\0\0\0", no_word[] = "\1\1\1\0W\0\0\0\0\0\0\0";
    static const char join[] = "\2\1\3\0ann\3\0Ann", no_team[] = "\3\1\3\0ann\3\0Ann";
    static const char command[80] = "\1\0x\0\0\10", long_command[80] = "\1\0x\0\0\11";
    static const char setting[] = "\12\0maxPlayers\1\0003", no_json[] = "\12\0maxPlayers\1\0{";
    static const uint8_t quit[] = {MUSTER_LEAVE_QUIT};
    static const uint8_t crash[] = {MUSTER_DISTURBED_CRASH, 1, 2, 0, 0};
    static const uint8_t no_cause[] = {MUSTER_DISTURBED_END, 1, 2, 0, 0};
    const struct {
        struct entry entry;
        bool good;
    } cases[] = {
        {{0, RECORD_JOIN, 3, 12, join}, true},
        {{0, RECORD_JOIN, 4, 12, join}, false},
        {{0, RECORD_JOIN, 3, 11, join}, false},
        {{0, RECORD_JOIN, 3, 12, no_team}, false},
        {{0, RECORD_LEAVE, 3, 1, quit}, true},
        {{0, RECORD_LEAVE, 4, 1, quit}, false},
        {{0, RECORD_LEAVE, 3, 1, zeros}, false},
        {{0, RECORD_CONNECTION, 3, 1, zeros}, true},
        {{0, RECORD_CONNECTION, 4, 1, zeros}, false},
        {{0, RECORD_INPUT, 3, 13, zeros}, true},
        {{0, RECORD_INPUT, 3, 12, zeros}, false},
        {{0, RECORD_INPUT, 4, 13, zeros}, false},
        {{0, RECORD_COMMAND, 3, 6 + 8 * 8, command}, true},
        {{0, RECORD_COMMAND, 3, 5 + 8 * 8, command}, false},
        {{0, RECORD_COMMAND, 3, 6 + 9 * 8, long_command}, false},
        {{0, RECORD_SETTING, MUSTER_SEAT_NONE, 15, setting}, true},
        {{0, RECORD_SETTING, MUSTER_SEAT_NONE, 14, setting}, false},
        {{0, RECORD_SETTING, MUSTER_SEAT_NONE, 15, no_json}, false},
        {{0, RECORD_HASH, MUSTER_SEAT_NONE, 8, zeros}, true},
        {{0, RECORD_HASH, MUSTER_SEAT_NONE, 7, zeros}, false},
        {{0, RECORD_HASH, MUSTER_SEAT_NONE, 9, zeros}, false},
        {{0, RECORD_END, MUSTER_SEAT_NONE, 13, won}, true},
        {{0, RECORD_END, MUSTER_SEAT_NONE, 12, won}, false},
        {{0, RECORD_END, MUSTER_SEAT_NONE, 13, no_winner}, false},
        {{0, RECORD_END, MUSTER_SEAT_NONE, 13, no_kind}, false},
        {{0, RECORD_END, MUSTER_SEAT_NONE, 13, no_word}, false},
        {{0, RECORD_END, MUSTER_SEAT_NONE, 12, zeros}, false}, /* for no reason */
        {{0, RECORD_MESSAGE, 3, 1, zeros}, true},
        {{0, RECORD_MESSAGE, 4, 1, zeros}, false},
        {{0, RECORD_MESSAGE, 3, 0, zeros}, false},
        {{0, RECORD_NOTE, MUSTER_SEAT_NONE, 2, zeros}, false}, /* of no rules */
        {{0, RECORD_DISTURBED, MUSTER_SEAT_NONE, 5, crash}, true},
        {{0, RECORD_DISTURBED, MUSTER_SEAT_NONE, 4, crash}, false},
        {{0, RECORD_DISTURBED, MUSTER_SEAT_NONE, 5, zeros}, false},
        {{0, RECORD_DISTURBED, MUSTER_SEAT_NONE, 5, no_cause}, false},
        {{0, 99, 0, 1, zeros}, false},
        {{5184001, RECORD_LEAVE, 3, 1, quit}, false}, /* longer than a day */
    };
    struct playback playback;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        muster_status status = play(&cases[i].entry, 1, &playback);
        if (status != (cases[i].good ? MUSTER_OK : MUSTER_INVALID))
            fail_msg("case %zu: %d", i, (int)status);
    }
    const struct entry twice[] = {{1, RECORD_JOIN, 3, 12, join}, {1, RECORD_JOIN, 3, 12, join}};
    assert_int_equal(play(twice, 2, &playback), MUSTER_INVALID);
    const struct entry back[] = {{2, RECORD_LEAVE, 3, 1, quit}, {1, RECORD_LEAVE, 3, 1, quit}};
    assert_int_equal(play(back, 1, &playback), MUSTER_OK);
    assert_int_equal(play(back, 2, &playback), MUSTER_INVALID);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        TEST(the_same_end_is_the_same),     TEST(another_winner_or_reason_or_state_is_different),
        TEST(the_first_difference_is_told), TEST(an_earlier_end_is_different),
        TEST(an_end_from_outside_is_taken), TEST(what_cannot_have_been_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
