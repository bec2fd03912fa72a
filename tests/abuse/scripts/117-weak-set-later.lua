-- 117-weak-set-later
-- class: determinism
-- expect: finishes|error|killed
-- __mode is written into the metatable after setmetatable. What a collector takes from a weak table,
-- and when, differs from run to run.
function attack()
  local mt = {}
  local t = setmetatable({}, mt)
  mt.__mode = "kv"
  for i = 1, 100 do t[i] = {i} end
  for i = 1, 3000 do local garbage = ("g"):rep(500) .. i end
  local n = 0
  for i = 1, 100 do if t[i] then n = n + 1 end end
  return n == 100 and "BLOCKED: all are still there" or "ESCAPED: " .. n
end
