command.register{name = "over", fn = function() arena.zone{id = 1, place = "blue_base", radius = 2} end}
command.register{name = "rid", fn = function() arena.zone_remove(1) end}
command.register{name = "home", fn = function() arena.item_home(1) end}
command.register{name = "take", fn = function(player) arena.carry(1, player) end}
command.register{name = "other", fn = function() arena.zone{id = 2, place = "blue_base", radius = 2} end}
