-- Sudden death: in the last seconds of a match one hit kills. Needs a timeLimit.

local function is_on()
    local limit = match.setting("timeLimit") or 0
    return limit > 0 and match.time() >= limit - settings.seconds
end

-- The priority is low: asked last, so that damage which other rules took away stays away.
hooks.on("damage", "one_hit", function(amount)
    if amount > 0 and is_on() then return 100 end
end, -50)

if realm == "match" then
    timer.every(1, function()
        if state.told or not is_on() then return end
        state.told = true
        match.announce(i18n.t("begins"))
    end)
end

hooks.on("describe", "sudden_death", function()
    return "in the last " .. settings.seconds .. " seconds one hit kills"
end)
