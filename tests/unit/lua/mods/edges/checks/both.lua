local shared = require("shared")
local refused, same = shared.refused, shared.same
local checks = {}

local DEPTH = 32 -- of tables in tables that can be copied

local function nothing() end

local own = realm == "match" and "kill" or "describe" -- an event of this realm

function checks.hooks()
    hooks.on(own, ("x"):rep(47), nothing)
    refused("over 47 bytes", hooks.on, own, ("x"):rep(48), nothing)
    hooks.off(own, ("x"):rep(47))
    refused("there is no event 'nothing'", hooks.on, "nothing", "id", nothing)
    refused("function expected", hooks.on, own, "id", 5)
    for _, priority in ipairs{-101, 101} do
        refused("expected %-100 to 100", hooks.on, own, "id", nothing, priority)
        refused("expected %-100 to 100", hooks.on, own, "id", nothing, {priority = priority})
    end
    refused("unknown field 'prio'", hooks.on, own, "id", nothing, {prio = 1})
    refused("unknown field 'aaa'", hooks.on, own, "id", nothing, {zzz = 1, mmm = 1, aaa = 1, priority = 1})
    refused("denies nothing", hooks.on, own, "id", nothing, {on_error = "deny"})
    refused("happens in the other realm", hooks.on, realm == "match" and "start_attempt" or "damage", "id", nothing)
end

function checks.texts()
    refused("without control bytes", hooks.on, own, "a\nb", nothing)
    refused("without control bytes", hooks.on, own, "\127", nothing)
    refused("without control bytes", hooks.on, own, "\xff", nothing)
    hooks.on(own, 7, nothing) -- a number is its text, as everywhere in Lua
    hooks.off(own, "7")
    refused("string expected", hooks.on, own, {}, nothing)
    hooks.on(own, "größe", nothing)
    hooks.off(own, "größe")
end

function checks.timers()
    timer.cancel(timer.after(2592000, nothing))
    refused("expected 0 to 2592000", timer.after, 2592001, nothing)
    refused("expected 0 to 2592000", timer.after, -0.001, nothing)
    refused("expected 0 to 2592000", timer.after, 0 / 0, nothing)
    timer.cancel(timer.every(0.05, nothing))
    refused("expected 0.05", timer.every, 0.049, nothing)
    refused("number expected", timer.after, "1", nothing)
    refused("function expected", timer.after, 1, 1)
    same(false, timer.cancel(0))
    same(false, timer.cancel(4000000000))
    local one, two = timer.after(60, nothing), timer.after(60, nothing)
    same(true, timer.cancel(one))
    same(false, timer.cancel(one))
    same(true, timer.cancel(two))
end

function checks.timer_count()
    local ids = {}
    for i = 1, 256 do ids[i] = timer.after(60, nothing) end
    refused("at most 256 wait", timer.after, 60, nothing)
    timer.cancel(ids[100])
    ids[100] = timer.after(60, nothing)
    refused("at most 256 wait", timer.after, 60, nothing)
    for _, id in ipairs(ids) do same(true, timer.cancel(id)) end
end

function checks.commands()
    local register = command.register
    refused("over 31 bytes", register, {name = ("x"):rep(32), fn = nothing})
    refused("over 95 bytes", register, {name = "x", help = ("x"):rep(96), fn = nothing})
    for _, name in ipairs{"", "1a", "_a", "A", "a-b", "aB", "a{", "a b"} do
        refused("expected a word", register, {name = name, fn = nothing})
    end
    refused("fn: expected a function", register, {name = "x"})
    refused("unknown field 'nam'", register, {nam = "x"})
    refused("the server's own", register, {name = "help", fn = nothing})
    refused("the server's own", register, {name = "rules", fn = nothing})
    for i = 1, 29 do register{name = ("x"):rep(31 - #tostring(i)) .. i, help = ("x"):rep(95), fn = nothing} end
    refused("too many commands", register, {name = "az_09", fn = nothing})
    register{name = ("x"):rep(30) .. 1, fn = nothing} -- there already
end

function checks.bus()
    refused("over 47 bytes", bus.emit, ("x"):rep(48), 1)
    bus.emit("big", ("x"):rep(2040))
    refused("value over", bus.emit, "big", ("x"):rep(2048))
    local deep = {}
    for _ = 2, DEPTH do deep = {deep} end
    bus.emit("deep", deep)
    refused("nested over 32 deep", bus.emit, "deep", {deep})
    refused("over 23 bytes", bus.on, ("x"):rep(24), "id", nothing)
    refused("over 23 bytes", bus.on, "name", ("x"):rep(24), nothing)
    bus.on(("x"):rep(23), ("y"):rep(23), nothing)
    bus.on(("x"):rep(23), ("y"):rep(23), nothing) -- replaces
end

function checks.bus_count()
    for _ = 1, 64 do bus.emit("full", 1) end
    refused("too many messages wait", bus.emit, "full", 1)
end

function checks.handler_count()
    local count = 0
    while count < 200 and pcall(bus.on, "many", "id" .. count, nothing) do count = count + 1 end
    same(128 - 4, count)
end

function checks.i18n()
    same("as it is", i18n.t("plain"))
    same("unknown", i18n.t("unknown"))
    same("Ada and Ada, {other}", i18n.t("one", {name = "Ada"}))
    same("{name} and {name}, 7", i18n.t("one", {other = 7}))
    same("a {name", i18n.t("open", {name = "Ada"}))
    same("<{}>", i18n.t("empty", {name = "Ada"}))
    same(("b"):rep(16) .. "{a}", i18n.t("many", {a = "b"})) -- so many are looked at
    same(1024, #i18n.t("one", {name = ("x"):rep(600)}))
    same(64, #i18n.t(("k"):rep(64)))
    refused("over 64 bytes", i18n.t, ("k"):rep(65))
end

function checks.settings()
    same(5, settings.number)
    same(6, settings.other)
    refused("no setting 'nothing'", function() return settings.nothing end)
    refused("cannot be written", function() settings.number = 1 end)
    assert(getmetatable(settings) == false)
    same("edges", mod.id)
    same("1.2.3", mod.version)
end

function checks.settings_changed()
    same(50, settings.number)
    same(6, settings.other)
end

function checks.storage()
    same(nil, storage.get("none"))
    same("else", storage.get("none", "else"))
    storage.set("a.one", 1)
    storage.set("a.two", {x = "y"})
    storage.set("b", false)
    same(false, storage.get("b", true))
    same("y", storage.get("a.two").x)
    same("a.one a.two", table.concat(storage.keys("a."), " "))
    same("a.one a.two b", table.concat(storage.keys(), " "))
    same("", table.concat(storage.keys("c")))
    same(3, storage.add("a.one", 2))
    same(-0.5, storage.add("sum", -0.5))
    refused("the value is no number", storage.add, "a.two", 1)
    refused("expected %-1e15 to 1e15", storage.add, "sum", 1.1e15)
    refused("expected %-1e15 to 1e15", storage.add, "sum", -1.1e15)
    refused("number expected", storage.add, "sum", "1")
    refused("expected a value", storage.set, "sum", nil)
    storage.delete("a.one")
    storage.delete("a.one")
    same("a.two b sum", table.concat(storage.keys(), " "))
    for _, key in ipairs(storage.keys()) do storage.delete(key) end
end

function checks.storage_limits()
    storage.set(("k"):rep(128), 1)
    refused("over 128 bytes", storage.set, ("k"):rep(129), 1)
    refused("expected 1 to 128 bytes", storage.get, "")
    storage.set("long", ("x"):rep(16000))
    refused("value over", storage.set, "long", ("x"):rep(16384))
    same(16000, #storage.get("long"))
    storage.delete("long")
    storage.delete(("k"):rep(128))
end

return checks
