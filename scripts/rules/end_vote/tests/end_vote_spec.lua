describe("end vote", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            mode = "king_of_the_hill",
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {endVoteSeconds = 10}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
        lobby:notify("zone_enter", bob, 1)
        lobby:advance(2)
    end)

    local function cast(client, option)
        local vote = client:told("lobby.vote")
        assert(client:request("lobby.castVote", {voteId = vote.voteId, option = option}))
    end

    it("ends the match when most want it", function()
        ann:chat("/finish")
        cast(ann, "yes")
        cast(bob, "yes")
        local results = lobby:finish(15)
        assert.equals("forfeit", results.reason)
        assert.equals("blue", results.winningTeam)
    end)

    it("is won by who leads then, or nobody", function()
        lobby:notify("zone_leave", bob, 1)
        lobby:notify("zone_enter", ann, 1)
        while lobby:score("red") < lobby:score("blue") do lobby:advance(0.5) end
        lobby:notify("zone_leave", ann, 1)
        ann:chat("/finish")
        cast(ann, "yes")
        cast(bob, "yes")
        assert.equals("draw", lobby:finish(15).winningTeam)
    end)

    it("is won by red, where red leads", function()
        lobby:notify("zone_leave", bob, 1)
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(5)
        ann:chat("/finish")
        cast(ann, "yes")
        cast(bob, "yes")
        assert.equals("red", lobby:finish(15).winningTeam)
        ann:chat("/finish")
        assert.truthy(ann:heard("No match runs"))
    end)

    it("goes on otherwise", function()
        ann:chat("/finish")
        cast(ann, "no")
        cast(bob, "no")
        lobby:advance(15)
        assert.equals("active", lobby:state())
    end)

    it("asks one question at a time", function()
        ann:chat("/finish")
        bob:chat("/finish")
        assert.truthy(bob:heard("There is a vote already"))
    end)

    it("is for matches", function()
        lobby = test.world{}:lobby{settings = {isPrivate = true, startWhen = "host"}}
        ann = lobby:players()[1]
        ann:chat("/finish")
        assert.truthy(ann:heard("No match runs"))
    end)
end)
