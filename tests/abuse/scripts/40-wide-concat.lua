-- 40-wide-concat
-- class: mem
-- expect: killed|error
-- One operator joins many long strings: a single request far over the limit, again and again.
function attack()
  local s = ("x"):rep(200000)
  while true do
    pcall(function() return s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s end)
  end
end
