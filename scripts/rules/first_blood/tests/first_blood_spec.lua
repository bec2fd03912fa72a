describe("first blood", function()
    it("goes to who kills the first enemy", function()
        local lobby = test.world{}:lobby{
            players = {
                {name = "ann", team = "red"}, {name = "bob", team = "blue"},
                {name = "cid", team = "blue"},
            },
            settings = {firstBloodPoints = 5}, start = true,
        }
        local ann, bob, cid = table.unpack(lobby:players())
        lobby:notify("kill", bob, cid, "rifle")
        assert.equals(0, cid:score(), "no enemy")
        lobby:notify("kill", bob, ann, "rifle")
        assert.equals(5, ann:score())
        assert.truthy(lobby:heard("First blood: ann!"))
        lobby:notify("kill", ann, bob, "rifle")
        assert.equals(0, bob:score())
        assert.is_true(lobby:reload())
        lobby:advance(0.1)
        lobby:notify("kill", ann, bob, "rifle")
        assert.equals(0, bob:score(), "after a reload")
    end)
end)
