describe("capture the flag", function()
    local RED, BLUE = 1, 2 -- numbers of flags and bases
    local world, lobby, ann, bob

    before_each(function()
        world = test.world{}
        lobby = world:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {captures = 2, flagSeconds = 9, baseRadius = 3}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
        lobby:advance(0.1)
    end)

    local function bring_home(player, flag, base)
        lobby:notify("pickup", player, flag)
        lobby:notify("zone_enter", player, base)
        lobby:advance(0.1)
    end

    it("gives a point for a flag that is brought home", function()
        bring_home(ann, BLUE, RED)
        assert.equals(1, lobby:score("red"))
        assert.equals(5, ann:score())
        assert.truthy(lobby:heard("ann has captured the blue flag"))
    end)

    it("leaves alone what is no flag", function()
        for _, fact in ipairs{"pickup", "drop", "touch"} do lobby:notify(fact, ann, 8) end
        lobby:advance(0.1)
        assert.equals(0, #world:errors())
        bring_home(ann, BLUE, RED)
        assert.equals(1, lobby:score("red"))
    end)

    it("gives none in the wrong base", function()
        bring_home(ann, BLUE, BLUE)
        assert.equals(0, lobby:score("red"))
    end)

    it("gives none while the own flag is away", function()
        lobby:notify("pickup", bob, RED)
        bring_home(ann, BLUE, RED)
        assert.equals(0, lobby:score("red"))
        lobby:notify("zone_enter", ann, RED)
        lobby:notify("drop", bob, RED)
        lobby:advance(0.1)
        assert.equals(0, lobby:score("red"))
        lobby:notify("touch", ann, RED)
        lobby:advance(0.1)
        assert.equals(1, lobby:score("red"), "as it is at home again")
        for _, line in ipairs{"ann has the blue", "bob has lost the red", "ann sent the red"} do
            assert.truthy(lobby:heard(line), line)
        end
    end)

    it("sends a flag home that nobody takes", function()
        lobby:notify("pickup", ann, BLUE)
        lobby:notify("drop", ann, BLUE)
        lobby:advance(8.5)
        assert.is_nil(lobby:heard("home again"))
        lobby:advance(1)
        assert.truthy(lobby:heard("The blue flag is home again"))
        local told = ann:told("lobby.chat")
        lobby:notify("touch", bob, BLUE)
        lobby:advance(15)
        assert.equals(told, ann:told("lobby.chat"), "it is at home")
    end)

    it("gives none for a flag that was dropped on the way", function()
        lobby:notify("pickup", ann, BLUE)
        lobby:notify("drop", ann, BLUE)
        lobby:notify("zone_enter", ann, RED)
        lobby:advance(0.1)
        assert.equals(0, lobby:score("red"))
    end)

    it("leaves a flag to who has picked it up again", function()
        lobby:notify("pickup", ann, BLUE)
        lobby:notify("drop", ann, BLUE)
        lobby:advance(5)
        lobby:notify("pickup", ann, BLUE)
        lobby:advance(15)
        assert.is_nil(lobby:heard("home again"))
        lobby:notify("zone_enter", ann, RED)
        lobby:advance(0.1)
        assert.equals(1, lobby:score("red"))
    end)

    it("drops the flag of who leaves", function()
        lobby:notify("pickup", bob, RED)
        bob:leave()
        lobby:advance(0.1)
        assert.equals("forfeit", lobby:results().reason, "nobody is left in blue")
    end)

    it("counts no kills", function()
        assert.equals(0, lobby:filter("score", 1, ann, bob))
    end)

    it("is won with enough flags", function()
        bring_home(bob, RED, BLUE)
        bring_home(bob, RED, BLUE)
        local results = lobby:results()
        assert.equals("blue", results.winningTeam)
        assert.equals("score_limit", results.reason)
        assert.same({red = 0, blue = 2}, results.finalScores)
    end)

    it("knows who has a flag after a restart and a reload", function()
        lobby:notify("pickup", ann, BLUE)
        lobby:advance(0.2)
        local hash = lobby:hash()
        lobby:restore()
        assert.equals(hash, lobby:hash())
        assert.is_true(lobby:reload())
        lobby:notify("zone_enter", ann, RED)
        lobby:advance(0.1)
        assert.equals(1, lobby:score("red"))
    end)

    it("is played to the end by bots", function()
        for _, results in ipairs(test.matches(3, {settings = {botFill = 8, captures = 1}})) do
            assert.equals("score_limit", results.reason)
        end
    end)

    it("gives none to who has left the base again", function()
        lobby:notify("zone_enter", ann, RED)
        lobby:notify("zone_leave", ann, RED)
        lobby:notify("pickup", ann, BLUE)
        lobby:advance(1)
        assert.equals(0, lobby:score("red"))
    end)

    it("shows a base for each team, and a flag in it", function()
        local snapshot = ann:snapshot()
        local first, size, second = snapshot:match("(.).....(..)\4Base..(.).......\4Base")
        assert.equals(1, first:byte())
        assert.equals(768, (string.unpack("<I2", size)))
        assert.equals(2, second:byte())
        assert.truthy(snapshot:find("flag.*flag"))
    end)
end)
