-- 118-find-needle
-- class: cpu
-- expect: finishes|killed|error
-- One search for half of the heap in the other half, and a look through a long pattern for special
-- characters.
function attack()
  local s = ("a"):rep(250000)
  local needle = ("a"):rep(120000) .. "b" .. ("a"):rep(80000)
  local n = 0
  for i = 1, 10 do if s:find(needle, 1, true) then n = n + 1 end end
  for i = 1, 10 do if ("x"):find(("\0"):rep(200000)) then n = n + 1 end end
  return "BLOCKED: " .. n
end
