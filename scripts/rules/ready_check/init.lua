-- Ready check: the match starts when all players are ready, and not before.

-- A veto: the first string that a rule returns is the answer, and nil lets it pass.
hooks.on("start_attempt", "ready", function()
    local missing = {}
    for _, player in ipairs(lobby.players()) do
        if not player:is_spectator() and not player:is_ready() then
            table.insert(missing, player:name())
        end
    end
    if #missing > 0 then return i18n.t("missing", {names = table.concat(missing, ", ")}) end
end)

hooks.on("describe", "ready", function()
    return "the match starts when everybody is ready"
end)
