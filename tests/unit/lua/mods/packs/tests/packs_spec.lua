-- What a mode that owns everything packs and is told; each player gets what is meant for that one.

local world, lobby, ann, bob

before_each(function()
    world = test.world()
    lobby = world:lobby{players = {"ann", "bob", "cid", "dan"}, start = true}
    ann, bob = table.unpack(lobby:players())
    lobby:advance(0.1)
end)

local function want(word)
    ann:chat("/wants " .. word)
    lobby:advance(0.1)
    return ann:snapshot()
end

local function heard()
    ann:chat("/heard")
    lobby:advance(0.1)
    return ann:heard("^heard: "):sub(8)
end

it("each sees what is packed for that one", function()
    assert.truthy(lobby:join{name = "eve", spectator = true})
    lobby:advance(0.1)
    assert.equals("ann", ann:snapshot())
    assert.equals("bob", bob:snapshot())
    assert.equals("nobody", lobby:players()[5]:snapshot())
    bob:leave()
    lobby:advance(0.1)
    assert.equals("ann", ann:snapshot())
    assert.truthy(lobby:join("fay"))
    lobby:advance(0.1)
    assert.equals("fay", lobby:players()[6]:snapshot())
end)

it("numbers at their limits, the lower byte first", function()
    local bytes = want("edges")
    assert.same({}, world:errors())
    local found = {string.unpack("<B B I2 I2 I4 I4 b b i2 i2 i4 i4", bytes)}
    assert.same({0, 255, 0, 65535, 0, 4294967295, -128, 127, -32768, 32767, -2147483648, 2147483647, 29}, found)
end)

it("a snapshot is as long as it may be, and no longer", function()
    assert.equals(("x"):rep(63) .. "\7", want("full"))
    assert.same({}, world:errors())
end)

it("one that fails is told, and nothing of it is sent", function()
    assert.equals("", want("fails"))
    assert.matches("on purpose", world:errors()[1])
end)

it("who writes has to write at the time", function()
    assert.equals("\1", want("keeps"))
    lobby:advance(0.1)
    assert.matches("no snapshot is written now", heard())
    assert.same({}, world:errors())
end)

it("who comes, goes and presses what", function()
    assert.equals("join ann red; join bob blue; join cid red; join dan blue", heard())
    bob:input{held = 1, pressed = 2, aim = 3, move_x = 4, move_y = -5}
    ann:input{held = 9}
    lobby:advance(0.05)
    local line = heard()
    assert.matches("input bob 1 2 3 4 %-5", line)
    assert.matches("input ann 9 0 0 0 0", line)
    bob:leave()
    assert.matches("leave bob quit", heard())
    lobby:advance(0.1)
    heard()
    lobby:advance(0.1)
    assert.is_nil(heard():find("bob"), "who has gone presses nothing")
end)

it("who is refused is told why, and the others play on", function()
    bob:leave()
    lobby:advance(0.1)
    heard()
    local mallory = world:client("mallory")
    lobby:join(mallory)
    lobby:advance(0.1)
    assert.equals("join mallory blue", heard())
    assert.truthy(mallory:heard("^not you$"))
    assert.is_nil(mallory:seat())
    assert.equals("ann", ann:snapshot())
end)

it("who comes late goes where fewer are", function()
    for _, player in ipairs{bob, lobby:players()[3]} do
        local team = player:team()
        player:leave()
        lobby:advance(0.1)
        assert.truthy(lobby:join("fay"))
        lobby:advance(0.1)
        assert.equals(team, lobby:players()[5]:team())
        lobby:players()[5]:leave()
        table.remove(lobby.clients)
        assert.truthy(lobby:join(player))
        lobby:advance(0.1)
        table.remove(lobby.clients)
    end
end)
