/* api_shared - what several tables have; see api.h. */
#include "api.h"
#include "args.h"
#include "objects.h"
#include "report.h"
#include "settings.h"
#include "value.h"

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

bool api_may_talk(lua_State *L) {
    struct command_place place;
    struct script *script = script_of(L);
    if (report_may_talk(script->realm->lobby)) return true;
    objects_place(L, &place);
    report_refusal(script, place.file, place.line,
                   "too many lines of chat: 20 at once, then 5 a second");
    return false;
}
