state = {once = 0, beats = 0, later = 0}

local function beat() state.beats = state.beats + 1 end

if realm == "match" then
    timer.after(2, function() state.once = state.once + 1 end)
    local beats = timer.every(3, beat)

    hooks.on("kill", "faster", function()
        timer.cancel(beats)
        beats = timer.every(1, beat)
        timer.after(1, function() state.later = state.later + 1 end)
    end)

    command.register{name = "show", fn = function()
        return ("%d %d %d"):format(state.once, state.beats, state.later)
    end}
end
