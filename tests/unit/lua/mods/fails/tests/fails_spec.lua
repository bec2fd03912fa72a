-- How often a script may fail or be stopped, and what is left of it then; new code on trial.

for _, where in ipairs{"lobby", "match"} do
    local world, lobby, ann

    local function open()
        world = test.world()
        lobby = world:lobby{settings = {botFill = 0}, players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}}, start = where == "match"}
        ann = lobby:players()[1]
        lobby:advance(0.1)
    end

    local function say(word)
        ann:chat("/" .. where .. "_" .. word)
        lobby:advance(0.1)
        return ann:heard(".")
    end

    local function fail(times, seconds_between)
        for _ = 1, times do
            assert.matches("has failed", say("fail"))
            if seconds_between then lobby:advance(seconds_between) end
        end
    end

    it("nineteen failures in ten seconds are borne, twenty are not: " .. where, function()
        open()
        fail(19)
        assert.equals("v1 1", say("how"))
        world:errors()
        fail(1)
        assert.matches("there is no command", say("how"))
        assert.matches("it keeps failing", table.concat(world:errors(), "\n"))
    end)

    it("the same failure is told once: " .. where, function()
        open()
        fail(3)
        assert.equals(1, #world:errors())
        fail(1)
        assert.equals(1, #world:errors())
    end)

    it("failures of long ago are forgotten: " .. where, function()
        open()
        fail(19)
        lobby:advance(9)
        fail(19)
        assert.equals("v1 1", say("how"))
        world:errors()
    end)

    it("failures now and then are borne: " .. where, function()
        open()
        fail(40, 0.6)
        assert.equals("v1 1", say("how"))
        world:errors()
    end)

    it("the third stop is the last; what is known outlives the others: " .. where, function()
        open()
        assert.equals("v1 1", say("how"))
        lobby:advance(2)
        for stop = 1, 2 do
            say("spin")
            lobby:advance(0.2)
            assert.matches("^v1 %d$", say("how"), "after stop " .. stop)
        end
        say("spin")
        assert.matches("there is no command", say("how"))
        assert.matches("it was stopped too often", table.concat(world:errors(), "\n"))
    end)

    it("new code that fails within its trial goes, and the state stays: " .. where, function()
        open()
        assert.equals("v1 1", say("how"))
        assert.is_true(lobby:reload("tests/v2/fails"))
        lobby:advance(0.1)
        assert.equals("v2 2", say("how"))
        lobby:advance(4.5)
        fail(1)
        lobby:advance(0.1)
        assert.equals("v1 3", say("how"))
        assert.matches("the old one is back", table.concat(world:errors(), "\n"))
    end)

    it("new code that has run long enough may fail as the old one may: " .. where, function()
        open()
        assert.is_true(lobby:reload("tests/v2/fails"))
        lobby:advance(5.2)
        fail(19)
        assert.equals("v2 1", say("how"))
        world:errors()
    end)

    it("new code that is stopped within its trial goes: " .. where, function()
        open()
        assert.equals("v1 1", say("how"))
        assert.is_true(lobby:reload("tests/v2/fails"))
        lobby:advance(0.1)
        say("spin")
        lobby:advance(0.1)
        assert.equals("v1 2", say("how"))
        world:errors()
    end)
end

it("what fails in a match is not held against the lobby", function()
    local world = test.world()
    local lobby = world:lobby{settings = {botFill = 0}, players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}}, start = true}
    local ann = lobby:players()[1]
    for _ = 1, 20 do
        ann:chat("/match_fail")
        lobby:advance(0.1)
    end
    ann:chat("/match_how")
    lobby:advance(0.1)
    assert.matches("there is no command", ann:heard("."))
    ann:chat("/lobby_how")
    lobby:advance(0.1)
    assert.equals("v1 1", ann:heard("."))
    world:errors()
end)

it("a rule that moves up when another goes is the same rule, with its new code, too", function()
    local world = test.world()
    local lobby = world:lobby{rules = {"answers", "fails"}, settings = {botFill = 0}, players = {"ann"}}
    local ann = lobby:players()[1]
    local function how()
        ann:chat("/lobby_how")
        lobby:advance(0.1)
        return ann:heard(".")
    end
    assert.equals("v1 1", how())
    assert.truthy(ann:request("lobby.updateSettings", {settings = {rules = {"fails"}}}))
    lobby:advance(0.1)
    assert.equals("v1 2", how())
    assert.is_true(lobby:reload("tests/v2/fails"))
    lobby:advance(0.1)
    assert.equals("v2 3", how())
    assert.truthy(ann:request("lobby.updateSettings", {settings = {rules = {"answers", "fails"}}}))
    lobby:advance(0.1)
    assert.equals("v2 4", how())
end)
