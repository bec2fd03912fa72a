-- 43-ordered-pairs-flood
-- class: cpu
-- expect: killed
-- Each pairs sorts all keys, and leaves at once.
function attack()
  local t = {}
  for i = 1, 4000 do t["k" .. (i * 7919) % 10007] = i end
  while true do
    for _ in pairs(t) do break end
  end
end
