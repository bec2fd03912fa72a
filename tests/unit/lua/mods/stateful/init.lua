local odd = {
    player = function(player) state.a = {b = {player}} end,
    fn = function() state.a = {[2] = {f = print}} end,
    nan = function() state.a = {n = 0 / 0} end,
    key = function() state.a = {[{}] = 1} end,
    big = function() state.a = ("x"):rep(70000) end,
    meta = function() state.a = {b = setmetatable({}, {__index = {}}), [true] = 1} end,
    flag = function() state.a = {[true] = {f = print}} end,
    inf = function() state.a = {n = 1 / 0} end,
    thread = function() state.a = {t = coroutine.create(print)} end,
    deep = function() state.a = {b = {c = {d = {e = {f = print}}}}} end,
    second = function() state.a = {{x = {1, 2}}, {y = print}} end,
    gone = function() state = 5 end,
    fine = function() state = {}; state.a = {1, {x = "y"}} end,
}
command.register{name = "put", fn = function(player, word) odd[word](player) end}
