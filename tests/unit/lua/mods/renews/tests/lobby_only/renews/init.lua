hooks.on("chat", "loud", function(text) return text .. "!" end)
