describe("infection", function()
    local lobby

    local function start(settings, players)
        settings.outbreakSeconds = settings.outbreakSeconds or 1
        lobby = test.world{}:lobby{
            players = players or {"ann", "bob", "cid", "dan", "eve"}, settings = settings,
            start = true,
        }
    end

    -- Those of a team, in order of seats.
    local function team(name)
        local players = {}
        for _, player in ipairs(lobby:players()) do
            if player:team() == name then table.insert(players, player) end
        end
        return players
    end

    it("breaks out, and nobody is hurt before", function()
        start{outbreakSeconds = 5}
        local ann, bob = table.unpack(lobby:players())
        lobby:advance(4)
        assert.equals(0, lobby:damage(50, ann, bob))
        lobby:advance(2)
        assert.equals(50, lobby:damage(50, ann, bob))
        assert.truthy(lobby:heard("1 infected"))
        assert.equals(1, #team("blue"))
        assert.equals(4, #team("red"))
    end)

    it("waits for a second player", function()
        start({}, {"ann"})
        lobby:advance(5)
        assert.is_nil(lobby:heard("breaks out"))
        assert(lobby:join("bob"))
        lobby:advance(1)
        assert.equals(1, #team("blue"))
    end)

    it("infects who is killed by an infected", function()
        start{}
        lobby:advance(2)
        local hunter, survivors = team("blue")[1], team("red")
        lobby:notify("kill", survivors[1], survivors[2], "rifle")
        lobby:notify("kill", survivors[2], nil, "")
        lobby:notify("kill", hunter, survivors[1], "rifle")
        lobby:advance(0.2)
        assert.equals(4, #team("red"))
        lobby:notify("kill", survivors[1], hunter, "rifle")
        lobby:advance(0.2)
        assert.equals("blue", survivors[1]:team())
        assert.truthy(lobby:heard(survivors[1]:name() .. " is infected"))
    end)

    it("makes the infected fast", function()
        start{infectedSpeed = 150}
        lobby:advance(2)
        assert.equals(72, lobby:filter("speed", 48, team("blue")[1]))
        assert.equals(48, lobby:filter("speed", 48, team("red")[1]))
    end)

    it("is won by the infected when nobody is left", function()
        start{}
        lobby:advance(2)
        local hunter = team("blue")[1]
        for _, survivor in ipairs(team("red")) do
            lobby:notify("kill", survivor, hunter, "rifle")
        end
        local results = lobby:finish(1)
        assert.equals("blue", results.winningTeam)
        assert.equals("elimination", results.reason)
    end)

    it("is won by the survivors when time is over", function()
        start{timeLimit = 20}
        local results = lobby:finish(21)
        assert.equals("red", results.winningTeam)
        assert.equals("time_limit", results.reason)
    end)

    it("infects who comes late", function()
        start{}
        lobby:advance(2)
        local late = assert(lobby:join{name = "zoe", team = "red"})
        lobby:advance(0.2)
        assert.equals("blue", late:team())
    end)

    it("has a shelter until one survivor is left", function()
        start{}
        lobby:advance(2)
        local ann = lobby:players()[1]
        assert.truthy(ann:snapshot():find("Shelter", 1, true))
        local survivors = team("red")
        lobby:notify("zone_enter", survivors[4], 1)
        for i = 1, 3 do lobby:notify("kill", survivors[i], team("blue")[1], "rifle") end
        lobby:advance(2)
        assert.falsy(ann:snapshot():find("Shelter", 1, true))
    end)

    it("is the same after a restart", function()
        start{}
        lobby:advance(3)
        local hash = lobby:hash()
        lobby:restore()
        assert.equals(hash, lobby:hash())
        lobby:advance(1)
        assert.equals(1, #team("blue"))
    end)

    it("is played to the end by bots", function()
        for _, results in ipairs(test.matches(4, {settings = {botFill = 8, timeLimit = 90}})) do
            local won = results.winningTeam == "blue" and "elimination" or "time_limit"
            assert.equals(won, results.reason)
            assert.differs("draw", results.winningTeam)
        end
    end)
end)
