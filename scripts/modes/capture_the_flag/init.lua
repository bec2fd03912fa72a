-- Capture the Flag: take the enemies' flag, and bring it into your base while your own flag is
-- there. Touch your own flag to send it home; who carries one loses it by dying.

local TEAMS = {"red", "blue"} -- a team's zone and flag have its number here

local mode = {}

function mode.init()
    for number, team in ipairs(TEAMS) do
        local place = team .. "_base"
        arena.item{id = number, place = place, kind = "flag", team = team, who = "enemies"}
        arena.zone{
            id = number, place = place, radius = settings.baseRadius, label = "Base",
            team = team, progress = 100,
        }
    end
    -- Flag → seat, flag → time, seat → base. Plain values alone: so a reload keeps them.
    return {carrier = {}, lies_until = {}, in_base = {}}
end

local function tell(key, player, flag)
    match.announce(i18n.t(key, {name = player and player:name(), team = i18n.t(TEAMS[flag])}))
end

local function is_home(state, flag)
    return not state.carrier[flag] and not state.lies_until[flag]
end

local function send_home(state, flag)
    state.carrier[flag], state.lies_until[flag] = nil, nil
    arena.item_home(flag)
end

-- A kill gives the team no point here.
function mode.score()
    return 0
end

-- Rules may have things of their own that lie about.
function mode.pickup(state, player, flag)
    if not TEAMS[flag] then return end
    state.carrier[flag], state.lies_until[flag] = player:seat(), nil
    tell("taken", player, flag)
end

function mode.drop(state, player, flag)
    if not TEAMS[flag] then return end
    state.carrier[flag], state.lies_until[flag] = nil, match.time() + settings.flagSeconds
    tell("dropped", player, flag)
end

-- Somebody stands on a flag of the own team that lies about; maybe two at once.
function mode.touch(state, player, flag)
    if not TEAMS[flag] or is_home(state, flag) then return end
    send_home(state, flag)
    tell("saved", player, flag)
end

function mode.zone_enter(state, player, base)
    state.in_base[player:seat()] = base
end

function mode.zone_leave(state, player)
    state.in_base[player:seat()] = nil
end

local function capture(state, player, flag)
    send_home(state, flag)
    match.add_score(player:team(), 1)
    player:add_score(5)
    tell("captured", player, flag)
end

function mode.tick(state)
    for flag in ipairs(TEAMS) do
        if match.time() >= (state.lies_until[flag] or math.huge) then
            send_home(state, flag)
            tell("returned", nil, flag)
        end
        local seat, base = state.carrier[flag], 3 - flag -- of the team that may carry it
        if seat and state.in_base[seat] == base and is_home(state, base) then
            capture(state, match.player(seat), flag)
        end
    end
end

function mode.victory()
    for _, team in ipairs(TEAMS) do
        if match.score(team) >= settings.captures then return team end
    end
end

return mode
