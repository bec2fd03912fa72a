-- Takes most of a tick for all the questions it answers, and little for each.
local function work(pieces)
    for _ = 1, pieces do local _ = ("x"):rep(200000) end
end

hooks.on("speed", "work", function()
    if match.tick() == 3 then work(40) end
end)
