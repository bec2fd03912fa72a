-- Supply drop: a medkit lies in the middle. Who takes it is healed, and some time later there is
-- another one.

local MEDKIT = 8 -- the last number: modes take the first ones

if realm == "match" then
    timer.every(settings.seconds, function()
        arena.item{id = MEDKIT, place = "center", kind = "medkit"} -- or it lies there still
    end)
end

hooks.on("pickup", "heal", function(player, item)
    if item ~= MEDKIT then return end
    arena.item_remove(MEDKIT)
    arena.heal(player, settings.health)
end)

hooks.on("describe", "supply_drop", function()
    return "a medkit lies in the middle, every " .. settings.seconds .. " seconds"
end)
