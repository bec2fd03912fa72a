hooks.on("chat", "fail", function() error("no good") end)
hooks.on("damage", "fail", function() error("no good") end)
