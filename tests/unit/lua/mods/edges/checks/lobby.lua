local shared = require("shared")
local refused, same = shared.refused, shared.same
local checks = {}

local function names(players)
    local list = {}
    for i, player in ipairs(players) do list[i] = player:name() end
    return table.concat(list, " ")
end

-- Ann is the host and red, bob blue, eve watches.
function checks.players(ann)
    local list = lobby.players()
    local bob, eve = list[2], list[3]
    same("ann bob eve", names(list))
    same(ann, lobby.host())
    same("true false false", ("%s %s %s"):format(ann:is_host(), bob:is_host(), eve:is_host()))
    same("false true", ("%s %s"):format(bob:is_spectator(), eve:is_spectator()))
    same("red blue none", ("%s %s %s"):format(ann:team(), bob:team(), eve:team()))
    same(nil, eve:seat())
    same(0, ann:seat())
    same(1, bob:seat())
    same("false true", ("%s %s"):format(ann:is_ready(), bob:is_ready()))
    same("starting", lobby.state())
    same(true, ann:id() ~= bob:id())
end

function checks.teams(ann)
    local _, bob, eve = table.unpack(lobby.players())
    refused("a spectator has no team", lobby.set_team, eve, "red")
    refused("expected none, red or blue, found", lobby.set_team, ann, "green")
    refused("Player expected", lobby.set_team, 0, "red")
    lobby.set_team(bob, "none")
    lobby.set_team(bob, "red") -- the last one of a turn counts
    same("blue", bob:team())
end

function checks.teams_later()
    refused("while a match runs", lobby.set_team, lobby.players()[1], "blue")
end

function checks.lock()
    refused("boolean expected", lobby.lock, 1)
    lobby.lock(false)
    lobby.lock(true)
end

function checks.unlock()
    lobby.lock(true)
    lobby.lock(false)
end

function checks.chat(ann)
    ann:chat(("x"):rep(300))
    refused("over 300 bytes", ann.chat, ann, ("x"):rep(301))
    lobby.chat(("y"):rep(300))
    refused("over 300 bytes", lobby.chat, ("y"):rep(301))
end

function checks.kick(ann)
    local bob = lobby.players()[2]
    refused("over 120 bytes", bob.kick, bob, ("x"):rep(121))
    same("bob", bob:name())
    bob:kick(("x"):rep(120))
    refused("this player is gone", bob.name, bob)
    same("ann", ann:name())
end

local function vote_of(fields)
    local all = {question = "Well?", options = {"yes", "no"}, on_end = function(winner)
        shared.note("winner:" .. tostring(winner))
    end}
    for key, value in pairs(fields) do all[key] = value end
    return all
end

function checks.vote()
    local options = {}
    for i = 1, 17 do options[i] = "option" .. i end
    refused("options: expected 1 to 16", vote.start, vote_of{options = options})
    refused("options: expected 1 to 16", vote.start, vote_of{options = {}})
    refused("options: expected a list", vote.start, vote_of{options = "yes"})
    refused("expected 1 to 300", vote.start, vote_of{seconds = 301})
    refused("expected 1 to 300", vote.start, vote_of{seconds = 0})
    refused("on_end: expected a function", vote.start, vote_of{on_end = 5})
    refused("unknown field 'option'", vote.start, vote_of{option = 5})
    same(true, vote.start(vote_of{seconds = 300}))
    same(false, vote.start(vote_of{question = "Another?"}))
end

function checks.short_vote()
    same(true, vote.start(vote_of{seconds = 1}))
end

local keep

function checks.left_before()
    keep = lobby.players()[2]
    same("bob", keep:name())
end

function checks.left(ann)
    refused("this player is gone", keep.name, keep)
    refused("this player is gone", keep.team, keep)
    same("ann eve", names(lobby.players()))
    same("ann", ann:name())
end

-- Who came back is another handle of the same player.
function checks.came()
    refused("this player is gone", keep.name, keep)
    same("ann bob eve", names(lobby.players()))
end

function checks.realm()
    refused("match.tick works only in the match realm", match.tick)
end

return checks
