describe("streaks", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = {streaksEvery = 2}, start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end)

    local function kill()
        lobby:notify("kill", bob, ann, "rifle")
        lobby:advance(1)
    end

    it("are told every so many kills", function()
        kill()
        assert.is_nil(lobby:heard("in a row"))
        kill()
        assert.truthy(lobby:heard("ann has killed 2 in a row"))
    end)

    it("end with a death", function()
        kill()
        lobby:notify("kill", ann, bob, "rifle")
        kill()
        assert.is_nil(lobby:heard("ann has killed"))
    end)

    it("know two hits at once", function()
        kill()
        kill()
        assert.is_nil(lobby:heard("two at once"))
        lobby:notify("kill", bob, ann, "launcher")
        lobby:notify("kill", bob, ann, "launcher")
        assert.truthy(lobby:heard("ann has hit two at once"))
    end)

    it("count no mates and no accidents", function()
        local cid = assert(lobby:join{name = "cid", team = "red"})
        kill()
        lobby:notify("kill", cid, ann, "rifle")
        lobby:notify("kill", cid, nil, "")
        assert.is_nil(lobby:heard("in a row"))
    end)

    it("leave with who has one", function()
        local cid = assert(lobby:join{name = "cid", team = "red"})
        lobby:notify("kill", bob, cid, "rifle")
        cid:leave()
        cid = assert(lobby:join{name = "dan", team = "red"})
        lobby:notify("kill", bob, cid, "rifle")
        assert.is_nil(lobby:heard("in a row"))
    end)
end)
