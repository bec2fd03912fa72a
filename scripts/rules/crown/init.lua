-- Crown: who wears it does more damage and gets a point every few seconds. Who kills the wearer is
-- the next one.

local CROWN = 7

if realm == "match" then
    arena.item{id = CROWN, place = "center", kind = "crown"}
    timer.every(settings.seconds, function()
        local wearer = state.seat and match.player(state.seat)
        if wearer then wearer:add_score(1) end
    end)
end

hooks.on("pickup", "crown", function(player, item)
    if item ~= CROWN then return end
    state.seat = player:seat()
    match.announce(i18n.t("wears", {name = player:name()}))
end)

hooks.on("drop", "crown", function(_, item)
    if item == CROWN then state.seat = nil end
end)

-- Asked before the crown drops.
hooks.on("kill", "crown", function(victim, killer)
    if killer and victim:seat() == state.seat then arena.carry(CROWN, killer) end
end)

hooks.on("damage", "crown", function(amount, _, attacker)
    if attacker and attacker:seat() == state.seat then return amount * settings.percent // 100 end
end)

hooks.on("describe", "crown", function()
    return "who wears the crown does " .. settings.percent .. " % damage"
end)
