/* commands_crashes - what is kept of crashes. */
#include "commands.h"
#include "crashes.h"

static const char *text_of(const json_t *crash, const char *key) {
    const char *text = json_string_value(json_object_get(crash, key));
    return text ? text : "none";
}

void command_crashes(struct run *run) {
    json_t *list = crashes_list(), *crash;
    size_t i;
    json_array_foreach(list, i, crash) {
        const char *then = json_string_value(json_object_get(crash, "lobbyThen"));
        command_say(run, "%s %s, in plugin %s, call %s, lobby %s%s%s\n", text_of(crash, "name"),
                    text_of(crash, "cause"), text_of(crash, "plugin"), text_of(crash, "call"),
                    text_of(crash, "lobbyId"), then ? ": " : "", then ? then : "");
    }
    command_say(run, "%zu crashes", json_array_size(list));
    json_decref(list);
    command_finish(run);
}
