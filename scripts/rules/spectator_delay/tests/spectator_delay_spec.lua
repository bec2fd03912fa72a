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

    it("keeps them out from the countdown on", function()
        assert(ann:request("lobby.start"))
        assert.equals("starting", lobby:state())
        assert.is_nil((lobby:join{name = "una", spectator = true}))
    end)

    it("counts from the start of this match, not of the last one", function()
        assert(ann:request("lobby.updateSettings", {
            settings = {spectatorDelaySeconds = 70, timeLimit = 60},
        }))
        lobby:start()
        lobby:finish(61)
        for i = 1, 2 do
            assert(lobby:players()[i]:request("lobby.vote", {vote = "restart", choice = true}))
        end
        repeat lobby:advance(1) until lobby:state() == "active"
        lobby:advance(15)
        local late, why = lobby:join{name = "una", spectator = true}
        assert.is_nil(late)
        assert.matches("70 seconds", why)
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
