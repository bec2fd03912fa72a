describe("supply drop", function()
    local MEDKIT = 8
    local lobby, ann, bob

    -- Mirror damage is a way to hurt somebody: who hurts a mate.
    before_each(function()
        lobby = test.world{}:lobby{
            rules = {"supply_drop", "mirror_damage"},
            players = {{name = "ann", team = "red"}, {name = "bob", team = "red"}},
            settings = {supplyDropSeconds = 10, supplyDropHealth = 30}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end)

    local function lies_there()
        return ann:snapshot():find("medkit", 1, true) ~= nil
    end

    it("lies there until somebody takes it, and comes again", function()
        lobby:advance(9)
        assert.is_false(lies_there())
        lobby:advance(2)
        assert.is_true(lies_there())
        lobby:notify("pickup", ann, 3) -- another item
        lobby:advance(0.2)
        assert.is_true(lies_there())
        lobby:notify("pickup", ann, MEDKIT)
        lobby:advance(0.2)
        assert.is_false(lies_there())
        lobby:advance(10)
        assert.is_true(lies_there())
    end)

    it("heals who takes it", function()
        lobby:advance(11)
        lobby:damage(50, bob, ann)
        lobby:notify("pickup", ann, MEDKIT)
        lobby:advance(0.2)
        -- Bytes of a full snapshot: the number of avatars, then nine of each, health the last.
        assert.equals(80, ann:snapshot():byte(10))
    end)
end)
