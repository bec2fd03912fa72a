-- 44-pcall-tower
-- class: cpu
-- expect: killed|error
-- Errors passed on through a tower of pcall, for ever.
local function tower(n)
  if n == 0 then error("x") end
  local _, message = pcall(tower, n - 1)
  error(message)
end
function attack()
  while true do pcall(tower, 150) end
end
