local shared = require("shared")
local refused, same = shared.refused, shared.same
local checks = {}

local function names(players)
    local list = {}
    for i, player in ipairs(players) do list[i] = player:name() end
    return table.concat(list, " ")
end

-- Ann and cid are red, bob is blue.
function checks.players(ann)
    same("ann bob cid", names(match.players()))
    same("ann cid", names(match.players("red")))
    same("bob", names(match.players("blue")))
    same("", names(match.players("none")))
    same(ann, match.player(0))
    same("bob", match.player(1):name())
    same(nil, match.player(3))
    same(nil, match.player(254))
    refused("expected 0 to 254", match.player, 255)
    refused("expected 0 to 254", match.player, -1)
    same("seat:0", ann:id())
    same(1, match.player(1):seat())
    same(false, ann:is_bot())
    same("arena", match.game_mode())
    same("2 1", match.alive("red") .. " " .. match.alive("blue"))
    same(nil, match.setting("nothing"))
    same(5, match.setting("edgesNumber"))
    local by_player, seats = {}, {}
    for _, seat in ipairs{2, 0, 1} do by_player[match.player(seat)] = seat end
    for player, seat in pairs(by_player) do table.insert(seats, player:seat() .. seat) end
    same("00 11 22", table.concat(seats, " ")) -- by their seats, in every run
end

function checks.dead()
    same("1 1", match.alive("red") .. " " .. match.alive("blue"))
    same("true false", tostring(match.player(0):alive()) .. " " .. tostring(match.player(2):alive()))
    same("0 1", match.player(0):deaths() .. " " .. match.player(2):deaths())
end

local keep

function checks.left_before(ann)
    keep = match.player(1)
    same("bob", keep:name())
    same("ann", ann:name())
end

function checks.left(ann)
    refused("this player is gone", keep.name, keep)
    refused("this player is gone", keep.team, keep)
    same(nil, match.player(1))
    same("ann cid fay", names(match.players()))
    same(1, match.alive("blue"))
    same("ann", ann:name())
end

-- Who came back to the seat is another one.
function checks.came(ann)
    refused("this player is gone", keep.name, keep)
    same("ann dan cid fay", names(match.players()))
    same("ann", ann:name())
end

function checks.scores(ann)
    match.add_score("red", 1000)
    match.add_score("blue", -1000)
    match.add_score("blue", 7.0)
    refused("expected an integer", match.add_score, "blue", 7.9)
    refused("expected %-1000 to 1000", match.add_score, "red", 1001)
    refused("expected %-1000 to 1000", match.add_score, "red", -1001)
    refused("expected %-1000 to 1000", match.add_score, "red", 0 / 0)
    refused("number expected", match.add_score, "red", "1")
    same("1000 -993", match.score("red") .. " " .. match.score("blue"))
    ann:add_score(1000)
    ann:add_score(-1)
    refused("expected %-1000 to 1000", ann.add_score, ann, 1001)
    same("999 0", ann:score() .. " " .. match.player(1):score())
end

function checks.chat(ann)
    match.announce(("y"):rep(300))
    refused("over 300 bytes", match.announce, ("y"):rep(301))
    ann:chat("for ann")
end

local function count_writes()
    local count = 0
    while count < 5000 and pcall(storage.delete, "none") do count = count + 1 end
    return count
end

-- 49 bytes of the log each, of 64 KiB at once; then of 1,024 a tick, of which two go by.
function checks.storage_quota()
    same(1338, count_writes())
    refused("too much at once", storage.get, "none")
end

function checks.storage_once()
    storage.delete("none")
end

function checks.storage_quota_later()
    local count = count_writes()
    if count < 20 or count > 64 then error("wrote " .. count) end
end

function checks.finish()
    refused("expected \"red\", \"blue\", \"draw\", a player or nil", match.finish, "green")
    refused("expected a reason of a%-z", match.finish, "red", "Boredom")
    match.finish("blue", "forfeit")
    match.finish("red", "time_limit") -- the first one of a tick counts
end

function checks.realm()
    refused("lobby.lock works only in the lobby realm", lobby.lock, true)
    refused("vote.start works only in the lobby realm", vote.start, {})
end

return checks
