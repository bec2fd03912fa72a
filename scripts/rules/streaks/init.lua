-- Streaks: tells everybody who kills several in a row, or two at once.

state = {row = {}, tick = {}} -- by seat

local function tell(key, player, count)
    match.announce(i18n.t(key, {name = player:name(), count = count}))
end

hooks.on("kill", "streak", function(victim, killer)
    state.row[victim:seat()] = nil
    if not killer or killer:team() == victim:team() then return end
    local seat = killer:seat()
    local row = (state.row[seat] or 0) + 1
    state.row[seat] = row
    if row % settings.every == 0 then tell("row", killer, row) end
    if state.tick[seat] == match.tick() then tell("double", killer) end
    state.tick[seat] = match.tick()
end)

hooks.on("player_leave", "streak", function(player)
    if realm == "match" then state.row[player:seat()] = nil end
end)

hooks.on("describe", "streak", function()
    return "tells who kills " .. settings.every .. " in a row"
end)
