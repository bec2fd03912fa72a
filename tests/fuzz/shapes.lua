-- A machine for fuzz_shapes: the bytes of `input` say which tables of which shapes it builds, and which
-- functions, operators and metamethods meet them with which numbers and texts. Nothing it does may be
-- caught otherwise than by pcall. Ten values are at hand at a time.

local input = INPUT
local byte, rep, pcall, select, type = string.byte, string.rep, pcall, select, type
local setmetatable, rawset, unpack = setmetatable, rawset, table.unpack
local create, resume, wrap, close = coroutine.create, coroutine.resume, coroutine.wrap, coroutine.close
local at, values = 0, {}

local function take(n)
    at = at + 1
    return (byte(input, at) or 0) % n + 1
end

local numbers = {
    0, 1, -1, 2, 3, 7, 16, 17, 64, 100, 127, 128, 255, 256, 1000, 4095, 4096, 16383, 65535, 65536,
    1 << 20, (1 << 24) - 1, 1 << 24, (1 << 24) + 1, (1 << 31) - 1, 1 << 31, -(1 << 31), 1 << 32,
    1 << 53, 1 << 62, -(1 << 62), math.maxinteger, math.maxinteger - 1, math.mininteger,
    math.mininteger + 1, 1844674407370955162, -1844674407370955162, 922337203685477581, 0.5, -0.5,
    1.5, 1e15, 1e100, 1e308, -1e308, 2^53, 2^63, -2^63, 1 / 0, -1 / 0, 0 / 0, -0.0, 5e-324,
}

local texts = {
    "", "a", "\0", "\xff", "%", "%1", "%0", "[", "[^]", "[a-]", "(", ")", "()", ".-b", "a*", ".+$",
    "%b()", "%f[a]", "%z", "(.)(.)%2%1", "^", "x?x?x?x?y", "c1073741824", "c2147483647", "!16i16",
    "s1", "s8", "z", "<>=!", "i17", "XXi4", "j", "jjjj", "d", "%d", "%5.3s", "%99.99f", "%q", "%a",
    "%p", "%c", "%s %s %s", "0x1p4", " 12 ", "1e999", "0x", "nan", "-", "\u{10ffff}", "\u{7fffffff}",
    "\xf0\x80\x80\x80", "kv", "__index", "name", "id", "k", "tick", "chat", "kill", "damage", "join",
    "red", "arena", "rifle", "flag",
}

local long = {
    function(n) return rep("a", n) end, function(n) return rep("\0", n) end,
    function(n) return rep("1", n) end, function(n) return rep(" ", n) .. "1" end,
    function(n) return rep("\x80", n) end, function(n) return rep("\u{20ac}", n // 3) end,
    function(n) return rep("%", n) end, function(n) return rep("%0", n // 2) end,
    function(n) return rep("\1\"\\\n", n // 4) end, function(n) return rep("(", n) end,
    function(n) return rep("a?", n // 4) .. rep("a", n // 4) end, function(n) return rep("x", n) end,
    function(n) return rep("[a", n // 2) end, function(n) return rep("bB", n // 2) end,
}
local sizes = {1, 2, 3, 8, 33, 100, 513, 1000, 1024, 4097, 20000, 60000, 100000, 200000}

local function some() return values[take(10)] end

-- Metatables: of each event something that was made before, a function, or a loop.
local events = {
    "__index", "__newindex", "__call", "__mode", "__eq", "__lt", "__le", "__concat", "__len", "__add",
    "__band", "__unm", "__close", "__pairs", "__tostring", "__name", "__metatable", "__gc",
}
local handlers = {
    function() return true end, function(...) return ... end, function(a) return a end,
    function() error("from a handler") end, function(a, b) return b end, rawset, pcall, print, type,
    function() return some() end, function(...) return select("#", ...) end, tostring,
}
local function equip(meta, target)
    for _ = 1, take(4) do
        local event, kind = events[take(#events)], take(4)
        local value = kind == 1 and target or kind == 2 and some() or handlers[take(#handlers)]
        if event == "__mode" then value = "kv" end
        pcall(rawset, meta, event, value)
    end
    return meta
end

local shapes = {
    function(n) local t = {} for i = 1, n do t[i] = i end return t end,
    function(n) local t = {} for i = n, 1, -1 do t[i] = n - i end return t end,
    function(n) local t = {} for i = 1, n do t["k" .. i] = i end return t end,
    function() local t = {[math.maxinteger] = 1} for i = 0, 62 do t[1 << i] = 1 end return t end,
    function() local t = {} for i = 62, 0, -1 do t[1 << i] = 1 end return t end,
    function(n) local m, t = (1 << take(15)) - 1, {} for i = 1, n do t[i * m] = i end return t end,
    function(n) local m, t = (1 << take(15)) - 1, {} for i = 1, n do t[i * m + 0.5] = i end return t end,
    function(n) local m, t = (1 << take(62)), {} for i = 1, n do t[-i * m] = i end return t end,
    function(n) local t = {} for i = 1, n do t[i / 3] = i t[i] = nil end return t end,
    function(n) local t = {} for i = 1, n do t[i] = {i} end return t end,
    function(n) local t = {} for i = 1, n do t[{}] = i end return t end,
    function(n) local t = {} for i = 1, n do t[function() return i end] = i end return t end,
    function(n) local t = {} for _ = 1, n do t = {t} end return t end,
    function(n) local t = {} for _ = 1, n do t = {t, t} end return t end,
    function(n) local t = {} for _ = 1, n do t = setmetatable({}, {__index = t}) end return t end,
    function(n) local t = {} for _ = 1, n do t = setmetatable({}, {__newindex = t}) end return t end,
    function(n) local t = print for _ = 1, n do t = setmetatable({}, {__call = t}) end return t end,
    function() local t = {} t.__index, t.__newindex, t.__call = t, t, t return setmetatable(t, t) end,
    function() local t = {} t[1], t.t = t, t return t end,
    function(n) local t = {} for i = 1, n do t[i] = i end for i = 1, n, 2 do t[i] = nil end return t end,
    function(n) local t = {} for i = 1, n do t[i] = some() end return t end,
    function(n) local t = {} for i = 1, n do t[i % 5 == 0 and i * 4095 or "s" .. i] = i end return t end,
    function(n) return setmetatable({}, {__len = function() return n end}) end,
    function() return equip({}, some()) end,
    function() local t = {} return setmetatable(t, equip({}, t)) end,
    function(n) local t = {} for i = 1, n % 100 do t[i] = create(some) end return t end,
    function(n) return wrap(function(...) for _ = 1, n do coroutine.yield(...) end end) end,
    function() return setmetatable({}, {__mode = "k", __index = some()}) end,
}

-- Every function there is, in the order of pairs.
local functions = {}
for _, name in ipairs{"", "string", "table", "math", "utf8", "coroutine", "arena", "match", "lobby",
    "storage", "timer", "hooks", "command", "bus", "i18n", "vote", "mode", "game"} do
    local from = name == "" and _G or rawget(_G, name)
    if type(from) == "table" then
        for _, value in pairs(from) do
            if type(value) == "function" then functions[#functions + 1] = value end
        end
    end
end
local methods = {
    "name", "id", "team", "seat", "chat", "kick", "is_bot", "alive", "kills", "deaths", "score",
    "add_score", "is_host", "is_spectator", "is_ready", "rep", "sub", "byte", "format", "gsub", "pack",
}

local function keep(ok, ...)
    if not ok then return end
    for i = 1, 3 do
        local value = select(i, ...)
        if value ~= nil then values[take(10)] = value end
    end
end

local function arguments(n)
    if n <= 1 then return end
    if n == 2 then return some() end
    if n == 3 then return some(), some() end
    if n == 4 then return some(), some(), some() end
    return some(), some(), some(), some(), some()
end

local operators = {
    function(a, b) return a + b end, function(a, b) return a // b end, function(a, b) return a % b end,
    function(a, b) return a ^ b end, function(a, b) return a & b end, function(a, b) return a << b end,
    function(a, b) return a .. b end, function(a, b) return a < b end, function(a, b) return a <= b end,
    function(a, b) return a == b end, function(a) return #a end, function(a) return -a end,
    function(a) return ~a end, function(a, b) return a[b] end, function(a, b) a[b] = a end,
    function(a, b) a[b] = nil end, function(a, b) return a(b) end,
    function(a, b) for i = a, b, 1 << 60 do if i == a then return i end end end,
    function(a) local n = 0 for _ in pairs(a) do n = n + 1 end return n end,
    function(a) local n = 0 for _ in ipairs(a) do n = n + 1 if n > 500 then return n end end end,
    function(a) local x <close> = a return x end,
    function(a, b) return {a, b, a, b} end, function(a) return {unpack(a)} end,
    function(a, b) return (setmetatable(a, b)) end,
}

local steps = {
    function() values[take(10)] = numbers[take(#numbers)] end,
    function() values[take(10)] = texts[take(#texts)] end,
    function() keep(pcall(long[take(#long)], sizes[take(#sizes)])) end,
    function() keep(pcall(shapes[take(#shapes)], sizes[take(10)])) end,
    function() keep(pcall(shapes[take(#shapes)], sizes[take(6)])) end,
    function() keep(pcall(functions[take(#functions)], arguments(take(5)))) end,
    function() keep(pcall(functions[take(#functions)], arguments(take(5)))) end,
    function() keep(pcall(operators[take(#operators)], some(), some())) end,
    function() keep(pcall(rawset, some(), some(), some())) end,
    function()
        local name, value = methods[take(#methods)], some()
        keep(pcall(function(...) return value[name](value, ...) end, arguments(take(5))))
    end,
    function()
        local thread = create(functions[take(#functions)])
        keep(resume(thread, arguments(take(5))))
        values[take(10)] = thread
        if take(2) == 1 then keep(pcall(close, thread)) end
    end,
    function() keep(xpcall(operators[take(#operators)], handlers[take(#handlers)], some(), some())) end,
}

local function go(last)
    while at < last do steps[take(#steps)]() end
end

go(#input // 2)
if rawget(_G, "hooks") then
    hooks.on("tick", "shapes", function() go(at + 16 < #input and at + 16 or #input) end)
end
go(#input)
