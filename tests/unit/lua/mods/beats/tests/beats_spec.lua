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
