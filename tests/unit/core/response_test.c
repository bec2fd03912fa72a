/* What follows from suspicions: nothing by default, and never by one family alone. */
#include "books_rig.h"
#include "paths.h"
#include "response.h"

#define DELAY_MS 60000
#define WINDOW_MS 3600000
#define KICKS                                                                                      \
    "\"match\":{\"recordEnabled\":false},"                                                         \
    "\"anticheat\":{\"response\":\"kick\",\"delayS\":60,\"windowS\":3600}"
#define OBSERVES                                                                                   \
    "\"match\":{\"recordEnabled\":false},"                                                         \
    "\"anticheat\":{\"response\":\"observe\",\"evidenceKeepMax\":2}"
#define IGNORES "\"match\":{\"recordEnabled\":false},\"anticheat\":{\"response\":\"ignore\"}"

/* ---- timers: who looks who is to be kicked, and who tries again ---- */

#define LOOK_MS 1000
#define EVIDENCE_AGAIN_MS 2000

static loop_fn look;
static uint32_t again; /* so often evidence was put off */

struct loop_timer *__wrap_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user);
struct loop_timer *__real_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user);

struct loop_timer *__wrap_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user) {
    bool puts_off = delay_ms == EVIDENCE_AGAIN_MS;
    again += puts_off;
    if (repeat_ms == LOOK_MS) look = fn; /* the newest: it is begun with the first suspect */
    return __real_loop_timer_start(puts_off ? 1 : delay_ms, repeat_ms, fn, user);
}

static void pass(uint32_t ms) {
    rig_now_ms += ms;
    look(NULL);
}

static int open_responses(void **state) {
    char error[PATHS_ERROR_MAX];
    again = 0;
    return rig_open(state) || paths_init(true, error) ? -1 : 0;
}

static int close_responses(void **state) {
    response_deinit();
    paths_deinit();
    return rig_close(state);
}

/* Each family by a detector of its own. */
static struct response suspect_player(const char *player_key, const char *family) {
    return response_take(player_key, family, family, "m", false);
}

static struct response suspect(const char *family) {
    return suspect_player("ann", family);
}

/* ---- tests ---- */

static void by_default_nobody_is_acted_against(void **state) {
    struct client *client;
    (void)state;
    rig_sign_in("ann", &client);
    for (int i = 0; i < 10; i++) {
        struct response response = suspect(i % 2 ? "aim" : "timing");
        assert_int_equal(response.taken, RESPONSE_LOG);
        assert_int_equal(response.earned, i ? RESPONSE_KICK : RESPONSE_OBSERVE);
    }
    pass(24 * WINDOW_MS);
    assert_int_equal(rig.close_code[client->conn - 1], 0);
}

static void ignored_is_ignored(void **state) {
    (void)state;
    assert_int_equal(suspect("aim").taken, RESPONSE_IGNORE);
    assert_int_equal(suspect("timing").taken, RESPONSE_IGNORE);
}

static void one_family_kicks_nobody(void **state) {
    struct client *client;
    (void)state;
    rig_sign_in("ann", &client);
    for (int i = 0; i < 10; i++) assert_int_equal(suspect("aim").taken, RESPONSE_OBSERVE);
    for (int i = 0; i < 10; i++) assert_int_equal(suspect("").taken, RESPONSE_OBSERVE);
    pass(DELAY_MS + 1);
    assert_int_equal(rig.close_code[client->conn - 1], 0);
}

/* What one detector says twice, and what two say of the same, is one thing. */
static void families_are_of_different_detectors(void **state) {
    (void)state;
    assert_int_equal(response_take("ann", "d", "aim", "m", false).taken, RESPONSE_OBSERVE);
    assert_int_equal(response_take("ann", "d", "timing", "m", false).taken, RESPONSE_OBSERVE);
    assert_int_equal(response_take("bob", "d", "aim", "m", false).taken, RESPONSE_OBSERVE);
    assert_int_equal(response_take("bob", "e", "aim", "m", false).taken, RESPONSE_OBSERVE);
    assert_int_equal(response_take("ann", "e", "aim", "m", false).taken, RESPONSE_KICK);
}

static void two_families_kick_after_a_while(void **state) {
    struct client *client, *other;
    (void)state;
    rig_sign_in("ann", &client);
    rig_sign_in("bob", &other);
    (void)suspect("aim");
    assert_int_equal(suspect("timing").taken, RESPONSE_KICK);
    pass(DELAY_MS);
    assert_int_equal(rig.close_code[client->conn - 1], 0);
    pass(1);
    assert_int_equal(rig.close_code[client->conn - 1], 4004);
    assert_true(rig_told(client, "removed by the server"));
    assert_int_equal(rig.close_code[other->conn - 1], 0);
}

/* Nobody can tell from the time what it was for. */
static void kicks_come_together(void **state) {
    struct client *ann, *bob;
    (void)state;
    rig_sign_in("ann", &ann);
    rig_sign_in("bob", &bob);
    (void)suspect_player("ann", "aim");
    (void)suspect_player("ann", "timing");
    pass(DELAY_MS / 2);
    (void)suspect_player("bob", "aim");
    (void)suspect_player("bob", "movement");
    pass(DELAY_MS / 2 + 1);
    assert_int_equal(rig.close_code[ann->conn - 1], 4004);
    assert_int_equal(rig.close_code[bob->conn - 1], 4004);
}

static bool is_heard; /* what follows reports others */

static void on_disconnected(void *user, const struct muster_notice *notice) {
    char key[16];
    (void)user, (void)notice;
    for (int i = 0; is_heard && i < 4096; i++) {
        snprintf(key, sizeof key, "q%d", i);
        (void)suspect_player(key, "aim");
    }
}

/* Whoever hears of one who goes may report so many that all others are forgotten. */
static void a_kick_may_lead_to_suspicions(void **state) {
    static bool subscribed; /* for the life of the process */
    struct client *ann, *bob;
    (void)state;
    rig_sign_in("ann", &ann);
    rig_sign_in("bob", &bob);
    for (int i = 0; i < 2; i++) {
        (void)suspect_player(i ? "bob" : "ann", "aim");
        (void)suspect_player(i ? "bob" : "ann", "timing");
    }
    uint64_t heard = 1u << MUSTER_NOTICE_PLAYER_DISCONNECTED;
    if (!subscribed)
        assert_int_equal(notices_subscribe(NULL, heard, on_disconnected, NULL), MUSTER_OK);
    subscribed = is_heard = true;
    pass(DELAY_MS + 1);
    is_heard = false;
    assert_int_equal(rig.close_code[ann->conn - 1], 4004);
    assert_int_equal(rig.close_code[bob->conn - 1], 4004);
}

static void it_is_no_ban(void **state) {
    struct client *client;
    (void)state;
    rig_sign_in("ann", &client);
    (void)suspect("aim");
    (void)suspect("timing");
    pass(DELAY_MS + 1);
    rig_sign_in("ann", &client);
    pass(2 * WINDOW_MS);
    assert_int_equal(rig.close_code[client->conn - 1], 0);
}

static void what_is_long_past_does_not_count(void **state) {
    (void)state;
    assert_int_equal(suspect("aim").taken, RESPONSE_OBSERVE);
    pass(WINDOW_MS);
    assert_int_equal(suspect("timing").taken, RESPONSE_OBSERVE);
    pass(WINDOW_MS - 1);
    assert_int_equal(suspect("aim").taken, RESPONSE_KICK);
}

static void who_has_left_is_not_looked_for(void **state) {
    (void)state;
    (void)suspect("aim");
    (void)suspect("timing");
    pass(DELAY_MS + 1);
    pass(2 * WINDOW_MS);
}

static void a_bot_is_nobody(void **state) {
    (void)state;
    assert_int_equal(suspect_player("", "aim").taken, RESPONSE_OBSERVE);
    assert_int_equal(suspect_player("", "timing").taken, RESPONSE_OBSERVE);
}

static void many_suspects_are_bounded(void **state) {
    char key[16];
    (void)state;
    (void)suspect("aim");
    for (int i = 0; i < 4096; i++) {
        snprintf(key, sizeof key, "p%d", i);
        (void)suspect_player(key, "aim");
    }
    assert_int_equal(suspect("timing").taken, RESPONSE_OBSERVE); /* the oldest was forgotten */
}

/* ---- evidence ---- */

static void put_recording(const char *match_key) {
    char path[600];
    snprintf(path, sizeof path, "%s/records/%s.mrec", paths_data(), match_key);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static bool is_kept(const char *match_key) {
    char path[600];
    struct stat st;
    snprintf(path, sizeof path, "%s/evidence/%s.mrec", paths_data(), match_key);
    return stat(path, &st) == 0;
}

static void make_records(void) {
    char path[600];
    snprintf(path, sizeof path, "%s/records", paths_data());
    (void)mkdir(path, 0700);
}

static void the_recording_stays_when_it_is_pruned(void **state) {
    char path[600];
    (void)state;
    make_records();
    put_recording("m");
    assert_int_equal(response_take("ann", "d", "aim", "m", true).taken, RESPONSE_OBSERVE);
    for (int i = 0; i < 100000 && !is_kept("m"); i++) (void)loop_turn();
    assert_true(is_kept("m"));
    snprintf(path, sizeof path, "%s/records/m.mrec", paths_data());
    assert_int_equal(unlink(path), 0);
    assert_true(is_kept("m"));
    for (int i = 0; i < 100; i++) (void)loop_turn();
}

static void finish_jobs(void) {
    while (!loop_quiet()) (void)loop_turn();
}

static void put_off(const char *match_key, uint32_t times) {
    (void)response_take("ann", "d", "aim", match_key, true);
    while (again < times) (void)loop_turn();
}

/* It has just begun, and is written behind. */
static void one_that_is_not_on_the_disk_yet_is_kept_later(void **state) {
    (void)state;
    make_records();
    put_off("late", 1);
    assert_false(is_kept("late"));
    put_recording("late");
    while (!is_kept("late")) (void)loop_turn();
    finish_jobs();
    put_off("later", 2);
    put_recording("later");
    response_deinit();
    while (!is_kept("later")) (void)loop_turn();
    finish_jobs();
}

static void one_that_never_comes_is_given_up(void **state) {
    (void)state;
    make_records();
    put_off("never", 3);
    while (again == 3) { /* until nothing is waited for any more, and a new one begins */
        (void)response_take("ann", "d", "aim", "never", true);
        (void)loop_turn();
    }
    finish_jobs();
    assert_false(is_kept("never"));
}

int main(void) {
#define WITH(name, sections)                                                                       \
    { #name, name, open_responses, close_responses, (void *)(sections) }
    const struct CMUnitTest tests[] = {
        WITH(by_default_nobody_is_acted_against, NULL),
        WITH(ignored_is_ignored, IGNORES),
        WITH(one_family_kicks_nobody, KICKS),
        WITH(families_are_of_different_detectors, KICKS),
        WITH(two_families_kick_after_a_while, KICKS),
        WITH(kicks_come_together, KICKS),
        WITH(a_kick_may_lead_to_suspicions, KICKS),
        WITH(it_is_no_ban, KICKS),
        WITH(what_is_long_past_does_not_count, KICKS),
        WITH(who_has_left_is_not_looked_for, KICKS),
        WITH(a_bot_is_nobody, KICKS),
        WITH(many_suspects_are_bounded, KICKS),
        WITH(the_recording_stays_when_it_is_pruned, OBSERVES),
        WITH(one_that_is_not_on_the_disk_yet_is_kept_later, OBSERVES),
        WITH(one_that_never_comes_is_given_up, OBSERVES),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
