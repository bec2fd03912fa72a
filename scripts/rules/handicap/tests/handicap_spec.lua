describe("handicap", function()
    local function start(settings)
        local lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = settings, start = true,
        }
        return lobby, table.unpack(lobby:players())
    end

    it("weakens who is named", function()
        local lobby, ann, bob = start{handicapPlayers = {"bob"}, handicapPercent = 50}
        assert.equals(200, lobby:damage(400, ann, bob))
        assert.equals(400, lobby:damage(400, bob, ann))
    end)

    it("weakens who leads, and nobody before", function()
        local lobby, ann = start{handicapLead = 1, handicapPercent = 10, botFill = 6}
        local row
        repeat
            lobby:advance(1)
            for _, other in ipairs(lobby:seats()) do
                if other.kills - other.deaths >= 1 then row = other end
            end
        until row
        assert.equals(4, lobby:damage(40, ann, row.seat))
        assert.equals(40, lobby:damage(40, ann))
        repeat
            lobby:advance(1)
            row = nil
            for _, other in ipairs(lobby:seats()) do
                if other.kills > 0 and other.kills <= other.deaths then row = other end
            end
        until row
        assert.equals(40, lobby:damage(40, ann, row.seat))
    end)
end)
