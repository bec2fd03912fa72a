-- A state that cannot be kept is told with its place.

for word, pattern in pairs{
    player = "state.a.b%[1%] cannot be kept", fn = "state.a%[2%].f cannot be kept", nan = "state.a.n cannot be kept",
    key = "state.a%[a table%] cannot be kept", meta = "state.a.b cannot be kept: a table with a metatable",
    inf = "state.a.n cannot be kept", thread = "state.a.t cannot be kept",
    deep = "state.a.b.c.d.e.f cannot be kept", second = "state.a%[2%].y cannot be kept",
    flag = "state.a%[true%].f cannot be kept", gone = "state cannot be kept: expected a table, found a number", big = "state cannot be kept: value over",
} do
    it("names what is odd: " .. word, function()
        local world = test.world()
        local lobby = world:lobby{players = {"ann"}, start = true}
        lobby:players()[1]:chat("/put " .. word)
        lobby:advance(1.1)
        assert.matches(pattern, world:errors()[1])
        lobby:players()[1]:chat("/put fine")
        lobby:advance(0.1)
    end)
end
