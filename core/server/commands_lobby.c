/* commands_lobby - what an admin does with one lobby. */
#include <string.h>

#include "commands.h"
#include "lobby.h"

static void freeze(struct run *run, struct lobby *lobby) {
    if (lobby_freeze(lobby)) {
        command_fail(run, MUSTER_CONFLICT, "the lobby is frozen already");
        return;
    }
    command_say(run, "frozen");
    command_finish(run);
}

static void thaw(struct run *run, struct lobby *lobby) {
    if (lobby_thaw(lobby)) {
        command_fail(run, MUSTER_CONFLICT, "the lobby is not frozen");
        return;
    }
    command_say(run, "goes on");
    command_finish(run);
}

static const struct {
    const char *name;
    void (*fn)(struct run *run, struct lobby *lobby);
} acts[] = {{"freeze", freeze}, {"thaw", thaw}};

void command_lobby(struct run *run) {
    const char *name = command_word(run);
    size_t i = 0, count = sizeof acts / sizeof *acts;
    while (i < count && strcmp(acts[i].name, name) != 0) i++;
    if (i == count) {
        command_fail_usage(run);
        return;
    }
    struct lobby *lobby = lobby_find_key(command_word(run));
    if (lobby)
        acts[i].fn(run, lobby);
    else
        command_fail(run, MUSTER_NOT_FOUND, "no such lobby");
}
