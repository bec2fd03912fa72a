if realm == "lobby" then timer.after(2, function() lobby.chat("two seconds") end) end
