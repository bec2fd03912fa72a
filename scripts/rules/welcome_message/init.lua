-- Welcome message: greets who comes, and knows who was here before.

if realm == "lobby" then -- in the match realm a player has no id to be known by
    hooks.on("player_join", "welcome", function(player)
        -- Storage has limits: for who does not fit in, each visit is the first.
        local kept, visits = pcall(storage.add, "visits:" .. player:id(), 1)
        local host = lobby.host()
        player:chat(i18n.t(kept and visits > 1 and "again" or "first", {
            name = player:name(), visits = visits, host = host and host:name() or "-",
        }))
    end)
end

hooks.on("describe", "welcome", function()
    return "greets who comes"
end)
