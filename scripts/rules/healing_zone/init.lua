-- Healing zone: every now and then there is a place in the middle that heals who stands in it.

local ZONE = 8 -- the last number: modes take the first ones

state = {inside = {}} -- seats

local function close()
    arena.zone_remove(ZONE)
    state.ends = nil
    state.inside = {} -- at once: they leave it with the next tick
end

if realm == "match" then
    timer.every(settings.every, function()
        arena.zone{id = ZONE, place = "center", radius = 1.5, label = "Healing", progress = 100}
        state.ends = match.time() + settings.seconds
    end)
    timer.every(1, function()
        if state.ends and match.time() >= state.ends then close() end
        for seat in pairs(state.inside) do arena.heal(match.player(seat), settings.health) end
    end)
end

hooks.on("zone_enter", "heal", function(player, zone)
    if zone == ZONE then state.inside[player:seat()] = true end
end)

hooks.on("zone_leave", "heal", function(player, zone)
    if zone == ZONE then state.inside[player:seat()] = nil end
end)

hooks.on("describe", "heal", function()
    return "every " .. settings.every .. " seconds the middle heals for a while"
end)
