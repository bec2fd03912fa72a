-- Renews: has one hook in the match; its tests bring other code into both realms.

hooks.on("tick", "count", function() state.ticks = (state.ticks or 0) + 1 end)
