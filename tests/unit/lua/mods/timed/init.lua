-- Everything that calls a mode hands it the state.

local mode = {}

function mode.init()
    timer.after(0.2, function(state) state.after = true end)
    timer.every(0.1, function(state) state.beats = state.beats + 1 end)
    bus.emit("hello", 7)
    return {beats = 0}
end

bus.on("hello", "take", function(value, state) state.heard = value end)

command.register{name = "show", fn = function(_, arguments, state)
    return ("%s %s %s %s"):format(arguments, state.after, state.beats > 3, state.heard)
end}

return mode
