-- Commands: each mod has its own, and nobody but its player hears of one that is none.

local world, lobby, ann, bob

before_each(function()
    world = test.world()
    lobby = world:lobby{
        players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}}, rules = {"speaks_a", "speaks_b"},
    }
    ann, bob = table.unpack(lobby:players())
end)

local function say(line, pattern)
    ann:chat(line)
    lobby:advance(0.1)
    assert.is_nil(bob:heard("[^m]")) -- he hears nothing at all
    return ann:heard(pattern)
end

it("a command of two mods is asked for by the mod's name", function()
    assert.equals("say which: /speaks_a:same, /speaks_b:same", say("/same", "say which"))
    assert.truthy(say("/speaks_a:same", "^from a$"))
    assert.truthy(say("/speaks_b:same", "^from b$"))
    assert.truthy(say("/speaks_b:own", "there is no command /speaks_b:own now"))
end)

for _, line in ipairs{"/nothing", "/", "/ same", "//", "/same2", "/late", "/SAME", "/" .. ("x"):rep(200), "/speaks_c:same"} do
    it("who mistypes is told, and nobody else: " .. line:sub(1, 20), function()
        assert.truthy(say(line, "there is no command /.* now; /help lists"))
    end)
end

it("a command of the match is there while it runs, for those who play", function()
    assert.truthy(lobby:join{name = "eve", spectator = true})
    local eve = lobby:players()[3]
    assert.equals("own in the lobby", say("/own", "^own in"))
    lobby:start()
    assert.equals("late", say("/late", "^late$"))
    assert.equals("own in the match", say("/own", "^own in"))
    eve:chat("/late")
    lobby:advance(0.1)
    assert.truthy(eve:heard("there is no command /late now"))
end)

it("a command that fails tells its player", function()
    assert.equals("/fail has failed: speaks_a has a mistake", say("/fail", "has failed"))
    lobby:start()
    assert.equals(1, #world:errors())
    assert.truthy(say("/fail x", "has failed"))
    assert.equals(1, #world:errors())
end)

it("/help names each once", function()
    lobby:start()
    say("/help", ".")
    local lines = {}
    for _, word in ipairs{"/speaks_a:same: of a", "/speaks_b:same: of b", "/own: in both", "/late: of the match"} do
        lines[#lines + 1] = ann:heard("^" .. word:gsub("%-", "%%-") .. "$")
    end
    assert.equals(4, #lines)
end)

it("who watches is told of the lobby's commands, and of no command of the match", function()
    assert.truthy(lobby:join{name = "eve", spectator = true})
    local eve = lobby:players()[3]
    lobby:start()
    eve:chat("/help")
    lobby:advance(0.1)
    assert.truthy(eve:heard("^/own: in both$"))
    assert.is_nil(eve:heard("^/late"))
end)
