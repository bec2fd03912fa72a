-- A reload: what was kept stays, what the new code begins with and nobody knew yet is there.

local world, lobby, ann, bob

before_each(function()
    world = test.world()
    lobby = world:lobby{players = {"ann", "bob"}, start = true}
    ann, bob = table.unpack(lobby:players())
    lobby:notify("kill", ann, bob, "rifle")
end)

local function reload(version)
    assert.is_true(lobby:reload("tests/" .. version .. "/grows"))
    lobby:advance(0.2)
    ann:chat("/show")
    lobby:advance(0.1)
end

it("new fields are there, at every depth; kept values and lists stay", function()
    reload("v2")
    assert.truthy(ann:heard("^1 1 2 1 2 0$"))
    lobby:notify("kill", ann, bob, "rifle")
    lobby:restore()
    ann:chat("/show")
    lobby:advance(0.1)
    assert.truthy(ann:heard("^2 1 2 1 2 0$"))
end)

it("a kept value of another type is told", function()
    reload("v3")
    assert.truthy(ann:heard("^1$"))
    assert.matches("state.count was kept as a number, the new code begins with a table", world:errors()[1])
end)

it("a vote that ends after a reload says that nobody is called", function()
    ann:chat("/ask")
    lobby:advance(0.2)
    assert.is_true(lobby:reload("tests/v2/grows"))
    lobby:advance(2)
    assert.is_nil(ann:heard("^over$"))
    assert.matches("the vote has ended, and its on_end is gone", table.concat(world:errors()))
end)
