-- @TITLE@: a team that stands on the hill alone gets a point each second.
-- The base mode "arena" moves, shoots and draws; this file says what counts.

local mode = {}

-- A match begins. What is returned here is the state: plain values, handed to every callback.
function mode.init()
    arena.zone{id = 1, place = "center", radius = 2.5, label = "Hill"}
    return {owner = "none", on_hill = {}, next_point = 1}
end

-- A living player comes onto the hill, or leaves it, also by dying. Who is there is kept by seat:
-- the team may change meanwhile.
function mode.zone_enter(state, player)
    state.on_hill[player:seat()] = true
end

function mode.zone_leave(state, player)
    state.on_hill[player:seat()] = nil
end

-- Twenty times a second: who has the hill? A whole second is a point.
function mode.tick(state)
    local on = {}
    for seat in pairs(state.on_hill) do on[match.player(seat):team()] = true end
    local owner = on.red and not on.blue and "red" or on.blue and not on.red and "blue" or "none"
    if owner ~= state.owner then
        state.owner = owner
        arena.zone{id = 1, place = "center", radius = 2.5, label = "Hill", team = owner}
        if owner ~= "none" then match.announce(i18n.t("holds", {team = owner})) end
    end
    if match.time() < state.next_point then return end
    state.next_point = state.next_point + 1
    if owner ~= "none" then match.add_score(owner, 1) end
end

-- The points that a kill gives the team: none, here the hill counts.
function mode.score()
    return 0
end

-- Asked after every tick: a team's name ends the match.
function mode.victory()
    for _, team in ipairs{"red", "blue"} do
        if match.score(team) >= settings.pointsToWin then return team end
    end
end

return mode
