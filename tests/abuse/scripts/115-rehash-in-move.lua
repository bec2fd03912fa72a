-- 115-rehash-in-move
-- class: cpu
-- expect: finishes|killed|error
-- table.move takes one key away and puts another one in, so that a full table is laid out anew for
-- each pair of items, within one call.
function attack()
  local t, source = {}, {}
  for i = 1, 8192 do t[i * 7 + 0.5] = true end
  for i = 1, 3000 do t[(1 << 40) + i] = i % 2 == 0 or nil end
  for i = 1, 3000, 2 do source[i] = true end
  for round = 0, 20 do table.move(source, 1, 3000, (1 << 40) + round, t) end
  return "BLOCKED: " .. tostring(t[7.5])
end
