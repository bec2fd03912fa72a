hooks.on("join_attempt", "mallory", function(player)
    if player:name() == "mallory" then return "no mallory" end
end)

hooks.on("describe", "mine", function() return "the needed rule" end)

hooks.on("damage", "half", function(amount) return amount // 2 end)
