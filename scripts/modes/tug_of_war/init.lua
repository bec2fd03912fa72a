-- Tug of War: who presses the button pulls the rope. A mode without a base: nothing happens in its
-- matches but what this file does.

local PULL = 1 -- the first button of an input
local BOT_PULLS = 4 -- a second

local mode = {}

-- What clients see. sync.set gives a field its value, and each tick sends what has changed. A field
-- per player has a value for each; with visible = "owner" or "team" not everybody would see it.
mode.sync = {
    {name = "rope", type = "i16"}, -- below 0 on red's side, above on blue's
    {name = "seconds_left", type = "u16"},
    {name = "pulls", type = "u16", per = "player"},
}

-- What is returned here is the state: plain values, kept over a reload, handed to every callback.
function mode.init(settings)
    sync.set("seconds_left", settings.length)
    return {rope = 0, people = {red = 0, blue = 0}}
end

-- Told once to each client that comes, beside the list of fields.
function mode.intro()
    return {help = i18n.t("help"), reach = settings.reach, button = PULL}
end

-- A string returned from here would keep the player out, and tell why.
function mode.join(state, player)
    local people = state.people
    people[player:team()] = people[player:team()] + 1
end

function mode.leave(state, player)
    local people = state.people
    people[player:team()] = people[player:team()] - 1
end

local function pull(state, team)
    state.rope = state.rope + (team == "red" and -1 or 1)
    sync.set("rope", state.rope)
    match.add_score(team, 1)
end

-- Once a tick for each player, before mode.tick. `pressed` holds the buttons that went down.
function mode.input(state, player, _, pressed)
    if pressed & PULL == 0 then return end
    pull(state, player:team())
    player:add_score(1)
    sync.set("pulls", sync.get("pulls", player) + 1, player)
end

-- Pulls for whom the smaller team lacks. math.random draws the same in a replay.
local function help(state, dt)
    local red, blue = state.people.red, state.people.blue
    for _ = 1, math.abs(red - blue) do
        if math.random() < BOT_PULLS * dt then pull(state, red < blue and "red" or "blue") end
    end
end

function mode.tick(state, dt)
    if settings.bots then help(state, dt) end
    local left = math.max(0, settings.length - match.time())
    sync.set("seconds_left", math.ceil(left))
    local winner = state.rope < 0 and "red" or state.rope > 0 and "blue" or "draw"
    if math.abs(state.rope) >= settings.reach then
        match.finish(winner)
    elseif left == 0 then
        match.finish(winner, "time_limit")
    end
end

return mode
