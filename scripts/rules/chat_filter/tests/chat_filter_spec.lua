describe("chat filter", function()
    local lobby, ann, bob

    before_each(function()
        lobby = test.world{}:lobby{
            players = {"ann", "bob"}, settings = {chatFilterWords = {"rat", "a.b", "toad"}},
        }
        ann, bob = table.unpack(lobby:players())
    end)

    it("hides words, however they are written", function()
        ann:chat("you RaT, you toad")
        assert.truthy(bob:heard("^you %*%*%*, you %*%*%*%*$"))
        ann:chat("a.b is not aXb")
        assert.truthy(bob:heard("^%*%*%* is not aXb$"))
    end)

    it("swallows what is said twice in a row", function()
        ann:chat("hello")
        local heard = bob:told("lobby.chat")
        ann:chat("hello")
        assert.truthy(ann:heard("just said"))
        assert.equals(heard, bob:told("lobby.chat"), "nothing new")
        ann:chat("bye")
        ann:chat("hello")
        assert.truthy(bob:heard("hello"))
    end)

    it("forgets what was said by who leaves", function()
        bob:chat("bye")
        bob:leave()
        assert(lobby:join(bob))
        local heard = ann:told("lobby.chat")
        bob:chat("bye")
        assert.is_false(heard == ann:told("lobby.chat"), "something new")
    end)
end)
