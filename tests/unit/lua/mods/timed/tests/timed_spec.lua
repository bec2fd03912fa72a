it("timers, commands and messages of a mode get its state", function()
    local lobby = test.world():lobby{players = {"ann"}, start = true}
    lobby:advance(1)
    local ann = lobby:players()[1]
    ann:chat("/show words of it")
    lobby:advance(0.1)
    assert.equals("words of it true true 7", ann:heard("^words"))
end)
