-- Has something to do again and again, and tells of what it hears.
timer.every(1, function() end)
hooks.on("chat", "c", function(text) bus.emit("said", text) end)
