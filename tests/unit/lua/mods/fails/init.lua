-- Fails and runs on when it is told to, and tells how it is: what it knows, and which code it is.

state = {count = 0}
local CODE = "v1"

local function fail() error("on purpose") end
local function spin() while true do end end

command.register{name = realm .. "_fail", fn = fail}
command.register{name = realm .. "_spin", fn = spin}
command.register{name = realm .. "_how", fn = function()
    state.count = state.count + 1
    return ("%s %s"):format(CODE, state.count)
end}

-- So many that a start which kept those of the one before would find no room.
for i = 1, 100 do timer.after(3600, fail) end
for i = 1, 12 do command.register{name = realm .. i, fn = fail} end
bus.on("fails", "here", fail)
