-- What a handler answers is looked at: another type is an error that names the hook, and what was
-- expected and found; the value stays as it was.

local world, lobby, ann, bob

local function open(event, answer, waits)
    world = test.world()
    lobby = world:lobby{
        players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
        settings = {answersEvent = event, answersAnswer = answer}, start = not waits,
    }
    ann, bob = table.unpack(lobby:players())
end

local function assert_told(pattern)
    local errors = world:errors()
    assert.truthy(#errors > 0, "no error")
    assert.matches("answers/init.lua:%d+: ", errors[1])
    assert.matches(pattern, errors[1])
    assert.matches("expected ", errors[1])
end

for _, event in ipairs{"damage", "speed", "respawn", "score"} do
    for _, answer in ipairs{"text", "huge", "nan", "yes", "no", "list"} do
        it(event .. " of another type: " .. answer, function()
            open(event, answer)
            assert.equals(30, lobby:filter(event, 30, ann, bob))
            assert_told("the handler of '" .. event .. "' returned ")
        end)
    end
    it(event .. " of a number counts", function()
        open(event, "number")
        assert.equals(5, lobby:filter(event, 30, ann, bob))
    end)
end

for _, answer in ipairs{"green", "yes", "number", "list", "reason", "places", "unled"} do
    it("victory of another kind: " .. answer, function()
        open("victory", answer)
        lobby:advance(0.2)
        assert.equals("active", lobby:state())
        assert_told("the handler of 'victory' returned ")
    end)
end

it("victory counts with a reason of its own and places", function()
    open("victory", "ranked", true)
    pcall(lobby.start, lobby)
    local results = lobby:results()
    assert.same({"blue", "because"}, {results.winningTeam, results.reason})
    assert.same({"blue", "red"}, {results.placements[1].team, results.placements[2].team})
end)

it("victory counts", function()
    open("victory", "red", true)
    pcall(lobby.start, lobby) -- it is over at once
    assert.equals("red", lobby:results().winningTeam)
end)

for _, answer in ipairs{"number", "yes", "no", "list"} do
    it("describe of another type: " .. answer, function()
        open("describe", answer)
        ann:chat("/rules")
        assert_told("the handler of 'describe' returned ")
    end)
    it("a command's answer of another type: " .. answer, function()
        open("", answer)
        ann:chat("/give")
        lobby:advance(0.1)
        assert_told("the command 'give' returned ")
    end)
end

for _, answer in ipairs{"number", "yes", "list", "long"} do
    it("chat of another kind: " .. answer, function()
        open("chat", answer)
        ann:chat("hello")
        assert.is_nil(bob:heard("hello"))
        assert_told("the handler of 'chat' returned ")
    end)
end

it("nobody asks what a notify answers", function()
    open("kill", "text")
    lobby:notify("kill", ann, bob, "rifle")
    assert_told("the handler of 'kill' returned \"12\", expected nothing")
end)
