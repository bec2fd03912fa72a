command.register{name = "same", help = "of b", fn = function() return "from b" end}
