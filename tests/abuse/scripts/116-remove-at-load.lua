-- 116-remove-at-load
-- class: cpu
-- expect: killed|blocked|error
-- As 101, while the file is loaded: no match is needed.
local t = {}
for i = 62, 0, -1 do t[1 << i] = true end
t[math.maxinteger] = true
while #t < 1 << 40 do t[#t + 1] = true end
table.remove(t, #t + 1 - 1844674407370955162)
function attack() return "BLOCKED: the file was loaded" end
