-- Hooks, takes off and registers while the match runs.

state = {said = ""}

local function say(word) state.said = state.said .. word end
local function later() say("l") end
local function replaced() say("r") end
local function heard() say("b") end
local function whispered() say("w") return "done" end

if realm == "match" then
    hooks.on("kill", "first", function()
        say("f")
        hooks.off("kill", "first")
    end)
    hooks.on("kill", "second", function() say("s") end)
    hooks.on("kill", "third", function() say("t") end)

    command.register{name = "change", fn = function()
        hooks.on("kill", "later", later, 10)
        hooks.on("kill", "second", replaced)
        bus.on("word", "heard", heard)
        command.register{name = "whisper", fn = whispered}
    end}
    command.register{name = "emit", fn = function() bus.emit("word", 1) end}
    command.register{name = "said", fn = function() return "said " .. state.said end}
end
