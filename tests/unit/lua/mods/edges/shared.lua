local shared = {trail = {}}

function shared.note(word)
    table.insert(shared.trail, tostring(word))
end

-- The call is refused, and says why.
function shared.refused(pattern, fn, ...)
    local ok, why = pcall(fn, ...)
    if ok then error("it was taken, and not: " .. pattern, 2) end
    if not string.find(why, pattern) then error("expected " .. pattern .. ", found " .. why, 2) end
end

function shared.same(expected, found)
    if expected ~= found then error("expected " .. tostring(expected) .. ", found " .. tostring(found), 2) end
end

return shared
