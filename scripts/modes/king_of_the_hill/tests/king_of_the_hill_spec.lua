describe("king of the hill", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {hillPoints = 5},
            start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end)

    it("gives a point a second to a team that is there alone", function()
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(2.5)
        assert.equals(2, lobby:score("red"))
        assert.equals(0, lobby:score("blue"))
        assert.truthy(lobby:heard("Red holds the hill"))
    end)

    it("gives nobody anything while both are there", function()
        lobby:notify("zone_enter", ann, 1)
        lobby:notify("zone_enter", bob, 1)
        lobby:advance(2)
        lobby:notify("zone_leave", ann, 1)
        lobby:advance(1)
        assert.equals(0, lobby:score("red"))
        assert.equals(1, lobby:score("blue"))
    end)

    it("counts no kills", function()
        assert.equals(0, lobby:filter("score", 1, ann, bob))
    end)

    it("ends with enough points", function()
        lobby:notify("zone_enter", bob, 1)
        local results = lobby:finish(30)
        assert.equals("blue", results.winningTeam)
        assert.equals("score_limit", results.reason)
        assert.same({red = 0, blue = 5}, results.finalScores)
    end)

    it("ends at once when fewer points are enough", function()
        assert(ann:request("lobby.updateSettings", {settings = {hillPoints = 50}}))
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(20.5)
        assert(ann:request("lobby.updateSettings", {settings = {hillPoints = 5}}))
        assert.same({red = 20, blue = 0}, lobby:finish(0.5).finalScores)
    end)

    it("knows who holds the hill after a restart and a reload", function()
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(1.5)
        local hash = lobby:hash()
        lobby:restore()
        assert.equals(hash, lobby:hash())
        assert.is_true(lobby:reload())
        lobby:advance(1)
        assert.equals(2, lobby:score("red"))
    end)

    it("takes the same course with the same seed", function()
        local function play(seed)
            local match = test.world{seed = seed}:lobby{settings = {botFill = 6}, start = true}
            match:advance(20)
            return match:hash()
        end
        assert.equals(play(5), play(5))
        assert.differs(play(5), play(6))
    end)

    it("is played to the end by bots", function()
        for _, results in ipairs(test.matches(3, {settings = {botFill = 6, hillPoints = 5}})) do
            assert.equals("score_limit", results.reason)
        end
    end)

    it("shows the hill: whose it is, how far they are, how big it is", function()
        local function hill()
            local owner, progress, radius = ann:snapshot():match("(.)(.)....(..)\4Hill")
            return {owner:byte(), progress:byte(), (string.unpack("<I2", radius))}
        end
        lobby:advance(0.1)
        assert.same({0, 0, 640}, hill())
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(2.5)
        assert.same({1, 40, 640}, hill())
        lobby:notify("zone_leave", ann, 1)
        lobby:advance(0.2)
        assert.same({0, 40, 640}, hill())
        assert(ann:request("lobby.updateSettings", {settings = {hillRadius = 4}}))
        lobby:advance(0.2)
        assert.same({0, 40, 1024}, hill())
    end)

    it("tells once who holds it", function()
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(0.1)
        local told = ann:told("lobby.chat")
        lobby:advance(1)
        assert.equals(told, ann:told("lobby.chat"))
    end)
end)
