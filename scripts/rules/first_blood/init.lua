-- First blood: the first kill of a match is worth more.

hooks.on("kill", "first", function(victim, killer)
    if not killer or killer:team() == victim:team() then return end
    hooks.off("kill", "first") -- there is nothing more to listen for
    if state.drawn then return end -- by the code before a reload
    state.drawn = true
    killer:add_score(settings.points)
    match.announce(i18n.t("first", {name = killer:name()}))
end)

hooks.on("describe", "first", function()
    return "the first kill is worth " .. settings.points .. " points more"
end)
