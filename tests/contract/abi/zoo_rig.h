/* zoo_rig - a testkit whose plugins lie in a folder of the test's own, where files can be put,
 * spoilt and replaced; the test sees the core below the kit, too. */
#ifndef ZOO_RIG_H
#define ZOO_RIG_H

#include <muster_testkit.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct {
    struct testkit *kit;
    char root[256];    /* temporary, 0700 */
    char plugins[300]; /* below it, for zoo_install */
} zoo;

static void zoo_need(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "zoo_rig: %s failed\n", what);
    exit(2);
}

static void zoo_open(void) {
    char data[300];
    const char *tmp = getenv("TMPDIR");
    snprintf(zoo.root, sizeof zoo.root, "%.200s/muster-abi-XXXXXX", tmp ? tmp : "/tmp");
    zoo_need(mkdtemp(zoo.root) != NULL, "mkdtemp");
    snprintf(zoo.plugins, sizeof zoo.plugins, "%s/plugins", zoo.root);
    snprintf(data, sizeof data, "%s/data", zoo.root);
    zoo_need(!mkdir(zoo.plugins, 0755) && !mkdir(data, 0700), "mkdir");
    zoo_need(!setenv("MUSTER_SERVER_PLUGINS_DIRS", zoo.plugins, 1), "setenv");
    zoo.kit = testkit_create();
    testkit_data_dir_set(zoo.kit, data);
    (void)testkit_host(zoo.kit);
}

static void zoo_close(void) {
    char command[320];
    testkit_destroy(zoo.kit);
    snprintf(command, sizeof command, "rm -rf '%s'", zoo.root);
    zoo_need(system(command) == 0, "rm");
}

/* Copies the built file `from`.so into the plugins' folder as `as`.so. */
static void zoo_install(const char *from, const char *as, uint32_t mode) {
    char command[1200];
    snprintf(command, sizeof command, "cp '%s/%s.so' '%s/%s.so' && chmod %o '%s/%s.so'", ZOO_DIR,
             from, zoo.plugins, as, mode, zoo.plugins, as);
    zoo_need(system(command) == 0, "installing a plugin");
}

#endif
