describe("chat filter", function()
    local ann, bob

    before_each(function()
        local lobby = test.world{}:lobby{
            players = {"ann", "bob"}, settings = {chatFilterWords = {"rat", "a.b"}},
        }
        ann, bob = table.unpack(lobby:players())
    end)

    it("hides words, however they are written", function()
        ann:chat("you RaT, you")
        assert.truthy(bob:heard("^you %*%*%*, you$"))
        ann:chat("a.b is not aXb")
        assert.truthy(bob:heard("^%*%*%* is not aXb$"))
    end)

    it("swallows what is said twice in a row", function()
        ann:chat("hello")
        ann:chat("hello")
        assert.truthy(ann:heard("just said"))
        assert.is_nil(bob:heard("just said"))
        ann:chat("bye")
        ann:chat("hello")
        assert.truthy(bob:heard("hello"))
    end)
end)
