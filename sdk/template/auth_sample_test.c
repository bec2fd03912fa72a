/* auth_sample_test - a token that the file knows, and one that it does not know. */
#include "need.h"

#include <muster_testkit.h>
#include <string.h>

static void write_tokens(const char *data_dir, const char *text) {
    char path[1100];
    snprintf(path, sizeof path, "%s/auth_sample.txt", data_dir);
    FILE *file = fopen(path, "w");
    need(file && fputs(text, file) >= 0 && fclose(file) == 0, "the file cannot be written");
}

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));
    write_tokens(testkit_host(kit)->config->data_dir(plugin), "open Ann\nsesame Bob\n");

    struct muster_identity who = {.size = sizeof who};
    need(testkit_authenticate(plugin, "sesame", &who) == MUSTER_ACCEPT, "Bob is not known");
    need(strcmp(who.display_name, "Bob") == 0, "Bob is another");
    need(testkit_authenticate(plugin, "sesam", &who) == MUSTER_REJECT, "a stranger comes in");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
