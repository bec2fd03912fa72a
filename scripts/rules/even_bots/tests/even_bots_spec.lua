describe("even bots", function()
    local lobby

    local function bots()
        lobby:advance(1)
        local count = 0
        for _, row in ipairs(lobby:seats()) do count = count + (row.is_bot and 1 or 0) end
        return count
    end

    it("fill up to even teams, and make room", function()
        lobby = test.world{}:lobby{settings = {evenBotsLeast = 4}, start = true}
        assert.equals(3, bots())
        assert(lobby:join("bob"))
        assert.equals(2, bots())
        for _, name in ipairs{"cid", "dan", "eve"} do assert(lobby:join(name)) end
        assert.equals(1, bots(), "five people")
        lobby:players()[5]:leave()
        assert.equals(0, bots(), "four people")
    end)
end)
