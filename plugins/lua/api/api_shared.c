/* api_shared - what several tables have; see api.h. */
#include "api.h"
#include "args.h"
#include "objects.h"
#include "report.h"
#include "settings.h"
#include "teams.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

enum { SETTING_BYTES_MAX = 2048 };

int api_setting(lua_State *L) {
    char json[SETTING_BYTES_MAX];
    const char *key = args_text(L, 1, 95);
    sandbox_charge(L, 200);
    const char *text = settings_read_json(realm_of(L), key, json, sizeof json);
    if (text)
        value_from_json(L, text, strlen(text));
    else
        lua_pushnil(L);
    return 1;
}

int api_teams(lua_State *L) {
    const struct realm *realm = realm_of(L);
    uint32_t count = teams_count(realm);
    sandbox_charge(L, 100);
    lua_createtable(L, (int)count, 0);
    for (uint32_t team = 1; team <= count; team++) {
        lua_pushstring(L, teams_name(realm, team));
        lua_rawseti(L, -2, team);
    }
    return 1;
}

/* What was asked for is left out, and that is told with its place. */
static bool refuse(lua_State *L, const char *why) {
    struct command_place place;
    objects_place(L, &place);
    report_refusal(script_of(L), place.file, place.line, why);
    return false;
}

bool api_may_talk(lua_State *L) {
    if (report_may_talk(realm_of(L)->lobby)) return true;
    return refuse(L, "too many lines of chat: 20 at once, then 5 a second");
}

bool api_may_send(lua_State *L) {
    if (report_may_send(realm_of(L)->lobby)) return true;
    return refuse(L, "too many messages to clients: 64 at once, then 20 a second");
}

void api_message_read(lua_State *L, int index, struct api_message *out) {
    int head =
        snprintf(out->json, sizeof out->json, "{\"mod\":\"%s\",\"data\":", script_of(L)->mod->id);
    size_t len = value_to_json(L, index, out->json + head, API_MESSAGE_BYTES_MAX);
    strcpy(out->json + head + len, "}");
}
