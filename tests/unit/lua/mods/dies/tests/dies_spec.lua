-- A match whose mode is off for good ends, when nothing else would end it.

local function play(how, settings)
    local world = test.world()
    local all = {diesHow = nil, how = how}
    for key, value in pairs(settings or {}) do all[key] = value end
    local lobby = world:lobby{players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}}, settings = all}
    pcall(lobby.start, lobby)
    lobby:advance(5)
    return world, lobby, lobby:players()[1]
end

for _, how in ipairs{"error", "kill", "start"} do
    it("without limits it ends: " .. how, function()
        local world, lobby, ann = play(how)
        assert.truthy(#world:errors() > 0)
        assert.equals("aborted", lobby:results().reason)
        assert.equals("draw", lobby:results().winningTeam)
        assert.truthy(ann:heard("The game mode has failed"))
    end)
    it("with a limit it goes on: " .. how, function()
        local world, lobby = play(how, {timeLimit = 60})
        assert.truthy(#world:errors() > 0)
        assert.equals("active", lobby:state())
        assert.equals("time_limit", lobby:finish(90).reason)
    end)
end

it("it ends by its score", function()
    for _, team in ipairs{"red", "blue"} do
        local world, lobby = play("error", {gives = team})
        assert.truthy(#world:errors() > 0)
        assert.equals(team, lobby:results().winningTeam)
    end
end)

it("either limit is one", function()
    for _, how in ipairs{"error", "start"} do
        local world, lobby = play(how, {killLimit = 5})
        assert.truthy(#world:errors() > 0)
        assert.equals("active", lobby:state())
    end
end)

it("a mode that runs goes on without limits", function()
    local _, lobby = play("fine")
    assert.equals("active", lobby:state())
end)

it("an error of a limit tells the line", function()
    local world = play("kill")
    assert.matches("dies: stopped: dies/init.lua:14: script stopped: over its instructions limit", world:errors()[1])
end)
