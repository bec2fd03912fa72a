/* muster - the tool for people who make and host games; musterd does the work.
 *
 * It finds musterd beside itself and hands over, so tool and daemon are always of one version.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "new.h"

#define ARGUMENTS_MAX 64
#define LINE_MAX_BYTES (4 * PATH_MAX)

static const char usage[] =
    "Usage: muster COMMAND\n\n"
    "  new mode|rule NAME [--dir DIR]\n"
    "             write DIR/NAME (DIR: mods), a mod that works, with a test\n"
    "  new plugin ROLE NAME [--dir DIR]\n"
    "             write DIR/ROLE_NAME (DIR: plugins), a plugin that works, with a test; ROLE: "
    "auth,\n"
    "             matchmaker, mode, turns (a mode of turns), victory, rules, anticheat, reporter,\n"
    "             database, kv, service\n"
    "  test DIR [--junit FILE] [--filter TEXT] [--config FILE]\n"
    "             run the mod's tests; exits with 0 only when all have passed\n"
    "  check DIR [--config FILE]\n"
    "             look for mistakes in the mod without running it\n"
    "  mods [--config FILE]\n"
    "             the mods that a server started here would offer\n"
    "  replay [--json] [--config FILE] RECORDING\n"
    "             play a recorded match again: results and state hash; exits with 0 only when the\n"
    "             recorded state came out again\n"
    "  doctor DIR [--mend] [--config FILE]\n"
    "             what is wrong with the data directory, a line for each finding; exits with 0 "
    "only\n"
    "             when nothing is; --mend sets modes and removes left-overs\n"
    "  load --url URL --players N [--rate HZ] [--seconds S] [--mode NAME] [--json]\n"
    "             so many guests log in, find matches and play on a running server (a core drives\n"
    "             4000): snapshots and their intervals, waits, matches, CPU and memory; void: it "
    "was\n"
    "             at its own limit. Another machine's server: --i-run-this-server\n"
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

/* `doctor DIR [--mend] [--config FILE]`; DIR comes first. */
static int doctor(int argc, char **argv) {
    char *arguments[ARGUMENTS_MAX + 4] = {NULL, "--doctor", "--data-dir"};
    bool is_known = argc >= 1 && argv[0][0] != '-' && argc <= ARGUMENTS_MAX;
    for (int i = 1; i < argc && is_known; i++) {
        bool is_config = strcmp(argv[i], "--config") == 0;
        is_known = is_config ? ++i < argc : strcmp(argv[i], "--mend") == 0;
    }
    if (!is_known) {
        fprintf(stderr, "muster: doctor: expected DIR [--mend] [--config FILE]\n");
        return EXIT_USAGE;
    }
    for (int i = 0; i < argc; i++) arguments[3 + i] = argv[i];
    return become_daemon(arguments);
}

/* ---- commands of musterd's console ----------------------------------------------------------- */

/* What is run: musterd [--config FILE] --run LINE. */
struct run {
    const char *command;
    char *config;
    bool failed;
    size_t len;
    char line[LINE_MAX_BYTES];
};

static void fail(struct run *run, const char *what, const char *found) {
    if (!run->failed) fprintf(stderr, "muster: %s: %s%s\n", run->command, what, found);
    run->failed = true;
}

static void add_byte(struct run *run, char byte) {
    if (run->len + 1 < sizeof run->line)
        run->line[run->len++] = byte;
    else
        fail(run, "the arguments are too long", "");
}

/* A word of the line. One with blanks stands in quotes, where a backslash goes before these. */
static void add_word(struct run *run, const char *word) {
    bool is_quoted = word[0] == '\0' || strpbrk(word, " \t\"");
    if (strchr(word, '\n')) fail(run, "line ends are not taken: ", word);
    if (run->len) add_byte(run, ' ');
    if (is_quoted) add_byte(run, '"');
    for (; *word; word++) {
        if (is_quoted && strchr("\"\\", *word)) add_byte(run, '\\');
        add_byte(run, *word);
    }
    if (is_quoted) add_byte(run, '"');
}

/* The daemon may look from elsewhere. */
static void add_dir(struct run *run, const char *dir) {
    char path[PATH_MAX];
    if (realpath(dir, path))
        add_word(run, path);
    else
        fail(run, "no such folder: ", dir);
}

/* A file that need not be there yet. */
static void add_file(struct run *run, const char *file) {
    char path[PATH_MAX * 2], cwd[PATH_MAX];
    if (file[0] == '/' || !getcwd(cwd, sizeof cwd))
        snprintf(path, sizeof path, "%s", file);
    else
        snprintf(path, sizeof path, "%s/%s", cwd, file);
    add_word(run, path);
}

static void add_option(struct run *run, char **argv, bool is_test) {
    if (strcmp(argv[0], "--config") == 0) {
        run->config = argv[1];
    } else if (is_test && strcmp(argv[0], "--junit") == 0) {
        add_word(run, argv[0]);
        add_file(run, argv[1]);
    } else if (is_test && strcmp(argv[0], "--filter") == 0) {
        add_word(run, argv[0]);
        add_word(run, argv[1]);
    } else {
        fail(run, "unknown option: ", argv[0]);
    }
}

static int become_run(struct run *run) {
    char *arguments[] = {NULL,        "--run", run->line, run->config ? "--config" : NULL,
                         run->config, NULL};
    return run->failed ? EXIT_USAGE : become_daemon(arguments);
}

/* `test DIR [OPTION VALUE]...`, and `check`, of which the words and DIR come first in the line. */
static int run_on_dir(int argc, char **argv, const char *command) {
    static struct run run;
    bool is_test = strcmp(command, "test") == 0;
    run.command = command;
    add_word(&run, "mods");
    add_word(&run, command);
    if (argc < 1 || argv[0][0] == '-')
        fail(&run, "expected the folder of a mod", "");
    else
        add_dir(&run, argv[0]);
    for (int i = 1; i < argc && !run.failed; i += 2) {
        if (i + 1 == argc)
            fail(&run, "expected a value behind ", argv[i]);
        else
            add_option(&run, argv + i, is_test);
    }
    return become_run(&run);
}

static int mods(int argc, char **argv) {
    static struct run run = {.command = "mods"};
    add_word(&run, "mods");
    add_word(&run, "list");
    if (argc == 2)
        add_option(&run, argv, false);
    else if (argc > 0)
        fail(&run, "expected nothing, or --config FILE; found ", argv[0]);
    return become_run(&run);
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "help";
    if (strcmp(command, "new") == 0) return new_command(argc - 2, argv + 2);
    if (strcmp(command, "test") == 0 || strcmp(command, "check") == 0)
        return run_on_dir(argc - 2, argv + 2, command);
    if (strcmp(command, "mods") == 0) return mods(argc - 2, argv + 2);
    if (strcmp(command, "replay") == 0) return replay(argc - 2, argv + 2);
    if (strcmp(command, "doctor") == 0) return doctor(argc - 2, argv + 2);
    if (strcmp(command, "load") == 0) return load_command(argc - 1, argv + 1);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0)
        return printf("muster %s\n", MUSTER_VERSION) < 0;
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)
        return fputs(usage, stdout) < 0;
    fprintf(stderr, "muster: unknown command \"%s\"\n%s", command, usage);
    return EXIT_USAGE;
}
