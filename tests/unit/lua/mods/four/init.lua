-- Does what its players' messages say, and tells them what comes of it.

local mode = {}

local orders = {
    teams = function() return match.teams() end,
    score = function(_, team) match.add_score(team, 3) return match.score(team) end,
    stat = function(player, name) player:add_stat(name, 2) return player:stat(name) end,
    players = function(_, team) return #match.players(team) end,
    alive = function() return {match.alive(), match.alive("green")} end,
    finish = function() match.finish("lone_wolf", "all_gems", {"lone_wolf", {"red", "green"}}) end,
    chosen = function(player) match.finish(player, nil, {player, {match.player(2), match.player(3)}}) end,
    nobody = function() match.finish(nil, "time_limit", {{"green", "wolves", "lone_wolf", "red"}}) end,
    all = function() match.send{round = 2} end,
    big = function() match.send(("x"):rep(1022)) end,
    many = function() for i = 1, 65 do match.send(i) end end,
}

local faults = {
    team = function() match.score("blue") end,
    no_team = function() match.add_score("none", 1) end,
    stat = function(player) player:stat("fun") end,
    points = function(player) player:add_stat("gems", 1001) end,
    winner = function() match.finish("blue") end,
    reason = function() match.finish("draw", "Too late") end,
    long_reason = function() match.finish("draw", ("x"):rep(48)) end,
    aborted = function() match.finish("draw", "aborted") end,
    second = function() match.finish("green", nil, {"red", "green"}) end,
    unplaced = function(player) match.finish(player, nil, {match.player(2)}) end,
    places = function() match.finish("draw", nil, "green") end,
    no_places = function() match.finish("draw", nil, {}) end,
    twice = function() match.finish("draw", nil, {"green", "green"}) end,
    mixed = function(player) match.finish("draw", nil, {"green", player}) end,
    mixed_too = function(player) match.finish("draw", nil, {player, "green"}) end,
    deep = function() match.finish("draw", nil, {{{"green"}}}) end,
    strange = function() match.finish("draw", nil, {"green", 5}) end,
    unfit = function() match.finish("draw", nil, {"blue"}) end,
    not_plain = function() match.send(print) end,
    no_text = function() match.send("\xff") end,
    long = function() match.send(("x"):rep(1023)) end,
    nothing = function() match.send() end,
}

function mode.message(_, player, message)
    local word, argument = message:match("^([%w_]+) ?([%w_]*)$")
    if not word then error("no word: " .. #message) end
    if faults[word] and argument == "fault" then
        local _, fault = pcall(faults[word], player)
        return player:send(fault)
    end
    player:send{answer = orders[word](player, argument)}
end

return mode
