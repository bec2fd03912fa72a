-- Fields of mode.sync as each client gets them: who may see them, and that nothing is left of who
-- has gone or was not let in.

local world, lobby, ann, bob

before_each(function()
    world = test.world()
    lobby = world:lobby{
        players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}, {name = "cid", team = "red"}},
        start = true,
    }
    ann, bob = table.unpack(lobby:players())
    lobby:advance(0.1)
end)

-- Seats, the shared field, and each other field's values by seat.
local function seen(client)
    local bytes = client:snapshot()
    local seats, round, at = string.unpack("<I4 I2", bytes)
    local found = {seats = seats, round = round}
    for _, name in ipairs{"open", "word", "hand"} do
        local rows
        rows, at = string.unpack("<I4", bytes, at)
        found[name] = {}
        for seat = 0, 15 do
            if rows >> seat & 1 == 1 then
                found[name][seat], at = string.unpack("B", bytes, at)
            end
        end
    end
    assert.equals(#bytes + 1, at)
    return found
end

local function try(word)
    ann:chat("/try " .. word)
    lobby:advance(0.1)
    return ann:heard("^tried: "):sub(8)
end

it("each sees what is for all, for the team and for that one", function()
    local all = {[0] = 1, 2, 3}
    assert.same({seats = 7, round = 700, open = all, word = {[0] = 11, [2] = 13}, hand = {[0] = 21}}, seen(ann))
    assert.same({seats = 7, round = 700, open = all, word = {[1] = 12}, hand = {[1] = 22}}, seen(bob))
    assert.truthy(lobby:join{name = "eve", spectator = true})
    lobby:advance(0.1)
    assert.same({seats = 7, round = 700, open = all, word = {}, hand = {}}, seen(lobby:players()[4]))
end)

for _, name in ipairs{"mallory", "breaker"} do
    it("who is not let in leaves no fields behind: " .. name, function()
        lobby:join(name)
        lobby:advance(0.1)
        assert.equals(name == "breaker" and 1 or 0, #world:errors())
        assert.same({seats = 7, round = 700, open = {[0] = 1, 2, 3}, word = {[0] = 11, [2] = 13}, hand = {[0] = 21}},
            seen(ann))
        assert.truthy(lobby:join("fay"))
        lobby:advance(0.1)
        assert.equals("0 0 0", try("came"))
    end)
end

it("who comes after another begins with nothing", function()
    lobby:players()[3]:leave()
    lobby:advance(0.1)
    assert.same({seats = 3, round = 700, open = {[0] = 1, 2}, word = {[0] = 11}, hand = {[0] = 21}}, seen(ann))
    assert.truthy(lobby:join("dan"))
    lobby:advance(0.1)
    assert.equals("0 0 0", try("came"))
    assert.equals(7, seen(ann).seats)
end)

for word, answer in pairs{
    nothing = "mode.sync declares no field 'nothing'",
    nobody = "Player expected",
    shared = "the sync field 'round' is not per player",
    missing = "expected a number, found a nil",
    large = "sync field 'open': expected 0 to 255, found 256",
    number = "integer",
} do
    it("a field is set and asked for as it is declared: " .. word, function()
        assert.matches(answer, try(word))
        assert.equals(700, seen(ann).round)
    end)
end

it("a stop takes back what was set since it was kept", function()
    lobby:advance(1)
    local before = seen(ann)
    ann:chat("/try spin")
    lobby:advance(0.1)
    assert.matches("over its instructions limit", world:errors()[1])
    assert.same(before, seen(ann))
end)

it("who has come in is known after a stop", function()
    lobby:players()[3]:leave()
    lobby:advance(1)
    assert(lobby:join("dan"))
    ann:chat("/try spin")
    lobby:advance(0.1)
    assert.equals(1, #world:errors())
    assert.equals("dan", try("last"))
end)

it("an input that fails is told", function()
    ann:input{held = 2}
    lobby:advance(0.1)
    assert.matches("with both hands", world:errors()[1])
end)

it("who is not let in is told why", function()
    for name, why in pairs{mallory = "not you", nobody = "refused", breaker = "the game mode has failed"} do
        local client = world:client(name)
        lobby:join(client)
        lobby:advance(0.1)
        assert.is_nil(client:seat())
        assert.truthy(client:heard(why), name)
    end
    assert.equals(1, #world:errors())
end)
