describe("low gravity", function()
    it("changes how far everybody moves", function()
        local lobby = test.world{}:lobby{settings = {lowGravityPercent = 150}, start = true}
        local ann = lobby:players()[1]
        assert.equals(720, lobby:filter("speed", 480, ann))
        assert(ann:request("lobby.updateSettings", {settings = {lowGravityPercent = 50}}))
        lobby:advance(0.1)
        assert.equals(240, lobby:filter("speed", 480, ann))
    end)
end)
