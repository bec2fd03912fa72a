describe("friendly fire escalation", function()
    local lobby, ann, bob, cid

    before_each(function()
        lobby = test.world{}:lobby{
            players = {
                {name = "ann", team = "red"}, {name = "bob", team = "red"},
                {name = "cid", team = "blue"},
            },
            settings = {friendlyFire = true, friendlyFireEscalationKick = 3}, start = true,
        }
        ann, bob, cid = table.unpack(lobby:players())
    end)

    it("costs points, then a life, then the seat", function()
        lobby:notify("kill", ann, bob, "rifle")
        assert.equals(-1, bob:score())
        lobby:advance(0.1)
        assert.is_true(bob:alive())
        assert.truthy(bob:heard("2 more, and you are out"))
        lobby:notify("kill", ann, bob, "rifle")
        assert.equals(-3, bob:score())
        lobby:advance(0.1)
        assert.is_false(bob:alive())
        lobby:notify("kill", ann, bob, "rifle")
        lobby:advance(0.1)
        assert.equals("kick", bob:told("lobby.left").reason)
        assert.is_nil(bob:heard("0 more"), "it is too late for a warning")
    end)

    it("says nothing about enemies and accidents", function()
        lobby:notify("kill", cid, bob, "rifle")
        lobby:notify("kill", bob, nil, "")
        assert.equals(0, bob:score())
        assert.is_nil(bob:heard("out"))
    end)

    it("begins anew for who sits down later", function()
        lobby:notify("kill", ann, bob, "rifle")
        lobby:notify("kill", ann, bob, "rifle")
        lobby:advance(0.1)
        bob:leave()
        bob = lobby:join{name = "bea", team = "red"}
        lobby:notify("kill", ann, bob, "rifle")
        lobby:advance(0.1)
        assert.is_true(bob:alive())
    end)
end)
