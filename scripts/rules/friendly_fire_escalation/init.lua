-- Friendly fire escalation: killing a mate costs a point, then two and your life, then three ...
-- and at last the seat. Needs friendlyFire, or mates cannot be hit, and the operator has to grant
-- the permission "kick" (lua.permissions: "friendly_fire_escalation.kick").

state = {kills = {}} -- of mates, by seat

hooks.on("kill", "escalate", function(victim, killer)
    if not killer or killer:team() ~= victim:team() then return end
    local seat = killer:seat()
    local count = (state.kills[seat] or 0) + 1
    state.kills[seat] = count
    if count >= settings.kick then
        killer:kick(i18n.t("kicked", {count = count}))
        return
    end
    killer:add_score(-count)
    if count > 1 then arena.kill(killer) end
    killer:chat(i18n.t("warned", {left = settings.kick - count}))
end)

hooks.on("player_leave", "escalate", function(player)
    if realm == "match" then state.kills[player:seat()] = nil end
end)

hooks.on("describe", "escalate", function()
    return "killing mates costs more each time; " .. settings.kick .. " cost the seat"
end)
