-- 46-yield-spin
-- class: cpu
-- expect: killed
-- Two threads hand over to each other for ever, inside pcall.
function attack()
  local co = coroutine.wrap(function()
    while true do pcall(coroutine.yield) end
  end)
  while true do co() end
end
