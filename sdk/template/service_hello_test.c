/* service_hello_test - it says hello. */
#include "need.h"

#include <muster_testkit.h>

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));
    need(testkit_log_find(kit, "hello, node "), "it says nothing");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
