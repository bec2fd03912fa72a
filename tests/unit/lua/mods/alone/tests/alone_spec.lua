describe("a mode without teams", function()
    local world, lobby, ann, bob

    before_each(function()
        world = test.world{}
        lobby = world:lobby{players = {"ann", "bob", "cid"}, start = true}
        ann, bob = table.unpack(lobby:players())
        lobby:advance(0.1)
    end)

    it("puts nobody into one", function()
        assert.same({"none", "none"}, {ann:team(), bob:team()})
        ann:send("x")
        lobby:advance(0.1)
        local state = ann:told("mod.message").data
        assert.equals(0, state.teams)
        assert.matches("this mode has no teams", state.refused)
    end)

    it("is won by a player; the others have places by their points", function()
        bob:send("x")
        ann:send("xx")
        local results = lobby:finish(1)
        assert.equals("ann", results.winner.displayName)
        assert.equals("none", results.winningTeam)
        assert.equals("enough", results.reason)
        assert.same({}, results.finalScores)
        local places = {}
        for i, place in ipairs(results.placements) do places[i] = place.place .. place.displayName end
        assert.same({"1ann", "2bob", "3cid"}, places)
    end)

    it("is won by who has most points when its script is off", function()
        bob:send("x")
        bob:send("x")
        for _ = 1, 20 do
            if lobby:state() == "active" then ann:send("xxx") end
            lobby:advance(0.1)
        end
        local results = lobby:results()
        assert.equals("aborted", results.reason)
        assert.equals("bob", results.winner.displayName)
        assert.truthy(#world:errors() > 0)
    end)
end)
