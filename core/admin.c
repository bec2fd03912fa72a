#include "admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_internal.h"
#include "base/text.h"
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

static void put(struct run *run, const char *format, va_list args) {
    char line[1024];
    int len = vsnprintf(line, sizeof line, format, args);
    if (len > (int)sizeof line - 1) len = sizeof line - 1;
    muster_put_bytes(&run->out, line, (uint32_t)len);
}

void run_say(struct run *run, const char *format, ...) {
    va_list args;
    va_start(args, format);
    put(run, format, args);
    va_end(args);
}

void run_say_json(struct run *run, json_t *json) {
    char *text = json_dumps(json, JSON_INDENT(2));
    if (text) muster_put_bytes(&run->out, text, (uint32_t)strlen(text));
    free(text);
    json_decref(json);
}

static void end(struct run *run, muster_status status) {
    run->text[run->out.len] = '\0';
    if (run->out.overflow) log_warn("admin", "an answer was cut at %u bytes", run->out.cap);
    if (run->fn) run->fn(run->user, status, (const char *)run->text);
    free(run->line);
    free(run);
}

void run_answer(struct run *run) {
    end(run, MUSTER_OK);
}

void run_fail(struct run *run, muster_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    run->out.len = 0;
    put(run, format, args);
    va_end(args);
    end(run, status);
}

void run_fail_usage(struct run *run) {
    run_fail(run, MUSTER_INVALID, "expected: %s %s", run->command->name, run->command->arguments);
}

char *run_word(struct run *run) {
    char *word = run->arguments;
    bool quoted = *word == '"';
    if (quoted) word++;
    char *end_of_word = word + strcspn(word, quoted ? "\"" : " \t");
    run->arguments = end_of_word + (*end_of_word != '\0');
    *end_of_word = '\0';
    run->arguments += strspn(run->arguments, " \t");
    return word;
}

/* ---- server ---------------------------------------------------------------------------------- */

static void run_help(struct run *run);

static void run_status(struct run *run) {
    run_say(run, "%s, node %s, version %s\n", config_string("server", "name"), paths_node_id(),
            MUSTER_VERSION);
    run_say(run, "players %u connected, %u sessions, %u searching\n", session_connected_count(),
            session_count(), queue_count());
    run_say(run, "lobbies %u of %lld, matches %u, ticks stretched to %.0f %%\n", lobby_count(),
            (long long)config_int("lobby", "maxLobbies"), match_count(), pacer_stretch() * 100);
    run_answer(run);
}

static void run_stop(struct run *run) {
    run_say(run, "stopping");
    run_answer(run);
    server_stop("stopped from the console");
}

static void run_drain(struct run *run) {
    bool off = strcmp(run->arguments, "off") == 0, leave = strcmp(run->arguments, "exit") == 0;
    if (run->arguments[0] && !off && !leave) {
        run_fail_usage(run);
        return;
    }
    server_drain(!off, leave);
    if (off)
        run_say(run, "not draining: lobbies and joins are taken again");
    else
        run_say(run, "draining: no new lobbies, joins and searches%s",
                leave ? "; the server stops when its last lobby is closed" : "");
    run_answer(run);
}

static void run_plugins(struct run *run) {
    for (struct muster_self *p = plugin_next(NULL); p; p = plugin_next(p))
        run_say(run, "%s %s, generation %u, %u pins%s\n", p->instance_name, p->version,
                p->generation, p->pins, p->phase == PLUGIN_STARTED ? "" : " (ending)");
    run_answer(run);
}

static void run_reload(struct run *run) {
    char error[PLUGIN_ERROR_MAX] = "";
    bool all = run->arguments[0] == '\0';
    muster_status status = all ? server_reload(error) : plugin_reload(run->arguments, error);
    const char *what = all ? "configuration" : run->arguments;
    if (status) {
        run_fail(run, status, "%s was not reloaded: %s", what, error);
        return;
    }
    run_say(run, "%s reloaded%s%s", what, error[0] ? "\n" : "", error);
    run_answer(run);
}

static void run_log_level(struct run *run) {
    uint32_t level = log_level_parse(run->arguments);
    if (level == UINT32_MAX) {
        run_fail_usage(run);
        return;
    }
    log_level_set(level);
    run_say(run, "log level %s", run->arguments);
    run_answer(run);
}

/* ---- lobbies --------------------------------------------------------------------------------- */

static void run_lobbies(struct run *run) {
    muster_lobby_id id = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        run_say(run, "%s %s %s %s %u/%u players, %u spectators\n", lobby->key, lobby->game_mode,
                lobby_map(lobby), lobby_state_text(lobby->state), lobby_players(lobby),
                lobby->players_max, lobby_spectators(lobby));
    run_say(run, "%u lobbies", lobby_count());
    run_answer(run);
}

static void run_close(struct run *run) {
    struct lobby *lobby = lobby_find_key(run_word(run));
    if (!lobby) {
        run_fail(run, MUSTER_NOT_FOUND, "no such lobby");
        return;
    }
    lobby_close(lobby, MUSTER_LEAVE_KICK,
                run->arguments[0] ? run->arguments : "closed by an admin");
    run_say(run, "closed");
    run_answer(run);
}

/* To everybody who is connected, in a lobby or not. */
static void run_announce(struct run *run) {
    char line[1024];
    snprintf(line, sizeof line, "%s", run->arguments);
    if (!text_line_mend(line)) {
        run_fail_usage(run);
        return;
    }
    muster_player_id id = 0;
    uint32_t count = 0;
    for (struct session *session; (session = session_next(&id));) {
        count += session->client != NULL;
        session_notify(session, "server.announcement",
                       json_pack("{s:s,s:I}", "text", line, "at", (json_int_t)loop_unix_ms()));
    }
    run_say(run, "said to %u players", count);
    run_answer(run);
}

static void on_results(void *user, muster_status status, json_t *json) {
    struct run *run = user;
    if (status) {
        run_fail(run, status, "the database did not answer: %s", status_text(status));
        return;
    }
    run_say_json(run, json);
    run_answer(run);
}

static void run_results(struct run *run) {
    long limit = run->arguments[0] ? strtol(run->arguments, NULL, 10) : 10;
    store_recent_results(limit < 1 ? 1 : limit > 50 ? 50 : (uint32_t)limit, on_results, run);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define ADMIN "admin"
#define MODERATOR "moderator" /* admins may do it as well */

static const struct command commands[] = {
    {"help", "", "this list", MODERATOR, run_help},
    {"status", "", "players, lobbies, load", MODERATOR, run_status},
    {"stop", "", "orderly stop (also: exit, quit)", ADMIN, run_stop},
    {"exit", "", NULL, ADMIN, run_stop},
    {"quit", "", NULL, ADMIN, run_stop},
    {"drain", "[exit|off]", "take no new lobbies and joins; exit: stop when empty; off: as before",
     ADMIN, run_drain},
    {"plugins", "", "loaded plugins and generations", ADMIN, run_plugins},
    {"reload", "[PLUGIN]", "replace one plugin; without a name read the configuration again", ADMIN,
     run_reload},
    {"log-level", "debug|info|warn|error", "least level that is logged", ADMIN, run_log_level},
    {"lobbies", "", "all lobbies", MODERATOR, run_lobbies},
    {"close", "LOBBYID [REASON]", "close a lobby", ADMIN, run_close},
    {"say", "TEXT", "an announcement to all players", MODERATOR, run_announce},
    {"results", "[N]", "the newest match results, as JSON", ADMIN, run_results},
    {"players", "", "all players", MODERATOR, run_players},
    {"kick", "PLAYER [REASON]", "end a player's session", MODERATOR, run_kick},
    {"warn", "PLAYER REASON [// NOTE]", "tell somebody off; counted", MODERATOR, run_warn},
    {"warnings", "", "all warnings", MODERATOR, run_warnings},
    {"mute", "WHO [TIME] [REASON] [// NOTE]", "no chat; WHO and TIME as for ban", MODERATOR,
     run_mute},
    {"unmute", "WHO|ID", "end a mute", MODERATOR, run_unmute},
    {"mutes", "", "all mutes in force", MODERATOR, run_mutes},
    {"ban", "WHO [TIME] [REASON] [// NOTE]",
     "a player or ADDRESS[/BITS], for 30s, 15m, 12h, 7d, 4w or (perm) for good", MODERATOR,
     run_ban},
    {"unban", "WHO|ID", "end a ban", MODERATOR, run_unban},
    {"bans", "", "all bans in force", MODERATOR, run_bans},
    {"whitelist", "[on|off|add WHO|remove WHO]", "let in those on the list alone", ADMIN,
     run_whitelist},
    {"createPlayerSession", "PLAYERID", "make a session, or show the active one", ADMIN,
     run_create_session},
    {"getActiveSession", "PLAYERID", "show the active session, {} if none", ADMIN, run_get_session},
    {"terminateSession", "SESSIONID [REASON]", "end a session", ADMIN, run_terminate_session},
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
        if (commands[i].help)
            run_say(run, "%-20s %s%s%s\n", commands[i].name, commands[i].arguments,
                    commands[i].arguments[0] ? " " : "", commands[i].help);
    for (uint32_t i = 0; i < plugin_command_count; i++)
        run_say(run, "%-20s %s\n", plugin_commands[i].name, plugin_commands[i].help);
    run_answer(run);
}

static void run_plugin_command(const struct plugin_command *command, struct run *run) {
    plugin_enter((struct muster_self *)command->owner, "command");
    command->fn(command->user, run->arguments, &run->out);
    plugin_leave();
    run_answer(run);
}

/* The line without surrounding blanks, split at the first one: name and arguments, in `line`. */
static char *split(char *line) {
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

/* permissions: of the player who asks; null: who has the console or the admin token. */
static bool is_permitted(const struct command *command, const char *permissions) {
    if (!permissions || muster_permitted(permissions, ADMIN)) return true;
    return command && muster_permitted(permissions, command->permission);
}

static void run_line(const char *permissions, struct run *run) {
    const struct command *command = find_command(run->line);
    const struct plugin_command *plugin_command = find_plugin_command(run->line);
    log_fields(MUSTER_LOG_INFO, "admin", &(struct log_fields){.event = "admin_command"},
               "%s: %s %s", run->actor, run->line,
               command ? run->arguments : ""); /* a plugin's may hold a secret */
    run->command = command;
    run->is_admin = !permissions || muster_permitted(permissions, ADMIN);
    if (!is_permitted(command, permissions))
        run_fail(run, MUSTER_DENIED, "the permission \"%s\" is needed", ADMIN);
    else if (command)
        command->fn(run);
    else if (plugin_command)
        run_plugin_command(plugin_command, run);
    else
        run_fail(run, MUSTER_NOT_FOUND, "unknown command \"%.100s\"; try help", run->line);
}

static void begin(const char *actor, const char *permissions, const char *line,
                  uint32_t answer_bytes, admin_answer_fn fn, void *user) {
    struct run *run = create_run(line, answer_bytes);
    if (!run) {
        if (fn) fn(user, MUSTER_NO_MEMORY, "out of memory");
        return;
    }
    run->fn = fn;
    run->user = user;
    snprintf(run->actor, sizeof run->actor, "%s", actor);
    run_line(permissions, run);
}

void admin_run(const char *actor, const char *line, admin_answer_fn fn, void *user) {
    begin(actor, NULL, line, ANSWER_BYTES, fn, user);
}

void admin_run_as(const struct session *session, const char *line, admin_answer_fn fn, void *user) {
    begin(session->player_key, session->permissions, line, ANSWER_BYTES, fn, user);
}

void admin_run_whole(const char *actor, const char *line, admin_answer_fn fn, void *user) {
    begin(actor, NULL, line, ANSWER_WHOLE_BYTES, fn, user);
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
