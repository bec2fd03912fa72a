-- Even bots: as many bots as it takes for even teams, and none more.

local function fill(people)
    arena.bots(math.max(settings.least, people + people % 2))
end

local function people_but(left)
    local people = 0
    for _, player in ipairs(match.players()) do
        if player ~= left and not player:is_bot() then people = people + 1 end
    end
    return people
end

if realm == "match" then -- these two happen in both realms
    hooks.on("player_join", "fill", function(player)
        if not player:is_bot() then fill(people_but(nil)) end
    end)
    hooks.on("player_leave", "fill", function(player)
        if not player:is_bot() then fill(people_but(player)) end
    end)
end

hooks.on("describe", "fill", function()
    return "bots make the teams even"
end)
