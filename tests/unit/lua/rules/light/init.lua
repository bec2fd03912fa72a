-- Is the last one to work in a tick.
hooks.on("speed", "count", function(units) return units + 1 end)

hooks.on("tick", "work", function()
    for _ = 1, 40 do local _ = ("x"):rep(200000) end
end)
