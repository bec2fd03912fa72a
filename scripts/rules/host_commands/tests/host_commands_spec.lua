describe("host commands", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "red"}},
        }
        ann, bob = table.unpack(lobby:players())
    end)

    it("close and open the lobby", function()
        ann:chat("/close")
        lobby:advance(0.1)
        assert.is_true(lobby:setting("locked"))
        assert.truthy(ann:heard("is closed"))
        assert.is_nil((lobby:join("cid")))
        ann:chat("/open")
        lobby:advance(0.1)
        assert.truthy(ann:heard("is open"))
        assert(lobby:join("cid"))
    end)

    it("even the teams, without those who watch", function()
        assert(lobby:join{name = "eve", spectator = true})
        local cid = assert(lobby:join{name = "cid", team = "red"})
        ann:chat("/even")
        lobby:advance(0.1)
        assert.same({"red", "blue", "red"}, {ann:team(), bob:team(), cid:team()})
        assert.truthy(ann:heard("are even"))
    end)

    it("leave the teams of a match as they are", function()
        lobby:start()
        ann:chat("/even")
        lobby:advance(0.1)
        assert.truthy(ann:heard("between matches only"))
        assert.same({"red", "red"}, {ann:team(), bob:team()})
    end)

    it("are the host's alone", function()
        bob:chat("/close")
        lobby:advance(0.1)
        assert.truthy(bob:heard("Only the host"))
        assert.is_false(lobby:setting("locked"))
    end)

    it("are told to a new host", function()
        ann:leave()
        lobby:advance(0.1)
        assert.truthy(bob:heard("bob is the host now"))
        assert.truthy(bob:heard("/close, /open, /even"))
    end)
end)
