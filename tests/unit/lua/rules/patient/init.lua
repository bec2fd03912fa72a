hooks.on("tick", "count", function()
    state.n = storage.add("n", 1)
end)
