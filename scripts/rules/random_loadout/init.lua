-- Random loadout: each life begins with other weapons.

local LOADOUTS = {
    {rifle = true, launcher = true, damage = 80},
    {rifle = true, launcher = false, damage = 120},
    {rifle = false, launcher = true, damage = 160},
}

hooks.on("spawn", "random", function(player)
    arena.loadout(player, LOADOUTS[math.random(#LOADOUTS)]) -- a replay draws the same numbers
end)

hooks.on("describe", "random", function()
    return "each life begins with other weapons"
end)
