-- A mode that fails, the way its setting says.

local mode = {}

function mode.init()
    if settings.how == "start" then error("no start") end
    return {}
end

function mode.tick()
    if match.time() < 1 then return end
    if settings.gives ~= "none" then match.add_score(settings.gives, 1) end
    if settings.how == "error" then error("broken") end
    if settings.how == "kill" then while true do end end
end

function mode.score() return 0 end

return mode
