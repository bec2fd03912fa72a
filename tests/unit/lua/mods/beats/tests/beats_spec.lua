-- Timers of a match that is saved and loaded.

local lobby, ann, bob

before_each(function()
    lobby = test.world():lobby{players = {"ann", "bob"}, start = true}
    ann, bob = table.unpack(lobby:players())
end)

local function shown()
    ann:chat("/show")
    lobby:advance(0.1)
    return ann:heard("^%d+ %d+ %d+$")
end

it("those of the start have the time left that they had", function()
    lobby:advance(1.5)
    lobby:restore()
    lobby:advance(0.3)
    assert.equals("0 0 0", shown())
    lobby:advance(0.3)
    assert.equals("1 0 0", shown())
    lobby:restore()
    lobby:advance(1)
    assert.equals("1 1 0", shown())
    lobby:advance(3)
    assert.equals("1 2 0", shown())
end)

it("a handler's goes on where the start has one of the same function, and else is gone", function()
    lobby:notify("kill", ann, bob, "rifle")
    lobby:restore()
    lobby:advance(2.5)
    lobby:restore()
    lobby:advance(1)
    assert.equals("1 3 0", shown())
end)

it("a handler's goes on when its function has a name, and keeps its number", function()
    ann:chat("/begin")
    lobby:advance(0.1)
    lobby:restore()
    lobby:advance(0.5)
    lobby:restore()
    ann:chat("/stop")
    lobby:advance(0.1)
    assert.equals("stopped true", ann:heard("^stopped"))
    lobby:advance(1)
    ann:chat("/named")
    lobby:advance(0.1)
    assert.equals("named lfy", ann:heard("^named"))
end)
