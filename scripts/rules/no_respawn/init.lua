-- No respawn: one life each. The last team alive wins; where there are no teams, the last player.

hooks.on("respawn", "never", function()
    return -1
end)

local function alive()
    local left = {}
    for _, team in ipairs(match.teams()) do
        if match.alive(team) > 0 then table.insert(left, team) end
    end
    if #match.teams() > 0 then return left end
    for _, player in ipairs(match.players()) do
        if player:alive() then table.insert(left, player) end
    end
    return left
end

-- Counts from the first time that two of them have somebody alive.
hooks.on("victory", "last_alive", function(winner)
    if winner then return end -- another rule has decided already
    local left = alive()
    if #left > 1 then state.begun = true end
    if state.begun and #left < 2 then return left[1] or "draw", "elimination" end
end)

hooks.on("describe", "no_respawn", function()
    return "one life each; the last one alive wins"
end)
