state = {count = 0, deep = {old = 1}, list = {1, 2}}

hooks.on("kill", "count", function() state.count = state.count + 1 end)

if realm == "lobby" then
    command.register{name = "ask", fn = function()
        vote.start{question = "Well?", options = {"yes", "no"}, seconds = 1, on_end = function() lobby.chat("over") end}
    end}
end
