describe("healing zone", function()
    local ZONE = 8
    local lobby, ann, bob

    -- Mirror damage is a way to hurt somebody: who hurts a mate.
    before_each(function()
        lobby = test.world{}:lobby{
            rules = {"healing_zone", "mirror_damage"},
            players = {{name = "ann", team = "red"}, {name = "bob", team = "red"}},
            settings = {healingZoneEvery = 40, healingZoneSeconds = 10, healingZoneHealth = 10},
            start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end)

    -- Bytes of a full snapshot: the number of avatars, then nine of each, health the last.
    local function health()
        return ann:snapshot():byte(10)
    end

    local function is_there()
        local radius = ann:snapshot():match("(..)\7Healing")
        if radius then assert.equals(384, (string.unpack("<I2", radius))) end
        return radius ~= nil
    end

    it("comes and goes", function()
        lobby:advance(39)
        assert.is_false(is_there())
        lobby:advance(2)
        assert.is_true(is_there())
        lobby:advance(10)
        assert.is_false(is_there())
    end)

    it("heals who stands in it", function()
        lobby:advance(41.5)
        lobby:damage(50, bob, ann)
        lobby:notify("zone_enter", ann, ZONE)
        lobby:advance(2)
        assert.equals(70, health())
        lobby:notify("zone_leave", ann, ZONE)
        lobby:advance(2)
        assert.equals(70, health())
    end)

    it("heals nobody when it is gone, or in another zone", function()
        lobby:advance(41.5)
        lobby:notify("zone_enter", ann, ZONE)
        lobby:advance(10)
        lobby:damage(50, bob, ann)
        lobby:notify("zone_enter", ann, 1)
        lobby:advance(5)
        assert.equals(50, health())
    end)
end)
