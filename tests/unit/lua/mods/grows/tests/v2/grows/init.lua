state = {count = 0, deep = {old = 5, new = 2, deeper = {x = 1}}, list = {7, 8, 9}, fresh = {}}

hooks.on("kill", "count", function() state.count = state.count + 1 end)

command.register{name = "show", fn = function()
    local deep = state.deep
    return ("%d %d %d %d %d %d"):format(state.count, deep.old, deep.new, deep.deeper.x, #state.list, #state.fresh)
end}
