/* sdk/load: what is counted of a run. */
#include "test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "histogram.h"
#include "match_set.h"
#include "play.h"

#define SETTLED_BELOW 128u /* each value has a bucket of its own */

static void test_a_value_comes_back_to_one_percent(void **state) {
    (void)state;
    for (uint64_t us = 1; us < UINT64_C(1) << 36; us += us / 3 + 1) {
        struct histogram one = {0};
        histogram_add(&one, us);
        uint64_t found = histogram_at(&one, 0.5);
        assert_in_range(found * 100, us * 99, us * 101);
        if (us < SETTLED_BELOW) assert_int_equal(found, us);
    }
}

static void test_shares_are_of_all(void **state) {
    (void)state;
    static struct histogram histogram;
    assert_int_equal(histogram_at(&histogram, 0.99), 0);
    for (uint32_t us = 1; us <= 100; us++) histogram_add(&histogram, us);
    assert_int_equal(histogram_at(&histogram, 0.5), 50);
    assert_int_equal(histogram_at(&histogram, 0.99), 99);
    assert_int_equal(histogram_at(&histogram, 0.999), 100);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram.count, 101);
    assert_true(histogram_at(&histogram, 1) > UINT64_C(1) << 36);
}

static void add(struct match_set *set, uint32_t number) {
    char text[128];
    snprintf(text, sizeof text,
             "{\"params\":{\"matchId\":\"00000000-0000-4000-8000-%012x\",\"gameMode\":", number);
    match_set_add(set, text);
}

static void test_a_match_counts_once(void **state) {
    (void)state;
    struct match_set set = {0};
    for (uint32_t player = 0; player < 8; player++)
        for (uint32_t number = 0; number < 5000; number++) add(&set, number);
    assert_int_equal(set.count, 5000);
    match_set_free(&set);
}

static void test_what_is_no_match_is_not_counted(void **state) {
    (void)state;
    struct match_set set = {0};
    match_set_add(&set, "");
    match_set_add(&set, "{\"matchId\":");
    match_set_add(&set, "{\"matchId\":\"00000000-0000-4000-8000-");
    assert_int_equal(set.count, 0);
    match_set_free(&set);
}

/* ---- latency --------------------------------------------------------------------------------- */

#define INTERVAL_US 50000u

struct play {
    struct player_world world;
    struct player player;
    int server;
};

static int begin_play(void **state) {
    struct play *play = calloc(1, sizeof *play);
    int ends[2];
    if (!play || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) return -1;
    play->world.input_interval_us = INTERVAL_US;
    play->world.now_us = 1000000;
    play->world.measuring = true;
    player_init(&play->player, &play->world, 0);
    play->player.wire.fd = ends[0];
    play->server = ends[1];
    *state = play;
    return 0;
}

static int end_play(void **state) {
    struct play *play = *state;
    player_end(&play->player);
    close(play->server);
    free(play);
    return 0;
}

static void snapshot(struct play *play, uint32_t tick, uint32_t ack) {
    uint8_t payload[16] = {0x81};
    memcpy(payload + 4, &tick, sizeof tick);
    memcpy(payload + 8, &ack, sizeof ack);
    play_on_snapshot(&play->player, payload, sizeof payload);
}

/* As it is due, one in each interval. */
static void send_inputs(struct play *play, uint32_t count) {
    for (; count > 0; count--) {
        play_send_input(&play->player);
        play->world.now_us += INTERVAL_US;
    }
}

static void test_each_input_has_a_latency(void **state) {
    struct play *play = *state;
    const struct histogram *latencies = &play->world.latencies;
    snapshot(play, 1, 0);
    play->player.due_us = play->world.now_us;
    send_inputs(play, 20); /* a server that stands still for a second */
    snapshot(play, 2, 10);
    assert_int_equal(latencies->count, 10);
    snapshot(play, 3, 20);
    snapshot(play, 4, 20);
    snapshot(play, 5, 1000); /* nothing was sent that it could have */
    assert_int_equal(latencies->count, 20);
    assert_in_range(histogram_at(latencies, 0.5), 495000, 505000);
    assert_in_range(histogram_at(latencies, 1), 990000, 1010000);
}

static void test_older_inputs_than_are_known_waited_as_long_at_least(void **state) {
    struct play *play = *state;
    const struct histogram *latencies = &play->world.latencies;
    snapshot(play, 1, 0);
    play->player.due_us = play->world.now_us;
    send_inputs(play, INPUTS_ON_WAY + 100);
    snapshot(play, 2, INPUTS_ON_WAY + 100);
    assert_int_equal(latencies->count, INPUTS_ON_WAY + 100);
    uint64_t longest_us = (uint64_t)INPUTS_ON_WAY * INTERVAL_US;
    assert_in_range(histogram_at(latencies, 1), longest_us * 99 / 100, longest_us * 101 / 100);
}

static void test_what_is_awaited_at_the_end_counts(void **state) {
    struct play *play = *state;
    snapshot(play, 1, 0);
    play->player.due_us = play->world.now_us;
    send_inputs(play, 10);
    play_on_measured(&play->player); /* not for long */
    assert_int_equal(play->world.latencies.count, 0);
    assert_int_equal(play->world.intervals.count, 0);
    send_inputs(play, 10);
    play_on_measured(&play->player);
    assert_int_equal(play->world.latencies.count, 20);
    assert_in_range(histogram_at(&play->world.intervals, 1), 990000, 1010000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_comes_back_to_one_percent),
        cmocka_unit_test(test_shares_are_of_all),
        cmocka_unit_test(test_a_match_counts_once),
        cmocka_unit_test(test_what_is_no_match_is_not_counted),
        cmocka_unit_test_setup_teardown(test_each_input_has_a_latency, begin_play, end_play),
        cmocka_unit_test_setup_teardown(test_older_inputs_than_are_known_waited_as_long_at_least,
                                        begin_play, end_play),
        cmocka_unit_test_setup_teardown(test_what_is_awaited_at_the_end_counts, begin_play,
                                        end_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
