if realm == "match" then
    command.register{name = "hello", fn = function() return "from the match" end}
end
