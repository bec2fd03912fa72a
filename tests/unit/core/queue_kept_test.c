/* Searches over a crash: what stands in the file is known to the next process, once. */
#include "fake_game.h"

#include <unistd.h>

#include "checkpoint.h"
#include "loop.h"
#include "paths.h"
#include "queue_kept.h"

static int open_kept(void **state) {
    (void)state;
    char error[PATHS_ERROR_MAX];
    if (game_open(NULL)) return -1;
    return paths_init(true, error) ? -1 : 0;
}

static int close_kept(void **state) {
    (void)state;
    paths_deinit();
    return game_close();
}

static const struct queue_wish ann = {"ann", "arena", "eu", "", 1000};
static const struct queue_wish bob = {"bob", "arena", "eu", "dust", 2000};

static void path_of(const char *name, char out[1024]) {
    snprintf(out, 1024, "%s/%s", paths_data(), name);
}

/* As after a kill: the file is what it was, and nothing is in memory. */
static void crash(void) {
    char file[1024];
    path_of("queue.live", file);
    uint8_t bytes[4096];
    uint32_t len;
    struct checkpoint_mark mark;
    assert_int_equal(checkpoint_read(file, bytes, sizeof bytes, &len, &mark), MUSTER_OK);
    queue_kept_stop();
    struct checkpoint *again;
    assert_int_equal(checkpoint_open(file, &again), MUSTER_OK);
    assert_int_equal(checkpoint_write(again, bytes, len, mark), MUSTER_OK);
    checkpoint_close(again);
    queue_kept_start();
}

static void who_searched_has_waited_since(void **state) {
    (void)state;
    queue_kept_start();
    queue_kept_begin();
    queue_kept_add(&ann);
    queue_kept_add(&bob);
    queue_kept_end();
    crash();
    struct queue_wish other = bob;
    strcpy(other.map_name, "ice"); /* another search is a new one */
    assert_int_equal(queue_kept_take(&other), 0);
    assert_int_equal(queue_kept_take(&bob), 2000);
    assert_int_equal(queue_kept_take(&bob), 0);
    queue_kept_begin(); /* ann is not back yet: she is kept over another crash */
    queue_kept_end();
    crash();
    assert_int_equal(queue_kept_take(&bob), 0);
    assert_int_equal(queue_kept_take(&ann), 1000);
    queue_kept_stop();
}

static void a_damaged_file_is_no_search(void **state) {
    (void)state;
    char file[1024];
    path_of("queue.live", file);
    FILE *out = fopen(file, "wb");
    fputs("MSTRLIV1 and no more", out);
    fclose(out);
    queue_kept_start();
    assert_int_equal(queue_kept_take(&ann), 0);
    queue_kept_stop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_searched_has_waited_since, open_kept, close_kept),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_no_search, open_kept, close_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
