-- Each test has a server of its own and a clock that only it moves: `muster test` runs in no time.

describe("@NAME@", function()
    local function play(settings)
        local world = test.world{seed = 1}
        local lobby = world:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = settings,
            start = true,
        }
        return lobby, table.unpack(lobby:players())
    end

    it("makes hits stronger", function()
        local lobby, ann, bob = play()
        assert.equals(30, lobby:damage(20, ann, bob))
    end)

    it("leaves accidents alone", function()
        local lobby, ann = play()
        assert.equals(20, lobby:damage(20, ann))
    end)

    it("does what the lobby's host has set", function()
        local lobby, ann, bob = play{@KEY@Percent = 50}
        assert.equals(10, lobby:damage(20, ann, bob))
    end)

    it("says what it does", function()
        local _, ann = play()
        ann:chat("/rules")
        assert.truthy(ann:heard("150 %%"))
    end)
end)
