-- Double points: now and then kills count double for a while.

local function switch(on)
    state.on = on
    match.announce(i18n.t(on and "begins" or "ends"))
end

if realm == "match" then
    timer.every(settings.every, function()
        switch(true)
        state.ends = match.time() + settings.seconds
    end)
    timer.every(1, function()
        if state.on and match.time() >= state.ends then switch(false) end
    end)
end

hooks.on("score", "double", function(points)
    if state.on then return points * 2 end
end)

hooks.on("describe", "double", function()
    return "every " .. settings.every .. " seconds kills count double for a while"
end)
