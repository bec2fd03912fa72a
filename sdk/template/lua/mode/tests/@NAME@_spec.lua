-- Each test has a server of its own and a clock that only it moves: `muster test` runs in no time.

describe("@NAME@", function()
    local lobby, ann, bob

    before_each(function()
        local world = test.world{seed = 1}
        lobby = world:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {pointsToWin = 5},
            start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end)

    it("gives a team that is alone on the hill its points, and the match", function()
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(2.5)
        assert.equals(2, lobby:score("red"))
        assert.truthy(lobby:heard("red holds the hill"))
        assert.equals("red", lobby:finish(10).winningTeam)
    end)

    it("gives nobody anything while both are there", function()
        lobby:notify("zone_enter", ann, 1)
        lobby:notify("zone_enter", bob, 1)
        lobby:advance(3)
        assert.equals(0, lobby:score("red"))
        lobby:notify("zone_leave", ann, 1)
        lobby:advance(1)
        assert.equals(1, lobby:score("blue"))
    end)

    it("counts a player once, for the team of the moment", function()
        lobby:notify("zone_enter", ann, 1)
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(1.2)
        lobby:notify("zone_leave", ann, 1)
        lobby:advance(2)
        assert.equals(1, lobby:score("red"))
    end)

    it("is played to the end by bots", function()
        for _, results in ipairs(test.matches(3, {settings = {botFill = 6, pointsToWin = 3}})) do
            assert.equals("score_limit", results.reason)
        end
    end)
end)
