/* main - the command line of musterd. */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "crash.h"
#include "doctor.h"
#include "log.h"
#include "loop.h"
#include "replay.h"
#include "server.h"
#include "service.h"
#include "supervisor.h"
#include "temporary.h"
#include "untrusted.h"
#include "upgrade.h"

/* Tables are as large as a node may grow, and hardly touched before it has: what the allocator
 * holds ready (128 KiB) it clears for the next of them, and these pages are memory then. */
#define HEAP_AHEAD_BYTES (16 * 1024)

enum action {
    ACTION_RUN,
    ACTION_COMMAND,
    ACTION_CHECK,
    ACTION_PRINT,
    ACTION_SCHEMA,
    ACTION_REPLAY,
    ACTION_DOCTOR
};

struct arguments {
    enum action action;
    struct config_options config;
    const char *recording;
    const char *command;
    const char *dir; /* temporary, for a check */
    bool json;
    bool mends;
    bool untrusted;
    int supervise_at; /* where --supervise stands among the arguments; 0: nowhere */
};

static const char usage[] =
    "Usage: musterd [OPTION]...\n"
    "A dedicated game server that plugins make.\n\n"
    "  --config FILE       read this configuration (strict JSON)\n"
    "  --port PORT         listen on this port; 0: a free one\n"
    "  --data-dir DIR      keep data here\n"
    "  --log-format FORMAT auto, human or json\n"
    "  --untrusted         scripts of players may run here: lock the process after the start\n"
    "  --supervise         stay as a small parent that starts the server again when it crashes\n"
    "  --watch             plugins read the files again that people edit (scripts, say)\n"
    "  --run COMMAND       run one console command without a network and without waiting, then "
    "exit\n"
    "  --check-config      check the configuration and plugins, then exit: 0 or 78\n"
    "  --print-config      print every value with its origin, then exit\n"
    "  --print-schema      print the configuration's JSON Schema, then exit\n"
    "  --replay FILE       play a recording again (see also: muster replay)\n"
    "  --json              with --replay: print JSON\n"
    "  --doctor            look what is wrong with the data directory (see also: muster doctor)\n"
    "  --mend              with --doctor: mend what is safe to\n"
    "  --version           print the version, then exit\n"
    "  --help              print this, then exit\n\n"
    "Exit codes: 0 orderly, 69 port or data directory in use, 70 internal error, 75 to be "
    "started again\n"
    "(restart), 78 bad configuration; of --run also\n"
    "1 when the command did nothing, 64 unknown command; of --replay also 1 another state, 65 "
    "no recording; of --doctor also 1 something is wrong.\n";

enum {
    OPT_CONFIG = 256,
    OPT_PORT,
    OPT_DATA_DIR,
    OPT_LOG_FORMAT,
    OPT_UNTRUSTED,
    OPT_SUPERVISE,
    OPT_WATCH,
    OPT_RUN,
    OPT_CHECK,
    OPT_PRINT,
    OPT_SCHEMA,
    OPT_REPLAY,
    OPT_JSON,
    OPT_DOCTOR,
    OPT_MEND,
    OPT_VERSION,
    OPT_HELP
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"port", required_argument, NULL, OPT_PORT},
    {"data-dir", required_argument, NULL, OPT_DATA_DIR},
    {"log-format", required_argument, NULL, OPT_LOG_FORMAT},
    {"untrusted", no_argument, NULL, OPT_UNTRUSTED},
    {"supervise", no_argument, NULL, OPT_SUPERVISE},
    {"watch", no_argument, NULL, OPT_WATCH},
    {"run", required_argument, NULL, OPT_RUN},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"print-config", no_argument, NULL, OPT_PRINT},
    {"print-schema", no_argument, NULL, OPT_SCHEMA},
    {"replay", required_argument, NULL, OPT_REPLAY},
    {"json", no_argument, NULL, OPT_JSON},
    {"doctor", no_argument, NULL, OPT_DOCTOR},
    {"mend", no_argument, NULL, OPT_MEND},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool parse_port(const char *text, int32_t *out) {
    char *end;
    long port = strtol(text, &end, 10);
    if (!*text || *end || port < 0 || port > 65535) {
        fprintf(stderr, "musterd: --port: expected 0 to 65535, found \"%s\"\n", text);
        return false;
    }
    *out = (int32_t)port;
    return true;
}

/* False: exit with *code. */
static bool take_option(int option, struct arguments *args, int *code) {
    *code = SERVER_EXIT_CONFIG;
    switch (option) {
    case OPT_CONFIG: args->config.file = optarg; return true;
    case OPT_PORT: return parse_port(optarg, &args->config.port);
    case OPT_DATA_DIR: args->config.data_dir = optarg; return true;
    case OPT_LOG_FORMAT: args->config.log_format = optarg; return true;
    case OPT_UNTRUSTED: args->untrusted = true; return true;
    case OPT_SUPERVISE: args->supervise_at = optind - 1; return true;
    case OPT_WATCH: args->config.watch = true; return true;
    case OPT_RUN:
        args->action = ACTION_COMMAND;
        args->command = optarg;
        return true;
    case OPT_CHECK: args->action = ACTION_CHECK; return true;
    case OPT_PRINT: args->action = ACTION_PRINT; return true;
    case OPT_SCHEMA: args->action = ACTION_SCHEMA; return true;
    case OPT_REPLAY:
        args->action = ACTION_REPLAY;
        args->recording = optarg;
        return true;
    case OPT_JSON: args->json = true; return true;
    case OPT_DOCTOR: args->action = ACTION_DOCTOR; return true;
    case OPT_MEND: args->mends = true; return true;
    case OPT_VERSION: printf("musterd %s\n", server_version()); break;
    case OPT_HELP: fputs(usage, stdout); break;
    default: return false; /* getopt has said what is wrong */
    }
    *code = SERVER_EXIT_OK;
    return false;
}

static bool parse(int argc, char **argv, struct arguments *args, int *code) {
    *args = (struct arguments){.config = {.port = -1}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take_option(option, args, code)) return false;
    *code = SERVER_EXIT_CONFIG;
    if (optind < argc)
        fprintf(stderr, "musterd: unexpected argument \"%s\"; try --help\n", argv[optind]);
    else if (args->untrusted && args->action == ACTION_COMMAND)
        fprintf(stderr, "musterd: --run cannot be locked: leave --untrusted out\n");
    else if (args->supervise_at && args->action != ACTION_RUN)
        fprintf(stderr, "musterd: --supervise is for a server alone\n");
    else
        return true;
    return false;
}

static enum log_format log_format(void) {
    static const char *const formats[] = {"auto", "human", "json"};
    uint32_t format = 2;
    while (format > 0 && strcmp(config_core->server.log_format, formats[format]) != 0) format--;
    return format;
}

/* The server itself is not supervised by a server. */
static int supervise(int argc, char **argv, const struct arguments *args) {
    log_format_set(log_format());
    for (int i = args->supervise_at; i < argc; i++) argv[i] = argv[i + 1];
    int code = supervisor_run(argv, !args->untrusted);
    config_unload();
    return code;
}

static int check(const char *dir) {
    int code = server_check(dir);
    if (code == SERVER_EXIT_OK) puts("configuration ok");
    server_unload();
    return code;
}

static int print(enum action action) {
    int code = server_load(false);
    if (code == SERVER_EXIT_OK && action == ACTION_PRINT) config_print(stdout);
    if (code == SERVER_EXIT_OK && action == ACTION_SCHEMA && config_print_schema(stdout))
        code = SERVER_EXIT_INTERNAL;
    server_unload();
    return code;
}

static void start_log(enum action action) {
    uint32_t level = log_level_parse(config_core->server.log_level);
    /* Tools keep stdout to themselves: before log_start, lines go to stderr. */
    if (action != ACTION_RUN)
        log_level_set(MUSTER_LOG_WARN);
    else if (log_start(log_format(), level))
        log_error("log", "no writer thread; lines go to stderr");
}

static int act(const struct arguments *args) {
    switch (args->action) {
    case ACTION_RUN: return server_run();
    case ACTION_COMMAND: return server_command(args->command);
    case ACTION_CHECK: return check(args->dir);
    case ACTION_PRINT:
    case ACTION_SCHEMA: return print(args->action);
    case ACTION_REPLAY: return replay_run(args->recording, args->json);
    case ACTION_DOCTOR: return doctor_run(args->mends);
    }
    return SERVER_EXIT_INTERNAL;
}

/* The values are wrong: what else is, so that all can be mended at once. */
static int check_more(const struct arguments *args) {
    log_level_set(MUSTER_LOG_WARN);
    if (args->action == ACTION_RUN || args->action == ACTION_CHECK) {
        (void)server_check(args->dir);
        server_unload();
    }
    return SERVER_EXIT_CONFIG;
}

/* Without --data-dir a command leaves nothing behind, a check never. False: exit with *code. */
static bool keep_nothing(struct arguments *args, int *code) {
    args->dir = temporary_dir();
    if (args->action == ACTION_COMMAND) {
        args->config.unrecorded = true;
        args->config.data_dir = args->dir;
    }
    if (args->dir) return true;
    fprintf(stderr, "musterd: no temporary directory: %m\n");
    *code = SERVER_EXIT_INTERNAL;
    return false;
}

int main(int argc, char **argv) {
    struct arguments args;
    char error[CONFIG_ERROR_MAX] = "";
    int code;
    mallopt(M_TOP_PAD, HEAP_AHEAD_BYTES);
    if (!parse(argc, argv, &args, &code)) return code;
    service_init();
    upgrade_init();
    if (crash_init()) fprintf(stderr, "musterd: a crash will not be told: %m\n");
    bool is_passing =
        args.action == ACTION_CHECK || (args.action == ACTION_COMMAND && !args.config.data_dir);
    if (is_passing && !keep_nothing(&args, &code)) return code;
    if (config_load(&args.config, error)) {
        server_complain(error);
        code = config_is_loaded() ? check_more(&args) : SERVER_EXIT_CONFIG;
        config_unload();
        return code;
    }
    if (args.supervise_at) return supervise(argc, argv, &args);
    if (args.untrusted) untrusted_request(args.config.file, args.action == ACTION_RUN);
    start_log(args.action);
    code = act(&args);
    log_stop();
    config_unload();
    loop_threads_end();
    return code;
}
