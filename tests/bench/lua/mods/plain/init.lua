-- Plain: eight players on an empty field. Each tick takes their inputs, moves them, keeps them on
-- the field, looks at every pair, and writes a snapshot. ./dev bench lua measures it.

local SIZE = 32767 -- of the field, from its middle
local SPEED = 40 -- of a stick at its end, a tick
local TOUCH = 400 * 400 -- squared distance of two who touch

local mode = {}

function mode.init()
    return {bodies = {}, by_seat = {}}
end

function mode.join(state, player)
    local seat = player:seat()
    local body = {seat = seat, x = seat * 900, y = seat * -700, vx = 0, vy = 0, aim = 0, touches = 0}
    state.bodies[#state.bodies + 1] = body
    state.by_seat[seat] = body
end

function mode.leave(state, player)
    local gone = state.by_seat[player:seat()]
    state.by_seat[gone.seat] = nil
    for i, body in ipairs(state.bodies) do
        if body == gone then table.remove(state.bodies, i) end
    end
end

function mode.input(state, player, held, pressed, aim, move_x, move_y)
    local body = state.by_seat[player:seat()]
    body.vx, body.vy, body.aim = move_x, move_y, aim
end

local function clamp(value)
    if value > SIZE then return SIZE end
    if value < -SIZE then return -SIZE end
    return value
end

function mode.tick(state)
    local bodies = state.bodies
    for i = 1, #bodies do
        local body = bodies[i]
        body.x = clamp(body.x + body.vx * SPEED // 127)
        body.y = clamp(body.y + body.vy * SPEED // 127)
    end
    for i = 1, #bodies - 1 do
        local a = bodies[i]
        local x, y = a.x, a.y
        for k = i + 1, #bodies do
            local b = bodies[k]
            local dx, dy = b.x - x, b.y - y
            if dx * dx + dy * dy < TOUCH then a.touches = a.touches + 1 end
        end
    end
end

function mode.snapshot(state, out)
    local bodies = state.bodies
    out:u8(#bodies)
    for i = 1, #bodies do
        local body = bodies[i]
        out:u8(body.seat)
        out:i16(body.x)
        out:i16(body.y)
        out:u16(body.aim)
    end
end

return mode
