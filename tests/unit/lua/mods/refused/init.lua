-- Does what a test asks for: /run CODE-WORD calls one of these.

local acts = require("acts")

command.register{name = "run", fn = function(player, word)
    acts[word](player)
    return "done " .. word
end}
