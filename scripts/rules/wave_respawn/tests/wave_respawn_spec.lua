describe("wave respawn", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {waveRespawnSeconds = 10}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
        lobby:advance(1)
    end)

    it("brings the dead back together", function()
        lobby:kill(ann)
        lobby:advance(4)
        lobby:kill(bob)
        lobby:advance(4)
        assert.is_false(ann:alive())
        assert.is_false(bob:alive())
        lobby:advance(1.5)
        assert.is_true(ann:alive())
        assert.is_true(bob:alive())
    end)

    it("leaves the living as they are", function()
        lobby = test.world{}:lobby{
            rules = {"wave_respawn", "mirror_damage"},
            players = {{name = "ann", team = "red"}, {name = "bob", team = "red"}},
            settings = {waveRespawnSeconds = 10}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
        lobby:advance(1)
        lobby:damage(50, bob, ann) -- who hurts a mate is hurt instead
        lobby:advance(10)
        -- Bytes of a full snapshot: the number of avatars, then nine of each, health the last.
        assert.equals(50, ann:snapshot():byte(10))
    end)

    it("takes another time while the match runs", function()
        lobby:kill(ann)
        assert(ann:request("lobby.updateSettings", {settings = {waveRespawnSeconds = 2}}))
        lobby:advance(2.5)
        assert.is_true(ann:alive())
    end)

    it("forgets the old time, and hears of its own setting alone", function()
        lobby:advance(7)
        assert(ann:request("lobby.updateSettings", {settings = {killLimit = 9}}))
        lobby:kill(ann)
        lobby:advance(2.5)
        assert.is_true(ann:alive(), "ten seconds are over")
        assert(ann:request("lobby.updateSettings", {settings = {waveRespawnSeconds = 60}}))
        lobby:kill(ann)
        lobby:advance(15)
        assert.is_false(ann:alive())
    end)
end)
