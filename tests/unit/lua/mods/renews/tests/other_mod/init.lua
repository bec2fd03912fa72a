hooks.on("tick", "count", function() end)
