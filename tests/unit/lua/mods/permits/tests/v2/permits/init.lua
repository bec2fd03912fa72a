state = {}

hooks.on("kill", "say", function()
    match.announce("a kill")
end)

hooks.on("pickup", "fail", function()
    error("broken")
end)

command.register{name = "said", fn = function()
    return "the new one"
end}
