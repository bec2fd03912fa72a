#include "admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "pacer.h"
#include "paths.h"
#include "plugin.h"
#include "queue.h"
#include "server.h"
#include "session.h"
#include "status.h"
#include "store.h"

#define ANSWER_BYTES 65536
#define ANSWER_WHOLE_BYTES (64u << 20) /* pages that nobody writes to cost nothing */
#define PLUGIN_COMMANDS_MAX 64

/* One run of a command; freed by answer(). */
struct run {
    admin_answer_fn fn;
    void *user;
    const char *arguments;
    char *line; /* what arguments points into */
    struct muster_writer out;
    uint8_t text[];
};

struct command {
    const char *name;
    const char *help;
    void (*fn)(struct run *run); /* calls answer() once, now or later */
};

static void say(struct run *run, const char *format, ...) MUSTER_PRINTF(2, 3);
static void say(struct run *run, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len > (int)sizeof line - 1) len = sizeof line - 1;
    muster_put_bytes(&run->out, line, (uint32_t)len);
}

static void say_json(struct run *run, json_t *json) {
    char *text = json_dumps(json, JSON_INDENT(2));
    if (text) muster_put_bytes(&run->out, text, (uint32_t)strlen(text));
    free(text);
    json_decref(json);
}

static void answer(struct run *run) {
    run->text[run->out.len] = '\0';
    if (run->out.overflow) log_warn("admin", "an answer was cut at %u bytes", run->out.cap);
    if (run->fn) run->fn(run->user, (const char *)run->text);
    free(run->line);
    free(run);
}

/* ---- server ---------------------------------------------------------------------------------- */

static void run_help(struct run *run);

static void run_status(struct run *run) {
    say(run, "%s, node %s, version %s\n", config_string("server", "name"), paths_node_id(),
        MUSTER_VERSION);
    say(run, "players %u connected, %u sessions, %u searching\n", session_connected_count(),
        session_count(), queue_count());
    say(run, "lobbies %u of %lld, matches %u, ticks stretched to %.0f %%\n", lobby_count(),
        (long long)config_int("lobby", "maxLobbies"), match_count(), pacer_stretch() * 100);
    answer(run);
}

static void run_stop(struct run *run) {
    say(run, "stopping");
    answer(run);
    server_stop("stopped from the console");
}

static void run_drain(struct run *run) {
    lobby_drain();
    say(run, "draining: no new lobbies and joins");
    answer(run);
}

static void run_plugins(struct run *run) {
    for (struct muster_self *p = plugin_next(NULL); p; p = plugin_next(p))
        say(run, "%s %s, generation %u, %u pins%s\n", p->instance_name, p->version, p->generation,
            p->pins, p->phase == PLUGIN_STARTED ? "" : " (ending)");
    answer(run);
}

static void run_reload(struct run *run) {
    char error[PLUGIN_ERROR_MAX] = "";
    bool all = run->arguments[0] == '\0';
    muster_status status = all ? server_reload(error) : plugin_reload(run->arguments, error);
    const char *what = all ? "configuration" : run->arguments;
    if (status)
        say(run, "%s was not reloaded: %s", what, error);
    else
        say(run, "%s reloaded", what);
    answer(run);
}

static void run_log_level(struct run *run) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (uint32_t i = 0; i < 4; i++) {
        if (strcmp(run->arguments, names[i]) != 0) continue;
        log_level_set(i);
        say(run, "log level %s", names[i]);
        answer(run);
        return;
    }
    say(run, "expected debug, info, warn or error");
    answer(run);
}

/* ---- lobbies --------------------------------------------------------------------------------- */

static void run_lobbies(struct run *run) {
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        say(run, "%s %s %s %s %u/%u players, %u spectators\n", lobby->key, lobby->game_mode,
            lobby_map(lobby), lobby_state_text(lobby->state), lobby_players(lobby),
            lobby->players_max, lobby_spectators(lobby));
    say(run, "%u lobbies", lobby_count());
    answer(run);
}

static void run_close(struct run *run) {
    struct lobby *lobby = lobby_find_key(run->arguments);
    if (lobby) lobby_close(lobby, MUSTER_LEAVE_KICK, "closed by an admin");
    say(run, lobby ? "closed" : "no such lobby");
    answer(run);
}

static void run_say(struct run *run) {
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));) lobby_announce(lobby, run->arguments);
    say(run, "said in %u lobbies", lobby_count());
    answer(run);
}

static void on_results(void *user, muster_status status, json_t *json) {
    struct run *run = user;
    if (status)
        say(run, "the database did not answer: %s", status_text(status));
    else
        say_json(run, json);
    answer(run);
}

static void run_results(struct run *run) {
    long limit = run->arguments[0] ? strtol(run->arguments, NULL, 10) : 10;
    store_recent_results(limit < 1 ? 1 : limit > 50 ? 50 : (uint32_t)limit, on_results, run);
}

/* ---- players --------------------------------------------------------------------------------- */

static void run_players(struct run *run) {
    muster_player_id id = 0;
    for (struct session *s; (s = session_next(&id));)
        say(run, "%s %s %s %u ms%s\n", s->player_key, s->display_name, s->region, s->rtt_ms,
            s->client ? "" : " (dropped)");
    say(run, "%u players", session_count());
    answer(run);
}

static void run_create_session(struct run *run) {
    struct session *session = NULL;
    muster_status status = MUSTER_INVALID;
    if (run->arguments[0] && strlen(run->arguments) < MUSTER_PLAYER_KEY_MAX)
        status = session_create(run->arguments, &session);
    if (status)
        say(run, "no session: %s", status_text(status));
    else
        say_json(run, lobby_session_json(session));
    answer(run);
}

static void run_get_session(struct run *run) {
    const struct session *session = session_find_key(run->arguments);
    say_json(run, session ? lobby_session_json(session) : json_object());
    answer(run);
}

static void run_terminate_session(struct run *run) {
    struct session *session = session_find_session_key(run->arguments);
    if (session) session_terminate(session, "terminated by an admin", MUSTER_LEAVE_KICK);
    say(run, session ? "terminated" : "no such session");
    answer(run);
}

static void run_kick(struct run *run) {
    char player_key[MUSTER_PLAYER_KEY_MAX];
    size_t len = strcspn(run->arguments, " ");
    snprintf(player_key, sizeof player_key, "%.*s", (int)len, run->arguments);
    const char *reason = run->arguments[len] ? run->arguments + len + 1 : "kicked by an admin";
    struct session *session = session_find_key(player_key);
    if (session) session_terminate(session, reason, MUSTER_LEAVE_KICK);
    say(run, session ? "kicked" : "no such player");
    answer(run);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct command commands[] = {
    {"help", "this list", run_help},
    {"status", "players, lobbies, load", run_status},
    {"stop", "orderly stop (also: exit, quit)", run_stop},
    {"exit", NULL, run_stop},
    {"quit", NULL, run_stop},
    {"drain", "take no new lobbies and joins", run_drain},
    {"plugins", "loaded plugins and generations", run_plugins},
    {"reload", "[PLUGIN] replace one plugin; without a name read the configuration again",
     run_reload},
    {"log-level", "debug|info|warn|error", run_log_level},
    {"lobbies", "all lobbies", run_lobbies},
    {"close", "LOBBYID close a lobby", run_close},
    {"say", "TEXT a chat line to all lobbies", run_say},
    {"results", "[N] the newest match results, as JSON", run_results},
    {"players", "all players", run_players},
    {"kick", "PLAYERID [REASON] end a player's session", run_kick},
    {"createPlayerSession", "PLAYERID make a session, or show the active one", run_create_session},
    {"getActiveSession", "PLAYERID show the active session, {} if none", run_get_session},
    {"terminateSession", "SESSIONID end a session", run_terminate_session},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

/* ---- plugins' commands ----------------------------------------------------------------------- */

struct plugin_command {
    const void *owner;
    char name[MUSTER_NAME_MAX];
    char help[128];
    void (*fn)(void *user, const char *arguments, struct muster_writer *answer);
    void *user;
};

static struct plugin_command plugin_commands[PLUGIN_COMMANDS_MAX];
static uint32_t plugin_command_count;

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

/* The newest: during a reload both generations' are there. */
static struct plugin_command *find_plugin_command(const char *name) {
    for (uint32_t i = plugin_command_count; i-- > 0;)
        if (strcmp(plugin_commands[i].name, name) == 0) return &plugin_commands[i];
    return NULL;
}

muster_status admin_command_add(const void *owner, const char *name, const char *help,
                                void (*fn)(void *user, const char *arguments,
                                           struct muster_writer *answer),
                                void *user) {
    if (!name || !fn || !name[0] || strlen(name) >= MUSTER_NAME_MAX || strchr(name, ' '))
        return MUSTER_INVALID;
    const struct plugin_command *present = find_plugin_command(name);
    if (find_command(name) || (present && !plugin_supersedes(owner, present->owner)))
        return MUSTER_EXISTS;
    if (plugin_command_count == PLUGIN_COMMANDS_MAX) return MUSTER_LIMIT;
    struct plugin_command *command = &plugin_commands[plugin_command_count++];
    *command = (struct plugin_command){.owner = owner, .fn = fn, .user = user};
    snprintf(command->name, sizeof command->name, "%s", name);
    snprintf(command->help, sizeof command->help, "%s", help ? help : "");
    return MUSTER_OK;
}

void admin_command_remove_owner(const void *owner) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < plugin_command_count; i++)
        if (plugin_commands[i].owner != owner) plugin_commands[kept++] = plugin_commands[i];
    plugin_command_count = kept;
}

static void run_help(struct run *run) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].help) say(run, "%-20s %s\n", commands[i].name, commands[i].help);
    for (uint32_t i = 0; i < plugin_command_count; i++)
        say(run, "%-20s %s\n", plugin_commands[i].name, plugin_commands[i].help);
    answer(run);
}

static void run_plugin_command(const struct plugin_command *command, struct run *run) {
    plugin_enter((struct muster_self *)command->owner, "command");
    command->fn(command->user, run->arguments, &run->out);
    plugin_leave();
    answer(run);
}

/* The line without surrounding blanks, split at the first one: name and arguments, in `line`. */
static const char *split(char *line) {
    char *end = line + strlen(line);
    while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) *--end = '\0';
    char *arguments = line + strcspn(line, " \t");
    if (*arguments) *arguments++ = '\0';
    return arguments + strspn(arguments, " \t");
}

static struct run *create_run(const char *line, uint32_t answer_bytes) {
    struct run *run = malloc(sizeof *run + answer_bytes + 1);
    char *copy = strdup(line + strspn(line, " \t"));
    if (!run || !copy) {
        free(run);
        free(copy);
        return NULL;
    }
    *run = (struct run){.line = copy, .arguments = split(copy)};
    run->out = muster_writer_make(run->text, answer_bytes);
    return run;
}

static void run_line(const char *actor, struct run *run) {
    const struct command *command = find_command(run->line);
    const struct plugin_command *plugin_command = find_plugin_command(run->line);
    log_fields(MUSTER_LOG_INFO, "admin", &(struct log_fields){.event = "admin_command"},
               "%s: %s %s", actor, run->line,
               command ? run->arguments : ""); /* a plugin's may hold a secret */
    if (command) {
        command->fn(run);
    } else if (plugin_command) {
        run_plugin_command(plugin_command, run);
    } else {
        say(run, "unknown command \"%s\"; try help", run->line);
        answer(run);
    }
}

static void begin(const char *actor, const char *line, uint32_t answer_bytes, admin_answer_fn fn,
                  void *user) {
    struct run *run = create_run(line, answer_bytes);
    if (!run) {
        if (fn) fn(user, "out of memory");
        return;
    }
    run->fn = fn;
    run->user = user;
    run_line(actor, run);
}

void admin_run(const char *actor, const char *line, admin_answer_fn fn, void *user) {
    begin(actor, line, ANSWER_BYTES, fn, user);
}

void admin_run_whole(const char *actor, const char *line, admin_answer_fn fn, void *user) {
    begin(actor, line, ANSWER_WHOLE_BYTES, fn, user);
}

bool admin_knows(const char *line) {
    char name[MUSTER_NAME_MAX];
    line += strspn(line, " \t");
    size_t len = strcspn(line, " \t\r");
    if (len >= sizeof name) return false;
    memcpy(name, line, len);
    name[len] = '\0';
    return find_command(name) || find_plugin_command(name);
}
