hooks.on("tick", "count", function() state.ticks = (state.ticks or 0) + 1 end)
hooks.on("chat", "hush", function() return false end)
hooks.on("damage", "double", function(amount) return amount * 2 end)
