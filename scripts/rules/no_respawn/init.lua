-- No respawn: one life each. The last team alive wins.

hooks.on("respawn", "never", function()
    return -1
end)

-- Counts from the first time that both teams have somebody alive.
hooks.on("victory", "last_alive", function(winner)
    if winner then return end -- another rule has decided already
    local red, blue = match.alive("red"), match.alive("blue")
    if red > 0 and blue > 0 then state.begun = true end
    if not state.begun or (red > 0 and blue > 0) then return end
    return red > 0 and "red" or blue > 0 and "blue" or "draw", "elimination"
end)

hooks.on("describe", "no_respawn", function()
    return "one life each; the last team alive wins"
end)
