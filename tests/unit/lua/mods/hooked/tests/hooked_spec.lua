-- What a script of a match has hooked since its start, when it is saved and loaded.

local world, lobby, ann, bob

before_each(function()
    world = test.world()
    lobby = world:lobby{players = {"ann", "bob"}, start = true}
    ann, bob = table.unpack(lobby:players())
end)

local function kill()
    lobby:notify("kill", ann, bob, "rifle")
    lobby:advance(0.1)
end

local function run(line, answer)
    ann:chat(line)
    lobby:advance(0.1)
    return answer and ann:heard(answer)
end

it("a handler that was taken off stays off", function()
    kill()
    lobby:restore()
    kill()
    lobby:restore()
    kill()
    assert.equals("said fststst", run("/said", "^said"))
end)

it("what a handler has hooked, replaced and registered is there, in its order", function()
    run("/change")
    kill()
    lobby:restore()
    kill()
    run("/emit")
    lobby:restore()
    kill()
    run("/emit")
    assert.equals("done", run("/whisper", "^done"))
    assert.equals("said lftrltrbltrbw", run("/said", "^said"))
    assert.same({}, world:errors())
end)
