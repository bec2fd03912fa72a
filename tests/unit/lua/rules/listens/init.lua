bus.on("said", "s", function() end)
