-- First blood: the first kill of a match is worth more.

hooks.on("kill", "first", function(victim, killer)
    if state.drawn or not killer or killer:team() == victim:team() then return end
    state.drawn = true
    killer:add_score(settings.points)
    match.announce(i18n.t("first", {name = killer:name()}))
end)

hooks.on("describe", "first", function()
    return "the first kill is worth " .. settings.points .. " points more"
end)
