it("what a mode depends on runs in its lobby and in its match", function()
    local lobby = test.world():lobby{players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}}}
    local ann, bob = table.unpack(lobby:players())
    local mallory, why = lobby:join("mallory")
    assert.is_nil(mallory)
    assert.equals("no mallory", why)
    ann:chat("/rules")
    assert.truthy(ann:heard("the needed rule"))
    lobby:start()
    assert.equals(15, lobby:damage(30, ann, bob))
end)

it("another mode has nothing of it", function()
    local lobby = test.world():lobby{mode = "arena"}
    assert.truthy(lobby:join("mallory"))
end)
