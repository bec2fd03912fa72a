if realm == "match" then
    arena.zone{id = 1, place = "red_base", radius = 6, label = "A"}
    arena.item{id = 1, place = "center", kind = "flag"}
end

for _, event in ipairs{"zone_enter", "zone_leave"} do
    hooks.on(event, "tell", function(player, zone)
        match.announce(event .. " " .. player:name() .. " " .. zone)
    end)
end

command.register{name = "away", fn = function() arena.zone_remove(1) end}
