command.register{name = "same", help = "of a", fn = function() return "from a" end}
command.register{name = "own", help = "in both", fn = function() return "own in the " .. realm end}
command.register{name = "fail", fn = function() error("broken") end}
if realm == "match" then
    command.register{name = "late", help = "of the match", fn = function() return "late" end}
end
