describe("double points", function()
    it("come now and then", function()
        local lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {doublePointsEvery = 30, doublePointsSeconds = 10}, start = true,
        }
        local ann, bob = table.unpack(lobby:players())
        local function points() return lobby:filter("score", 5, ann, bob) end
        lobby:advance(29)
        assert.equals(5, points())
        lobby:advance(2)
        assert.equals(10, points())
        assert.truthy(lobby:heard("count double now"))
        lobby:advance(10)
        assert.equals(5, points())
        lobby:advance(20)
        assert.equals(10, points())
    end)
end)
