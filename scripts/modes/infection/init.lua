-- Infection: a few are infected (blue) and hunt the survivors (red). Who is killed by one of them
-- becomes one. The infected win when nobody is left, the survivors when time is over.

local SHELTER = 1 -- a zone in which survivors heal

local mode = {}

-- The shelter is as full as there are survivors left.
local function show(state, survivors)
    state.survivors = survivors
    arena.zone{
        id = SHELTER, place = "center", radius = settings.shelterRadius, label = "Shelter",
        team = "red", progress = 100 * survivors // #match.players(),
    }
end

-- The infected are fast, and have no launcher.
local function infect(player)
    arena.team(player, "blue")
    arena.loadout(player, {launcher = false, damage = settings.infectedDamage})
end

function mode.init()
    return {broken_out = false, sheltered = {}, next_heal = 0}
end

-- All begin anew at their bases; one of four is infected.
local function break_out(state)
    local players = match.players()
    if #players < 2 then return end
    state.broken_out = true
    local count = math.max(1, #players // 4)
    for i = 1, #players do
        local chosen = math.random(i, #players)
        players[i], players[chosen] = players[chosen], players[i]
        if i <= count then infect(players[i]) else arena.team(players[i], "red") end
        arena.spawn(players[i])
    end
    match.announce(i18n.t("outbreak", {count = count}))
end

-- Who comes late is infected.
function mode.join(state, player)
    if state.broken_out then infect(player) end
end

function mode.zone_enter(state, player)
    if player:team() == "red" then state.sheltered[player:seat()] = true end
end

function mode.zone_leave(state, player)
    state.sheltered[player:seat()] = nil
end

function mode.tick(state)
    if not state.broken_out then
        if match.time() >= settings.outbreakSeconds then break_out(state) end
        return
    end
    local survivors = #match.players("red")
    if survivors ~= state.survivors then show(state, survivors) end
    if match.time() < state.next_heal then return end
    state.next_heal = match.time() + 1
    for seat in pairs(state.sheltered) do arena.heal(match.player(seat), settings.shelterHealth) end
end

-- Nobody is hurt before the outbreak.
function mode.damage(state, amount)
    return state.broken_out and amount or 0
end

function mode.speed(state, units, player)
    if not state.broken_out or player:team() == "red" then return end
    return units * settings.infectedSpeed // 100
end

-- The team changes with the next tick.
function mode.kill(state, victim, killer)
    if not killer or killer:team() ~= "blue" or victim:team() ~= "red" then return end
    infect(victim)
    match.announce(i18n.t("infected", {name = victim:name()}))
end

function mode.victory(state)
    if state.survivors == 0 then return "blue", "elimination" end
    local limit = match.setting("timeLimit") or 0
    if limit > 0 and match.time() >= limit then return "red", "time_limit" end
end

return mode
