-- What decides, and fails when the settings say so.

local function fail(event)
    if settings.fails ~= event then return end
    if settings.how == "error" then error("broken") end
    if settings.how == "kill" then while true do end end
    return 7
end

for _, event in ipairs{"join_attempt", "team_attempt", "start_attempt", "setting_attempt", "action_attempt", "chat"} do
    hooks.on(event, "gate", function() return fail(event) end, {on_error = settings.way})
end
