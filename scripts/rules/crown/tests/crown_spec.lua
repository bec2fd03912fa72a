describe("crown", function()
    local CROWN = 7
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {crownPercent = 250, crownSeconds = 2}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
        lobby:advance(0.1)
        lobby:notify("pickup", ann, CROWN)
    end)

    it("makes who wears it stronger", function()
        assert.truthy(lobby:heard("ann wears the crown"))
        assert.equals(50, lobby:damage(20, bob, ann))
        assert.equals(20, lobby:damage(20, ann, bob))
        lobby:notify("drop", ann, CROWN)
        assert.equals(20, lobby:damage(20, bob, ann))
    end)

    it("gives points", function()
        lobby:advance(5)
        assert.equals(2, ann:score())
        assert.equals(0, bob:score())
    end)

    it("goes to who kills the wearer", function()
        lobby:notify("kill", ann, bob, "rifle")
        lobby:notify("drop", ann, CROWN)
        lobby:advance(0.1)
        assert.truthy(lobby:heard("bob wears the crown"))
        assert.equals(50, lobby:damage(20, ann, bob))
    end)

    it("stays with who wears it when somebody else is killed", function()
        local cid = assert(lobby:join{name = "cid", team = "red"})
        lobby:notify("kill", bob, cid, "rifle")
        lobby:notify("kill", bob, nil, "")
        lobby:advance(0.1)
        assert.equals(200, lobby:damage(200, bob, cid))
        assert.equals(500, lobby:damage(200, bob, ann))
    end)

    it("lies there for anybody to take", function()
        assert.truthy(ann:snapshot():find("crown", 1, true))
    end)

    it("is the only item that counts", function()
        lobby:notify("drop", ann, 1)
        assert.equals(50, lobby:damage(20, bob, ann))
        lobby:notify("pickup", bob, 1)
        assert.equals(20, lobby:damage(20, ann, bob))
    end)
end)
