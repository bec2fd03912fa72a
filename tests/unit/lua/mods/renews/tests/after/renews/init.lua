state.list = {x = 1}
state.count = {}
state.name = 5
state.empty = {1}
state.full = {}
state.deep = {x = 2, inner = {y = 2, z = 3}}
command.register{name = "show", fn = function()
    if realm == "lobby" then return end
    local list = {}
    for key, value in pairs(state.list) do list[#list + 1] = key .. "=" .. value end
    return table.concat(list, " ") .. " deep " .. state.deep.x .. state.deep.inner.y .. state.deep.inner.z
end}
