-- King of the Hill: a team that stands on the hill alone gets a point each second.
-- The base mode "arena" moves, shoots and draws; this file says what counts. It is told who comes
-- and goes, and looks once a second: the ticks between cost nothing.

local HILL = 1 -- the zone's number

local mode = {}

-- Draws the hill: in the colour of who holds it, filled as far as the better team has come.
local function show(state)
    local best = math.max(match.score("red"), match.score("blue"))
    arena.zone{
        id = HILL, place = "center", radius = settings.hillRadius, label = "Hill",
        team = state.owner, progress = math.min(100, 100 * best // settings.hillPoints),
    }
end

-- The only team on the hill, or none.
local function holder(state)
    local on = {red = false, blue = false}
    for seat in pairs(state.on_hill) do on[match.player(seat):team()] = true end
    if on.red == on.blue then return "none" end
    return on.red and "red" or "blue"
end

local function look_who_holds_it(state)
    local owner = holder(state)
    if owner == state.owner then return end
    state.owner = owner
    if owner ~= "none" then match.announce(i18n.t("holds", {team = i18n.t(owner)})) end
    show(state)
end

local function finish_with_enough()
    for _, team in ipairs{"red", "blue"} do
        if match.score(team) >= settings.hillPoints then match.finish(team) end
    end
end

local function each_second(state)
    look_who_holds_it(state) -- rules may change teams
    if state.owner ~= "none" then
        match.add_score(state.owner, 1)
        show(state)
    end
    finish_with_enough()
end

-- What is returned here is the state: plain values, kept over a reload, handed to every callback.
-- So it holds seats, not players.
function mode.init()
    local state = {owner = "none", on_hill = {}}
    timer.every(1, each_second)
    show(state)
    return state
end

function mode.setting_changed(state)
    show(state)
    finish_with_enough()
end

-- A kill gives the team no point here.
function mode.score()
    return 0
end

function mode.zone_enter(state, player)
    state.on_hill[player:seat()] = true
    look_who_holds_it(state)
end

function mode.zone_leave(state, player)
    state.on_hill[player:seat()] = nil
    look_who_holds_it(state)
end

return mode
