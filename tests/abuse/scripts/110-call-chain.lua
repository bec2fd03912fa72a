-- 110-call-chain
-- class: cpu
-- expect: killed|blocked|error
-- A table whose __call is the table itself: one call moves all arguments up once for each link, and
-- there is no end to the links: n^2/2 moves in one instruction, until memory ends.
function attack()
  local mt = {}
  local t = setmetatable({}, mt)
  mt.__call = t
  t()
  return "ESCAPED: it came back"
end
