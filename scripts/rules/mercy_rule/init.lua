-- Mercy rule: a team that leads by far has won; where there are no teams, a player.

-- Who has most points, and how many more than anybody else.
local function leader()
    local teams = match.teams()
    local best, first, second
    for _, side in ipairs(#teams > 0 and teams or match.players()) do
        local points = #teams > 0 and match.score(side) or side:score()
        if not first or points > first then
            best, first, second = side, points, first
        elseif not second or points > second then
            second = points
        end
    end
    return best, second and first - second or 0
end

local SPARED_S = 30

-- Nobody is beaten by a fault of the server's.
hooks.on("disturbed", "spare", function()
    state.spared_until = match.time() + SPARED_S
end)

hooks.on("victory", "mercy", function(winner)
    if winner or match.time() < (state.spared_until or 0) then return end
    local best, lead = leader()
    if lead >= settings.points then return best, "forfeit" end
end)

hooks.on("describe", "mercy", function()
    return "who leads by " .. settings.points .. " points has won"
end)
