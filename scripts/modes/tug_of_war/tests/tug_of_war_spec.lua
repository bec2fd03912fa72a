local PULL = 1

-- One press: a button that went down and is up again.
local function press(client)
    client:input{pressed = PULL}
end

describe("tug of war", function()
    local lobby, ann, bob

    local function start(settings)
        lobby = test.world():lobby{
            players = {{name = "ann", team = "red"}, {name = "bob", team = "blue"}},
            settings = settings, start = true,
        }
        ann, bob = table.unpack(lobby:players())
    end

    it("is won by who pulls the rope far enough", function()
        start{reach = 3}
        for _ = 1, 3 do
            press(bob)
            lobby:advance(0.1)
        end
        local results = lobby:finish(1)
        assert.equals("blue", results.winningTeam)
        assert.equals("score_limit", results.reason)
        assert.same({red = 0, blue = 3}, results.finalScores)
    end)

    it("goes back and forth, and counts everybody's pulls", function()
        start{reach = 2}
        for _ = 1, 3 do
            press(ann)
            press(bob)
            lobby:advance(0.1)
        end
        assert.equals("active", lobby:state())
        assert.equals(3, ann:score())
        assert.equals(3, bob:score())
    end)

    it("counts a press once, however long the button is held", function()
        start{reach = 10}
        ann:input{pressed = PULL, held = PULL}
        lobby:advance(0.1)
        ann:input{held = PULL}
        lobby:advance(0.1)
        assert.equals(1, ann:score())
    end)

    it("ends with its time, for whom the rope hangs", function()
        start{length = 2}
        press(ann)
        local results = lobby:finish(5)
        assert.equals("red", results.winningTeam)
        assert.equals("time_limit", results.reason)
    end)

    it("is a draw when nobody pulls", function()
        start{length = 1}
        assert.equals("draw", lobby:finish(5).winningTeam)
    end)

    it("pulls for players whom a team lacks", function()
        start{bots = true, length = 30, reach = 5}
        assert(lobby:join{name = "cid", team = "red"})
        local results = lobby:finish(30)
        assert.equals("blue", results.winningTeam)
        assert.equals(5, results.finalScores.blue)
    end)

    it("pulls for nobody once the teams are even again", function()
        start{bots = true, length = 10}
        assert(lobby:join{name = "cid", team = "red"}):leave()
        assert.same({red = 0, blue = 0}, lobby:finish(15).finalScores)
    end)

    it("is won by the bots of the smaller team in a hundred matches", function()
        local results = test.matches(100, {
            players = {"ann", "bob", "cid"}, settings = {bots = true, length = 20, reach = 5},
        })
        for i, result in ipairs(results) do
            assert.equals("blue", result.winningTeam, "match " .. i)
            assert.equals("score_limit", result.reason, "match " .. i)
        end
    end)

    it("shows the rope, the time and everybody's pulls", function()
        start{length = 30}
        for i = 1, 4 do
            press(i < 4 and ann or bob)
            lobby:advance(0.1)
        end
        -- Seats, what all share, seats again, what each has.
        local _, rope, left, _, anns, bobs = string.unpack("<I4i2I2I4I2I2", ann:snapshot())
        assert.same({-2, 30, 3, 1}, {rope, left, anns, bobs})
    end)

    it("is the same after a restart of the server", function()
        start{bots = true}
        assert(lobby:join{name = "cid", team = "red"})
        press(ann)
        lobby:advance(2)
        local before = lobby:hash()
        lobby:restore()
        assert.equals(before, lobby:hash())
        assert.equals(1, ann:score())
    end)
end)
