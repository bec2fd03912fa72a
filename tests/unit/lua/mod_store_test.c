/* Uploads, and the store that keeps every version of a mod. */
#include "mod_rig.h"

#include <fcntl.h>
#include <time.h>

/* ---- uploads */

static void test_an_upload_is_a_rule_of_one_file(void **state) {
    (void)state;
    static const char text[] = "hooks.on('tick', 'x', print)\n";
    struct mod *mod, *other;
    struct mod_error error;
    assert_int_equal(mod_upload("mine", text, sizeof text - 1, MOD_CHAT | MOD_VOTE, &mod, &error),
                     MUSTER_OK);
    assert_string_equal(mod->id, "upload_mine");
    assert_string_equal(mod->name, "mine");
    assert_true(mod->is_upload);
    assert_int_equal(mod->kind, MOD_RULE);
    assert_int_equal(mod->permissions, MOD_CHAT | MOD_VOTE);
    assert_int_equal(mod->file_count, 1);
    assert_string_equal(mod->files[0].chunk, "upload_mine/init.lua");
    assert_string_equal(mod->files[0].text, text);
    assert_int_equal(mod_upload("mine", text, sizeof text - 1, 0, &other, &error), MUSTER_OK);
    assert_string_not_equal(mod->hash, other->hash); /* its rights are part of it */
    mod_unpin(mod);
    mod_unpin(other);
}

static void test_uploads_are_bounded(void **state) {
    (void)state;
    static char big[MOD_UPLOAD_BYTES_MAX + 1];
    struct mod *mod;
    struct mod_error error;
    memset(big, ' ', sizeof big);
    assert_int_equal(mod_upload("a", big, sizeof big - 1, 0, &mod, &error), MUSTER_OK);
    mod_unpin(mod);
    assert_int_equal(mod_upload("a", big, sizeof big, 0, &mod, &error), MUSTER_LIMIT);
    assert_string_equal(error.text, "init.lua: expected 1 to 65536 bytes, found 65537");
    assert_int_equal(mod_upload("a", big, 0, 0, &mod, &error), MUSTER_LIMIT);
    assert_int_equal(mod_upload("../a", "x", 1, 0, &mod, &error), MUSTER_INVALID);
    assert_int_equal(mod_upload("aaaaaaaaaaaaaaaaaaaaaaaaa", "x", 1, 0, &mod, &error),
                     MUSTER_INVALID);
    assert_int_equal(mod_upload("a", "\0", 1, 0, &mod, &error), MUSTER_INVALID);
    assert_null(mod);
}

/* ---- the store */

static struct mod *stored_mod(void) {
    rig_rule("a", "kept", "1.0.0", ",\"description\":\"\\u00e9 \\\"quoted\\\"\"");
    rig_write(rig_path("a/kept/lib/tool.lua"), "-- \xc3\xa9\t\"'\\\x01\nreturn 1\n");
    rig_write(rig_path("a/kept/settings.json"),
              "[{\"key\":\"on\",\"type\":\"bool\",\"default\":true}]");
    rig_write(rig_path("a/kept/locale/en.json"), "{\"a\":\"b\"}");
    struct mod *mod;
    struct mod_error error;
    if (mod_read(rig_path("a/kept"), &mod, &error)) fail_msg("%s", error.text);
    return mod;
}

static void test_a_version_comes_back_from_the_store(void **state) {
    (void)state;
    struct stat st, again;
    struct mod_error error;
    struct mod *mod = stored_mod(), *back;
    const char *dir = rig_path("store"), *path = rig_path("store/%s.json", mod->hash);
    static const struct timespec old[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000}};
    assert_int_equal(mod_store_put(dir, mod), MUSTER_OK);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(mod_store_put(dir, mod), MUSTER_OK); /* again: it is the newest, that is all */
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_ino, st.st_ino);
    assert_true(again.st_mtim.tv_sec > 1000);
    assert_int_equal(mod_store_get(dir, mod->hash, &back, &error), MUSTER_OK);
    assert_string_equal(back->hash, mod->hash);
    assert_string_equal(back->description, "\xc3\xa9 \"quoted\"");
    assert_string_equal(mod_file(back, "lib.tool")->text, mod_file(mod, "lib.tool")->text);
    assert_string_equal(back->settings_json, mod->settings_json);
    assert_string_equal(mod_text(back, "en", "a"), "b");
    mod_unpin(back);
    assert_int_equal(mod_store_newest(dir, mod->id, &back, &error), MUSTER_OK);
    assert_string_equal(back->hash, mod->hash);
    mod_unpin(back);
    assert_int_equal(mod_store_newest(dir, "never", &back, &error), MUSTER_NOT_FOUND);
    mod_unpin(mod);
}

static void test_an_upload_comes_back_as_one(void **state) {
    (void)state;
    struct mod *mod, *back;
    struct mod_error error;
    assert_int_equal(mod_upload("x", "return 1", 8, MOD_CHAT, &mod, &error), MUSTER_OK);
    assert_int_equal(mod_store_put(rig_path("store"), mod), MUSTER_OK);
    assert_int_equal(mod_store_get(rig_path("store"), mod->hash, &back, &error), MUSTER_OK);
    assert_true(back->is_upload);
    assert_int_equal(back->permissions, MOD_CHAT);
    mod_unpin(back);
    assert_int_equal(mod_store_newest(rig_path("store"), mod->id, &back, &error), MUSTER_NOT_FOUND);
    mod_unpin(mod);
}

static void test_a_damaged_file_is_refused(void **state) {
    (void)state;
    struct mod_error error;
    struct mod *mod = stored_mod(), *back;
    const char *dir = rig_path("store"), *path = rig_path("store/%s.json", mod->hash);
    static const char *const texts[] = {"", "{\"files\":", "[]", "{\"files\":{\"init.lua\":5}}",
                                        "{\"files\":{\"../../x.lua\":\"\"}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rig_write(path, texts[i]);
        assert_int_equal(mod_store_get(dir, mod->hash, &back, &error), MUSTER_INVALID);
        assert_string_not_equal(error.text, "");
        assert_null(back);
    }
    assert_int_equal(mod_store_put(dir, mod), MUSTER_OK); /* mends it */
    assert_int_equal(mod_store_get(dir, mod->hash, &back, &error), MUSTER_OK);
    mod_unpin(back);
    char hash[MOD_HASH_MAX];
    snprintf(hash, sizeof hash, "%s", mod->hash);
    hash[0] = hash[0] == 'a' ? 'b' : 'a';
    assert_int_equal(rename(path, rig_path("store/%s.json", hash)), 0);
    assert_int_equal(mod_store_get(dir, hash, &back, &error), MUSTER_INVALID);
    assert_non_null(strstr(error.text, "is damaged: its texts have the hash "));
    assert_null(back);
    assert_int_equal(mod_store_get(dir, mod->hash, &back, &error), MUSTER_NOT_FOUND);
    assert_int_equal(mod_store_get(dir, "../../../../etc/passwd", &back, &error), MUSTER_NOT_FOUND);
    assert_int_equal(symlink(rig_path("store/%s.json", hash), path), 0);
    assert_int_equal(mod_store_get(dir, mod->hash, &back, &error), MUSTER_IO);
    mod_unpin(mod);
}

static void test_a_store_that_cannot_be_written_says_so(void **state) {
    (void)state;
    struct mod *mod = stored_mod();
    rig_write(rig_path("file"), "");
    assert_int_equal(mod_store_put(rig_path("file"), mod), MUSTER_IO);
    assert_int_equal(mod_store_put(rig_path("none/store"), mod), MUSTER_IO);
    rig_write(rig_path("store/%s.json/in_the_way", mod->hash), "");
    assert_int_equal(mod_store_put(rig_path("store"), mod), MUSTER_IO);
    assert_int_equal(remove(rig_path("store/%s.json/in_the_way", mod->hash)), 0);
    assert_int_equal(remove(rig_path("store/%s.json", mod->hash)), 0);
    assert_int_equal(remove(rig_path("store")), 0); /* nothing else is left there */
    mod_unpin(mod);
}

/* Its time of writing: seconds ago. */
static const char *write_old(const char *name, int seconds) {
    const char *path = rig_path("store/%s", name);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};
    rig_write(path, "{}");
    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec -= seconds;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    return path;
}

static void test_the_newest_are_kept(void **state) {
    (void)state;
    static const char old[] = "00000000000000000000000000000001";
    const char *const keep[] = {old};
    const char *first = write_old("00000000000000000000000000000001.json", 400);
    const char *second = write_old("00000000000000000000000000000002.json", 300);
    const char *third = write_old("00000000000000000000000000000003.json", 200);
    const char *leftover = write_old("00000000000000000000000000000003.aB3xYz", 7200);
    const char *writing = write_old("00000000000000000000000000000004.aB3xYz", 10);
    const char *foreign = write_old("notes.txt", 100000);
    mod_store_prune(rig_path("store"), 1, keep, 1);
    assert_int_equal(access(first, F_OK), 0); /* it is old, and asked for */
    assert_int_equal(access(second, F_OK), -1);
    assert_int_equal(access(third, F_OK), 0);
    assert_int_equal(access(leftover, F_OK), -1);
    assert_int_equal(access(writing, F_OK), 0);
    assert_int_equal(access(foreign, F_OK), 0);
    mod_store_prune(rig_path("none"), 1, NULL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_an_upload_is_a_rule_of_one_file),
        TEST(test_uploads_are_bounded),
        TEST(test_a_version_comes_back_from_the_store),
        TEST(test_an_upload_comes_back_as_one),
        TEST(test_a_damaged_file_is_refused),
        TEST(test_a_store_that_cannot_be_written_says_so),
        TEST(test_the_newest_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
