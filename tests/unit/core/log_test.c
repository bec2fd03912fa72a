/* log: both forms, escapes, order with plain lines, levels, rate limit, any thread. */
#include "clock_ahead.h"
#include "json_text.h"
#include "test.h"

#include "log.h"
#include "log_line.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* stdout and stderr go to files while a test looks at them. */
static char captured[1 << 20];
static int saved_fds[2];
static FILE *files[2];

static void capture_start(void) {
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        saved_fds[i] = dup(i + 1);
        files[i] = tmpfile();
        assert_non_null(files[i]);
        assert_true(dup2(fileno(files[i]), i + 1) >= 0);
    }
}

/* What came out on stdout (0) or stderr (1). */
static const char *capture_end(int which) {
    for (int i = 0; i < 2; i++) {
        dup2(saved_fds[i], i + 1);
        close(saved_fds[i]);
    }
    ssize_t len = pread(fileno(files[which]), captured, sizeof(captured) - 1, 0);
    captured[len > 0 ? len : 0] = '\0';
    fclose(files[0]);
    fclose(files[1]);
    return captured;
}

static void start(enum log_format format) {
    capture_start();
    assert_int_equal(log_start(format, MUSTER_LOG_INFO), MUSTER_OK);
}

static const char *stop(void) {
    log_stop();
    return capture_end(0);
}

static uint32_t count_of(const char *text, const char *part) {
    uint32_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) count++;
    return count;
}

static void test_json(void **state) {
    (void)state;
    start(LOG_FORMAT_JSON);
    struct log_fields fields = {.lobby = "L1", .player = "P\"1", .event = "", .plugin = "arena"};
    log_fields(MUSTER_LOG_WARN, "lobby", &fields, "seat %d", 3);
    const char *text = stop();
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_text(line, "level"), "warn");
    assert_string_equal(json_text(line, "msg"), "seat 3");
    assert_string_equal(json_text(line, "component"), "lobby");
    assert_string_equal(json_text(line, "lobby"), "L1");
    assert_string_equal(json_text(line, "player"), "P\"1");
    assert_string_equal(json_text(line, "plugin"), "arena");
    assert_null(json_object_get(line, "event"));
    const char *time = json_text(line, "time");
    assert_int_equal(strlen(time), strlen("2026-01-02T03:04:05.678Z"));
    assert_true(time[10] == 'T' && time[19] == '.' && time[23] == 'Z');
    json_decref(line);
}

static void test_human(void **state) {
    (void)state;
    start(LOG_FORMAT_HUMAN);
    log_info("net", "hello");
    const char *text = stop();
    assert_int_equal(strlen(text), strlen("12:34:56.789 INFO  net: hello\n"));
    assert_string_equal(text + 12, " INFO  net: hello\n");
}

static void test_auto_is_json_without_a_terminal(void **state) {
    (void)state;
    start(LOG_FORMAT_AUTO);
    log_info("net", "hello");
    assert_true(stop()[0] == '{');
}

static void test_escapes(void **state) {
    (void)state;
    static const struct {
        const char *raw;
        const char *human;
        const char *json; /* what a JSON reader gets back */
    } rows[] = {
        {"two\nlines", "two\\x0alines", "two\nlines"},
        {"\x1b[31mred", "\\x1b[31mred", "\x1b[31mred"},
        {"del\x7f", "del\\x7f", "del\x7f"},
        {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"},
        {"c1 \xc2\x9b", "c1 \\x9b", "c1 \xc2\x9b"},
        {"right \xe2\x80\xae left", "right \\u202e left", "right \xe2\x80\xae left"},
        {"\xe2\x81\xa6 \xe2\x80\xa8 \xd8\x9c", "\\u2066 \\u2028 \\u061c",
         "\xe2\x81\xa6 \xe2\x80\xa8 \xd8\x9c"},
        {"neighbours \xe2\x80\xa7\xe2\x80\xaf", "neighbours \xe2\x80\xa7\xe2\x80\xaf",
         "neighbours \xe2\x80\xa7\xe2\x80\xaf"},
        {"bad \xff\xc3(", "bad \\xff\\xc3(", "bad \\xff\\xc3("},
        {"overlong \xc0\xaf", "overlong \\xc0\\xaf", "overlong \\xc0\\xaf"},
        {"surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80", "surrogate \\xed\\xa0\\x80"},
        {"cut \xf0\x9f", "cut \\xf0\\x9f", "cut \\xf0\\x9f"},
        {"q\"b\\", "q\"b\\", "q\"b\\"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char out[LOG_LINE_MAX_BYTES + 1];
        struct log_line line = {.level = MUSTER_LOG_INFO, .component = "c", .text = rows[i].raw};
        size_t len = log_line_human(&line, out);
        out[len - 1] = '\0';
        assert_string_equal(strstr(out, "c: ") + 3, rows[i].human);
        len = log_line_json(&line, out);
        out[len] = '\0';
        json_t *json = json_loads(out, 0, NULL);
        assert_non_null(json);
        assert_string_equal(json_text(json, "msg"), rows[i].json);
        json_decref(json);
    }
}

/* ---- a plugin's fields ---- */

static const struct muster_log_field *const *refer(const struct muster_log_field *fields,
                                                   uint32_t count) {
    static const struct muster_log_field *list[MUSTER_LOG_FIELDS_MAX];
    for (uint32_t i = 0; i < count; i++) list[i] = &fields[i];
    return list;
}

static json_t *as_json(const struct log_line *line, char out[LOG_LINE_MAX_BYTES + 1]) {
    size_t len = log_line_json(line, out);
    assert_true(len <= LOG_LINE_MAX_BYTES);
    assert_int_equal(out[len - 1], '\n');
    out[len - 1] = '\0';
    assert_null(strchr(out, '\n'));
    json_t *json = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static void test_fields(void **state) {
    (void)state;
    static const struct muster_log_field own[] = {
        {"player", MUSTER_LOG_TEXT, 0, {.text = "p 1"}},
        {"match", MUSTER_LOG_INTEGER, 0, {.integer = INT64_MIN}},
        {"load", MUSTER_LOG_NUMBER, 0, {.number = 0.1}},
        {"third", MUSTER_LOG_NUMBER, 0, {.number = 1.0 / 3}},
        {"none", MUSTER_LOG_NUMBER, 0, {.number = NAN}},
        {"isNew", MUSTER_LOG_BOOLEAN, 0, {.integer = 1}},
        {"isOld", MUSTER_LOG_BOOLEAN, 0, {.integer = 0}},
        {"word", MUSTER_LOG_TEXT, 0, {.text = "plain"}},
    };
    const struct log_fields fields = {.plugin = "p", .own = refer(own, 8), .own_count = 8};
    const struct log_line line = {
        .level = MUSTER_LOG_INFO, .component = "c", .text = "said", .fields = &fields};
    char out[LOG_LINE_MAX_BYTES + 1];
    json_decref(as_json(&line, out));
    assert_string_equal(strstr(out, "\"plugin\""),
                        "\"plugin\":\"p\",\"player\":\"p 1\",\"match\":-9223372036854775808,"
                        "\"load\":0.1,\"third\":0.33333333333333331,\"none\":null,\"isNew\":true,"
                        "\"isOld\":false,\"word\":\"plain\"}");
    out[log_line_human(&line, out) - 1] = '\0';
    assert_string_equal(strstr(out, "c: "),
                        "c: said plugin=p player=\"p 1\" match=-9223372036854775808 load=0.1 "
                        "third=0.33333333333333331 none=null isNew=true isOld=false word=plain");
}

/* On a terminal nothing looks like another field, or ends the line. */
static void test_hostile_fields(void **state) {
    (void)state;
    static const struct {
        const char *raw, *human, *json;
    } rows[] = {
        {"x admin=true", "\"x admin=true\"", "x admin=true"},
        {"\"}\n{\"level\":\"error", "\"\\\"}\\x0a{\\\"level\\\":\\\"error\"",
         "\"}\n{\"level\":\"error"},
        {"back\\", "\"back\\\\\"", "back\\"},
        {"\x1b[2J", "\\x1b[2J", "\x1b[2J"},
        {"\xff\xc3(", "\\xff\\xc3(", "\\xff\\xc3("},
        {"\xe2\x80\xaeleft", "\\u202eleft", "\xe2\x80\xaeleft"},
        {"", "\"\"", ""},
        {NULL, "\"\"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct muster_log_field own = muster_log_text("own", rows[i].raw);
        const struct log_fields fields = {.own = refer(&own, 1), .own_count = 1};
        const struct log_line line = {.component = "c", .text = "said", .fields = &fields};
        char out[LOG_LINE_MAX_BYTES + 1];
        json_t *json = as_json(&line, out);
        assert_string_equal(json_text(json, "own"), rows[i].json);
        json_decref(json);
        out[log_line_human(&line, out) - 1] = '\0';
        assert_string_equal(strstr(out, "own=") + 4, rows[i].human);
        assert_null(strchr(out, '\n'));
    }
}

/* The longest line that there can be is whole. */
static void test_longest_fields(void **state) {
    (void)state;
    char text[5000], names[8][32], out[LOG_LINE_MAX_BYTES + 1];
    struct muster_log_field own[8];
    memset(text, '\x01', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 8; i++) {
        memset(names[i], 'n', 31);
        names[i][30] = (char)('0' + i);
        names[i][31] = '\0';
        own[i] = muster_log_text(names[i], text);
    }
    const struct log_fields fields = {.lobby = "0123456789012345678901234567890123456789",
                                      .player = "0123456789012345678901234567890123456789",
                                      .event = "0123456789012345678901234567890123456789",
                                      .plugin = "0123456789012345678901234567890123456789",
                                      .own = refer(own, 8),
                                      .own_count = 8};
    text[1024] = '\0';
    const struct log_line line = {.component = "c", .text = text, .fields = &fields};
    json_t *json = as_json(&line, out);
    text[128] = '\0';
    for (int i = 0; i < 8; i++) {
        assert_memory_equal(json_text(json, names[i]), text, 128);
        assert_string_equal(json_text(json, names[i]) + 128, " ...");
    }
    json_decref(json);
    memset(text, 'a', 1000);
    memcpy(text + 127, "\xc3\xbc", 2); /* would be cut in its middle */
    json = as_json(&line, out);
    assert_string_equal(json_text(json, names[0]) + 126, "a ...");
    json_decref(json);
    assert_true(log_line_human(&line, out) < LOG_LINE_MAX_BYTES);
}

static void test_bad_fields(void **state) {
    (void)state;
    static const char *const names[] = {"",
                                        "two words",
                                        "a\"b",
                                        "1st",
                                        "_x",
                                        "gr\xc3\xbcn",
                                        "time",
                                        "level",
                                        "msg",
                                        "component",
                                        "plugin",
                                        "taken",
                                        "abcdefghijklmnopqrstuvwxyz_01234",
                                        NULL};
    const struct muster_log_field taken = muster_log_text("taken", ""), *const before[] = {&taken};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct muster_log_field field = muster_log_integer(names[i], 1);
        assert_non_null(log_field_fault(&field, before, 1));
    }
    static const char *const good[] = {"player", "lobby",    "event",
                                       "a",      "Status_2", "abcdefghijklmnopqrstuvwxyz_0123"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct muster_log_field field = muster_log_integer(good[i], 1);
        assert_null(log_field_fault(&field, before, 1));
        assert_non_null(log_field_fault(&field, before, MUSTER_LOG_FIELDS_MAX));
        field.type = MUSTER_LOG_BOOLEAN + 1;
        assert_non_null(log_field_fault(&field, before, 1));
    }
}

static void test_long_lines(void **state) {
    (void)state;
    static char text[5000];
    memset(text, '\x01', sizeof(text) - 1); /* each byte takes six in JSON */
    start(LOG_FORMAT_JSON);
    log_info("c", "%s", text);
    log_info("c", "%s\xc3\xbc", "x");
    json_t *line = json_loads(stop(), JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(line);
    assert_int_equal(json_string_length(json_object_get(line, "msg")), 1024);
    json_decref(line);

    char full[1100];
    memset(full, 'a', sizeof(full));
    full[sizeof full - 1] = '\0';
    memcpy(full + 1019, "\xc3\xbc", 2); /* would be cut in its middle */
    start(LOG_FORMAT_JSON);
    log_info("c", "%s", full);
    line = json_loads(stop(), 0, NULL);
    assert_int_equal(json_string_length(json_object_get(line, "msg")), 1023);
    assert_string_equal(json_text(line, "msg") + 1018, "a ...");
    json_decref(line);

    char *huge = malloc(100000);
    memset(huge, '\x01', 99999); /* each takes four */
    huge[99999] = '\0';
    start(LOG_FORMAT_JSON);
    log_plain(huge);
    log_plain("two\nlines\n");
    const char *said = stop();
    assert_int_equal(strspn(said, "\\x01"), 4 * 99999);
    assert_string_equal(said + 4 * 99999, "\ntwo\nlines\n");
    free(huge);
}

static void test_levels(void **state) {
    (void)state;
    start(LOG_FORMAT_HUMAN);
    log_debug("c", "first");
    log_level_set(MUSTER_LOG_DEBUG);
    log_debug("c", "second");
    log_level_set(MUSTER_LOG_ERROR);
    log_warn("c", "third");
    log_error("c", "fourth");
    const char *text = stop();
    assert_null(strstr(text, "first"));
    assert_non_null(strstr(text, "DEBUG c: second"));
    assert_null(strstr(text, "third"));
    assert_non_null(strstr(text, "ERROR c: fourth"));
}

static void test_plain_lines_are_in_order(void **state) {
    (void)state;
    start(LOG_FORMAT_JSON);
    for (int i = 0; i < 10; i++) log_info("c", "before");
    log_plain("Server is ready\x1b[2J");
    /* It is out already, before anything else happens. */
    ssize_t len = pread(STDOUT_FILENO, captured, sizeof(captured) - 1, 0);
    captured[len] = '\0';
    assert_non_null(strstr(captured, "\nServer is ready\\x1b[2J\n"));
    assert_int_equal(count_of(captured, "before"), 10);
    log_info("c", "after");
    const char *text = stop();
    assert_true(strstr(text, "after") > strstr(text, "Server is ready"));
}

static void test_outside_of_start_and_stop(void **state) {
    (void)state;
    log_format_set(LOG_FORMAT_HUMAN);
    capture_start();
    log_level_set(MUSTER_LOG_INFO);
    log_error("main", "early");
    assert_non_null(strstr(capture_end(1), "ERROR main: early\n"));
    capture_start();
    log_plain("plain");
    assert_string_equal(capture_end(0), "plain\n");
    capture_start();
    clock_second_s = 1000;
    for (int i = 0; i < 25; i++) log_error("main", "often");
    log_stop(); /* not started: it tells what was left out */
    clock_second_s = 0;
    const char *text = capture_end(1);
    assert_int_equal(count_of(text, "often"), 20);
    assert_non_null(strstr(text, "main: suppressed 5 lines"));
}

static void test_rate_limit(void **state) {
    (void)state;
    start(LOG_FORMAT_HUMAN);
    uint64_t dropped = log_dropped();
    for (int i = 0; i < 1000; i++) log_info("noisy", "message %d", i);
    log_info("noisy", "another");
    log_info("quiet", "message %d", 1);
    uint64_t lost = log_dropped() - dropped;
    const char *text = stop();
    /* A new second may begin between, with twenty more. */
    assert_true(lost >= 900 && lost <= 980);
    assert_int_equal(count_of(text, "noisy: message"), 1000 - lost);
    assert_int_equal(count_of(text, "noisy: another"), 1);
    assert_int_equal(count_of(text, "quiet: message"), 1);
    uint64_t told = 0;
    for (const char *at = text; (at = strstr(at, "noisy: suppressed ")); at++)
        told += strtoull(at + strlen("noisy: suppressed "), NULL, 10);
    assert_int_equal(told, lost);
}

/* Each second anew, each place in the code and each plugin for itself. */
static void test_rate_by_second(void **state) {
    (void)state;
    struct timespec now;
    struct log_fields other = {.plugin = "other"};
    const struct log_fields kinds[] = {{.kind = &now}, {.kind = &other}};
    clock_gettime(CLOCK_MONOTONIC, &now);
    start(LOG_FORMAT_HUMAN);
    for (int second = 0; second < 3; second++) {
        clock_second_s = now.tv_sec + second;
        for (int i = 0; i < 25; i++) log_info("often", "message %d", i);
        log_info("often", "another");
        log_fields(MUSTER_LOG_INFO, "often", &other, "message %d", 99);
        for (int i = 0; i < 25; i++)
            log_fields(MUSTER_LOG_INFO, "kinds", &kinds[i == 24], "%s", i == 24 ? "rare" : "usual");
    }
    clock_second_s = 0;
    const char *text = stop();
    assert_int_equal(count_of(text, "often: message"), 3 * 21);
    assert_int_equal(count_of(text, "often: another"), 3);
    assert_int_equal(count_of(text, "often: suppressed 5 lines"), 3);
    assert_int_equal(count_of(text, "kinds: usual"), 3 * 20);
    assert_int_equal(count_of(text, "kinds: suppressed 4 lines"), 3);
    assert_int_equal(count_of(text, "kinds: rare"), 3);
}

/* What an admin has done is found in the log, whatever else there is. */
static void test_kept_lines(void **state) {
    (void)state;
    const struct log_fields kept = {.event = "admin_command", .kept = true}, other = {0};
    start(LOG_FORMAT_HUMAN);
    for (int i = 0; i < 1000; i++) log_fields(MUSTER_LOG_INFO, "admin", &kept, "ban %d", i);
    for (int i = 0; i < 1000; i++)
        log_fields(MUSTER_LOG_INFO, "other", i % 10 ? &other : &kept, i % 10 ? "noise" : "ban");
    const char *text = stop();
    assert_int_equal(count_of(text, "admin: ban"), 1000);
    assert_int_equal(count_of(text, "other: ban"), 100);
    assert_true(count_of(text, "other: noise") < 100);
}

static void *write_many(void *user) {
    for (int i = 0; i < 15; i++) log_info((const char *)user, "from a thread");
    return NULL;
}

static void test_threads(void **state) {
    (void)state;
    static const char *const names[] = {"t1", "t2", "t3", "t4"};
    pthread_t threads[4];
    start(LOG_FORMAT_JSON);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, (void *)names[i]), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    const char *text = stop();
    assert_int_equal(count_of(text, "from a thread"), 60);
    assert_int_equal(count_of(text, "\n"), 60);
}

static void *stop_log(void *unused) {
    log_stop();
    return unused;
}

/* A stdout that takes nothing loses lines, not time; what it lost is told. */
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file on a full disk takes half a line: the next one stands alone, and what is lost is told. */
static void test_full_disk(void **state) {
    (void)state;
    uint64_t dropped = log_dropped();
    signal(SIGXFSZ, SIG_IGN);
    start(LOG_FORMAT_JSON);
    log_plain("first");
    limit_files(strlen("first\n") + 10);
    log_info("base", "torn");
    log_plain("lost");
    limit_files(RLIM_INFINITY);
    log_plain("last");
    log_info("base", "again");
    const char *text = stop();
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(log_dropped(), dropped + 2);
    static const char begin[] = "first\n{\"time\":\"2\nlast\n{";
    assert_memory_equal(text, begin, strlen(begin));
    assert_non_null(strstr(text, "\"msg\":\"suppressed 2 lines\""));
    assert_non_null(strstr(text, "\"msg\":\"again\""));
    assert_null(strstr(text, "lost"));
}

static void test_full_ring(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
    close(ends[1]);
    assert_int_equal(log_start(LOG_FORMAT_HUMAN, MUSTER_LOG_INFO), MUSTER_OK);
    uint64_t dropped = log_dropped();
    char component[16];
    for (int i = 0; i < 20000; i++) { /* above the pipe's 64 KiB and the ring */
        snprintf(component, sizeof(component), "c%d", i);
        log_info(component, "0123456789012345678901234567890123456789");
    }
    const struct log_fields fields = {.kept = true};
    for (int i = 0; i < 100; i++) log_fields(MUSTER_LOG_INFO, "kept", &fields, "ban");
    uint64_t lost = log_dropped() - dropped;
    assert_true(lost > 0);
    uint32_t lines = 0, bans = 0;
    size_t kept = 0;
    static char text[65536];
    uint64_t told = 0;
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_log, NULL), 0);
    while (told < lost || lines < 20000 - lost || bans < 100) {
        ssize_t len = read(ends[0], text + kept, sizeof(text) - kept - 1);
        if (len <= 0) continue;
        kept += (size_t)len;
        text[kept] = '\0';
        char *line = text;
        for (char *end; (end = strchr(line, '\n')); line = end + 1) {
            *end = '\0';
            char *suppressed = strstr(line, "log: suppressed ");
            if (suppressed) told += strtoull(suppressed + 16, NULL, 10);
            if (strstr(line, ": 0123")) lines++;
            if (strstr(line, "kept: ban")) bans++;
        }
        kept -= (size_t)(line - text);
        memmove(text, line, kept);
    }
    pthread_join(stopper, NULL);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[0]);
    assert_int_equal(told, lost);
    assert_int_equal(lines, 20000 - lost);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_human),
        cmocka_unit_test(test_auto_is_json_without_a_terminal),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_hostile_fields),
        cmocka_unit_test(test_longest_fields),
        cmocka_unit_test(test_bad_fields),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_plain_lines_are_in_order),
        cmocka_unit_test(test_outside_of_start_and_stop),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_rate_by_second),
        cmocka_unit_test(test_kept_lines),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_full_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
