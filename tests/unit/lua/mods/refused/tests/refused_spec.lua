-- What cannot be done is told: where it is called, or with the next tick when only the base knows.

local world, lobby, ann

before_each(function()
    world = test.world()
    lobby = world:lobby{players = {{name = "ann", team = "red"}}, settings = {botFill = 2}, start = true}
    ann = lobby:players()[1]
    lobby:advance(0.2)
end)

local function run(word)
    ann:chat("/run " .. word)
    lobby:advance(0.2)
    return ann:heard("^done " .. word .. "$"), world:errors()
end

local now = {
    zone_nowhere = "expected center, red_base, blue_base or at:X,Y, found \"nowhere\"",
    zone_base = "found \"center \"", zone_half = "found \"at:5\"", zone_minus = "found \"at:%-1,5\"",
    zone_place_number = "place: expected", zone_id = "id: expected 1 to 8",
    zone_id_zero = "id: expected", zone_id_text = "id: expected", zone_no_id = "id: expected",
    zone_label = "label: expected up to 15 characters", zone_label_long = "label: ",
    zone_label_quote = "label: ", zone_team = "team: expected none, red or blue", zone_progress = "progress: ",
    zone_radius = "radius: ", zone_unknown = "unknown field 'lable'; did you mean 'label'",
    item_kind = "kind: expected 1 to 15 of a%-z and _", item_kind_empty = "kind: ",
    item_kind_long = "kind: ", item_who = "who: expected anyone, enemies or team", item_who_team = "needs a team",
    item_unknown = "unknown field 'name'", home = "there is no item 7", remove = "there is no item 7",
    zone_remove = "there is no zone 7", carry = "there is no item 7",
    loadout = "unknown field 'sword'", loadout_flag = "rifle: expected a boolean",
    loadout_damage = "damage: ", bots = "expected 0 to", bots_many = "expected 0 to",
    team = "expected red or blue", heal = "number expected",
    heal_more = "expected %-100000 to 100000", heal_less = "expected %-100000 to 100000", spawn = "Player expected",
    score = "expected red or blue", kick_bot = "a bot cannot be sent away",
}

for word, pattern in pairs(now) do
    it("refused where it is called: " .. word, function()
        local done, errors = run(word)
        assert.is_nil(done)
        assert.equals(1, #errors)
        assert.matches("^refused: error: refused/acts.lua:%d+: ", errors[1])
        assert.matches(pattern, errors[1])
    end)
end

for word, line in pairs{later_outside = 6, later_wall = 6, later_item = 12} do
    it("refused with the next tick: " .. word, function()
        local done, errors = run(word)
        assert.truthy(done)
        assert.equals(1, #errors)
        assert.matches("refused/acts.lua:" .. line .. ": arena%.%a+ [23]: expected a free place of this map, found \"at:", errors[1])
    end)
end

it("a number whose thing was refused is free again, and one that was taken away", function()
    run("later_wall")
    local gone, why = run("wall_gone")
    assert.is_nil(gone) -- at once, not with the next tick
    assert.matches("there is no zone 3", why[1])
    run("good")
    run("good_item")
    run("good_remove")
    gone, why = run("good_gone")
    assert.is_nil(gone)
    assert.matches("there is no zone 4", why[1])
    for _, word in ipairs{"good", "good_item", "good_remove", "good", "good_item", "good_edges", "dead"} do
        local done, errors = run(word)
        assert.truthy(done, word .. ": " .. tostring(errors[1]))
        assert.same({}, errors)
    end
end)

it("what is there already stays one's own when its change is refused", function()
    run("good")
    run("good_item")
    assert.equals(1, #select(2, run("later_own")))
    local done, errors = run("good_remove")
    assert.truthy(done)
    assert.same({}, errors)
end)

it("more health than there is is all of it, down as well", function()
    local done, errors = run("much_health")
    assert.truthy(done)
    assert.same({}, errors)
    assert.is_false(ann:alive())
end)

it("whose things they are outlives a crash and a reload", function()
    run("good")
    run("good_item")
    lobby:restore()
    assert.is_true(lobby:reload())
    lobby:advance(0.1)
    local done, errors = run("good_remove")
    assert.truthy(done)
    assert.same({}, errors)
end)

it("no command goes to a match that is not played on a base", function()
    lobby = world:lobby{mode = "tug_of_war", players = {"eve"}, rules = {"refused"}, start = true}
    ann = lobby:players()[1]
    local _, errors = run("good")
    assert.matches("tug_of_war is not played on the base arena", errors[1])
end)

it("a refusal counts like an error: who goes on is switched off", function()
    for i = 1, 21 do run(i % 2 == 0 and "later_wall" or "later_outside") end
    ann:chat("/run good")
    lobby:advance(0.1)
    assert.is_nil(ann:heard("^done good"))
    world:errors()
end)
