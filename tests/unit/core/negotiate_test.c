/* negotiate_test - which answer a request's head asks for. */
#include "test.h"

#include "negotiate.h"

static void gzip_is_taken_where_it_is_named(void **state) {
    (void)state;
    static const char *const yes[] = {"gzip",
                                      "GZIP",
                                      "br, gzip",
                                      "br;q=1,gzip;q=0.001",
                                      "gzip;q=1",
                                      "deflate;q=0, gzip",
                                      " gzip ; q=0.5 , br"};
    static const char *const no[] = {"",
                                     "br",
                                     "gzip;q=0",
                                     "gzip; q=0.000",
                                     "gzip;Q=0, br",
                                     "x-gzip",
                                     "gzipped",
                                     "identity, gzip;q=0.0",
                                     ",,;"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (!negotiate_gzip(yes[i])) fail_msg("\"%s\" names gzip", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (negotiate_gzip(no[i])) fail_msg("\"%s\" does not take gzip", no[i]);
}

static void a_tag_is_found_in_a_list(void **state) {
    (void)state;
    static const char *const yes[] = {"\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*",
                                      "\"x\",W/\"abc\""};
    static const char *const no[] = {"", "abc", "\"ab\"", "\"abcd\"", "\"x\"", "w/\"abc\""};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (!negotiate_unchanged(yes[i], "\"abc\"")) fail_msg("%s names it", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (negotiate_unchanged(no[i], "\"abc\"")) fail_msg("%s does not name it", no[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_taken_where_it_is_named),
        cmocka_unit_test(a_tag_is_found_in_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
