-- End vote: /finish asks everybody whether the match shall end now.
-- Votes are the lobby's, the end is the match's: the bus carries the word from one realm to the
-- other.

if realm == "lobby" then
    command.register{name = "finish", help = "asks whether to end the match now", fn = function()
        if lobby.state() ~= "active" then return i18n.t("no_match") end
        local asked = vote.start{
            question = i18n.t("question"), options = {"yes", "no"}, seconds = settings.seconds,
            on_end = function(winner)
                if winner == "yes" then bus.emit("end_vote", "finish") end
            end,
        }
        if not asked then return i18n.t("busy") end
    end}
else
    -- The team, or without teams the player, with most points; of equals nobody.
    local function leader()
        local teams = match.teams()
        local best, most = "draw", nil
        for _, side in ipairs(#teams > 0 and teams or match.players()) do
            local points = #teams > 0 and match.score(side) or side:score()
            if not most or points > most then
                best, most = side, points
            elseif points == most then
                best = "draw"
            end
        end
        return best
    end

    bus.on("end_vote", "finish", function() match.finish(leader(), "forfeit") end)
end

hooks.on("describe", "end_vote", function()
    return "/finish asks everybody whether to end the match"
end)
