describe("low gravity", function()
    it("changes how far everybody moves", function()
        local lobby = test.world{}:lobby{settings = {lowGravityPercent = 150}, start = true}
        local ann = lobby:players()[1]
        assert.equals(72, lobby:filter("speed", 48, ann))
        assert(ann:request("lobby.updateSettings", {settings = {lowGravityPercent = 50}}))
        lobby:advance(0.1)
        assert.equals(24, lobby:filter("speed", 48, ann))
    end)
end)
