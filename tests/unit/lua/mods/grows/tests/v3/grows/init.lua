state = {count = {}}
hooks.on("kill", "count", function() end)
command.register{name = "show", fn = function() return tostring(state.count) end}
