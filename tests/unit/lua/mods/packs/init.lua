-- A mode that owns everything and packs its own bytes, for each player others: at their limits.

local mode = {private = true}

local NUMBERS = {
    {"u8", 0, 255}, {"u16", 0, 65535}, {"u32", 0, 4294967295},
    {"i8", -128, 127}, {"i16", -32768, 32767}, {"i32", -2147483648, 2147483647},
}

local function note(state, ...)
    local words = {...}
    for i, word in ipairs(words) do
        words[i] = type(word) == "userdata" and word:name() or tostring(word)
    end
    table.insert(state.heard, table.concat(words, " "))
end

function mode.init() return {heard = {}, wants = "names"} end

function mode.join(state, player)
    note(state, "join", player, player:team())
    if player:name() == "mallory" then return "not you" end
end

function mode.leave(state, player, reason) note(state, "leave", player, reason) end

function mode.connection(state, player, connected) note(state, "connection", player, connected) end

function mode.input(state, player, held, pressed, aim, move_x, move_y)
    if held + pressed > 0 then note(state, "input", player, held, pressed, aim, move_x, move_y) end
end

local kept -- a writer

function mode.tick(state, dt)
    state.dt = dt
    if not kept then return end
    note(state, select(2, pcall(kept.u8, kept, 1)))
    kept = nil
end

local function refused(out, name, value, width)
    local ok = pcall(out[name], out, value, width)
    if ok then error(name .. " took " .. tostring(value)) end
end

local packs = {}

function packs.names(out, viewer)
    out:bytes(viewer and viewer:name() or "nobody")
end

function packs.edges(out)
    for _, number in ipairs(NUMBERS) do
        local name, least, most = table.unpack(number)
        out[name](out, least)
        out[name](out, most)
        refused(out, name, least - 1)
        refused(out, name, most + 1)
        refused(out, name, "1")
    end
    refused(out, "bytes", 5)
end

-- Beside bytes and by themselves; a width and a value that do not fit are refused and put nothing.
function packs.bits(out)
    out:bits(1, 1)
    out:bits(5, 3)
    out:bits(-3 & 127, 7)
    refused(out, "bits", 1, 0)
    refused(out, "bits", 1, 33)
    refused(out, "bits", 2, 1)
    refused(out, "bits", -1, 4)
    out:bits(0xffffffff, 32)
    out:u8(9)
    out:bits(3, 2)
end

function packs.brim(out)
    out:bytes(("x"):rep(62))
    out:bits(0, 15)
    refused(out, "bits", 0, 2)
    out:bits(1, 1)
    refused(out, "bits", 0, 1)
    refused(out, "u8", 0)
end

function packs.full(out)
    out:bytes(("x"):rep(63))
    refused(out, "u16", 1)
    refused(out, "bytes", "ab")
    out:bytes("")
    out:u8(7)
    refused(out, "u8", 1)
end

function packs.keeps(out)
    kept = out
    out:u8(1)
end

function packs.fails(out)
    out:u8(1)
    error("on purpose")
end

function mode.snapshot(state, out, full, viewer)
    packs[state.wants](out, viewer)
end

command.register{name = "wants", fn = function(_, word, state) state.wants = word end}
command.register{name = "heard", fn = function(_, _, state)
    local line = "heard: " .. table.concat(state.heard, "; ")
    state.heard = {}
    return line
end}

return mode
