describe("tournament lock", function()
    local LOCKED = "locked until the match is over"
    local lobby, ann, bob, cid

    before_each(function()
        lobby = test.world{}:lobby{
            players = {"ann", "bob", "cid"}, settings = {isPrivate = true, startWhen = "host"},
        }
        ann, bob, cid = table.unpack(lobby:players())
    end)

    local function refused(client, method, params)
        local result, why = client:request(method, params)
        assert.is_nil(result)
        assert.equals(LOCKED, why)
    end

    it("lets everything pass before the match", function()
        assert(ann:request("lobby.updateSettings", {settings = {killLimit = 9}}))
        assert(ann:request("lobby.setTeam", {playerId = bob:id(), team = "red"}))
        assert(ann:request("lobby.kick", {playerId = cid:id()}))
        assert(lobby:join("dan"))
    end)

    it("keeps everything as it is while a match runs", function()
        lobby:start()
        local dan, why = lobby:join("dan")
        assert.is_nil(dan)
        assert.equals(LOCKED, why)
        refused(ann, "lobby.updateSettings", {settings = {killLimit = 9}})
        refused(ann, "lobby.kick", {playerId = bob:id()})
        refused(ann, "lobby.ban", {playerId = bob:id()})
        refused(bob, "lobby.callVote", {vote = "kick", playerId = cid:id()})
        refused(ann, "lobby.transferHost", {playerId = bob:id()})
    end)

    it("lets nobody change sides once the countdown runs", function()
        assert(ann:request("lobby.start"))
        refused(ann, "lobby.shuffleTeams", {})
        refused(bob, "lobby.setTeam", {team = bob:team() == "red" and "blue" or "red"})
    end)

    it("lets people watch", function()
        lobby:start()
        assert(lobby:join{name = "eve", spectator = true})
    end)
end)
