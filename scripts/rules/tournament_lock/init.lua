-- Tournament lock: while a match runs, nobody comes in, changes sides or settings, or is sent away;
-- and none begins when the server is about to restart.

local LOCKED = {kick = true, ban = true, teams = true, vote_call = true, host_transfer = true}

local function why_not()
    local now = lobby.state()
    if now == "starting" or now == "active" then return i18n.t("locked") end
end

hooks.on("join_attempt", "lock", function(_, spectator)
    if not spectator then return why_not() end
end)

hooks.on("team_attempt", "lock", why_not)
hooks.on("setting_attempt", "lock", why_not)

-- No match begins to be cut in two by a restart.
local SOON_S = 180
local restarts_soon = false

hooks.on("server_restarting", "lock", function(seconds)
    restarts_soon = seconds ~= nil and seconds <= SOON_S
end)
hooks.on("start_attempt", "lock", function()
    if restarts_soon then return i18n.t("restarts") end
end)

-- Everything else that rules decide comes here, by its kind.
hooks.on("action_attempt", "lock", function(kind)
    if LOCKED[kind] then return why_not() end
end)

hooks.on("describe", "lock", function()
    return "nothing and nobody changes while a match runs"
end)
