-- Without teams: a message gives its player a point; one of two bytes ends the match, one of three
-- is an error.

local mode = {}

function mode.init()
    return {teams = #match.teams(), refused = select(2, pcall(match.add_score, "red", 1))}
end

function mode.message(state, player, message)
    if #message == 3 then error("three") end
    player:add_score(1)
    if #message == 2 then match.finish(player, "enough") end
    player:send(state)
end

return mode
