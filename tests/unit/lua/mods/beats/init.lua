state = {once = 0, beats = 0, later = 0, named = ""}

local tools = {}

function tools.mark(text) state.named = state.named .. text end

local function beat() state.beats = state.beats + 1 end
local function local_one() tools.mark("l") end
function tools.field() tools.mark("f") end

-- Functions that are written at one place, and differ in what they hold.
local function marks(text)
    return function() tools.mark(text) end
end
tools.x = marks("x")
tools.y = marks("y")

local function begin_all()
    timer.after(1, local_one)
    timer.after(1, tools.field)
    timer.after(1, tools.y)
    timer.after(1, marks("n"))
end

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
    command.register{name = "begin", fn = function()
        begin_all()
        state.taken_back = timer.after(1, local_one)
    end}
    command.register{name = "stop", fn = function()
        return "stopped " .. tostring(timer.cancel(state.taken_back))
    end}
    command.register{name = "hook", fn = function()
        hooks.on("kill", "unnamed", function() tools.mark("u") end)
    end}
    command.register{name = "named", fn = function() return "named " .. state.named end}
end
