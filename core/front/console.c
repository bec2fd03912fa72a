#include "console.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "pending.h"
#include "plugin.h"
#include "registration.h"
#include "session.h"

#define ANSWER_BYTES 65536
#define ANSWER_WHOLE_BYTES (64u << 20) /* pages that nobody writes to cost nothing */
#define PLUGIN_COMMANDS_MAX 64
#define HELP_BYTES_MAX 128
#define LATE_MS 60000

struct plugin_command {
    struct registration head;
    char help[HELP_BYTES_MAX];
    void (*fn)(void *user, const char *arguments, struct muster_writer *answer); /* or late */
    void (*late)(void *user, const struct muster_command_call *call);
    void *user;
};

struct late_answer {
    muster_status status;
    const char *text;
};

static const struct command *commands = &(const struct command){0};
static struct registrations plugin_commands = {.cap = PLUGIN_COMMANDS_MAX,
                                               .entry_size = sizeof(struct plugin_command),
                                               .when_full = MUSTER_LIMIT};

void console_init(const struct command *table) {
    commands = table;
}

static const struct command *find_command(const char *name) {
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

static muster_status add_command(const void *owner, const char *name, const char *help,
                                 struct plugin_command **out) {
    if (!name || !name[0] || strlen(name) >= MUSTER_NAME_MAX || strchr(name, ' '))
        return MUSTER_INVALID;
    if (find_command(name)) return MUSTER_EXISTS;
    if (help && strlen(help) >= HELP_BYTES_MAX) return MUSTER_LIMIT;
    void *entry;
    muster_status status = registration_add(&plugin_commands, owner, name, &entry);
    if (status) return status;
    *out = entry;
    snprintf((*out)->help, sizeof(*out)->help, "%s", help ? help : "");
    return MUSTER_OK;
}

muster_status console_add(const void *owner, const char *name, const char *help,
                          void (*fn)(void *user, const char *arguments,
                                     struct muster_writer *answer),
                          void *user) {
    struct plugin_command *command;
    muster_status status = fn ? add_command(owner, name, help, &command) : MUSTER_INVALID;
    if (status) return status;
    command->fn = fn;
    command->user = user;
    return MUSTER_OK;
}

muster_status console_add_late(const void *owner, const char *name, const char *help,
                               void (*fn)(void *user, const struct muster_command_call *call),
                               void *user) {
    struct plugin_command *command;
    muster_status status = fn ? add_command(owner, name, help, &command) : MUSTER_INVALID;
    if (status) return status;
    command->late = fn;
    command->user = user;
    return MUSTER_OK;
}

void console_help(struct run *run) {
    for (const struct command *command = commands; command->name; command++)
        if (command->help)
            command_say(run, "%-20s %s%s%s\n", command->name, command->arguments,
                        command->arguments[0] ? " " : "", command->help);
    uint64_t id = 0;
    for (const struct plugin_command *command;
         (command = registration_next(&plugin_commands, &id));)
        if (registration_in_force(&command->head))
            command_say(run, "%-20s %s\n", command->head.name, command->help);
    command_finish(run);
}

muster_status console_answer(struct muster_self *by, muster_command_call_id call,
                             muster_status status, const char *text) {
    const struct late_answer answer = {status, text};
    return text ? pending_complete(by, "command", call.value, MUSTER_OK, &answer) : MUSTER_INVALID;
}

static void on_late_answer(void *user, muster_status status, const void *given) {
    const struct late_answer *answer = given;
    struct run *run = user;
    if (status) {
        command_fail(run, status == MUSTER_TIMEOUT ? status : MUSTER_UNAVAILABLE,
                     status == MUSTER_TIMEOUT ? "no answer in time" : "the plugin has stopped");
    } else if (answer->status) {
        command_fail(run, answer->status, "%s", answer->text);
    } else {
        muster_put_bytes(&run->out, answer->text, (uint32_t)strlen(answer->text));
        command_finish(run);
    }
}

/* The answer may come, and the run end, in the call. */
static void run_late_command(const struct plugin_command *command, struct run *run) {
    struct muster_self *owner = (struct muster_self *)command->head.owner;
    struct muster_command_call call = {.size = sizeof call, .arguments = run->arguments};
    muster_status status =
        pending_open(owner, "command", LATE_MS, on_late_answer, run, &call.id.value);
    if (status) {
        command_fail(run, status, "too much waits for an answer");
        return;
    }
    plugin_enter(owner, "command");
    command->late(command->user, &call);
    plugin_leave();
}

static void run_plugin_command(const struct plugin_command *command, struct run *run) {
    if (command->late) {
        run_late_command(command, run);
        return;
    }
    plugin_enter((struct muster_self *)command->head.owner, "command");
    command->fn(command->user, run->arguments, &run->out);
    plugin_leave();
    command_judge(run);
}

/* permissions: of the player who asks; null: who has the console or the admin token. */
static bool is_permitted(const struct command *command, const char *permissions) {
    if (!permissions || muster_permitted(permissions, "admin")) return true;
    return command && muster_permitted(permissions, command->permission);
}

static void run_line(const char *permissions, struct run *run) {
    const struct command *command = find_command(run->line);
    const struct plugin_command *plugin_command = registration_find(&plugin_commands, run->line);
    bool permitted = is_permitted(command, permissions);
    log_fields(MUSTER_LOG_INFO, "admin",
               &(struct log_fields){.event = "admin_command", .kept = permitted}, "%s: %s %s",
               run->actor, run->line,
               command ? run->arguments : ""); /* a plugin's may hold a secret */
    run->command = command;
    run->is_player = permissions != NULL;
    run->is_admin = !permissions || muster_permitted(permissions, "admin");
    if (!permitted)
        command_fail(run, MUSTER_DENIED, "the permission \"admin\" is needed");
    else if (command)
        command->fn(run);
    else if (plugin_command)
        run_plugin_command(plugin_command, run);
    else
        command_fail(run, MUSTER_NOT_FOUND, "unknown command \"%.100s\"; try help", run->line);
}

static void begin(const char *actor, const char *permissions, const char *line,
                  uint32_t answer_bytes, command_answer_fn fn, void *user) {
    struct run *run = command_create(line, answer_bytes, fn, user);
    if (!run) {
        if (fn) fn(user, MUSTER_NO_MEMORY, "out of memory");
        return;
    }
    snprintf(run->actor, sizeof run->actor, "%s", actor);
    run_line(permissions, run);
}

void console_run(const char *actor, const char *line, command_answer_fn fn, void *user) {
    begin(actor, NULL, line, ANSWER_BYTES, fn, user);
}

void console_run_as(const struct session *session, const char *line, command_answer_fn fn,
                    void *user) {
    begin(session->player_key, session->permissions, line, ANSWER_BYTES, fn, user);
}

void console_run_whole(const char *actor, const char *line, command_answer_fn fn, void *user) {
    begin(actor, NULL, line, ANSWER_WHOLE_BYTES, fn, user);
}

bool console_knows(const char *line) {
    char name[MUSTER_NAME_MAX];
    line += strspn(line, " \t");
    size_t len = strcspn(line, " \t\r");
    if (len >= sizeof name) return false;
    memcpy(name, line, len);
    name[len] = '\0';
    return find_command(name) || registration_find(&plugin_commands, name);
}
