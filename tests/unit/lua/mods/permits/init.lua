-- Asks for no permission; a later version asks for one, and fails.

state = {}

hooks.on("kill", "say", function()
    state.said, state.why = pcall(match.announce, "a kill")
end)

command.register{name = "said", fn = function()
    return tostring(state.said) .. " " .. tostring(state.why)
end}
