-- The API at its limits, what comes later, and that what is beside stays as it is.

local world, lobby, ann, bob, third

local function open(settings, third_one, start)
    world = test.world()
    local all = {botFill = 0}
    for key, value in pairs(settings or {}) do all[key] = value end
    lobby = world:lobby{
        settings = all, start = start,
        players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}, third_one},
    }
    ann, bob, third = table.unpack(lobby:players())
end

local function in_lobby() open(nil, {name = "eve", spectator = true}) end
local function in_match() open(nil, {name = "cid", team = "red"}, true) end

local function say(line)
    ann:chat(line)
    lobby:advance(0.1)
    return ann:heard(".")
end

local both = {"hooks", "texts", "timers", "timer_count", "commands", "bus", "bus_count", "handler_count", "i18n",
    "settings", "storage", "storage_limits", "realm"}

for _, word in ipairs(both) do
    it("in the lobby: " .. word, function()
        in_lobby()
        assert.equals("fine", say("/lobby_check " .. word))
    end)
    it("in a match: " .. word, function()
        in_match()
        assert.equals("fine", say("/match_check " .. word))
    end)
end

for _, word in ipairs{"players", "scores"} do
    it("of the match alone: " .. word, function()
        in_match()
        assert.equals("fine", say("/match_check " .. word))
    end)
end

-- ---- the lobby ----------------------------------------------------------------------------------

it("who is in the lobby", function()
    in_lobby()
    bob:ready(true)
    assert.equals("fine", say("/lobby_check players"))
end)

it("who has a seat and has not come in is not there yet", function()
    in_lobby()
    bob:ready(true)
    assert.truthy(world:client("fay"):request("lobby.join", {lobbyId = lobby.key}))
    assert.equals("fine", say("/lobby_check players"))
end)

it("teams are moved at the end of the turn, and nobody else is", function()
    in_lobby()
    assert.equals("fine", say("/lobby_check teams"))
    assert.same({"red", "red", "none"}, {ann:team(), bob:team(), third:team()})
    lobby:start()
    assert.equals("fine", say("/lobby_check teams_later"))
    lobby:advance(0.2)
    assert.equals("red", ann:team())
end)

it("the last word on the lock counts", function()
    in_lobby()
    assert.equals("fine", say("/lobby_check lock"))
    assert.is_true(lobby:setting("locked"))
    assert.equals("fine", say("/lobby_check unlock"))
    assert.is_false(lobby:setting("locked"))
end)

it("lines of chat go to whom they are meant for", function()
    in_lobby()
    ann:chat("/lobby_check chat")
    lobby:advance(0.1)
    assert.truthy(ann:heard("^fine$"))
    assert.equals(300, #ann:heard("^x+$"))
    assert.is_nil(bob:heard("x"))
    assert.equals(300, #bob:heard("^y+$"))
    assert.equals(300, #third:heard("^y+$"))
end)

it("who is sent away is told why, and nobody else goes", function()
    in_lobby()
    say("/lobby_check kick")
    assert.truthy(ann:heard("^fine$"))
    assert.equals("kick", bob:told("lobby.left").reason)
    assert.is_nil(third:told("lobby.left"))
    assert.is_nil(ann:told("lobby.left"))
end)

it("who left the lobby is nobody, until the player comes back", function()
    in_lobby()
    assert.equals("fine", say("/lobby_check left_before"))
    bob:leave()
    assert.equals("fine", say("/lobby_check left"))
    assert.truthy(lobby:join(bob))
    assert.equals("fine", say("/lobby_check came"))
end)

it("a vote has its limits, and one runs at a time", function()
    in_lobby()
    assert.equals("fine", say("/lobby_check vote"))
    assert.equals("Well?", bob:told("lobby.vote").subject)
end)

it("nobody voted: there is no winner, and the next vote may begin", function()
    in_lobby()
    assert.equals("fine", say("/lobby_check short_vote"))
    lobby:advance(1.2)
    assert.equals("trail: winner:nil", say("/lobby_trail"))
    assert.equals("fine", say("/lobby_check short_vote"))
    local vote = bob:told("lobby.vote")
    assert.truthy(bob:request("lobby.castVote", {voteId = vote.voteId, option = "no"}))
    lobby:advance(1.2)
    assert.equals("trail: winner:no", say("/lobby_trail"))
end)

-- ---- the match ----------------------------------------------------------------------------------

it("the dead are counted out, in their team alone", function()
    in_match()
    lobby:kill(third)
    lobby:advance(0.1)
    assert.equals("fine", say("/match_check dead"))
end)

it("who left is nobody, also when the seat is taken again", function()
    in_match()
    assert.truthy(lobby:join{name = "fay", team = "blue"})
    assert.equals("fine", say("/match_check left_before"))
    bob:leave()
    lobby:advance(0.1)
    assert.equals("fine", say("/match_check left"))
    assert.truthy(lobby:join{name = "dan", team = "blue"})
    lobby:advance(0.1)
    assert.equals("fine", say("/match_check came"))
end)

it("a match is ended once", function()
    in_match()
    ann:chat("/match_check finish")
    lobby:advance(0.2)
    local results = lobby:results()
    assert.equals("blue", results.winningTeam)
    assert.equals("forfeit", results.reason)
end)

it("an announcement goes to all, a word to one", function()
    in_match()
    ann:chat("/match_check chat")
    lobby:advance(0.1)
    assert.equals(300, #bob:heard("^y+$"))
    assert.truthy(ann:heard("^for ann$"))
    assert.is_nil(bob:heard("^for ann$"))
end)

it("what is asked of storage in a match has a price", function()
    in_match()
    assert.equals("fine", say("/match_check storage_quota"))
    assert.equals("fine", say("/match_check storage_quota_later"))
end)

it("what is not asked for a while is not saved up", function()
    in_match()
    assert.equals("fine", say("/match_check storage_once"))
    lobby:advance(10)
    assert.equals("fine", say("/match_check storage_quota"))
end)

it("twenty lines at once, then five a second", function()
    in_match()
    ann:chat("/match_do talks")
    lobby:advance(0.05)
    assert.truthy(bob:heard("^line 20$"))
    assert.is_nil(bob:heard("^line 21$"))
    assert.matches("too many lines of chat", world:errors()[1])
end)

it("a setting that changes is known to both realms, and no other changes", function()
    in_match()
    assert.truthy(ann:request("lobby.updateSettings", {settings = {edgesNumber = 50}}))
    lobby:advance(0.1)
    assert.equals("fine", say("/match_check settings_changed"))
    assert.equals("fine", say("/lobby_check settings_changed"))
end)

-- ---- what comes later ---------------------------------------------------------------------------

local function trail(where, word, seconds)
    assert.equals("fine", say("/" .. where .. "_do " .. word))
    lobby:advance(seconds)
    return say("/" .. where .. "_trail")
end

for _, where in ipairs{"lobby", "match"} do
    local begin = where == "lobby" and in_lobby or in_match
    local function leaves(what, word, seconds, expected)
        it(what .. ": " .. where, function()
            begin()
            assert.equals("trail: " .. expected, trail(where, word, seconds))
        end)
    end
    leaves("timers by time, of equals the older one first", "order", 0.5, "a b c d")
    leaves("a timer that begins another waits for it", "nested", 0.5, "outer beside inner")
    leaves("a timer that is cancelled is not called, its neighbours are", "cancelled", 0.5, "first true third")
    leaves("a beat ends itself", "beats", 2, "1 2 3 4 true")
    leaves("messages come in order, to all who listen and nobody else", "bus", 0.2,
        "sent a:1 b:1 other:2 a:nil b:nil")
    leaves("a message may call for the next", "again", 1, "again:3 again:2 again:1 again:0")
    it("a timer that fails is told, and the others go on: " .. where, function()
        begin()
        assert.equals("trail: after it", trail(where, "fails", 0.3))
        assert.equals(1, #world:errors())
    end)
    it("a beat keeps its time: " .. where, function()
        begin()
        say("/" .. where .. "_do beats") -- 0.1 s go by
        lobby:advance(0.15)
        assert.equals("trail: 1 2", say("/" .. where .. "_trail"))
    end)
end

it("the lobby's messages reach the match as well, and not the other way", function()
    in_match()
    assert.equals("trail: sent a:1 b:1 other:2 a:nil b:nil", trail("lobby", "bus", 0.2))
    assert.equals("trail: a:1 b:1 other:2 a:nil b:nil", say("/match_trail"))
    assert.equals("trail: sent a:1 b:1 other:2 a:nil b:nil", trail("match", "bus", 0.2))
    assert.equals("trail: ", say("/lobby_trail"))
end)

it("handlers are called by priority, and as they were hooked", function()
    in_match()
    lobby:notify("kill", ann, bob, "rifle")
    assert.equals("trail: early table first second late", say("/match_trail"))
    assert.equals("fine", say("/match_do replaced"))
    lobby:notify("kill", ann, bob, "rifle")
    assert.equals("trail: early new first table late", say("/match_trail"))
end)

it("rows of the scoreboard are those of the results", function()
    open({botFill = 8, timeLimit = 60}, nil, true)
    local results, assists = lobby:finish(61), 0
    for i, row in ipairs(lobby:seats()) do
        local stats = results.playerStats[i]
        assert.equals(stats.displayName, row.name)
        for _, key in ipairs{"team", "kills", "deaths", "assists", "score"} do
            assert.equals(stats[key], row[key], key)
        end
        assists = assists + row.assists
    end
    assert.truthy(assists > 0)
end)

it("who watches has no seat", function()
    in_lobby()
    assert.is_nil(third:seat())
    assert.equals("none", third:team())
end)

it("a lobby that everybody has left is over", function()
    open()
    ann:leave()
    bob:leave()
    lobby:advance(60)
    assert.equals("completed", lobby:state())
end)
