describe("tic-tac-toe", function()
    local lobby, ann, bob

    local function start(settings)
        lobby = test.world{}:lobby{players = {"ann", "bob"}, settings = settings, start = true}
        ann, bob = table.unpack(lobby:players())
        lobby:advance(0.1)
    end

    local function press(client, column, row)
        client:send(string.char(column, row))
        lobby:advance(0.1)
    end

    -- The board as text, from the front of what a player is shown: a length before each row.
    local function board()
        local _, top, middle, bottom = string.unpack("<I4s1s1s1", ann:snapshot())
        return top .. " " .. middle .. " " .. bottom
    end

    local function said(client)
        local message = client:told("mod.message")
        return message and message.data.say
    end

    it("is won by three in a row", function()
        start{rounds = 1}
        for column = 0, 2 do
            press(ann, column, 0)
            if column < 2 then press(bob, column, 1) end
        end
        assert.equals("xxx oo. ...", board())
        assert.equals("ann wins the round", said(bob))
        local results = lobby:finish(5)
        assert.equals("ann", results.winner.displayName)
        assert.equals("none", results.winningTeam)
        assert.equals("all_played", results.reason)
        assert.equals(1, results.playerStats[1].stats.wins)
        assert.equals("bob", results.placements[2].displayName)
    end)

    it("lets nobody move out of turn, or onto a mark", function()
        start()
        press(bob, 0, 0)
        assert.equals("It is not your turn.", said(bob))
        press(ann, 1, 1)
        press(bob, 1, 1)
        assert.equals("That field is taken.", said(bob))
        assert.is_nil(said(ann))
        assert.equals("... .x. ...", board())
    end)

    it("takes no nonsense", function()
        start()
        for _, message in ipairs{"\0", "\3\0", "\0\3", "\0\0\0", "\255\255", "x"} do
            ann:send(message)
            lobby:advance(0.1)
        end
        assert.equals("... ... ...", board())
        assert.same({}, lobby.world:errors())
    end)

    it("is a draw when nobody has a line", function()
        start{rounds = 1}
        local turns = {{0, 0}, {1, 1}, {2, 2}, {1, 0}, {1, 2}, {0, 2}, {2, 0}, {2, 1}, {0, 1}}
        for i, turn in ipairs(turns) do press(i % 2 == 1 and ann or bob, table.unpack(turn)) end
        assert.equals("xox xoo oxx", board())
        assert.equals(1, ann:stat("draws"))
        assert.equals(1, bob:stat("draws"))
        local results = lobby:finish(5)
        assert.is_nil(results.winner)
        assert.same({1, 1}, {results.placements[1].place, results.placements[2].place})
    end)

    it("is lost by who takes too long, and the other begins the next round", function()
        start{rounds = 2, turnSeconds = 5}
        lobby:advance(5)
        assert.equals("ann took too long", said(ann))
        assert.equals(1, bob:stat("wins"))
        lobby:advance(2.1)
        press(bob, 0, 0)
        assert.equals("o.. ... ...", board())
    end)

    it("is won by who is left", function()
        start()
        ann:leave()
        local results = lobby:finish(1)
        assert.equals("bob", results.winner.displayName)
        assert.equals("forfeit", results.reason)
    end)

    it("is the same after a restart of the server, and takes the next turn", function()
        start()
        press(ann, 1, 1)
        local before = lobby:hash()
        lobby:restore()
        assert.equals(before, lobby:hash())
        press(bob, 0, 0)
        assert.equals("o.. .x. ...", board())
    end)

    it("goes on after a reload", function()
        start()
        press(ann, 2, 2)
        assert.is_true(lobby:reload())
        lobby:advance(0.1)
        press(bob, 0, 0)
        assert.equals("o.. ... ..x", board())
    end)
end)
