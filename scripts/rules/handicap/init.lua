-- Handicap: who has many more kills than deaths does less damage, and so does who is named.

local function is_named(name)
    for _, named in ipairs(settings.players) do
        if named == name then return true end
    end
    return false
end

hooks.on("damage", "handicap", function(amount, _, attacker)
    if not attacker then return end
    local leads = attacker:kills() - attacker:deaths() >= settings.lead
    if leads or is_named(attacker:name()) then return amount * settings.percent // 100 end
end)

hooks.on("describe", "handicap", function()
    return "who leads by " .. settings.lead .. " kills does " .. settings.percent .. " % damage"
end)
