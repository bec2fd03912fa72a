/* Commands that end the server: stop, drain, restart, upgrade. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "check.h"
#include "commands.h"
#include "config.h"
#include "shutdown.h"
#include "status.h"
#include "upgrade.h"

void command_stop(struct run *run) {
    command_say(run, "stopping");
    command_finish(run);
    shutdown_now("stopped from the console");
}

void command_drain(struct run *run) {
    bool off = strcmp(run->arguments, "off") == 0, leave = strcmp(run->arguments, "exit") == 0;
    if (run->arguments[0] && !off && !leave) {
        command_fail_usage(run);
        return;
    }
    shutdown_drain(!off, leave);
    if (off)
        command_say(run, "not draining: lobbies and joins are taken again");
    else
        command_say(run, "draining: no new lobbies, joins, searches and matches%s",
                    leave ? "; the server stops when its last lobby is closed" : "");
    command_finish(run);
}

static void cancel(struct run *run) {
    if (!shutdown_restart_cancel()) {
        command_fail(run, MUSTER_CONFLICT, "no restart is set");
        return;
    }
    command_say(run, "the restart is called off");
    command_finish(run);
}

/* False: the run has failed. */
static bool read_time(struct run *run, uint32_t *in_s) {
    const char *word = command_word(run);
    int64_t ms;
    if (command_period(word, &ms) && ms <= SHUTDOWN_RESTART_MAX_S * (int64_t)1000) {
        *in_s = (uint32_t)(ms / 1000);
        return true;
    }
    command_fail(run, MUSTER_INVALID,
                 "expected a time like 30s, 15m or 2h, at most 1d, found \"%s\"", word);
    return false;
}

void command_restart(struct run *run) {
    const char *when = command_word(run);
    bool is_now = strcmp(when, "now") == 0;
    char text[MUSTER_REASON_MAX];
    uint32_t in_s = 0;
    if (strcmp(when, "cancel") == 0 && !run->arguments[0]) {
        cancel(run);
        return;
    }
    if (!is_now && strcmp(when, "in") != 0) {
        command_fail_usage(run);
        return;
    }
    if (!is_now && !read_time(run, &in_s)) return;
    if (!command_fits(run, "text", run->arguments, sizeof text)) return;
    snprintf(text, sizeof text, "%s", run->arguments);
    if (!text_line_mend(text)) text[0] = '\0';
    char error[CONFIG_ERROR_MAX] = "";
    muster_status status = check_restart(error);
    if (status) {
        command_fail(run, status, "no restart, the server would not start again: %s",
                     error[0] ? error : status_text(status));
        return;
    }
    command_say(run, is_now ? "restarting" : "restarts in %u s", in_s);
    command_finish(run);
    shutdown_restart(in_s, text);
}

static void on_upgraded(void *user, const char *why) {
    struct run *run = user;
    if (why) {
        command_fail(run, MUSTER_CONFLICT, "no upgrade: %s", why);
        return;
    }
    command_say(run, "upgraded: another server has taken this one's place");
    command_finish(run);
}

void command_upgrade(struct run *run) {
    const char *path = command_word(run);
    if (run->arguments[0]) {
        command_fail_usage(run);
        return;
    }
    const char *why = upgrade_begin(path, on_upgraded, run);
    if (why) command_fail(run, MUSTER_CONFLICT, "no upgrade: %s", why);
}
