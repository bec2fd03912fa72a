-- Notes all that happens, with what it is told of it: /lobby_heard and /match_heard tell and forget.

local heard = {}

local function shown(value)
    if value == nil then return "-" end
    if type(value) == "userdata" then return value:name() end
    if type(value) == "table" then return "{" .. table.concat(value, ",") .. "}" end
    return tostring(value)
end

local function note(event, ...)
    local words = {event}
    for i = 1, select("#", ...) do words[i + 1] = shown((select(i, ...))) end
    table.insert(heard, table.concat(words, " "))
end

local NOTED = {
    "player_join", "player_leave", "host_changed", "lobby_state", "setting_changed",
    "spawn", "kill", "zone_enter", "zone_leave", "pickup", "drop", "touch",
}
for _, event in ipairs(NOTED) do
    hooks.on(event, "note", function(...) note(event, ...) end)
end

local GATES = {"join_attempt", "team_attempt", "start_attempt", "setting_attempt", "action_attempt"}
for _, event in ipairs(GATES) do
    hooks.on(event, "a", function(...)
        note(event, ...)
        if settings.refuses == event then return "no " .. event end
    end)
    hooks.on(event, "b", function()
        if settings.refuses == event then note("too late") end
    end)
end

-- What one handler makes of it is what the next one gets.
for _, event in ipairs{"damage", "respawn", "score"} do
    hooks.on(event, "first", function(...)
        note(event, ...)
        return (...) + 1
    end, 50)
    hooks.on(event, "nothing", function() end, 20)
    hooks.on(event, "second", function(value) return value * 10.6 end)
end
hooks.on("chat", "first", function(text, player)
    note("chat", text, player)
    if text == "swallow" then return false end
    return text .. "1"
end, 50)
hooks.on("chat", "second", function(text)
    note("then", text)
    return text .. "2"
end)
hooks.on("victory", "first", function(winner)
    if settings.number == 1 then return "red", "elimination" end
    if settings.number == 2 then return "blue" end
    if settings.number == 3 then return "draw", "forfeit" end
end, 50)
hooks.on("victory", "second", function(winner)
    if settings.number == 2 then
        note("second", winner)
        return "red"
    end
end)

hooks.on("describe", "first", function() return "the first line" end)
hooks.on("describe", "nothing", function() end)
hooks.on("describe", "second", function() return "the second line" end)

command.register{name = realm .. "_heard", fn = function()
    local line = table.concat(heard, "; ")
    heard = {}
    return "heard: " .. line
end}
