-- Asks the API at its limits: /lobby_check WORD and /match_check WORD answer "fine", or what is not.
-- What comes later leaves a trail: /lobby_do WORD begins it, /lobby_trail tells it; the same in a
-- match.

local shared = require("shared")
local trail = shared.trail

local function run(acts)
    return function(player, word)
        if not acts[word] then return "there is no " .. word end
        local ok, why = pcall(acts[word], player)
        return ok and "fine" or tostring(why)
    end
end

local checks, acts = require("checks." .. realm), require("acts")
for word, check in pairs(require("checks.both")) do checks[word] = check end

command.register{name = realm .. "_check", fn = run(checks)}
command.register{name = realm .. "_do", fn = run(acts)}
command.register{name = realm .. "_trail", fn = function()
    local line = "trail: " .. table.concat(trail, " ")
    for i = #trail, 1, -1 do trail[i] = nil end
    return line
end}

-- By priority, then as they were hooked; the last of one id counts, in its new place.
local function note(word)
    return function() table.insert(trail, word) end
end
hooks.on("kill", "first", note("first"))
hooks.on("kill", "late", note("late"), -100)
hooks.on("kill", "early", note("early"), 100)
hooks.on("kill", "second", note("second"))
hooks.on("kill", "table", note("table"), {priority = 1})
hooks.on("kill", "gone", note("gone"))
hooks.off("kill", "gone")
hooks.off("kill", "never")
bus.on("said", "a", function(value) table.insert(trail, "a:" .. tostring(value)) end)
bus.on("said", "b", function(value) table.insert(trail, "b:" .. tostring(value)) end)
bus.on("other", "a", function(value) table.insert(trail, "other:" .. tostring(value)) end)
bus.on("again", "a", function(value)
    table.insert(trail, "again:" .. value)
    if value > 0 then bus.emit("again", value - 1) end
end)
