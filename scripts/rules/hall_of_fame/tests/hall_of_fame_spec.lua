describe("hall of fame", function()
    local lobby, ann, bob

    local function start(world)
        lobby = world:lobby{
            mode = "tug_of_war",
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {hallOfFamePlaces = 3}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end

    before_each(function() start(test.world{}) end)

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
        return client:told("lobby.chat").text
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

    it("leaves who was there first before who has as much", function()
        score(ann, 2)
        score(bob, 2)
        score(ann, 0)
        assert.equals("1. ann: 2, 2. bob: 2", best(ann))
    end)

    it("is emptied by the host alone", function()
        score(bob, 1)
        bob:chat("/forget")
        assert.truthy(bob:heard("Only the host"))
        assert.equals("1. bob: 1", best(bob))
        ann:chat("/forget")
        assert.truthy(ann:heard("is empty"))
        assert.equals("Nobody is in the hall of fame yet.", best(ann))
    end)

    it("keeps the best of several matches", function()
        local world = test.world{}
        start(world)
        score(ann, 2)
        for _, client in ipairs(lobby:players()) do client:leave() end
        start(world)
        score(ann, 1)
        score(bob, 1)
        assert.equals("1. ann: 2, 2. bob: 1", best(ann))
    end)

    it("has so many places", function()
        for _, name in ipairs{"cid", "dan"} do
            score(assert(lobby:join{name = name, team = "red"}), #name)
        end
        score(ann, 2)
        score(bob, 1)
        assert.equals("1. cid: 3, 2. dan: 3, 3. ann: 2", best(bob))
    end)

    it("is for people", function()
        lobby = test.world{}:lobby{mode = "arena", settings = {botFill = 6}, start = true}
        ann = lobby:players()[1]
        lobby:advance(60)
        assert.equals("Nobody is in the hall of fame yet.", best(ann))
    end)
end)
