/* reporter_lines_test - two reports are two lines. */
#include "need.h"

#include <muster_testkit.h>
#include <string.h>

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));
    need(testkit_deliver(plugin, MUSTER_REPORT_ACTIVITY, "{\"a\": 1}") == MUSTER_ACCEPT, "refused");
    need(testkit_deliver(plugin, MUSTER_REPORT_ACTIVITY, "{\n\"a\": 2}") == MUSTER_ACCEPT,
         "refused");

    char path[1100], text[64] = "";
    snprintf(path, sizeof path, "%s/reporter_lines.jsonl",
             testkit_host(kit)->config->data_dir(plugin));
    FILE *file = fopen(path, "r");
    need(file && fread(text, 1, sizeof text - 1, file) && fclose(file) == 0, "there is no file");
    need(strcmp(text, "{\"a\": 1}\n{ \"a\": 2}\n") == 0, "the lines are others");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
