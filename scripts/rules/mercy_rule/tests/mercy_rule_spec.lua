describe("mercy rule", function()
    local function start(points)
        local lobby = test.world{}:lobby{
            mode = "king_of_the_hill",
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {mercyRulePoints = points, hillPoints = 10}, start = true,
        }
        return lobby, table.unpack(lobby:players())
    end

    it("ends a match that is decided", function()
        local lobby, _, bob = start(4)
        lobby:notify("zone_enter", bob, 1)
        local results = lobby:finish(20)
        assert.equals("blue", results.winningTeam)
        assert.equals("forfeit", results.reason)
        assert.same({red = 0, blue = 4}, results.finalScores)
    end)

    it("spares who fell behind by a fault of the server's", function()
        local lobby, _, bob = start(4)
        lobby:disturb("crash", 700)
        lobby:notify("zone_enter", bob, 1)
        assert.equals("score_limit", lobby:finish(20).reason, "mercy would have come first")
    end)

    it("does not count before", function()
        local lobby, ann = start(10)
        lobby:notify("zone_enter", ann, 1)
        assert.equals("score_limit", lobby:finish(20).reason, "the mode has the first word")
    end)
end)
