-- A mode whose fields are seen by all, by a team and by their owner.

local mode = {}

mode.sync = {
    {name = "round", type = "u16"},
    {name = "open", type = "u8", per = "player"},
    {name = "word", type = "u8", per = "player", visible = "team"},
    {name = "hand", type = "u8", per = "player", visible = "owner"},
}

function mode.init()
    sync.set("round", 700)
    if sync.get("round") ~= 700 then error("the value is not kept") end
    return {}
end

local function deal(player, open)
    sync.set("open", open, player)
    sync.set("word", open + 10, player)
    sync.set("hand", open + 20, player)
end

function mode.join(state, player)
    state.came = {sync.get("open", player), sync.get("word", player), sync.get("hand", player)}
    deal(player, player:seat() + 1)
    state.last = player:name()
    if player:name() == "mallory" then return "not you" end
    if player:name() == "nobody" then return "" end
    if player:name() == "breaker" then error("on purpose") end
end

function mode.input(_, _, held)
    if held == 2 then error("with both hands") end
end

local tries = {
    last = function(_, state) return state.last end,
    came = function(_, state) return table.concat(state.came, " ") end,
    nothing = function() sync.set("nothing", 1) end,
    nobody = function() sync.set("open", 1) end,
    shared = function(player) sync.set("round", 1, player) end,
    missing = function(player) sync.set("open", nil, player) end,
    large = function(player) sync.set("open", 256, player) end,
    number = function() return math.type(sync.get("round")) end,
    spin = function(player)
        sync.set("round", 9)
        deal(player, 90)
        while true do player:seat() end
    end,
}

command.register{name = "try", fn = function(player, word, state)
    local _, answer = pcall(tries[word], player, state)
    return "tried: " .. tostring(answer)
end}

return mode
