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
        start({outbreakSeconds = 5}, {"ann", "bob", "cid", "dan", "eve", "fay", "gus"})
        local ann, bob = table.unpack(lobby:players())
        lobby:advance(4)
        assert.equals(0, lobby:damage(50, ann, bob))
        assert.falsy(ann:snapshot():find("Shelter", 1, true))
        lobby:advance(2)
        assert.equals(50, lobby:damage(50, ann, bob))
        assert.truthy(lobby:heard("1 infected"))
        assert.equals(1, #team("blue"))
        assert.equals(6, #team("red"))
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

    it("is caught by survivors alone", function()
        start({}, {"ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"})
        lobby:advance(2)
        local hunter, mate = table.unpack(team("blue"))
        lobby:notify("kill", mate, hunter, "rifle")
        assert.is_nil(lobby:heard("is infected"))
    end)

    it("makes the infected fast", function()
        start{infectedSpeed = 150}
        lobby:advance(2)
        assert.equals(720, lobby:filter("speed", 480, team("blue")[1]))
        assert.equals(480, lobby:filter("speed", 480, team("red")[1]))
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

    it("goes on without a time limit", function()
        start{timeLimit = 0}
        lobby:advance(5)
        assert.equals("active", lobby:state())
    end)

    it("infects who comes late", function()
        start{}
        lobby:advance(2)
        local late = assert(lobby:join{name = "zoe", team = "red"})
        lobby:advance(0.2)
        assert.equals("blue", late:team())
    end)

    it("shows how many are left, as the shelter", function()
        start{shelterRadius = 3}
        lobby:advance(2)
        local ann, survivors = lobby:players()[1], team("red")
        local function shelter()
            local owner, share, radius = ann:snapshot():match("(.)(.)....(..)\7Shelter")
            return {owner:byte(), share:byte(), (string.unpack("<I2", radius))}
        end
        assert.same({1, 80, 768}, shelter())
        for i = 1, 3 do lobby:notify("kill", survivors[i], team("blue")[1], "rifle") end
        lobby:advance(0.2)
        assert.same({1, 20, 768}, shelter())
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

    it("takes the launcher from the infected, and nobody else", function()
        start{}
        lobby:advance(2)
        local hunter = string.char(team("blue")[1]:seat())
        -- One loadout: seat, weapons, level, speed.
        assert.truthy(hunter .. "\1\0\255" == lobby:players()[1]:snapshot():sub(-4))
    end)

    it("chooses whom at random, and begins anew for all", function()
        local first = {}
        for seed = 1, 8 do
            lobby = test.world{seed = seed}:lobby{
                players = {"ann", "bob", "cid", "dan"},
                settings = {outbreakSeconds = 2, respawnMs = 9000}, start = true,
            }
            lobby:advance(1)
            lobby:kill(lobby:players()[2])
            lobby:advance(0.5)
            assert.is_false(lobby:players()[2]:alive())
            lobby:advance(1)
            assert.is_true(lobby:players()[2]:alive())
            first[team("blue")[1]:name()] = true
        end
        local names = 0
        for _ in pairs(first) do names = names + 1 end
        assert.truthy(names > 2)
    end)

    it("heals survivors in the shelter", function()
        lobby = test.world{}:lobby{
            rules = {"mirror_damage"},
            players = {"ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"},
            settings = {outbreakSeconds = 1, shelterHealth = 10}, start = true,
        }
        lobby:advance(2)
        local hurt, mate = table.unpack(team("red"))
        local hunter, hunters_mate = table.unpack(team("blue"))
        -- Bytes of a full snapshot: the number of avatars, then 13 of each, health the ninth.
        local function health(client) return hurt:snapshot():byte(10 + 13 * client:seat()) end
        lobby:damage(50, mate, hurt) -- who hurts a mate is hurt instead
        lobby:damage(50, hunters_mate, hunter)
        lobby:notify("zone_enter", hurt, 1)
        lobby:notify("zone_enter", hunter, 1)
        lobby:advance(2)
        assert.equals(70, health(hurt))
        assert.equals(50, health(hunter))
        lobby:notify("zone_leave", hurt, 1)
        lobby:advance(2)
        assert.equals(70, health(hurt))
    end)
end)
