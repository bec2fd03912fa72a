-- Chat filter: hides words, and swallows a line that somebody says twice in a row.

-- Letters match in both cases, everything else is taken as it is.
local function pattern_of(word)
    return (word:gsub("%W", "%%%0"):gsub("%a", function(letter)
        return "[" .. letter:lower() .. letter:upper() .. "]"
    end))
end

local last = {} -- by player id

hooks.on("chat", "filter", function(text, player)
    if last[player:id()] == text then
        player:chat(i18n.t("twice"))
        return false
    end
    last[player:id()] = text
    for _, word in ipairs(settings.words) do
        text = text:gsub(pattern_of(word), string.rep("*", #word))
    end
    return text
end)

hooks.on("player_leave", "filter", function(player)
    if realm == "lobby" then last[player:id()] = nil end
end)

hooks.on("describe", "filter", function()
    return "some words are hidden, and nobody says the same twice in a row"
end)
