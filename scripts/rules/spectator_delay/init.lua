-- Spectator delay: who watches comes in only when a match is under way for a while, and does not
-- talk meanwhile, so that nobody is told where the enemies are.

local alarm

hooks.on("lobby_state", "delay", function(now)
    if alarm then timer.cancel(alarm) end
    state.closed = now == "starting" or now == "active"
    if now ~= "active" then return end
    alarm = timer.after(settings.seconds, function() state.closed = false end)
end)

hooks.on("join_attempt", "delay", function(_, spectator)
    if spectator and state.closed then return i18n.t("early", {seconds = settings.seconds}) end
end)

hooks.on("chat", "silence", function(_, player)
    if not player:is_spectator() or lobby.state() ~= "active" then return end
    player:chat(i18n.t("silent"))
    return false -- nobody hears it
end)

hooks.on("describe", "delay", function()
    return "spectators come " .. settings.seconds .. " seconds after the start, and are silent"
end)
