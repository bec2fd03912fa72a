/* probe FILE.so...: loads and starts plugin files with the real loader; prints a line for each. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"
#include "tiny_host.h"

static void take(const struct tiny_host *host, const char *path, char *name, size_t cap) {
    char command[2048];
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", path);
    snprintf(name, cap, "%s", basename(copy));
    char *dot = strrchr(name, '.');
    if (dot) *dot = '\0';
    snprintf(command, sizeof command, "cp '%s' '%s/' && chmod 755 '%s/%s.so'", path, host->plugins,
             host->plugins, name);
    if (system(command) != 0) exit(2);
}

int main(int argc, char **argv) {
    struct tiny_host host;
    char error[PLUGIN_ERROR_MAX] = "";
    int failed = 0;
    tiny_host_open(&host, NULL);
    for (int i = 1; i < argc; i++) {
        char name[MUSTER_NAME_MAX];
        take(&host, argv[i], name, sizeof name);
        bool ok = plugin_load(name, name, error) == MUSTER_OK;
        printf("%s: %s\n", name, ok ? "loaded" : error);
        failed |= !ok;
    }
    if (plugin_start_all(error) != MUSTER_OK) {
        printf("%s\n", error);
        failed = 1;
    }
    tiny_host_close(&host);
    return failed || argc < 2;
}
