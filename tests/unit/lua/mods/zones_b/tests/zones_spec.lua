-- Zones and items belong to the mod that made them; who stands in one that is taken away leaves it.

local world, lobby, ann

before_each(function()
    world = test.world()
    lobby = world:lobby{
        rules = {"zones_a", "zones_b"}, settings = {botFill = 0}, start = true,
        players = {{name = "ann", team = "red"}, {name = "bob", team = "red"}, {name = "cid", team = "blue"}},
    }
    ann = lobby:players()[1]
    lobby:advance(0.2)
end)

local function run(line)
    ann:chat(line)
    lobby:advance(0.2)
    return world:errors()
end

for _, word in ipairs{"over", "rid", "home", "take"} do
    it("what is another mod's is not touched: " .. word, function()
        local errors = run("/" .. word)
        assert.equals(1, #errors)
        assert.matches("zones_b/init.lua:%d+: %a+ 1 is used by the mod zones_a: take another id", errors[1])
        assert.is_nil(lobby:heard("zone_leave"))
    end)
end

it("another number is free, and a number that was given up", function()
    assert.same({}, run("/other"))
    assert.same({}, run("/away"))
    assert.same({}, run("/over"))
end)

it("who is inside leaves a zone that is taken away, and nobody else does", function()
    assert.truthy(lobby:heard("zone_enter ann 1"))
    run("/away")
    assert.truthy(lobby:heard("zone_leave ann 1"))
    assert.truthy(lobby:heard("zone_leave bob 1"))
    assert.is_nil(lobby:heard("zone_leave cid"))
end)
