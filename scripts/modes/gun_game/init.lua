-- Gun Game: each kill raises your level, and each level has another weapon (levels.lua). Who kills
-- with the last one wins for the team. A team has a point for each level that its best player has
-- left behind.

local levels = require("levels")

local mode = {}

local function set_level(state, player, level)
    local loadout = levels[level]
    state.levels[player:seat()] = level
    arena.loadout(player, {
        rifle = loadout.rifle, launcher = loadout.launcher, damage = loadout.damage,
        level = level, -- the arena shows it beside the name
    })
end

function mode.init()
    return {levels = {}} -- seat → level
end

-- Bots, too, and people who come late.
function mode.join(state, player)
    set_level(state, player, 1)
end

-- A kill gives the team no point by itself.
function mode.score()
    return 0
end

-- A level is lost by an accident, and won by a kill.
function mode.kill(state, victim, killer)
    if not killer then
        set_level(state, victim, math.max(1, state.levels[victim:seat()] - 1))
        return
    end
    local level, team = state.levels[killer:seat()], killer:team()
    if team == victim:team() then return end
    match.add_score(team, math.max(0, level - match.score(team)))
    if level == #levels then
        match.announce(i18n.t("won", {name = killer:name()}))
        match.finish(team)
        return
    end
    set_level(state, killer, level + 1)
    if level + 1 == #levels then match.announce(i18n.t("last", {name = killer:name()})) end
end

return mode
