describe("a mode with four teams", function()
    local world, lobby, ann, bob

    before_each(function()
        world = test.world{}
        lobby = world:lobby{players = {"ann", "bob", "cid", "dan", "eve"}, start = true}
        ann, bob = table.unpack(lobby:players())
        lobby:advance(0.1)
    end)

    local function say(client, message)
        client:send(message)
        lobby:advance(0.1)
        local told = client:told("mod.message")
        return told and told.data
    end

    it("puts everybody into the smallest that has room", function()
        local teams = {}
        for i, client in ipairs(lobby:players()) do teams[i] = client:team() end
        assert.same({"green", "wolves", "lone_wolf", "red", "green"}, teams)
        lobby:join("fay")
        lobby:join("gil")
        lobby:join("hal")
        local after = {}
        for i = 6, 8 do after[i - 5] = lobby:players()[i]:team() end
        assert.same({"wolves", "red", "green"}, after)
    end)

    it("knows its teams, and no other", function()
        assert.same({"green", "wolves", "lone_wolf", "red"}, say(ann, "teams").answer)
        assert.equals(2, say(ann, "players green").answer)
        assert.equals(3, say(ann, "score wolves").answer)
        assert.same({0, 0}, say(ann, "alive").answer)
        assert.equals(3, lobby:score("wolves"))
        assert.error(function() lobby:score("blue") end, "the mode has no team \"blue\"")
    end)

    it("counts by itself", function()
        assert.equals(2, say(ann, "stat gems").answer)
        assert.equals(4, say(ann, "stat gems").answer)
        assert.equals(2, say(ann, "stat kills").answer)
        assert.same({4, 2, 0}, {ann:stat("gems"), ann:kills(), bob:stat("gems")})
        assert.equals(4, lobby:seats()[1].gems)
    end)

    it("is won by a team, for a reason of its own, with places", function()
        say(bob, "stat own_goals")
        ann:send("finish")
        local results = lobby:finish(1)
        assert.equals("lone_wolf", results.winningTeam)
        assert.equals("all_gems", results.reason)
        local places = {}
        for i, place in ipairs(results.placements) do places[i] = place.place .. place.team end
        assert.same({"1lone_wolf", "2green", "2red", "4wolves"}, places)
        assert.same({gems = 0, own_goals = 2}, results.playerStats[2].stats)
    end)

    it("is won by a player", function()
        bob:send("chosen")
        local results = lobby:finish(1)
        assert.equals("bob", results.winner.displayName)
        assert.equals("wolves", results.winningTeam)
        assert.equals("score_limit", results.reason)
    end)

    it("is won by nobody", function()
        ann:send("nobody")
        local results = lobby:finish(1)
        assert.is_nil(results.winner)
        assert.equals(1, results.placements[4].place)
    end)

    it("sends to one and to all", function()
        assert.is_nil(bob:told("mod.message"))
        say(ann, "all")
        assert.same({mod = "four", data = {round = 2}}, bob:told("mod.message"))
        say(ann, "big")
        assert.equals(1022, #bob:told("mod.message").data)
    end)

    it("sends no more than it may", function()
        lobby:advance(10)
        say(ann, "many")
        assert.equals(64, bob:told("mod.message").data)
        assert.matches("too many messages to clients: 64 at once, then 20 a second", world:errors()[1])
    end)

    it("takes messages of any bytes, in order", function()
        ann:send("score green")
        ann:send("score green")
        assert.equals(9, say(ann, "score green").answer)
        ann:send("\0\xff")
        lobby:advance(0.1)
        assert.matches("no word: 2", world:errors()[1])
        assert.error(function() ann:send("") end, "expected 1 to 1024 bytes")
        assert.error(function() ann:send(("x"):rep(1025)) end, "expected 1 to 1024 bytes")
    end)

    local faults = {
        team = "expected none, green, wolves, lone_wolf or red, found \"blue\"",
        no_team = "expected green, wolves, lone_wolf or red, found \"none\"",
        stat = "expected kills, deaths, assists, score, gems or own_goals, found \"fun\"",
        points = "expected %-1000 to 1000, found 1001",
        winner = "expected \"green\", \"wolves\", \"lone_wolf\", \"red\", \"draw\", a player or nil, found \"blue\"",
        reason = "expected a reason of a%-z",
        long_reason = "expected a reason of a%-z",
        aborted = "expected a reason of your own: \"aborted\" is the server's",
        second = "expected the winner in the first place",
        unplaced = "expected the winner in the first place",
        places = "expected a list of players or of teams",
        no_places = "expected a list of players",
        twice = "each once",
        mixed = "expected a list of players or of teams",
        mixed_too = "expected a list of players or of teams",
        deep = "expected a list of players or of teams",
        strange = "expected a list of players or of teams",
        unfit = "expected a list of players or of teams",
        not_plain = "function",
        no_text = "UTF",
        long = "1024",
        nothing = "value expected",
    }
    for word, pattern in pairs(faults) do
        it("refuses " .. word, function()
            assert.matches(pattern, say(ann, word .. " fault"))
            assert.equals("active", lobby:state())
        end)
    end

    it("is the same after a restart of the server", function()
        say(ann, "stat gems")
        local before = lobby:hash()
        lobby:restore()
        assert.equals(before, lobby:hash())
        assert.equals(4, say(ann, "stat gems").answer)
    end)
end)
