describe("mirror damage", function()
    local lobby, ann, bob, cid

    before_each(function()
        lobby = test.world{}:lobby{
            players = {
                {name = "ann", team = "red"}, {name = "bob", team = "red"},
                {name = "cid", team = "blue"},
            },
            settings = {friendlyFire = true, mirrorDamagePercent = 60},
            start = true,
        }
        ann, bob, cid = table.unpack(lobby:players())
    end)

    it("spares the mate", function()
        assert.equals(0, lobby:damage(30, ann, bob))
    end)

    it("hurts who hurts a mate", function()
        lobby:damage(165, ann, bob) -- that leaves nearly nothing
        lobby:advance(0.1)
        assert.is_true(bob:alive())
        lobby:damage(2, ann, bob)
        lobby:advance(0.1)
        assert.is_false(bob:alive())
        assert.is_true(ann:alive())
    end)

    it("leaves enemies and accidents alone", function()
        assert.equals(30, lobby:damage(30, ann, cid))
        assert.equals(30, lobby:damage(30, ann))
        assert.equals(30, lobby:damage(30, ann, ann))
    end)

    it("tells players who ask", function()
        ann:chat("/rules")
        assert.truthy(ann:heard("who hurts a mate"))
    end)
end)
