-- A gate is shut when who decides fails, whatever way, unless the hook says on_error = "allow".

local function open(fails, how, way)
    local world = test.world()
    local lobby = world:lobby{players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
        settings = {gatesWay = way}}
    local ann, bob = table.unpack(lobby:players())
    -- The second one goes through setting_attempt, which must not fail yet.
    assert.truthy(ann:request("lobby.updateSettings", {settings = {gatesHow = how or "error"}}))
    assert.truthy(ann:request("lobby.updateSettings", {settings = {gatesFails = fails}}))
    world:errors()
    return world, lobby, ann, bob
end

local function say(ann, bob)
    ann:chat("hello")
    return bob:heard("^hello$")
end

local tries = {
    join_attempt = function(lobby) return lobby:join("eve") end,
    team_attempt = function(_, ann) return ann:request("lobby.setTeam", {team = "blue"}) end,
    start_attempt = function(lobby) return pcall(lobby.start, lobby) or nil end,
    setting_attempt = function(_, ann)
        return ann:request("lobby.updateSettings", {settings = {killLimit = 7}})
    end,
    action_attempt = function(_, ann) return ann:request("lobby.ready", {ready = true}) end,
    chat = function(_, ann, bob) return say(ann, bob) end,
}

for event, try in pairs(tries) do
    for _, how in ipairs{"error", "answer", "kill"} do
        it(event .. " that fails denies: " .. how, function()
            local world, lobby, ann, bob = open(event, how)
            assert.is_nil((try(lobby, ann, bob)))
            assert.truthy(#world:errors() > 0)
        end)
        it(event .. " that fails may allow: " .. how, function()
            local world, lobby, ann, bob = open(event, how, "allow")
            assert.truthy((try(lobby, ann, bob)))
            assert.truthy(#world:errors() > 0)
        end)
    end
    it(event .. " lets pass what nobody refuses", function()
        local _, lobby, ann, bob = open("")
        assert.truthy((try(lobby, ann, bob)))
    end)
end

it("who is held back is told why", function()
    local world, lobby, ann, bob = open("join_attempt")
    local _, why = lobby:join("eve")
    assert.matches("gates has failed", why)
    ann:request("lobby.updateSettings", {settings = {gatesFails = "chat"}})
    say(ann, bob)
    assert.matches("nobody has heard", ann:heard("failed"))
    assert.is_nil(bob:heard("failed"))
    world:errors()
end)

it("a script that is switched off holds its gates shut, until the host takes it out", function()
    local world, lobby, ann, bob = open("chat")
    for _ = 1, 25 do
        lobby:advance(0.3)
        ann:chat("hello")
        bob:chat("hello")
    end
    assert.matches("the mod is off", table.concat(world:errors(), "\n"))
    assert.is_nil(say(ann, bob))
    local eve, why = lobby:join("eve")
    assert.is_nil(eve)
    assert.matches("gates has failed", why)
    assert.is_nil((ann:request("lobby.updateSettings", {settings = {killLimit = 7}})))
    assert.truthy(ann:request("lobby.updateSettings", {settings = {rules = {"answers"}}}))
    lobby:advance(0.1)
    assert.truthy(lobby:join("eve"))
    assert.truthy(say(ann, bob))
    world:errors()
end)

it("an error tells the hook, what came and what was expected, with the place", function()
    local world, lobby = open("join_attempt", "answer")
    lobby:join("eve")
    local text = table.concat(world:errors())
    assert.matches("gates/init.lua:%d+: the handler of 'join_attempt' returned 7, expected a string", text)
end)
