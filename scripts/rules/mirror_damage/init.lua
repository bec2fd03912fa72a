-- Mirror damage: who hurts a mate is hurt instead. Needs friendlyFire, or mates cannot be hit.

hooks.on("damage", "mirror", function(amount, victim, attacker)
    if not attacker or attacker == victim or attacker:team() ~= victim:team() then return end
    arena.heal(attacker, -(amount * settings.percent // 100))
    return 0 -- the victim is not hurt
end)

hooks.on("describe", "mirror", function()
    if not lobby.setting("friendlyFire") then return "nothing, as friendlyFire is off" end
    return "who hurts a mate is hurt instead"
end)
