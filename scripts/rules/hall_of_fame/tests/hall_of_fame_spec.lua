describe("hall of fame", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            mode = "tug_of_war",
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {hallOfFamePlaces = 2}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end)

    -- Somebody pulls, and is said to have killed.
    local function score(client, points)
        for _ = 1, points do
            client:input{pressed = 1}
            lobby:advance(0.1)
        end
        lobby:notify("kill", client == ann and bob or ann, client, "")
    end

    local function best(client)
        client:chat("/best")
        lobby:advance(0.1)
        return client:heard("%d%. ") or client:heard("Nobody")
    end

    it("is empty at first", function()
        assert.equals("Nobody is in the hall of fame yet.", best(ann))
    end)

    it("keeps the best", function()
        score(bob, 2)
        score(ann, 1)
        assert.equals("1. bob: 2, 2. ann: 1", best(ann))
        score(ann, 2)
        assert.equals("1. ann: 3, 2. bob: 2", best(ann))
    end)

    it("is emptied by the host alone", function()
        score(bob, 1)
        bob:chat("/forget")
        assert.truthy(bob:heard("Only the host"))
        assert.equals("1. bob: 1", best(bob))
        ann:chat("/forget")
        assert.equals("Nobody is in the hall of fame yet.", best(ann))
    end)
end)
