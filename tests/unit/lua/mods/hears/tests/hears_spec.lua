-- What handlers are told of what happens, in which order, and who is not asked any more.

local world, lobby, ann, bob, cid

before_each(function()
    world = test.world()
    lobby = world:lobby{
        settings = {botFill = 0, friendlyFire = false, startWhen = "host"},
        players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}, {name = "cid", team = "red"}},
    }
    ann, bob, cid = table.unpack(lobby:players())
end)

local function heard(where)
    ann:chat("/" .. where .. "_heard")
    lobby:advance(0.1)
    local line = ann:heard("^heard: "):sub(8):gsub("start_attempt %-; ", ""):gsub("; start_attempt %-", "")
    return line -- without the starts that the lobby thinks of by itself
end

-- Forgets what came before.
local function fresh(where)
    heard(where)
end

it("who comes and goes, and how", function()
    assert.matches("player_join ann.*join_attempt bob false; player_join bob; join_attempt cid false; player_join cid", heard("lobby"))
    assert.truthy(lobby:join{name = "eve", spectator = true})
    assert.equals("join_attempt eve true; player_join eve", heard("lobby"))
    bob:leave()
    assert.equals("player_leave bob quit", heard("lobby"))
    assert.truthy(ann:request("lobby.kick", {playerId = cid:id(), reason = "why"}))
    assert.matches("^action_attempt kick ann cid why; player_leave cid kick$", heard("lobby"))
end)

it("the next host", function()
    fresh("lobby")
    assert.truthy(ann:request("lobby.transferHost", {playerId = bob:id()}))
    assert.matches("host_changed bob", heard("lobby"))
end)

it("teams, by whom they are changed", function()
    fresh("lobby")
    assert.truthy(bob:request("lobby.setTeam", {team = "red"}))
    assert.equals("team_attempt bob red", heard("lobby"))
    assert.truthy(ann:request("lobby.setTeam", {team = "blue", playerId = cid:id()}))
    assert.equals("team_attempt cid blue", heard("lobby"))
end)

it("settings: asked before, told after, with value and by whom", function()
    fresh("lobby")
    assert.truthy(ann:request("lobby.updateSettings", {settings = {hearsNumber = 7}}))
    assert.equals("setting_attempt hearsNumber 7 ann; setting_changed hearsNumber 7", heard("lobby"))
end)

it("acts: which, by whom, to whom", function()
    fresh("lobby")
    assert.truthy(ann:request("lobby.lock", {locked = true}))
    assert.matches("^action_attempt lock ann %- ", heard("lobby"))
    assert.truthy(bob:ready(true))
    assert.matches("^action_attempt ready bob %-", heard("lobby"))
end)

it("the start, and the states that follow", function()
    fresh("lobby")
    lobby:start()
    assert.matches("start_attempt ann; lobby_state starting; .*lobby_state active", heard("lobby"))
end)

it("a lobby that starts by itself asks in nobody's name", function()
    assert.truthy(lobby:join("eve"))
    ann:chat("/lobby_heard")
    lobby:advance(0.1)
    assert.matches("start_attempt %-", ann:heard("^heard: "))
end)

local gates = {
    join_attempt = function() return lobby:join("eve") end,
    team_attempt = function() return bob:request("lobby.setTeam", {team = "red"}) end,
    start_attempt = function() return ann:request("lobby.start") end,
    setting_attempt = function() return ann:request("lobby.updateSettings", {settings = {killLimit = 7}}) end,
    action_attempt = function() return ann:request("lobby.lock", {locked = true}) end,
}
for event, try in pairs(gates) do
    it("the first that refuses is the last that is asked: " .. event, function()
        assert.truthy(ann:request("lobby.updateSettings", {settings = {hearsRefuses = event}}))
        fresh("lobby")
        local done, why = try()
        assert.is_nil(done)
        assert.matches("no " .. event, why)
        local line = heard("lobby")
        assert.matches("^" .. event, line)
        assert.is_nil(line:find("too late"))
    end)
    it("the others are not refused: " .. event, function()
        for other in pairs(gates) do
            if other ~= event and event ~= "setting_attempt" then
                assert.truthy(ann:request("lobby.updateSettings", {settings = {hearsRefuses = other}}))
                if other ~= "setting_attempt" then assert.truthy((try())) end
                break
            end
        end
    end)
end

it("what one makes of a line the next one gets; a swallowed one goes no further", function()
    fresh("lobby")
    ann:chat("hello")
    assert.truthy(bob:heard("^hello12$"))
    assert.equals("chat hello ann; then hello1", heard("lobby"))
    bob:chat("swallow")
    lobby:advance(0.1)
    assert.is_nil(ann:heard("swallow"))
    assert.equals("chat swallow bob", heard("lobby"))
end)

it("each line of a description is told once", function()
    fresh("lobby")
    ann:heard(".")
    local before = #ann.lines
    ann:chat("/rules")
    ann:heard(".")
    assert.same({"hears: the first line", "hears: the second line"}, table.move(ann.lines, before + 1, #ann.lines, 1, {}))
end)

-- ---- the match ----------------------------------------------------------------------------------

local function start()
    lobby:start()
    lobby:advance(0.1)
    fresh("match")
end

it("what happens in a match, to whom, by whom", function()
    start()
    lobby:notify("kill", ann, bob, "rifle", cid)
    assert.equals("kill ann bob rifle cid", heard("match"))
    lobby:notify("kill", bob, nil, "")
    assert.equals("kill bob -  -", heard("match"))
    for _, event in ipairs{"zone_enter", "zone_leave", "pickup", "drop", "touch"} do
        lobby:notify(event, cid, 3)
        assert.equals(event .. " cid 3", heard("match"))
    end
    lobby:notify("spawn", bob)
    assert.equals("spawn bob", heard("match"))
    bob:leave()
    assert.equals("player_leave bob quit", heard("match"))
end)

it("numbers: told of whom, changed one after the other, cut to whole ones", function()
    start()
    for _, event in ipairs{"damage", "respawn", "score"} do
        assert.equals(116, lobby:filter(event, 10, ann, bob))
        assert.equals(event .. " 10 ann bob", heard("match"))
        assert.equals(-85, lobby:filter(event, -9, cid))
        assert.equals(event .. " -9 cid -", heard("match"))
    end
    assert.equals(10, lobby:filter("speed", 10, ann), "nobody has a say in it")
end)

for number, expected in ipairs{{"red", "elimination"}, {"red", "score_limit"}, {"draw", "forfeit"}} do
    it("who wins, and why: " .. number, function()
        start()
        assert.truthy(ann:request("lobby.updateSettings", {settings = {hearsNumber = number}}))
        lobby:advance(0.1)
        local results = lobby:results()
        assert.equals(expected[1], results.winningTeam)
        assert.equals(expected[2], results.reason)
    end)
end
