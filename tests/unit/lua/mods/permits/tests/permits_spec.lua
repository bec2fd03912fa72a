-- Code that comes back runs with the permissions that it had.

it("the old code is refused what the new one might do", function()
    local world = test.world()
    local lobby = world:lobby{players = {"ann", "bob"}, start = true}
    local ann, bob = table.unpack(lobby:players())
    local function said()
        lobby:notify("kill", ann, bob, "rifle")
        lobby:advance(0.1)
        ann:chat("/said")
        lobby:advance(0.1)
        return ann:heard("^true") or ann:heard("^false") or ann:heard("the new one")
    end
    assert.matches("^false .*needs the permission \"chat\"", said())
    assert.is_true(lobby:reload("tests/v2/permits"))
    lobby:advance(0.1)
    lobby:notify("kill", ann, bob, "rifle")
    lobby:advance(0.1)
    assert.equals("a kill", bob:heard("^a kill$"))
    lobby:notify("pickup", ann, 1)
    lobby:advance(0.2)
    assert.equals(2, #world:errors(), "the failure, and that the old code is back")
    assert.matches("^false .*needs the permission \"chat\"", said())
end)
