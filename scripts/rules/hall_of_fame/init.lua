-- Hall of fame: keeps the best scores of each game mode, over all matches. /best shows them, and
-- the lobby's host may say /forget. The file runs in both realms: what they share is the storage.

-- best: a list of {name, score}, the best one first. False: that is nothing new.
local function enter(best, name, score)
    for place, row in ipairs(best) do
        if row.name == name and row.score >= score then return false end
        if row.name == name then table.remove(best, place) end
    end
    table.insert(best, {name = name, score = score})
    table.sort(best, function(a, b) return a.score > b.score end)
    best[settings.places + 1] = nil
    return true
end

if realm == "match" then
    hooks.on("kill", "record", function(_, killer)
        if not killer or killer:is_bot() then return end
        local best = storage.get(match.game_mode(), {})
        if enter(best, killer:name(), killer:score()) then storage.set(match.game_mode(), best) end
    end)

    command.register{name = "best", help = "the best scores of this game mode", fn = function()
        local lines = {}
        for place, row in ipairs(storage.get(match.game_mode(), {})) do
            lines[place] = place .. ". " .. row.name .. ": " .. row.score
        end
        return #lines > 0 and table.concat(lines, ", ") or i18n.t("nobody")
    end}
else
    command.register{name = "forget", help = "empties the hall of fame", fn = function(player)
        if player and not player:is_host() then return i18n.t("not_host") end
        for _, mode in ipairs(storage.keys("")) do storage.delete(mode) end
        return i18n.t("forgotten")
    end}
end

hooks.on("describe", "hall_of_fame", function()
    return "keeps the best scores: /best"
end)
