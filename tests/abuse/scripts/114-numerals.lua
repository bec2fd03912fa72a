-- 114-numerals
-- class: cpu
-- expect: finishes|killed|error
-- Texts as long as the heap, read as numbers: each reading is one instruction, or one argument.
function attack()
  local digits, blanks = ("1"):rep(400000), (" "):rep(400000)
  local n = 0
  for i = 1, 50 do
    if pcall(function() return digits & 1 end) then n = n + 1 end
    if pcall(math.max, digits, blanks, digits, blanks) then n = n + 1 end
    if tonumber(blanks) or tonumber(digits, 10) then n = n + 1 end
  end
  return n == 0 and "BLOCKED: none is a number" or "ESCAPED: " .. n
end
