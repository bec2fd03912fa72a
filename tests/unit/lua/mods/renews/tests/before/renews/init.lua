state.list = {1, 2}
state.count = 1
state.name = "a"
state.empty = {}
state.full = {1}
state.deep = {x = 1, inner = {y = 1}}
hooks.on("tick", "count", function() state.count = state.count + 1 end)
