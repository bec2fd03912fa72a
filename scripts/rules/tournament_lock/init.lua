-- Tournament lock: while a match runs, nobody comes in, changes sides or settings, or is sent away.

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

-- Everything else that rules decide comes here, by its kind.
hooks.on("action_attempt", "lock", function(kind)
    if LOCKED[kind] then return why_not() end
end)

hooks.on("describe", "lock", function()
    return "nothing and nobody changes while a match runs"
end)
