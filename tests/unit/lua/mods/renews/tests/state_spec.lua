-- What new code begins with and the kept state has as something else.

it("keeps what is of another kind, and tells all of it", function()
    local w = test.world{}
    local l = w:lobby{players = {"ann"}}
    local ann = l:players()[1]
    assert.is_true(l:reload("tests/before/renews"))
    l:start()
    assert.is_true(l:reload("tests/after/renews"))
    l:advance(0.1)
    local told = table.concat(w:errors(), "\n")
    assert.matches("state.list was kept as a list, the new code begins with a table", told)
    assert.matches("state.count was kept as a number, the new code begins with a table", told)
    assert.matches("state.name was kept as a string, the new code begins with a number", told)
    assert.is_nil(told:find("empty") or told:find("full") or told:find("deep"))
    ann:chat("/show")
    l:advance(0.1)
    assert.equals("1=1 2=2 deep 113", ann:heard("deep"))
end)
