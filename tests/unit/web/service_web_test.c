/* service_web in the testkit: addresses, ETags, compression, headers, and what is refused. */
#include "header_of.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include <muster_testkit.h>

#define ETAG_MAX 80

struct fixture {
    struct testkit *kit;
    muster_self *plugin;
};

static int start_with(void **state, const char *assets_dir) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    *state = fixture;
    fixture->kit = testkit_create();
    testkit_share_dir_set(fixture->kit, SHARE_DIR);
    fixture->plugin = testkit_load(fixture->kit, PLUGIN_DIR "/service_web.so");
    assert_non_null(fixture->plugin);
    if (assets_dir) assert_true(testkit_config_set(fixture->plugin, "assetsDir", assets_dir));
    return testkit_start(fixture->plugin);
}

static int set_up(void **state) {
    return start_with(state, NULL);
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    testkit_destroy(fixture->kit);
    free(fixture);
    return 0;
}

static struct testkit_response get(void **state, const char *path, const char *encoding,
                                   const char *if_none_match) {
    struct fixture *fixture = *state;
    const struct muster_http_request request = {.method = "GET", .path = path};
    const struct muster_http_header headers[] = {{"accept-encoding", encoding},
                                                 {"if-none-match", if_none_match}};
    return testkit_http_send(fixture->kit, request, headers, 2);
}

static void assert_header(const struct testkit_response *response, const char *name,
                          const char *expected) {
    assert_string_equal(header_of(response->headers, name), expected);
}

static void etag_of(const struct testkit_response *response, char etag[ETAG_MAX]) {
    assert_int_equal(sscanf(header_of(response->headers, "etag"), "%79s", etag), 1);
}

/* The hashed prefix, taken from index.html as a browser would. */
static void prefix_of(void **state, char out[64]) {
    struct testkit_response index = get(state, "/", "", "");
    assert_int_equal(index.status, 200);
    const char *at = strstr(index.body, "/v-");
    assert_non_null(at);
    snprintf(out, 64, "%.*s", (int)strcspn(at + 1, "/") + 1, at);
}

static void index_points_at_the_hashed_tree(void **state) {
    struct testkit_response index = get(state, "/", "", "");
    assert_int_equal(index.status, 200);
    assert_string_equal(index.content_type, "text/html; charset=utf-8");
    assert_header(&index, "cache-control", "no-cache");
    assert_null(strstr(index.body, "{{ASSETS}}"));
    char prefix[64], path[128];
    prefix_of(state, prefix);
    const char *files[] = {"/assets/app.js", "/assets/style.css", "/sdk/js/index.js"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s%s", prefix, files[i]);
        struct testkit_response file = get(state, path, "", "");
        assert_int_equal(file.status, 200);
        assert_header(&file, "cache-control", "public, max-age=31536000, immutable");
        file = get(state, files[i], "", "");
        assert_int_equal(file.status, 200);
        assert_header(&file, "cache-control", "no-cache");
    }
}

static void answers_are_guarded_by_headers(void **state) {
    struct testkit_response index = get(state, "/", "", "");
    const char *policy = header_of(index.headers, "content-security-policy");
    assert_non_null(strstr(policy, "default-src 'self'"));
    assert_non_null(strstr(policy, "connect-src 'self' ws: wss:"));
    assert_null(strstr(policy, "unsafe"));
    assert_header(&index, "x-content-type-options", "nosniff");
    assert_header(&index, "referrer-policy", "no-referrer");
    assert_header(&index, "vary", "accept-encoding");
    struct testkit_response icon = get(state, "/favicon.svg", "", "");
    assert_string_equal(icon.content_type, "image/svg+xml");
    struct testkit_response script = get(state, "/assets/app.js", "", "");
    assert_string_equal(script.content_type, "text/javascript; charset=utf-8");
}

static void etags_spare_the_body(void **state) {
    struct testkit_response first = get(state, "/assets/app.js", "", "");
    char etag[ETAG_MAX], list[200];
    etag_of(&first, etag);
    assert_int_equal(etag[0], '"');
    struct testkit_response again = get(state, "/assets/app.js", "", etag);
    assert_int_equal(again.status, 304);
    assert_int_equal(again.body_len, 0);
    assert_header(&again, "etag", etag);
    snprintf(list, sizeof list, "\"other\", W/%s", etag);
    assert_int_equal(get(state, "/assets/app.js", "", list).status, 304);
    assert_int_equal(get(state, "/assets/app.js", "", "*").status, 304);
    assert_int_equal(get(state, "/assets/app.js", "", "\"other\"").status, 200);
    assert_int_equal(get(state, "/assets/style.css", "", etag).status, 200);
    etag[strlen(etag) - 1] = '\0'; /* cut: no longer the same */
    assert_int_equal(get(state, "/assets/app.js", "", etag).status, 200);
}

static void gzip_only_for_who_takes_it(void **state) {
    static const char *const yes[] = {"gzip", "br, gzip", "deflate,GZIP;q=0.5", "gzip;q=1.0"};
    static const char *const no[] = {"", "br", "gzip;q=0", "br, gzip; q=0.0", "gzipped", "x-gzip"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        struct testkit_response response = get(state, "/assets/app.js", yes[i], "");
        assert_header(&response, "content-encoding", "gzip");
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        struct testkit_response response = get(state, "/assets/app.js", no[i], "");
        assert_header(&response, "content-encoding", "");
    }
}

static void gzip_inflates_to_the_same_file(void **state) {
    struct testkit_response plain = get(state, "/assets/app.js", "", "");
    char plain_etag[ETAG_MAX], etag[ETAG_MAX];
    etag_of(&plain, plain_etag);
    uint32_t len = plain.body_len;
    char *wanted = malloc(len);
    char *got = malloc(len);
    assert_non_null(wanted);
    assert_non_null(got);
    memcpy(wanted, plain.body, len);
    struct testkit_response packed = get(state, "/assets/app.js", "gzip", "");
    etag_of(&packed, etag);
    assert_string_not_equal(etag, plain_etag);
    assert_true(packed.body_len < len / 2);
    z_stream stream = {.next_in = (Bytef *)packed.body,
                       .avail_in = packed.body_len,
                       .next_out = (Bytef *)got,
                       .avail_out = len};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, len);
    assert_memory_equal(got, wanted, len);
    inflateEnd(&stream);
    free(wanted);
    free(got);
}

static void paths_are_looked_up_and_nothing_else(void **state) {
    char prefix[64], path[128], longest[4000];
    prefix_of(state, prefix);
    static const char *const missing[] = {
        "/assets",           "/assets/",           "/assets/../service_web.c", "/assets//app.js",
        "/assets/app.js/",   "/sdk/js/index.d.ts", "/sdk/js/package.json.bak", "/etc/passwd",
        "/assets/index.html"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        assert_int_equal(get(state, missing[i], "", "").status, 404);
    }
    static const char *const below[] = {"", "/", "x/assets/app.js", "/v-0/assets/app.js"};
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        snprintf(path, sizeof path, "%s%s", prefix, below[i]);
        assert_int_equal(get(state, path, "", "").status, 404);
    }
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "/assets/", 8);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(get(state, longest, "", "").status, 404);
}

static void stop_leaves_nothing_open(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(testkit_stop(fixture->plugin), 0);
    assert_int_equal(testkit_faults(fixture->kit), 0);
    assert_int_equal(get(state, "/", "", "").status, 404);
}

static void write_file(const char *dir, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *dir, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

static void own_folder_links_and_hidden_files(void **state) {
    char dir[TEMP_DIR_MAX];
    char link[256];
    assert_true(temp_dir_make(dir));
    write_file(dir, "index.html", "{{ASSETS}}|{{ASSETS}}|{{ASSET");
    write_file(dir, "empty.css", "");
    write_file(dir, ".secret.txt", "secret");
    write_file(dir, "notes.bak", "notes");
    snprintf(link, sizeof link, "%s/link.txt", dir);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    int status = start_with(state, dir);
    static const char *const names[] = {"index.html", "empty.css", ".secret.txt", "notes.bak",
                                        "link.txt"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) remove_file(dir, names[i]);
    assert_true(temp_dir_remove(dir));
    assert_int_equal(status, MUSTER_OK);
    char prefix[64], wanted[200];
    prefix_of(state, prefix);
    struct testkit_response index = get(state, "/", "", "");
    prefix[strcspn(prefix, "|")] = '\0';
    snprintf(wanted, sizeof wanted, "%s|%s|{{ASSET", prefix, prefix);
    assert_string_equal(index.body, wanted);
    struct testkit_response empty = get(state, "/assets/empty.css", "gzip", "");
    assert_int_equal(empty.status, 200);
    assert_int_equal(empty.body_len, 0);
    assert_int_equal(get(state, "/assets/.secret.txt", "", "").status, 404);
    assert_int_equal(get(state, "/assets/notes.bak", "", "").status, 404);
    assert_int_equal(get(state, "/assets/link.txt", "", "").status, 404);
}

/* Starts with `count` pictures of that size beside the index. */
static int start_with_pictures(void **state, uint32_t count, off_t bytes) {
    char dir[TEMP_DIR_MAX], name[32], path[256];
    assert_true(temp_dir_make(dir));
    write_file(dir, "index.html", "x");
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%u.png", i);
        write_file(dir, name, "");
        snprintf(path, sizeof path, "%s/%s", dir, name);
        assert_int_equal(truncate(path, bytes), 0);
    }
    int status = start_with(state, dir);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%u.png", i);
        remove_file(dir, name);
    }
    remove_file(dir, "index.html");
    assert_true(temp_dir_remove(dir));
    return status;
}

static void a_folder_has_its_bounds(void **state) {
    static const struct {
        uint32_t count;
        off_t bytes;
        int status;
    } cases[] = {{1, 2 << 20, MUSTER_OK},
                 {1, (2 << 20) + 1, MUSTER_LIMIT},
                 {7, 2 << 20, MUSTER_OK}, /* with the SDK less than 16 MiB */
                 {8, 2 << 20, MUSTER_LIMIT},
                 {256, 1, MUSTER_LIMIT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i) tear_down(state);
        assert_int_equal(start_with_pictures(state, cases[i].count, cases[i].bytes),
                         cases[i].status);
        struct fixture *fixture = *state;
        if (cases[i].status) assert_non_null(testkit_log_find(fixture->kit, "too much"));
    }
}

static void a_folder_without_index_refuses_to_start(void **state) {
    char dir[TEMP_DIR_MAX];
    assert_true(temp_dir_make(dir));
    int status = start_with(state, dir);
    assert_true(temp_dir_remove(dir));
    struct fixture *fixture = *state;
    assert_int_equal(status, MUSTER_NOT_FOUND);
    assert_non_null(testkit_log_find(fixture->kit, "index.html"));
}

static void a_missing_folder_refuses_to_start(void **state) {
    assert_int_equal(start_with(state, "/nonexistent/folder"), MUSTER_IO);
    struct fixture *fixture = *state;
    assert_non_null(testkit_log_find(fixture->kit, "/nonexistent/folder"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(index_points_at_the_hashed_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_are_guarded_by_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(etags_spare_the_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gzip_only_for_who_takes_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gzip_inflates_to_the_same_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paths_are_looked_up_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_leaves_nothing_open, set_up, tear_down),
        cmocka_unit_test_teardown(own_folder_links_and_hidden_files, tear_down),
        cmocka_unit_test_teardown(a_folder_has_its_bounds, tear_down),
        cmocka_unit_test_teardown(a_folder_without_index_refuses_to_start, tear_down),
        cmocka_unit_test_teardown(a_missing_folder_refuses_to_start, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
