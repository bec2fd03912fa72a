-- Is stopped while it waits for an answer.
for i = 1, 100 do storage.set("k" .. i, i) end

hooks.on("tick", "ask", function()
    while match.tick() == 5 do storage.keys() end
end)
