-- New code in a realm where the old one had nothing, code that fails there, and what it begins.

local function open(start)
    local w = test.world{}
    local l = w:lobby{players = {"ann", "bob"}, start = start}
    local ann, bob = table.unpack(l:players())
    return w, l, ann, bob
end

it("hooks the lobby, where only the match was hooked", function()
    for _, start in ipairs{false, true} do
        local _, l, ann, bob = open(start)
        assert.is_true(l:reload("tests/gate/renews"))
        ann:chat("secret")
        assert.is_nil(bob:heard("secret"))
    end
end)

it("hooks the match, where only the lobby was hooked", function()
    local _, l, ann, bob = open(false)
    assert.is_true(l:reload("tests/lobby_only/renews"))
    l:start()
    ann:chat("hello")
    assert.equals("hello!", bob:heard("hello"))
    assert.is_true(l:reload("tests/gate/renews"))
    l:advance(0.1)
    assert.equals(20, l:damage(10, ann, bob))
    assert.is_true(l:reload("tests/command/renews"))
    l:advance(0.1)
    assert.equals(10, l:damage(10, ann, bob))
    ann:chat("/hello")
    l:advance(0.1)
    assert.equals("from the match", ann:heard("from"))
end)

it("has a command in a match that it had nothing in", function()
    local _, l, ann = open(false)
    assert.is_true(l:reload("tests/lobby_only/renews"))
    l:start()
    assert.is_true(l:reload("tests/command/renews"))
    l:advance(0.1)
    ann:chat("/hello")
    l:advance(0.1)
    assert.equals("from the match", ann:heard("from"))
end)

it("gives way to the old code where it fails, in both realms", function()
    for _, before in ipairs{"tests/timer/renews", "tests/lobby_only/renews"} do
        local w, l, ann, bob = open(false)
        assert.is_true(l:reload(before))
        l:start()
        assert.is_true(l:reload("tests/fails/renews"))
        l:advance(0.1)
        ann:chat("first")
        assert.is_nil(bob:heard("first"))
        assert.equals(10, l:damage(10, ann, bob))
        l:advance(0.1)
        ann:chat("second")
        assert.truthy(bob:heard("second"))
        local told = table.concat(w:errors(), "\n")
        assert.matches("the old one is back %(lobby realm%)", told)
        assert.matches("the old one is back %(match realm%)", told)
        l:advance(5)
        ann:chat("third")
        assert.truthy(bob:heard("third"), "it stays")
        assert.same({}, w:errors())
    end
end)

it("is off in the lobby when it keeps failing after its trial", function()
    local w, l, ann, bob = open(false)
    assert.is_true(l:reload("tests/fails/renews"))
    l:advance(6)
    for _ = 1, 20 do
        ann:chat("shut")
        l:advance(0.4)
    end
    assert.is_nil(bob:heard("shut"))
    assert.matches("the mod is off", table.concat(w:errors(), "\n"))
end)

it("starts timers in the lobby", function()
    local _, l, ann = open(false)
    assert.is_true(l:reload("tests/lobby_only/renews"))
    assert.is_true(l:reload("tests/timer/renews"))
    l:advance(2.1)
    assert.truthy(ann:heard("two seconds"))
end)

it("is not another mod", function()
    local _, l = open(false)
    local taken, why = l:reload("tests/other_mod")
    assert.is_false(taken)
    assert.matches("expected a folder of the mod renews, found other_mod", why)
end)
