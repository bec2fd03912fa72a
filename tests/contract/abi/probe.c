/* probe FILE.so...: loads and starts plugin files in the testkit; prints a line for each. */
#include <muster_testkit.h>
#include <stdio.h>

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        muster_self *plugin = testkit_load(kit, argv[i]);
        bool is_good = plugin && testkit_start(plugin) == MUSTER_OK;
        printf("%s: %s\n", argv[i], is_good ? "started" : testkit_error(kit));
        failed |= !is_good;
    }
    testkit_destroy(kit);
    return failed;
}
