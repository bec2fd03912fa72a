-- 112-gsub-lookup-chain
-- class: cpu
-- expect: finishes|killed|error
-- gsub looks each match up in a table, which asks 1,900 metatables: a look at the budget each 1,024
-- steps is too late.
function attack()
  local t = {a = "b"}
  for i = 1, 1900 do t = setmetatable({}, {__index = t}) end
  return "BLOCKED: " .. #(("a"):rep(5000):gsub("a", t))
end
