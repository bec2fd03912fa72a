-- Host commands: /close and /open the lobby, and /even puts people into teams in turn.

-- The console is nobody (player is nil), and may do the same.
local function of_host(name, help, fn)
    command.register{name = name, help = help, fn = function(player)
        if player and not player:is_host() then return i18n.t("not_host") end
        return fn()
    end}
end

if realm == "lobby" then
    of_host("close", "nobody else comes in", function()
        lobby.lock(true)
        return i18n.t("closed")
    end)
    of_host("open", "anybody may come in again", function()
        lobby.lock(false)
        return i18n.t("open")
    end)
    of_host("even", "puts people into teams in turn", function()
        local teams, placed = lobby.teams(), 0
        if lobby.state() ~= "waiting" then return i18n.t("no_teams") end
        for _, player in ipairs(#teams > 0 and lobby.players() or {}) do
            if not player:is_spectator() then
                lobby.set_team(player, teams[placed % #teams + 1])
                placed = placed + 1
            end
        end
        return i18n.t("even")
    end)
end

hooks.on("host_changed", "tell", function(player)
    if not player then return end
    lobby.chat(i18n.t("host", {name = player:name()}))
    player:chat(i18n.t("commands"))
end)
