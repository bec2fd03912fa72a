-- What leaves a trail.
local note = require("shared").note
local acts = {}

local function later(word)
    return function() note(word) end
end

function acts.order()
    timer.after(0.3, later("c"))
    timer.after(0.2, later("a"))
    timer.after(0.2, later("b"))
    timer.after(0.35, later("d"))
end

function acts.nested()
    timer.after(0.1, function()
        note("outer")
        timer.after(0, later("inner"))
    end)
    timer.after(0.1, later("beside"))
end

function acts.cancelled()
    local other
    timer.after(0.1, function()
        note("first")
        note(timer.cancel(other))
    end)
    other = timer.after(0.1, later("other"))
    timer.after(0.1, later("third"))
end

function acts.beats()
    local beats, id = 0, nil
    id = timer.every(0.1, function()
        beats = beats + 1
        note(beats)
        if beats == 4 then note(timer.cancel(id)) end
    end)
end

function acts.fails()
    timer.after(0.1, function() error("broken") end)
    timer.after(0.1, later("after it"))
end

function acts.bus()
    bus.emit("said", 1)
    bus.emit("other", 2)
    bus.emit("said", nil)
    bus.emit("nobody", 3)
    note("sent")
end

function acts.again()
    bus.emit("again", 3)
end

function acts.replaced()
    hooks.on("kill", "first", later("new first"), 2)
    hooks.off("kill", "second")
end

function acts.talks()
    for i = 1, 21 do match.announce("line " .. i) end
end

function acts.passed()
    lobby.players()[1]:chat("only for you")
end

return acts
