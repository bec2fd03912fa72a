-- 111-quote-controls
-- class: cpu
-- expect: finishes|killed|error
-- %q writes control bytes as numbers: a quarter of a million conversions in one call.
function attack()
  local s = ("\1"):rep(200000)
  local n = 0
  for i = 1, 3 do n = n + #("%q"):format(s) end
  return "BLOCKED: " .. n
end
