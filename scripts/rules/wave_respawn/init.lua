-- Wave respawn: the dead of both teams come back together.

hooks.on("respawn", "wait", function()
    return -1 -- not by yourself
end)

local function wave()
    for _, player in ipairs(match.players()) do
        if not player:alive() then arena.spawn(player) end
    end
end

if realm == "match" then -- the lobby has no dead, and both hear of settings
    local beat = timer.every(settings.seconds, wave)

    hooks.on("setting_changed", "beat", function(key)
        if key ~= "waveRespawnSeconds" then return end
        timer.cancel(beat)
        beat = timer.every(settings.seconds, wave)
    end)
end

hooks.on("describe", "wave_respawn", function()
    return "the dead come back together, every " .. settings.seconds .. " seconds"
end)
