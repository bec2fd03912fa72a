/* One match, steered by hand: seats, events, who may change it, its end, its replay. */
#include "ended.h"
#include "match_rig.h"
#include "playback.h"

/* ---- seats and results ----------------------------------------------------------------------- */

static void bots_sit_above_the_people(void **state) {
    (void)state;
    struct match *match = make_with_player();
    uint32_t seat = 0;
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(match_bot_add(match, "bot", MUSTER_TEAM_BLUE, &seat), MUSTER_OK);
        assert_int_equal(seat, 4 + i);
    }
    assert_int_equal(match_bot_add(match, "bot", MUSTER_TEAM_BLUE, &seat), MUSTER_FULL);
    assert_int_equal(match_bot_add(match, "bot", 3, &seat), MUSTER_INVALID);
    assert_int_equal(match_bot_remove(match, 0), MUSTER_NOT_FOUND);
    assert_int_equal(match_bot_remove(match, MUSTER_SEATS_MAX), MUSTER_NOT_FOUND);
    assert_int_equal(match_bot_remove(match, 5), MUSTER_OK);
    assert_int_equal(match_bot_remove(match, 5), MUSTER_NOT_FOUND);
    assert_string_equal(match->seats[4].player_key, "bot:4");
    match_destroy(match);
}

static void results_hold_who_left_and_who_came_back(void **state) {
    (void)state;
    struct match *match = make_with_player();
    join(match, 1, "bea");
    join(match, 2, "cid");
    match->seats[0].kills = 5;
    struct match_seat *bea = &match->seats[1];
    bea->kills = 7, bea->deaths = 8, bea->assists = 9, bea->score = -10;
    match_leave(match, 0, MUSTER_LEAVE_QUIT);
    match_leave(match, 1, MUSTER_LEAVE_TIMEOUT);
    join(match, 0, "bea"); /* back, on another seat */
    bea = &match->seats[0];
    assert_int_equal(bea->kills, 7);
    assert_int_equal(bea->deaths, 8);
    assert_int_equal(bea->assists, 9);
    assert_int_equal(bea->score, -10);
    struct match_results *results = match_results(match);
    assert_int_equal(results->row_count, 3);
    assert_string_equal(results->rows[0].player_key, "bea"); /* by seat, who sits there first */
    assert_string_equal(results->rows[1].player_key, "ann");
    assert_int_equal(results->rows[1].kills, 5);
    assert_string_equal(results->rows[2].player_key, "cid");
    free(results);
    match_destroy(match);
}

static void a_refused_player_is_out_and_loses_no_score(void **state) {
    (void)state;
    struct match *match = make_with_player();
    match->seats[0].kills = 3;
    match_leave(match, 0, MUSTER_LEAVE_QUIT);
    assert_int_equal(match_join(match, 0, "ann", "refused", MUSTER_TEAM_RED, true), MUSTER_DENIED);
    assert_false(match->seats[0].used);
    join(match, 3, "ann");
    assert_int_equal(match->seats[3].kills, 3);
    match_destroy(match);
}

static void more_leavers_than_there_is_room_for_are_bounded(void **state) {
    (void)state;
    struct match *match = make(NULL);
    for (uint32_t i = 0; i < match_departed_max(match) + 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        join(match, 0, name);
        match_leave(match, 0, MUSTER_LEAVE_QUIT);
        match_sent(match);
    }
    struct match_results *results = match_results(match);
    assert_int_equal(results->row_count, match_departed_max(match));
    free(results);
    match_destroy(match);
}

static void a_mode_that_does_not_know_the_map_leaves_nothing_behind(void **state) {
    (void)state;
    struct match *match = NULL;
    struct match_setup setup = setup_of(NULL);
    setup.map_name = "nowhere";
    assert_int_equal(match_create(&setup, &match), MUSTER_NOT_FOUND);
    setup.game_mode = "chess";
    assert_int_equal(match_create(&setup, &match), MUSTER_NOT_FOUND);
    assert_null(match);
    assert_int_equal(match_count(), 0);
    assert_int_equal(game.self.pins, 0);
}

/* A node holds thousands of matches. */
static void what_few_matches_need_is_made_when_it_is_needed(void **state) {
    (void)state;
    const struct match_command command = {.name = "noop"};
    struct match *match = make(NULL);
    assert_true(sizeof *match <= 4 << 10);
    match_step(match);
    assert_null(match->commands);
    assert_null(match->events);
    assert_int_equal(match_command_push(match, &command), MUSTER_OK);
    assert_non_null(match->commands);
    match_step(match);
    assert_int_equal(match->command_count, 0);
    match_destroy(match);
}

/* ---- events and frames ----------------------------------------------------------------------- */

static uint32_t event_bytes;

static void send_events(struct fake_state *state) {
    static uint8_t data[MUSTER_EVENT_MAX];
    for (uint32_t left = event_bytes; left > 1;) {
        uint32_t len = left - 1 < 255 ? left - 1 : 255;
        if (game_host()->event(&game.self, state->match, data, len)) return;
        left -= len + 1;
    }
}

static void events_come_with_the_tick_and_late_ones_with_the_next_message(void **state) {
    (void)state;
    uint32_t len = 0;
    struct match *match = make(NULL);
    uint64_t cursor = match->event_tick_begin;
    join(match, 0, "ann"); /* between two ticks: an event of the next one */
    match_step(match);
    const uint8_t *frame = match_frame(match, 0, false, 50000, &len);
    assert_int_equal(len, FRAME_SNAPSHOT_HEADER + 6 + 5);
    assert_int_equal(frame[0], FRAME_SNAPSHOT);
    assert_int_equal(frame[FRAME_SNAPSHOT_HEADER + 1], 0);
    assert_memory_equal(frame + FRAME_SNAPSHOT_HEADER + 6, "\004join", 5);
    match_sent(match);
    match_step(match);
    frame = match_frame(match, 1, true, 50000, &len);
    assert_int_equal(len, FRAME_SNAPSHOT_HEADER + 6);
    assert_int_equal(frame[1], FRAME_FLAG_FULL);
    assert_int_equal(frame[FRAME_SNAPSHOT_HEADER], 1);
    frame = match_frame_since(match, 0, cursor, 50000, &len);
    assert_int_equal(len, FRAME_SNAPSHOT_HEADER + 6 + 5);
    assert_int_equal(frame[1], FRAME_FLAG_FULL);
    match_destroy(match);
}

static void who_missed_more_than_the_ring_holds_is_told_so(void **state) {
    (void)state;
    uint32_t len = 0;
    struct match *match = make(NULL);
    uint64_t cursor = match->event_tick_begin;
    game.in_tick = send_events;
    event_bytes = 4096;
    step(match);
    step(match);
    assert_non_null(match_frame_since(match, 0, cursor, 50000, &len));
    assert_int_equal(len, FRAME_SNAPSHOT_HEADER + 6 + 8192);
    event_bytes = 2;
    step(match);
    assert_null(match_frame_since(match, 0, cursor, 50000, &len));
    assert_non_null(match_frame_since(match, 0, cursor + 2, 50000, &len));
    match_destroy(match);
}

static void events_of_a_tick_are_bounded(void **state) {
    (void)state;
    struct match *match = make(NULL);
    game.in_tick = send_events;
    event_bytes = 100000;
    match_step(match);
    assert_int_equal(match->event_end, 8192);
    match_sent(match);
    assert_int_equal(match_event(match, "x", 0), MUSTER_INVALID);
    assert_int_equal(match_event(match, "x", 256), MUSTER_INVALID);
    for (int i = 0; i < MATCH_EVENTS_PER_TICK; i++)
        assert_int_equal(match_event(match, "x", 1), MUSTER_OK);
    assert_int_equal(match_event(match, "x", 1), MUSTER_LIMIT);
    char large[MUSTER_EVENT_MAX] = {0};
    for (uint32_t left = 0; left < 2; left++) { /* bytes of the ring, behind them */
        match_sent(match);
        for (int i = 0; i < 31; i++)
            assert_int_equal(match_event(match, large, MUSTER_EVENT_MAX), MUSTER_OK);
        assert_int_equal(match_event(match, large, 253 + left), MUSTER_OK);
        assert_int_equal(match_event(match, "x", 1), left ? MUSTER_LIMIT : MUSTER_OK);
        assert_int_equal(match->event_end - match->event_tick_begin, MATCH_EVENT_RING - left);
    }
    match_destroy(match);
}

static void a_view_is_one_of_the_modes(void **state) {
    (void)state;
    struct match *match = make_with_player();
    assert_int_equal(match_view(match, 0), 0);
    assert_int_equal(match_view(match, MUSTER_SEAT_NONE), 1);
    static const uint32_t wrong[] = {2, 17, UINT32_MAX}; /* it has two */
    for (int i = 0; i < 3; i++) {
        game.bad_view = wrong[i];
        assert_int_equal(match_view(match, 0), 0);
    }
    match_destroy(match);
}

static void a_frame_is_encoded_once_a_tick(void **state) {
    (void)state;
    uint32_t len = 0;
    struct match *match = make(NULL);
    match_step(match);
    const uint8_t *frame = match_frame(match, 0, false, 50000, &len);
    uint64_t calls = game.self.call_count;
    assert_ptr_equal(match_frame(match, 0, false, 50000, &len), frame);
    assert_int_equal(game.self.call_count, calls);
    match_sent(match);
    match_step(match);
    calls = game.self.call_count;
    (void)match_frame(match, 0, false, 50000, &len);
    assert_int_equal(game.self.call_count, calls + 1);
    match_destroy(match);
}

/* ---- who may change a match ------------------------------------------------------------------ */

static muster_match_id meddled;

static void meddle(struct fake_state *state) {
    uint32_t seat;
    (void)state;
    const struct muster_host_match *host = game_host();
    assert_int_equal(host->team_set(&game.self, meddled, 0, 2), MUSTER_STATE);
    assert_int_equal(host->alive_set(&game.self, meddled, 0, 1), MUSTER_STATE);
    assert_int_equal(host->stat_add(&game.self, meddled, 0, MUSTER_STAT_KILLS, 1), MUSTER_STATE);
    assert_int_equal(host->team_score_add(&game.self, meddled, 1, 1), MUSTER_STATE);
    assert_int_equal(host->bot_add(&game.self, meddled, "b", 1, &seat), MUSTER_STATE);
    assert_int_equal(host->bot_remove(&game.self, meddled, 4), MUSTER_STATE);
    assert_int_equal(host->event(&game.self, meddled, "x", 1), MUSTER_STATE);
    assert_int_equal(host->random(&game.self, meddled, 0), 0);
}

/* Neither from outside of a step, nor when a snapshot is written, nor in another match's step. */
static void a_match_changes_only_in_its_own_step(void **state) {
    (void)state;
    uint32_t len = 0;
    struct match *match = make_with_player();
    struct match *other = make(NULL);
    meddled = match->id;
    uint64_t hash = match_hash(match), faults = game.self.fault_count;
    meddle(NULL);
    game.in_tick = meddle;
    match_step(other);
    game.in_tick = NULL;
    game.in_snapshot = meddle;
    (void)match_frame(match, 0, true, 50000, &len);
    assert_int_equal(match_hash(match), hash);
    assert_int_equal(game.self.fault_count, faults + 24);
    match_destroy(other);
    match_destroy(match);
}

static void the_generator_is_the_published_one(void **state) {
    (void)state;
    struct match *match = make(NULL);
    match->rng[0] = 1;
    match->rng[1] = 2;
    match->rng[2] = 3;
    match->rng[3] = 4;
    assert_true(match_random(match, 0) == 11520);
    assert_true(match_random(match, 0) == 0);
    assert_true(match_random(match, 0) == 1509978240);
    assert_true(match_random(match, 0) == 1215971899390074240u);
    for (int i = 0; i < 1000; i++) assert_true(match_random(match, 3) < 3);
    match_destroy(match);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void the_victory_condition_ends_the_match(void **state) {
    (void)state;
    struct match *match = make(NULL);
    assert_int_equal(match_join(match, 0, "ann", "ann", MUSTER_TEAM_RED, true), MUSTER_OK);
    game.limit = 2;
    for (uint32_t i = 1; i <= 2; i++) {
        assert_false(match->ended);
        push(match, i, 1, 1);
        step(match);
    }
    assert_true(match->ended);
    assert_int_equal(match->decision.winner, MUSTER_TEAM_RED);
    assert_string_equal(match->decision.reason, MUSTER_END_SCORE_LIMIT);
    match_end(match, match_decide(MUSTER_TEAM_BLUE, MUSTER_END_ABORTED)); /* too late */
    assert_int_equal(match->decision.winner, MUSTER_TEAM_RED);
    match_destroy(match);
}

static void assert_team(uint32_t team, uint32_t seated, uint32_t humans, uint32_t alive) {
    assert_int_equal(game.team_seated[team], seated);
    assert_int_equal(game.team_humans[team], humans);
    assert_int_equal(game.team_alive[team], alive);
}

/* Seats of the fake game: even ones are red. */
static void victories_are_told_who_sits_and_who_lives(void **state) {
    (void)state;
    uint32_t bot = 0;
    struct match *match = make_with_player();
    join(match, 2, "cid");
    match->team_score[MUSTER_TEAM_BLUE] = 3;
    step(match);
    assert_team(MUSTER_TEAM_RED, 2, 2, 0);
    assert_team(MUSTER_TEAM_BLUE, 0, 0, 0);
    assert_int_equal(game.facts.sides_met, 0);
    assert_int_equal(game.facts.tick, 1);
    assert_int_equal(game.facts.elapsed_ms, 50);
    assert_int_equal(game.facts.seats_max, 4);
    assert_int_equal(game.team_score[MUSTER_TEAM_BLUE], 3);
    join(match, 1, "bea");
    assert_int_equal(match_bot_add(match, "bot", MUSTER_TEAM_BLUE, &bot), MUSTER_OK);
    match->seats[0].alive = match->seats[1].alive = match->seats[bot].alive = true;
    match_connection(match, 1, false); /* holds the seat */
    step(match);
    assert_team(MUSTER_TEAM_RED, 2, 2, 1);
    assert_team(MUSTER_TEAM_BLUE, 2, 1, 2);
    assert_int_equal(game.facts.sides_met, 1);
    match_leave(match, 1, MUSTER_LEAVE_TIMEOUT);
    assert_int_equal(match_bot_remove(match, bot), MUSTER_OK);
    step(match);
    assert_team(MUSTER_TEAM_BLUE, 0, 0, 0);
    assert_int_equal(game.facts.sides_met, 1);
    match_destroy(match);
}

/* Whoever goes before the first tick was there all the same; whoever was never met was not. */
static void teams_have_met_before_the_first_tick(void **state) {
    (void)state;
    struct match *match = make_with_player();
    join(match, 1, "bea");
    match_leave(match, 1, MUSTER_LEAVE_QUIT);
    step(match);
    assert_int_equal(game.facts.sides_met, 1);
    match_destroy(match);
    match = make_with_player();
    match_leave(match, 0, MUSTER_LEAVE_QUIT);
    join(match, 1, "bea");
    step(match);
    assert_int_equal(game.facts.sides_met, 0);
    match_destroy(match);
}

static void an_answer_that_is_none_decides_nothing(void **state) {
    (void)state;
    static const muster_verdict wrong[] = {MUSTER_ACCEPT, MUSTER_PASS, MUSTER_PENDING, 77,
                                           MUSTER_DECIDED /* without team and reason */};
    struct match *match = make(NULL);
    for (uint32_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t faults = game.self.fault_count;
        game.bad_verdict = wrong[i];
        step(match);
        assert_false(match->ended);
        assert_int_equal(game.self.fault_count, faults + 1);
    }
    match_destroy(match);
}

static void end_as_draw(struct fake_state *state) {
    assert_int_equal(game_host()->end(&game.self, state->match, ENDED(3, MUSTER_END_FORFEIT)),
                     MUSTER_INVALID);
    assert_int_equal(game_host()->end(&game.self, state->match, ENDED(0, "No Word")),
                     MUSTER_INVALID);
    assert_int_equal(game_host()->end(&game.self, state->match, ENDED(0, MUSTER_END_TIME_LIMIT)),
                     MUSTER_OK);
    assert_int_equal(game_host()->end(&game.self, state->match, ENDED(1, MUSTER_END_FORFEIT)),
                     MUSTER_STATE);
}

static void a_mode_ends_its_match_in_the_step(void **state) {
    (void)state;
    struct match *match = make(NULL);
    for (int i = 0; i < 58; i++) step(match);
    game.in_tick = end_as_draw;
    step(match);
    assert_true(match->ended);
    struct match_results *results = match_results(match);
    assert_int_equal(results->duration_s, 2); /* whole seconds of 59 ticks, 20 a second */
    assert_int_equal(results->winner_kind, MUSTER_WINNER_NOBODY);
    assert_string_equal(results->reason, MUSTER_END_TIME_LIMIT);
    free(results);
    match_destroy(match);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void commands_wait_for_the_next_tick(void **state) {
    (void)state;
    const int64_t args[] = {1, 2};
    const struct muster_command command = {
        .size = sizeof command, .name = "stir", .args = args, .arg_count = 2};
    struct match *match = make(NULL);
    for (int i = 0; i < MATCH_COMMANDS_MAX; i++)
        assert_int_equal(game_host()->command(&game.self, match->id, &command), MUSTER_OK);
    assert_int_equal(game_host()->command(&game.self, match->id, &command), MUSTER_LIMIT);
    assert_int_equal(game.commands, 0);
    step(match);
    assert_int_equal(game.commands, MATCH_COMMANDS_MAX);
    step(match);
    assert_int_equal(game.commands, MATCH_COMMANDS_MAX);
    match_destroy(match);
}

static void one_that_a_command_gives_waits_for_the_tick_after(void **state) {
    (void)state;
    const struct match_command command = {.name = "stir"};
    struct match *match = make(NULL);
    game.commands_again = true;
    assert_int_equal(match_command_push(match, &command), MUSTER_OK);
    for (uint32_t tick = 1; tick < 4; tick++) {
        step(match);
        assert_int_equal(game.commands, tick);
    }
    match_destroy(match);
}

/* ---- replay ---------------------------------------------------------------------------------- */

static uint32_t pick(uint32_t bound) {
    static uint32_t x = 2463534242;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x % bound;
}

static void random_act(struct match *match) {
    uint32_t seat = pick(4);
    struct match_command command = {.seat = seat, .arg_count = 1, .args = {pick(100)}, .text = "t"};
    struct muster_input input = {.sequence = match->seats[seat].ring.newest + 1,
                                 .held = (uint16_t)pick(8),
                                 .pressed = (uint16_t)pick(4),
                                 .aim = (uint16_t)pick(65536),
                                 .move_x = (int8_t)(int)(pick(255) - 127),
                                 .sample_count = (uint8_t)pick(4)};
    char name[16];
    snprintf(name, sizeof name, "p%u", pick(9));
    switch (pick(13)) {
    case 0:
        if (!match->seats[seat].used)
            (void)!match_join(match, seat, name, pick(4) ? name : "refused", pick(3), pick(2));
        break;
    case 1: match_leave(match, seat, 1 + pick(6)); break;
    case 4: match_disturb(match, 1 + pick(MATCH_CAUSES), pick(5000)); break;
    case 2: match_connection(match, seat, pick(2)); break;
    case 3:
        snprintf(command.name, sizeof command.name, "%s", pick(5) ? "stir" : "unknown");
        assert_int_equal(match_command_push(match, &command), MUSTER_OK);
        break;
    default: match_input_push(match, seat, &input);
    }
}

/* A hash every 100 ticks; the end's is compared, too. */
static void count_entries(struct record_reader *reader, uint32_t *hashes, uint32_t *kinds) {
    struct record_entry entry;
    while (record_next(reader, &entry) == MUSTER_OK) {
        *kinds |= 1u << entry.kind;
        *hashes += entry.kind == RECORD_HASH;
    }
    record_rewind(reader);
}

static void replay(const char *path, struct match *live) {
    struct match_setup setup = setup_of(NULL);
    struct playback playback = {0};
    struct record_reader *reader = NULL;
    const char *header = NULL;
    uint32_t hashes = 0, kinds = 0;
    assert_int_equal(record_read(path, &reader, &header), MUSTER_OK);
    count_entries(reader, &hashes, &kinds);
    assert_int_equal(kinds, 0x10FE); /* of every kind at least one */
    assert_int_equal(hashes, 9);
    setup.is_replay = true;
    assert_int_equal(match_create(&setup, &playback.match), MUSTER_OK);
    assert_int_equal(playback_run(&playback, reader), MUSTER_OK);
    assert_true(playback.ended && !playback.different);
    struct match_results *played = match_results(live), *replayed = match_results(playback.match);
    assert_int_equal(played->row_count, replayed->row_count);
    assert_memory_equal(played, replayed,
                        sizeof *played + played->row_count * sizeof played->rows[0]);
    free(played);
    free(replayed);
    record_reader_close(reader);
    match_destroy(playback.match);
}

static void some_bots(struct fake_state *state) {
    uint32_t seat;
    if (state->ticks % 50 == 7)
        assert_int_equal(game_host()->bot_add(&game.self, state->match, "bot", 2, &seat),
                         MUSTER_OK);
    if (state->ticks % 50 == 40)
        assert_int_equal(game_host()->bot_remove(&game.self, state->match, 4), MUSTER_OK);
}

static void what_was_recorded_replays_to_the_same_state(void **state) {
    (void)state;
    char path[128];
    const struct match_setup setup = setup_of(NULL);
    struct record *record = NULL;
    snprintf(path, sizeof path, "%s/m.mrec", game.root);
    char *header = match_record_header(&setup);
    assert_int_equal(record_open(path, header, 1 << 20, &record), MUSTER_OK);
    free(header);
    struct match *match = make(record);
    game.in_tick = some_bots;
    while (match->tick < 1000) {
        for (uint32_t acts = pick(4); acts; acts--) random_act(match);
        step(match);
    }
    match_end(match, match_decide(MUSTER_TEAM_BLUE, MUSTER_END_ABORTED));
    match_finish(match);
    while (access(path, F_OK) == 0 && loop_turn()) continue; /* the pool cuts the file */
    replay(path, match);
    match_destroy(match);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        TEST(bots_sit_above_the_people),
        TEST(results_hold_who_left_and_who_came_back),
        TEST(a_refused_player_is_out_and_loses_no_score),
        TEST(more_leavers_than_there_is_room_for_are_bounded),
        TEST(a_mode_that_does_not_know_the_map_leaves_nothing_behind),
        TEST(what_few_matches_need_is_made_when_it_is_needed),
        TEST(events_come_with_the_tick_and_late_ones_with_the_next_message),
        TEST(who_missed_more_than_the_ring_holds_is_told_so),
        TEST(events_of_a_tick_are_bounded),
        TEST(a_view_is_one_of_the_modes),
        TEST(a_frame_is_encoded_once_a_tick),
        TEST(a_match_changes_only_in_its_own_step),
        TEST(the_generator_is_the_published_one),
        TEST(the_victory_condition_ends_the_match),
        TEST(victories_are_told_who_sits_and_who_lives),
        TEST(teams_have_met_before_the_first_tick),
        TEST(an_answer_that_is_none_decides_nothing),
        TEST(a_mode_ends_its_match_in_the_step),
        TEST(commands_wait_for_the_next_tick),
        TEST(one_that_a_command_gives_waits_for_the_tick_after),
        TEST(what_was_recorded_replays_to_the_same_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
