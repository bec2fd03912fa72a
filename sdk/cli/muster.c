/* muster - the tool for people who make and host games; musterd does the work.
 *
 * It finds musterd beside itself and hands over, so tool and daemon are always of one version.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 64
#define EXIT_NO_DAEMON 70
#define ARGUMENTS_MAX 64

static const char usage[] =
    "Usage: muster COMMAND\n\n"
    "  replay [--json] [--config FILE] RECORDING\n"
    "             play a recorded match again: results and state hash; exits with 0 only when the\n"
    "             recorded state came out again\n"
    "  version    print the version\n"
    "  help       print this\n";

/* Replaces this process by musterd; returns only on failure. */
static int become_daemon(char **arguments) {
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 16);
    char *slash = len > 0 ? memrchr(path, '/', (size_t)len) : NULL;
    if (!slash) return EXIT_NO_DAEMON;
    strcpy(slash + 1, "musterd");
    arguments[0] = path;
    execv(path, arguments);
    fprintf(stderr, "muster: cannot run %s: %m\n", path);
    return EXIT_NO_DAEMON;
}

static int replay(int argc, char **argv) {
    char *arguments[ARGUMENTS_MAX + 3] = {NULL, "--replay"};
    if (argc < 1 || argc > ARGUMENTS_MAX || argv[argc - 1][0] == '-') {
        fprintf(stderr, "muster: replay: expected the path of a recording\n");
        return EXIT_USAGE;
    }
    arguments[2] = argv[argc - 1];
    for (int i = 0; i + 1 < argc; i++) arguments[3 + i] = argv[i];
    return become_daemon(arguments);
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "help";
    if (strcmp(command, "replay") == 0) return replay(argc - 2, argv + 2);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0)
        return printf("muster %s\n", MUSTER_VERSION) < 0;
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)
        return fputs(usage, stdout) < 0;
    fprintf(stderr, "muster: unknown command \"%s\"\n%s", command, usage);
    return EXIT_USAGE;
}
