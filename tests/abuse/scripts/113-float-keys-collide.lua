-- 113-float-keys-collide
-- class: cpu
-- expect: finishes|killed|error
-- As 106 with keys that are no integers, put in by rawset.
function attack()
  local m = (1 << 14) - 1
  local t = {}
  for i = 1, (1 << 13) do rawset(t, i * m + 0.5, true) end
  t[0.25] = true
  local n = 0
  for i = 1, 50 do if t[i * m + 0.5] then n = n + 1 end end
  return "BLOCKED: " .. n
end
