local acts = {}

local function zone(fields)
    local all = {id = 1, place = "center", radius = 2}
    for key, value in pairs(fields) do all[key] = value end
    return function() arena.zone(all) end
end

local function item(fields)
    local all = {id = 1, place = "center"}
    for key, value in pairs(fields) do all[key] = value end
    return function() arena.item(all) end
end

-- Refused where they are called.
acts.zone_nowhere = zone{place = "nowhere"}
acts.zone_base = zone{place = "center "}
acts.zone_half = zone{place = "at:5"}
acts.zone_minus = zone{place = "at:-1,5"}
acts.zone_place_number = zone{place = 7}
acts.zone_id = zone{id = 9}
acts.zone_id_zero = zone{id = 0}
acts.zone_id_text = zone{id = "one"}
acts.zone_no_id = function() arena.zone{place = "center", radius = 2} end
acts.zone_label = zone{label = "Größe"}
acts.zone_label_long = zone{label = "sixteen letters!"}
acts.zone_label_quote = zone{label = "a\"b"}
acts.zone_team = zone{team = "green"}
acts.zone_progress = zone{progress = 101}
acts.zone_radius = zone{radius = 33}
acts.zone_unknown = zone{lable = "Hill"}
acts.item_kind = item{kind = "Flag"}
acts.item_kind_empty = item{kind = ""}
acts.item_kind_long = item{kind = "sixteen_letters_"}
acts.item_who = item{who = "nobody"}
acts.item_who_team = item{who = "team"}
acts.item_unknown = item{name = "flag"}
acts.home = function() arena.item_home(7) end
acts.remove = function() arena.item_remove(7) end
acts.zone_remove = function() arena.zone_remove(7) end
acts.carry = function(player) arena.carry(7, player) end
acts.loadout = function(player) arena.loadout(player, {sword = true}) end
acts.loadout_flag = function(player) arena.loadout(player, {rifle = "no"}) end
acts.loadout_damage = function(player) arena.loadout(player, {damage = 1001}) end
acts.bots = function() arena.bots(-1) end
acts.bots_many = function() arena.bots(17) end
acts.team = function(player) arena.team(player, "none") end
acts.heal = function(player) arena.heal(player, "much") end
acts.heal_more = function(player) arena.heal(player, 100001) end
acts.heal_less = function(player) arena.heal(player, -100001) end
acts.spawn = function() arena.spawn(0) end
acts.score = function() match.add_score("none", 1) end
acts.kick_bot = function()
    for _, player in ipairs(match.players()) do
        if player:is_bot() then player:kick() end
    end
end

-- Refused by the base, with the next tick.
acts.later_outside = zone{id = 2, place = "at:999,999"}
acts.later_wall = zone{id = 3, place = "at:0,0"}
acts.later_item = item{id = 2, place = "at:0,0"}

acts.wall_gone = function() arena.zone_remove(3) end
acts.good_gone = function() arena.zone_remove(4) end
acts.later_own = zone{id = 4, place = "at:0,0"}

-- Good.
acts.good = zone{id = 4, place = "at:5,5", label = "Hill", team = "red", progress = 5}
acts.good_edges = function(player)
    arena.zone{id = 8, place = "center", radius = 32, progress = 100, label = ("x"):rep(15)}
    arena.zone{id = 8, place = "center", radius = 2, progress = 0, label = ""}
    arena.item{id = 8, place = "center", kind = ("x"):rep(15)}
    arena.zone_remove(8)
    arena.item_remove(8)
    arena.loadout(player, {damage = 1000, level = 255})
    arena.loadout(player, {damage = 0, level = 0})
    arena.bots(16)
end
acts.good_item = item{id = 4, kind = "flag", team = "red", who = "enemies"}
acts.good_remove = function()
    arena.zone_remove(4)
    arena.item_home(4)
    arena.item_remove(4)
end
acts.much_health = function(player)
    arena.heal(player, 100000)
    arena.heal(player, -100000)
end
acts.dead = function(player)
    arena.kill(player)
    arena.kill(player)
    arena.heal(player, 5)
end

return acts
