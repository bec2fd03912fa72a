-- spec - what tests of mods are written in: describe, it, assert, and a world of lobbies and
-- players. Run by spec.c with the functions of spec_world.c in one table; returns the globals of
-- tests, and run, which runs one of the tests that were collected.

local engine = ...
local null = engine.null

local STEP_S = 1 -- between two looks for the end of a match
local FINISH_S = 3600
local START_STEP_S = 0.1 -- between two looks for the start of a match, and how many
local START_STEPS = 600

-- ---- values -------------------------------------------------------------------------------------

local function show(value, depth)
    if type(value) == "string" then return string.format("%q", value) end
    if type(value) ~= "table" then return tostring(value) end
    if depth == 0 then return "{...}" end
    local parts, length = {}, #value
    for key, item in pairs(value) do
        local name = type(key) == "string" and key .. " = " or "[" .. tostring(key) .. "] = "
        if math.type(key) == "integer" and key >= 1 and key <= length then name = "" end
        parts[#parts + 1] = name .. show(item, depth - 1)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
    if type(a) ~= "table" or type(b) ~= "table" then return a == b end
    for key, value in pairs(a) do
        if not same(value, b[key]) then return false end
    end
    for key in pairs(b) do
        if a[key] == nil then return false end
    end
    return true
end

-- JSON's null is nothing to a test.
local function without_null(value)
    if value == null then return nil end
    if type(value) == "table" then
        for key, item in pairs(value) do value[key] = without_null(item) end
    end
    return value
end

-- What a table of options may hold: a misspelt one would be ignored.
local function check_fields(options, what, ...)
    local known = {}
    for _, name in ipairs{...} do known[name] = true end
    for name in pairs(options or {}) do
        if not known[name] then error(what .. ": unknown field '" .. tostring(name) .. "'", 0) end
    end
end

-- ---- assert -------------------------------------------------------------------------------------

-- Level 3: where the test called a function of assert.
local function fail(message, format, ...)
    local text = string.format(format, ...)
    error(message and message .. ": " .. text or text, 3)
end

local assertions = {}

function assertions.equals(expected, found, message)
    if expected ~= found then
        fail(message, "expected %s, found %s", show(expected, 3), show(found, 3))
    end
end

function assertions.same(expected, found, message)
    if not same(expected, found) then
        fail(message, "expected %s, found %s", show(expected, 5), show(found, 5))
    end
end

function assertions.differs(unexpected, found, message)
    if same(unexpected, found) then fail(message, "expected anything but %s", show(found, 5)) end
end

function assertions.is_true(found, message)
    if found ~= true then fail(message, "expected true, found %s", show(found, 3)) end
end

function assertions.is_false(found, message)
    if found ~= false then fail(message, "expected false, found %s", show(found, 3)) end
end

function assertions.is_nil(found, message)
    if found ~= nil then fail(message, "expected nil, found %s", show(found, 3)) end
end

function assertions.truthy(found, message)
    if not found then fail(message, "expected something, found %s", show(found, 3)) end
end

function assertions.falsy(found, message)
    if found then fail(message, "expected nothing, found %s", show(found, 3)) end
end

function assertions.near(expected, found, tolerance, message)
    local near = type(found) == "number" and math.abs(expected - found) <= tolerance
    if not near then
        fail(message, "expected %s, at most %s away, found %s", show(expected, 1),
            show(tolerance, 1), show(found, 3))
    end
end

function assertions.matches(pattern, found, message)
    if type(found) ~= "string" or not string.find(found, pattern) then
        fail(message, "expected a text with %q, found %s", pattern, show(found, 3))
    end
end

function assertions.error(fn, pattern)
    local passed, raised = pcall(fn)
    local text = type(raised) == "table" and show(raised, 3) or tostring(raised)
    if passed then fail(nil, "expected an error") end
    if pattern and not string.find(text, pattern) then
        fail(nil, "expected an error with %q, found %q", pattern, text)
    end
    return text
end

setmetatable(assertions, {
    __call = function(_, value, message, ...)
        if value then return value, message, ... end
        error(message == nil and "assertion failed!" or message, 2)
    end,
})

-- ---- describe, it -------------------------------------------------------------------------------

local tests = {}
local group = {name = "", before = {}}

-- Level 3: where the test calls.
local function check_arguments(word, name, fn)
    if type(name) ~= "string" then error(word .. ": expected a name, found " .. show(name, 1), 3) end
    if type(fn) ~= "function" then
        error(word .. " \"" .. name .. "\": expected a function, found " .. show(fn, 1), 3)
    end
end

local function describe(name, fn)
    check_arguments("describe", name, fn)
    local outer = group
    group = {
        name = outer.name .. name .. " ",
        before = table.move(outer.before, 1, #outer.before, 1, {}),
    }
    fn()
    group = outer
end

local function before_each(fn)
    check_arguments("before_each", group.name, fn)
    table.insert(group.before, fn)
end

local function it(name, fn)
    check_arguments("it", name, fn)
    tests[#tests + 1] = {name = group.name .. name, group = group, fn = fn}
    engine.found(group.name .. name)
end

local function run(index)
    local chosen = tests[index]
    for _, before in ipairs(chosen.group.before) do before() end
    chosen.fn()
end

-- ---- clients ------------------------------------------------------------------------------------

local Client = {}
Client.__index = Client

local function seat_of(who)
    if type(who) ~= "table" then return who end
    return who:seat() or error(who:name() .. " has no seat", 0)
end

function Client:request(method, params)
    local answer = without_null(engine.request(self.key, method, params or {}))
    if answer.error then return nil, answer.error.message, answer.error.data or {} end
    local result = answer.result or {}
    self.resume_token = result.resumeToken or self.resume_token
    return result
end

-- For what a test takes for granted.
local function must(client, method, params)
    local result, why = client:request(method, params)
    return result or error(client.shown .. ": " .. method .. ": " .. why, 0)
end

function Client:name()
    return self.shown
end

function Client:id()
    return engine.player_id(self.key)
end

-- Takes what has come, and keeps the newest of each method, and all lines of chat.
local function listen(client)
    for _, message in ipairs(engine.notifications(client.key)) do
        local params = without_null(message.params) or {}
        client.news[message.method] = params
        if message.method == "lobby.chat" then table.insert(client.lines, params.text) end
    end
end

function Client:told(method)
    listen(self)
    return self.news[method]
end

function Client:heard(pattern)
    listen(self)
    for i = #self.lines, 1, -1 do
        if string.find(self.lines[i], pattern) then return self.lines[i] end
    end
end

function Client:chat(text)
    local done, why = self:request("lobby.chat", {text = text})
    return done ~= nil, why
end

function Client:ready(ready)
    local done, why = self:request("lobby.ready", {ready = ready})
    return done ~= nil, why
end

function Client:input(input)
    check_fields(input, "input", "held", "pressed", "aim", "move_x", "move_y")
    self.sequence = self.sequence + 1
    engine.input(self.key, self.sequence, input.held or 0, input.pressed or 0, input.aim or 0,
        input.move_x or 0, input.move_y or 0)
end

function Client:send(message)
    engine.message(self.key, message)
end

function Client:leave()
    must(self, "lobby.leave")
end

function Client:disconnect()
    engine.connect(self.key, false)
end

function Client:reconnect()
    if not engine.connect(self.key, true) then return false, "the session has ended" end
    local entry, why = self:request("lobby.resume", {resumeToken = self.resume_token or ""})
    return entry ~= nil, why
end

function Client:seat()
    return (engine.member(self.key))
end

local function row_of(client)
    local seat = client:seat()
    return seat and engine.row(engine.lobby_of(client.key), seat) or {}
end

function Client:team()
    local row = row_of(self)
    if row.team then return row.team end
    local _, team = engine.member(self.key)
    return team or "none"
end

function Client:alive()
    return row_of(self).alive or false
end

function Client:kills()
    return row_of(self).kills or 0
end

function Client:deaths()
    return row_of(self).deaths or 0
end

function Client:score()
    return row_of(self).score or 0
end

function Client:stat(name)
    return row_of(self)[name] or 0
end

function Client:snapshot()
    return engine.snapshot(self.key)
end

-- ---- lobbies ------------------------------------------------------------------------------------

local Lobby = {}
Lobby.__index = Lobby

function Lobby:state()
    return (engine.lobby(self.id))
end

function Lobby:setting(key)
    return without_null(engine.setting(self.id, key))
end

function Lobby:advance(seconds)
    engine.advance(math.floor(seconds * 1000 + 0.5))
end

function Lobby:start()
    if self:state() ~= "starting" then must(self.clients[1], "lobby.start") end
    for _ = 1, START_STEPS do
        if self:state() == "active" then return end
        self:advance(START_STEP_S)
    end
    if self:state() ~= "active" then
        error("the match does not start: the lobby is " .. self:state(), 0)
    end
end

function Lobby:results()
    for _, client in ipairs(self.clients) do
        local ended = client:told("match.ended")
        if ended then return ended.results end
    end
end

function Lobby:finish(max_seconds)
    local left = max_seconds or FINISH_S
    local before, began = engine.lobby(self.id)
    if before == "ending" then return self:results() end
    if before ~= "active" then error("no match runs", 0) end
    repeat
        local step = math.min(left, STEP_S)
        self:advance(step)
        left = left - step
        local state, runs = engine.lobby(self.id)
        if state ~= "active" or runs ~= began then return self:results() end
    until left <= 0
    error("the match has not ended", 0)
end

function Lobby:score(team)
    return engine.score(self.id, team)
end

function Lobby:players()
    return table.move(self.clients, 1, #self.clients, 1, {})
end

function Lobby:seats()
    return engine.rows(self.id)
end

function Lobby:heard(pattern)
    for _, client in ipairs(self.clients) do
        local line = client:heard(pattern)
        if line then return line end
    end
end

-- A name, a client, or a table with name and wishes.
local function player_of(world, player)
    if type(player) == "string" then return world:client(player), {} end
    if getmetatable(player) == Client then return player, {} end
    check_fields(player, "player", "name", "team", "spectator", "secret")
    return world:client(player.name), player
end

function Lobby:join(player)
    local client, wishes = player_of(self.world, player)
    local seat, why = client:request("lobby.join", {
        lobbyId = self.key, team = wishes.team, spectator = wishes.spectator, secret = wishes.secret,
    })
    if seat then seat, why = client:request("lobby.enter", {seatTicket = seat.seatTicket}) end
    if not seat then return nil, why end
    table.insert(self.clients, client)
    return client
end

local values = {damage = "damage", speed = "speed", respawn = "respawn_ms", score = "score"}

function Lobby:filter(event, value, player, other)
    local name = values[event] or error("expected damage, speed, respawn or score", 0)
    return engine.adjust(self.id, name, value, seat_of(player), other and seat_of(other))
end

function Lobby:damage(amount, victim, attacker)
    return self:filter("damage", amount, victim, attacker)
end

local facts = {
    spawn = true, kill = true, zone_enter = true, zone_leave = true, pickup = true, drop = true, touch = true,
}

function Lobby:notify(event, player, ...)
    if not facts[event] then error("notify: there is no event '" .. tostring(event) .. "' of the base", 0) end
    local second, third, fourth = ...
    local seat = seat_of(player)
    if event == "kill" then
        engine.tell(self.id, event, seat, second and seat_of(second), fourth and seat_of(fourth),
            0, third or "")
    else
        engine.tell(self.id, event, seat, nil, nil, second or 0, "")
    end
end

function Lobby:disturb(cause, ms)
    engine.tell(self.id, "disturbed", nil, nil, nil, ms, cause)
end

function Lobby:kill(player)
    engine.kill(self.id, seat_of(player))
end

function Lobby:hash()
    return engine.hash(self.id)
end

function Lobby:reload(dir)
    return engine.reload(dir)
end

function Lobby:restore()
    engine.restore(self.id)
end

-- ---- the world ----------------------------------------------------------------------------------

local World = {}
World.__index = World

function World:client(name)
    return setmetatable({
        key = engine.player(name), shown = name, news = {}, lines = {}, sequence = 0,
    }, Client)
end

function World:errors()
    return engine.errors()
end

local function is_rule()
    return engine.mod.kind == "rule"
end

local function settings_of(options)
    local settings = {}
    for key, value in pairs(options.settings or {}) do settings[key] = value end
    if settings.teamBalance == nil then settings.teamBalance = false end -- teams are as a test says
    settings.rules = options.rules or settings.rules or (is_rule() and {engine.mod.id}) or nil
    return settings
end

local function create(world, options)
    local players = options.players or {"ann"}
    local host, wishes = player_of(world, players[1])
    local made = must(host, "lobby.create", {
        gameMode = options.mode or (is_rule() and "arena") or engine.mod.id,
        settings = settings_of(options),
    })
    must(host, "lobby.enter", {seatTicket = made.seatTicket})
    if wishes.team then must(host, "lobby.setTeam", {team = wishes.team}) end
    local id = engine.lobby_of(host.key)
    return setmetatable({
        world = world, id = id, key = made.lobby.lobbyId, clients = {host},
    }, Lobby), players
end

function World:lobby(options)
    options = options or {}
    check_fields(options, "lobby", "mode", "settings", "rules", "players", "start")
    local lobby, players = create(self, options)
    for i = 2, #players do
        local _, why = lobby:join(players[i])
        if why then error(why, 0) end
    end
    if options.start then lobby:start() end
    return lobby
end

local test = {}

function test.world(options)
    check_fields(options, "world", "seed")
    engine.reset(options and options.seed or 1)
    return setmetatable({}, World)
end

function test.matches(count, options)
    options = options or {}
    check_fields(options, "matches", "mode", "settings", "rules", "seed", "max_seconds", "players")
    local results, seed = {}, options.seed or 1
    for i = 1, count do
        local lobby = test.world{seed = seed + i - 1}:lobby{
            mode = options.mode, settings = options.settings, rules = options.rules,
            players = options.players, start = true,
        }
        results[i] = lobby:finish(options.max_seconds)
    end
    return results
end

return {
    run = run,
    globals = {
        describe = describe, it = it, before_each = before_each, assert = assertions, test = test,
        mod = engine.mod,
    },
}
