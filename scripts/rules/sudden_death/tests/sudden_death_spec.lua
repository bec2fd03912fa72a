describe("sudden death", function()
    local function start(settings, rules)
        local lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = settings, rules = rules, start = true,
        }
        return lobby, table.unpack(lobby:players())
    end

    it("begins so many seconds before the end", function()
        local lobby, ann, bob = start{timeLimit = 60, suddenDeathSeconds = 10}
        lobby:advance(48)
        assert.equals(17, lobby:damage(17, ann, bob))
        assert.is_nil(lobby:heard("Sudden death"))
        lobby:advance(3.5)
        assert.equals(100, lobby:damage(17, ann, bob))
        assert.truthy(lobby:heard("Sudden death"))
        local told = ann:told("lobby.chat")
        lobby:advance(3)
        assert.equals(told, ann:told("lobby.chat"), "it is told once")
    end)

    it("leaves alone what another rule took away", function()
        local lobby, ann, bob = start{timeLimit = 10, suddenDeathSeconds = 30}
        assert.equals(0, lobby:damage(0, ann, bob))
    end)

    it("kills with one hit, whatever another rule makes of it", function()
        local lobby, ann, bob = start({
            timeLimit = 10, suddenDeathSeconds = 30,
            handicapPlayers = {"bob"}, handicapPercent = 50,
        }, {"sudden_death", "handicap"})
        assert.equals(100, lobby:damage(17, ann, bob))
    end)

    it("never comes without a time limit", function()
        local lobby, ann, bob = start{timeLimit = 0}
        lobby:advance(30)
        assert.equals(17, lobby:damage(17, ann, bob))
    end)
end)
