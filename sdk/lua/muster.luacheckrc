-- luacheck --config muster.luacheckrc MOD: what mods may use. Made by "mods api luacheck"; do not
-- edit.
std = "muster_library+muster"
max_line_length = 100
unused_args = false -- a handler takes its arguments by place

stds.muster_library = {
    read_globals = {
        "_G",
        "_VERSION",
        "assert",
        coroutine = {fields = {"close", "create", "isyieldable", "resume", "running", "status", "wrap", "yield"}},
        "error",
        "getmetatable",
        "ipairs",
        math = {fields = {"abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max", "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "sin", "sqrt", "tan", "tointeger", "type", "ult"}},
        "next",
        "pairs",
        "pcall",
        "print",
        "rawequal",
        "rawget",
        "rawlen",
        "rawset",
        "require",
        "select",
        "setmetatable",
        string = {fields = {"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack", "packsize", "rep", "reverse", "sub", "unpack", "upper"}},
        table = {fields = {"concat", "insert", "move", "pack", "remove", "sort", "unpack"}},
        "tonumber",
        "tostring",
        "type",
        utf8 = {fields = {"char", "charpattern", "codepoint", "codes", "len", "offset"}},
        "xpcall",
    },
}

stds.muster = {
    globals = {"state"},
    read_globals = {
        mod = {other_fields = true},
        "realm",
        settings = {other_fields = true},
        hooks = {fields = {"on", "off"}},
        timer = {fields = {"after", "every", "cancel"}},
        command = {fields = {"register"}},
        bus = {fields = {"emit", "on"}},
        i18n = {fields = {"t"}},
        storage = {fields = {"get", "set", "delete", "add", "keys"}},
        lobby = {fields = {"state", "setting", "players", "teams", "host", "chat", "lock", "set_team"}},
        vote = {fields = {"start"}},
        match = {fields = {"tick", "time", "game_mode", "setting", "players", "teams", "player", "alive", "score", "add_score", "announce", "send", "finish"}},
        arena = {fields = {"zone", "zone_remove", "item", "item_home", "item_remove", "carry", "spawn", "kill", "heal", "team", "loadout", "bots"}},
        sync = {fields = {"set", "get"}},
    },
}

stds.muster_spec = {
    read_globals = {
        "describe",
        "it",
        "before_each",
        test = {fields = {"world", "matches"}},
        assert = {fields = {"equals", "same", "differs", "is_true", "is_false", "is_nil", "truthy", "falsy", "near", "matches", "error"}},
        mod = {other_fields = true},
    },
}

files["**/tests/*.lua"] = {std = "muster_library+muster_spec"}
