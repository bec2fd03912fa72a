-- King of the Hill: a team that stands on the hill alone gets a point each second.
-- The base mode "arena" moves, shoots and draws; this file says what counts.

local HILL = 1 -- the zone's number

local mode = {}

-- Draws the hill; called again whenever its owner or the score changes.
local function show(state)
    arena.zone{
        id = HILL, place = "center", radius = settings.hillRadius, label = "Hill",
        team = state.owner,
        progress = math.floor(100 * math.max(match.score("red"), match.score("blue"))
            / settings.hillPoints),
    }
end

-- What is returned here is the state: plain values, kept over a reload, handed to every callback.
function mode.init()
    local state = {owner = "none", on_hill = {red = 0, blue = 0}, next_point = 1}
    show(state)
    return state
end

-- A kill gives the team no point here.
function mode.score()
    return 0
end

function mode.zone_enter(state, player)
    local team = player:team()
    state.on_hill[team] = state.on_hill[team] + 1
end

function mode.zone_leave(state, player)
    local team = player:team()
    state.on_hill[team] = math.max(0, state.on_hill[team] - 1)
end

local function holder(on_hill)
    if on_hill.red > 0 and on_hill.blue == 0 then return "red" end
    if on_hill.blue > 0 and on_hill.red == 0 then return "blue" end
    return "none"
end

function mode.tick(state)
    local owner = holder(state.on_hill)
    if owner ~= state.owner then
        state.owner = owner
        if owner ~= "none" then match.announce(i18n.t("holds", {team = owner})) end
        show(state)
    end
    if match.time() < state.next_point then return end
    state.next_point = state.next_point + 1
    if owner == "none" then return end
    match.add_score(owner, 1)
    show(state)
end

-- Asked after every tick.
function mode.victory()
    for _, team in ipairs{"red", "blue"} do
        if match.score(team) >= settings.hillPoints then return team end
    end
end

return mode
