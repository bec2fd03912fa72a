describe("ready check", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{players = {"ann", "bob", {name = "eve", spectator = true}}}
        ann, bob = table.unpack(lobby:players())
    end)

    it("waits for all players, and tells for whom", function()
        ann:ready(true)
        lobby:advance(30)
        assert.equals("waiting", lobby:state())
        local started, why = ann:request("lobby.start")
        assert.is_nil(started)
        assert.equals("not ready yet: bob", why)
    end)

    it("starts when they are ready", function()
        ann:ready(true)
        bob:ready(true)
        lobby:start()
        assert.equals("active", lobby:state())
    end)
end)
