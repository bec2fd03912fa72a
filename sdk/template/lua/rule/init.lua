-- @TITLE@: a hit does more damage than usual, or less.
-- A rule adds to whatever mode is played: it hooks in where something is decided or happens.

-- The base asks what a hit comes to. What is returned takes the place of the amount; nothing keeps
-- it. The word after the event names this handler: the same word again would replace it.
hooks.on("damage", "@NAME@", function(amount, _, attacker)
    if not attacker then return end -- an accident
    return math.floor(amount * settings.percent / 100)
end)

-- What players read who type /rules.
hooks.on("describe", "@NAME@", function()
    return i18n.t("describe", {percent = settings.percent})
end)
