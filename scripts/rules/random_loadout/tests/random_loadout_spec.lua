describe("random loadout", function()
    local function play(seed)
        local lobby = test.world{seed = seed}:lobby{start = true}
        local ann = lobby:players()[1]
        lobby:advance(0.2)
        local seen = {}
        for i = 1, 20 do
            lobby:notify("spawn", ann)
            lobby:advance(0.1)
            -- The only loadout: seat, weapons, level, speed. Not there: both weapons.
            seen[i] = string.byte(ann:snapshot():match("\0\0\1.(.)\0\255$") or "\3")
        end
        return seen
    end

    it("draws weapons, the same for the same seed", function()
        local seen = play(1)
        assert.same(seen, play(1))
        local kinds = {}
        for _, weapons in ipairs(seen) do kinds[weapons] = true end
        assert.same({true, true, true}, kinds)
    end)

    it("does not go with modes that give weapons themselves", function()
        local ann = test.world{}:client("ann")
        local lobby, why = ann:request("lobby.create", {
            gameMode = "gun_game", settings = {rules = {"random_loadout"}},
        })
        assert.is_nil(lobby)
        assert.matches("gun_game", why)
    end)
end)
