describe("spectator delay", function()
    local lobby, ann

    before_each(function()
        lobby = test.world{}:lobby{
            players = {"ann", "bob", {name = "eve", spectator = true}},
            settings = {spectatorDelaySeconds = 20},
        }
        ann = lobby:players()[1]
    end)

    it("keeps spectators out until the match is under way for a while", function()
        lobby:start()
        local late, why = lobby:join{name = "una", spectator = true}
        assert.is_nil(late)
        assert.equals("spectators may come in 20 seconds after the start", why)
        assert(lobby:join("cid"))
        lobby:advance(21)
        assert(lobby:join{name = "una", spectator = true})
    end)

    it("silences them while it runs", function()
        local eve = lobby:players()[3]
        eve:chat("good luck")
        assert.truthy(ann:heard("good luck"))
        lobby:start()
        eve:chat("behind you")
        assert.is_nil(ann:heard("behind you"))
        assert.truthy(eve:heard("silent"))
        ann:chat("hurry")
        assert.truthy(eve:heard("hurry"))
    end)
end)
