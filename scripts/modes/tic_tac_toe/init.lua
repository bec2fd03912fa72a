-- Tic-tac-toe: a game of turns for two, without teams. Clients send a message for each turn, and
-- the mode counts wins and draws of its own.

local ROWS = {"top", "middle", "bottom"} -- fields of mode.sync, a character for each cell
local FREE, MARKS = ".", {"x", "o"}
local LINES = {
    {1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {1, 4, 7}, {2, 5, 8}, {3, 6, 9}, {1, 5, 9}, {3, 5, 7},
}
local PAUSE = 2 -- seconds between two rounds
local POINTS_WIN, POINTS_DRAW = 2, 1

local mode = {}

mode.sync = {
    {name = "top", type = "string"},
    {name = "middle", type = "string"},
    {name = "bottom", type = "string"},
    {name = "round", type = "u8"},
    {name = "seconds_left", type = "u16"},
    {name = "mark", type = "string", per = "player"},
    {name = "turn", type = "bool", per = "player"},
    {name = "points", type = "u8", per = "player"},
}

local function show_board(state)
    for i, row in ipairs(ROWS) do sync.set(row, table.concat(state.cells, "", i * 3 - 2, i * 3)) end
end

local function clear_board(state)
    for i = 1, 9 do state.cells[i] = FREE end
    show_board(state)
end

-- The state: plain values. `seats` are the two players in the order in which they came, `mover` is
-- the place in it of whose turn it is.
function mode.init()
    local state = {seats = {}, cells = {}, round = 0, mover = 1, turns = 0, deadline = 0}
    clear_board(state)
    return state
end

-- `grid` lets the page draw the three fields as a board, whose cells can be pressed.
function mode.intro()
    return {help = i18n.t("help"), rounds = settings.rounds, grid = ROWS}
end

-- A string keeps the player out: who comes after somebody has left in the middle.
function mode.join(state, player)
    if #state.seats == 2 then return i18n.t("full") end
    table.insert(state.seats, player:seat())
    sync.set("mark", MARKS[#state.seats], player)
end

-- Who is left has won; before the first round the seat is free again.
function mode.leave(state, player)
    local left = {}
    for _, seat in ipairs(state.seats) do
        if seat ~= player:seat() then table.insert(left, seat) end
    end
    if state.round > 0 then return match.finish(match.player(left[1]), "forfeit") end
    state.seats = left
    if left[1] then sync.set("mark", MARKS[1], match.player(left[1])) end
end

local function mover(state)
    return match.player(state.seats[state.mover])
end

local function show_turn(state, is_open)
    for place, seat in ipairs(state.seats) do
        sync.set("turn", is_open and place == state.mover, match.player(seat))
    end
end

local function turn_begin(state, who)
    state.mover = who
    state.deadline = match.time() + settings.turnSeconds
    show_turn(state, true)
end

local function round_begin(state)
    clear_board(state)
    state.round = state.round + 1
    state.turns, state.resumes = 0, nil
    sync.set("round", state.round)
    turn_begin(state, 2 - state.round % 2)
end

local function has_line(state, mark)
    for _, line in ipairs(LINES) do
        local count = 0
        for _, cell in ipairs(line) do
            if state.cells[cell] == mark then count = count + 1 end
        end
        if count == 3 then return true end
    end
    return false
end

local function give(player, stat, points)
    player:add_stat(stat, 1)
    player:add_score(points)
    sync.set("points", sync.get("points", player) + points, player)
end

-- winner: a place in `seats`, or nil. The text is for everybody.
local function round_end(state, winner, text)
    for place, seat in ipairs(state.seats) do
        local player = match.player(seat)
        if not winner then give(player, "draws", POINTS_DRAW) end
        if place == winner then give(player, "wins", POINTS_WIN) end
    end
    state.resumes = match.time() + PAUSE
    show_turn(state, false)
    match.send{say = text}
end

-- A turn is two bytes: column and row, from 0. They are a stranger's.
function mode.message(state, player, message)
    if #message ~= 2 then return end
    local column, row = string.unpack("BB", message)
    if column > 2 or row > 2 or state.round == 0 or state.resumes then return end
    if player ~= mover(state) then return player:send{say = i18n.t("not_your_turn")} end
    local cell, mark = row * 3 + column + 1, MARKS[state.mover]
    if state.cells[cell] ~= FREE then return player:send{say = i18n.t("taken")} end
    state.cells[cell] = mark
    state.turns = state.turns + 1
    show_board(state)
    if has_line(state, mark) then
        round_end(state, state.mover, i18n.t("won", {name = player:name()}))
    elseif state.turns == 9 then
        round_end(state, nil, i18n.t("drawn"))
    else
        turn_begin(state, 3 - state.mover)
    end
end

local function match_end(state)
    local first, second = match.player(state.seats[1]), match.player(state.seats[2])
    local lead = first:stat("wins") - second:stat("wins")
    match.finish(lead > 0 and first or lead < 0 and second or "draw", "all_played")
end

function mode.tick(state)
    local now = match.time()
    if #state.seats < 2 then return end
    if state.round == 0 then return round_begin(state) end
    if state.resumes then
        if now < state.resumes then return end
        if state.round < settings.rounds then return round_begin(state) end
        return match_end(state)
    end
    sync.set("seconds_left", math.max(0, math.ceil(state.deadline - now)))
    if now < state.deadline then return end
    round_end(state, 3 - state.mover, i18n.t("late", {name = mover(state):name()}))
end

return mode
