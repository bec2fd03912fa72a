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
    bus.on("end_vote", "finish", function()
        local lead = match.score("red") - match.score("blue")
        match.finish(lead > 0 and "red" or lead < 0 and "blue" or "draw", "forfeit")
    end)
end

hooks.on("describe", "end_vote", function()
    return "/finish asks everybody whether to end the match"
end)
