describe("gun game", function()
    local lobby, ann, bob, cid

    before_each(function()
        lobby = test.world{}:lobby{
            players = {
                {name = "ann", team = "red"}, {name = "bob", team = "blue"},
                {name = "cid", team = "blue"},
            },
            start = true,
        }
        ann, bob, cid = table.unpack(lobby:players())
        lobby:advance(0.1)
    end)

    local function kill(victim, killer, times)
        for _ = 1, times do lobby:notify("kill", victim, killer, "rifle") end
        lobby:advance(0.1)
    end

    it("counts the levels of a team's best player", function()
        kill(ann, bob, 3)
        kill(ann, cid, 2)
        assert.equals(3, lobby:score("blue"))
        kill(ann, cid, 2)
        assert.equals(4, lobby:score("blue"))
        assert.equals(0, lobby:score("red"))
    end)

    it("is won by a kill with the last weapon", function()
        kill(ann, bob, 7)
        assert.equals("active", lobby:state())
        assert.truthy(lobby:heard("bob has the last weapon"))
        lobby:notify("kill", ann, bob, "launcher")
        local results = lobby:finish(1)
        assert.equals("blue", results.winningTeam)
        assert.equals("score_limit", results.reason)
        assert.equals(8, results.finalScores.blue)
        assert.truthy(lobby:heard("bob has won"))
    end)

    it("takes a level for an accident, and none for a mate", function()
        kill(ann, bob, 7)
        kill(bob, nil, 1)
        kill(cid, bob, 5)
        kill(ann, bob, 1)
        assert.equals("active", lobby:state())
    end)

    it("begins at the first level, whatever happens", function()
        kill(ann, nil, 3)
        kill(bob, ann, 1)
        assert.equals(1, lobby:score("red"))
    end)

    it("counts no kills by themselves", function()
        assert.equals(0, lobby:filter("score", 1, bob, ann))
    end)

    it("shows the level beside the name", function()
        kill(ann, bob, 4)
        -- has, no zones, no items, three loadouts: seat, weapons, level, speed
        assert.equals("\1\0\0\3\0\3\1\255\1\1\5\255\2\3\1\255", ann:snapshot():sub(-16))
    end)

    it("knows the levels after a restart and a reload", function()
        kill(ann, bob, 6)
        local hash = lobby:hash()
        lobby:restore()
        assert.equals(hash, lobby:hash())
        assert.is_true(lobby:reload())
        kill(ann, bob, 2)
        assert.equals("blue", lobby:finish(1).winningTeam)
    end)

    it("is played to the end by bots", function()
        for _, results in ipairs(test.matches(3, {settings = {botFill = 6}})) do
            assert.equals("score_limit", results.reason)
            assert.equals(8, math.max(results.finalScores.red, results.finalScores.blue))
        end
    end)

    it("begins with the first level for who comes late", function()
        kill(ann, cid, 7)
        cid:leave()
        cid = assert(lobby:join{name = "dan", team = "blue"})
        kill(ann, cid, 1)
        assert.equals("active", lobby:state())
        assert.equals(7, lobby:score("blue"))
    end)
end)
