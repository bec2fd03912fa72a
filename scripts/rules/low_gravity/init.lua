-- Low gravity: everybody moves at another speed. The shortest useful rule.

hooks.on("speed", "low_gravity", function(units)
    return units * settings.percent // 100
end)

hooks.on("describe", "low_gravity", function()
    return "everybody moves at " .. settings.percent .. " % of the usual speed"
end)
