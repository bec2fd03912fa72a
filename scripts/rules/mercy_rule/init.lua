-- Mercy rule: a team that leads by far has won.

hooks.on("victory", "mercy", function(winner)
    if winner then return end
    local lead = match.score("red") - match.score("blue")
    if math.abs(lead) < settings.points then return end
    return lead > 0 and "red" or "blue", "forfeit"
end)

hooks.on("describe", "mercy", function()
    return "a team that leads by " .. settings.points .. " points has won"
end)
