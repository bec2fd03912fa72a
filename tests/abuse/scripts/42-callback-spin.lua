-- 42-callback-spin
-- class: cpu
-- expect: killed
-- The loop runs in a callback of gsub, inside C.
function attack()
  return (("x"):rep(200):gsub(".", function() while true do end end))
end
