describe("no respawn", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
        lobby:advance(0.2)
    end)

    it("lets nobody come back", function()
        assert.equals(-1, lobby:filter("respawn", 3000, ann, bob))
    end)

    it("is won by the team that is left", function()
        lobby:kill(ann)
        local results = lobby:finish(1)
        assert.equals("blue", results.winningTeam)
        assert.equals("elimination", results.reason)
    end)

    it("is a draw when nobody is left", function()
        lobby:kill(ann)
        lobby:kill(bob)
        assert.equals("draw", lobby:finish(1).winningTeam)
    end)

    it("waits for a second team", function()
        lobby = test.world{}:lobby{players = {{name = "ann", team = "red"}}, start = true}
        lobby:advance(2)
        assert.equals("active", lobby:state())
        assert(lobby:join{name = "bob", team = "blue"})
        lobby:advance(0.2)
        lobby:kill(lobby:players()[1])
        assert.equals("blue", lobby:finish(1).winningTeam)
    end)

    it("ends every match of bots", function()
        for _, results in ipairs(test.matches(3, {settings = {botFill = 6}})) do
            assert.equals("elimination", results.reason)
        end
    end)
end)
