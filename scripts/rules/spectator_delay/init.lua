-- Spectator delay: who watches comes in only when a match is under way for a while, and does not
-- talk meanwhile, so that nobody is told where the enemies are.

local function open() state.closed = false end

-- The start begins it, too: so it goes on in a lobby that is loaded.
local alarm = realm == "lobby" and timer.after(settings.seconds, open)

hooks.on("lobby_state", "delay", function(now)
    timer.cancel(alarm)
    state.closed = now == "starting" or now == "active"
    if now == "active" then alarm = timer.after(settings.seconds, open) end
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
