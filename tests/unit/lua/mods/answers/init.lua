-- Handlers that answer what the settings say.

local answers = {
    text = "12", number = 5, huge = 1e12, nan = 0 / 0, yes = true, no = false, list = {}, green = "green",
    long = ("x"):rep(400), red = "red",
}

local EVENTS = {"damage", "speed", "respawn", "score", "victory", "describe", "chat", "kill", "tick", "player_join"}
for _, event in ipairs(EVENTS) do
    hooks.on(event, "answer", function()
        if settings.event ~= event then return end
        if settings.answer == "reason" then return "red", "Because" end
        if settings.answer == "places" then return "red", nil, {"red", "red"} end
        if settings.answer == "unled" then return "red", "because", {"blue", "red"} end
        if settings.answer == "ranked" then return "blue", "because", {"blue", "red"} end
        return answers[settings.answer]
    end)
end
command.register{name = "give", fn = function()
    return answers[settings.answer]
end}
