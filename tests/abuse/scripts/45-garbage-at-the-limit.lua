-- 45-garbage-at-the-limit
-- class: mem
-- expect: killed|error
-- Keeps just below the limit, so that garbage must be collected all the time.
function attack()
  local live = {}
  for i = 1, 850 do live[i] = ("k"):rep(1000) .. i end
  while true do
    local garbage = ("g"):rep(2000) .. #live
  end
end
