---@meta muster
-- Types for editors (lua-language-server). Made by "mods api stubs" from the tables that
-- bind the functions; do not edit.

---@alias HookOptions {priority?: integer, on_error?: "deny"|"allow"}
---A team of the mode by its name, or none.
---@alias Team "red"|"blue"|"none"|string

---What hooks.on can name.
---@alias Event
---| "join_attempt" # veto: Somebody wants to come in.
---| "team_attempt" # veto: Somebody wants to change the team, or is to be moved to another.
---| "start_attempt" # veto: The match is about to start: because a player wants it, or (nil) by itself.
---| "setting_attempt" # veto: A lobby setting is to change.
---| "action_attempt" # veto: Anything else that rules decide: kick, ban, lock, ready, vote, vote_call, host_transfer, invite, teams.
---| "chat" # filter: A line of chat. Return another text, or false to swallow it.
---| "describe" # collect: One line about the rule, for players who type /rules.
---| "lobby_state" # notify: waiting, starting, active, ending or completed.
---| "host_changed" # notify: The lobby has another host, or none.
---| "player_join" # notify: Somebody came: into the lobby, or into the match.
---| "player_leave" # notify: quit, timeout, kick, ban, shutdown or disturbed. The player can still be asked for name and team.
---| "setting_changed" # notify: A lobby setting has changed: in a match one with "when": "always". One's own are in settings already.
---| "server_restarting" # notify: A restart of the server is set, or has come nearer: in so many seconds; nil: it is called off. Time to store what is to be kept; the lobby and its match go on after it.
---| "disturbed" # notify: A fault of the server's: stall, overload, restart, crash or shutdown, of so many ms. It stands in the results, and the match is to be counted against nobody.
---| "tick" # notify: Once a tick, after the base has moved. dt: seconds.
---| "spawn" # notify: A player is alive (again).
---| "kill" # notify: A player died; killer is nil for an accident. weapon: rifle, launcher or an empty string.
---| "zone_enter" # notify: A living player came into a zone.
---| "zone_leave" # notify: A player left a zone, also by dying, or when it is taken away.
---| "pickup" # notify: A player carries an item from now on.
---| "drop" # notify: The carrier lost an item, where it lies now.
---| "touch" # notify: A player stands on an item of the own team that is away from home.
---| "damage" # filter: Somebody is hit. The arena takes 0 to 1000.
---| "speed" # filter: How far a player moves in a tick, 256 units being a tile. The arena takes 0 to 120.
---| "respawn" # filter: Time from death to the next life in ms, up to 60000; negative: never.
---| "score" # filter: Points that a kill gives the killer's team. The arena takes -100 to 100.
---| "victory" # filter: Asked after every tick: a team, a player or "draw" ends the match. A second result says why: a word, score_limit (default), time_limit, elimination, forfeit or one of your own; a third one who came in which place, as in match.finish. winner is what a script that was asked before has decided, or nil; the server's own limits are asked apart.

---This mod.
---@type {id: string, version: string}
mod = nil

---Where this state of the script runs.
---@type "lobby"|"match"
realm = nil

---The mod's own settings by the keys of settings.json. They cannot be written, and a key that is
---not there is an error.
---@type table<string, any>
settings = nil

---Rules: plain values that survive a reload and are saved with the match. A mode has what its init
---returns instead.
---@type table
state = nil

---What a mode's init.lua returns.
---@class Mode
---@field init? fun(settings: table<string, any>): table # The match begins. What it returns is the state: a table of plain values, handed to every other callback, kept over a reload and saved with the match.
---@field save? fun(state: table): table # What is kept of the state, where that is not the state itself: plain values.
---@field restore? fun(saved: table): table # The state again, from what save returned: in new code after a reload, or in another process after a restart.
---@field join? fun(state: table, player: Player): string? # (no base) A player takes a seat. A string keeps the player out.
---@field leave? fun(state: table, player: Player, reason: string) # (no base) A player has left: quit, timeout, kick, ban or shutdown.
---@field connection? fun(state: table, player: Player, connected: boolean) # (no base) A player's connection dropped, or is back.
---@field input? fun(state: table, player: Player, held: integer, pressed: integer, aim: integer, move_x: integer, move_y: integer) # (no base) What a player does in this tick: buttons as bits, aim 0 to 65535 for a full turn, moves -127 to 127. Called for each player before tick.
---@field message? fun(state: table, player: Player, message: string) # (no base) Bytes that a player's client has sent (1 to 1024, docs/protocol.md section 4), such as a move in a game of turns: each once, in order, before the inputs of the tick. They are a stranger's: look at their length, and whether the move is possible.
---@field tick? fun(state: table, dt: number) # (no base) Once a tick. dt: seconds.
---@field snapshot? fun(state: table, out: Writer, full: boolean, viewer?: Player) # (no base) Packs what clients see, instead of mode.sync: all of it when full is set, else what has changed in this tick. viewer: whose eyes, where mode.private is set; nil: a spectator's.
---@field intro? fun(state: table): table # (no base) What never changes in this match, sent to each client once, as JSON.
---@field player_join? fun(state: table, player: Player) # Somebody came: into the lobby, or into the match.
---@field player_leave? fun(state: table, player: Player, reason: string) # quit, timeout, kick, ban, shutdown or disturbed. The player can still be asked for name and team.
---@field setting_changed? fun(state: table, key: string, value: any) # A lobby setting has changed: in a match one with "when": "always". One's own are in settings already.
---@field server_restarting? fun(state: table, seconds?: integer) # A restart of the server is set, or has come nearer: in so many seconds; nil: it is called off. Time to store what is to be kept; the lobby and its match go on after it.
---@field disturbed? fun(state: table, cause: string, ms: integer) # A fault of the server's: stall, overload, restart, crash or shutdown, of so many ms. It stands in the results, and the match is to be counted against nobody.
---@field spawn? fun(state: table, player: Player) # A player is alive (again).
---@field kill? fun(state: table, victim: Player, killer?: Player, weapon: string, assist?: Player) # A player died; killer is nil for an accident. weapon: rifle, launcher or an empty string.
---@field zone_enter? fun(state: table, player: Player, zone: integer) # A living player came into a zone.
---@field zone_leave? fun(state: table, player: Player, zone: integer) # A player left a zone, also by dying, or when it is taken away.
---@field pickup? fun(state: table, player: Player, item: integer) # A player carries an item from now on.
---@field drop? fun(state: table, player: Player, item: integer) # The carrier lost an item, where it lies now.
---@field touch? fun(state: table, player: Player, item: integer) # A player stands on an item of the own team that is away from home.
---@field damage? fun(state: table, amount: integer, victim: Player, attacker?: Player): integer? # Somebody is hit. The arena takes 0 to 1000.
---@field speed? fun(state: table, units: integer, player: Player): integer? # How far a player moves in a tick, 256 units being a tile. The arena takes 0 to 120.
---@field respawn? fun(state: table, ms: integer, victim: Player, killer?: Player): integer? # Time from death to the next life in ms, up to 60000; negative: never.
---@field score? fun(state: table, points: integer, killer: Player, victim: Player): integer? # Points that a kill gives the killer's team. The arena takes -100 to 100.
---@field victory? fun(state: table, winner?: Team|Player|"draw"): Team|Player|"draw"|nil, string?, table? # Asked after every tick: a team, a player or "draw" ends the match. A second result says why: a word, score_limit (default), time_limit, elimination, forfeit or one of your own; a third one who came in which place, as in match.finish. winner is what a script that was asked before has decided, or nil; the server's own limits are asked apart.
---@field sync? table[] # (no base) What clients see: fields of {name =, type =, per =, visible =}.
---@field private? boolean # (no base) With snapshot: players see different things, so that it is called for each of them.

---What happens, and what a mod says to it.
---@class hookslib
hooks = {}

---Calls handler whenever the event happens. The same id again, later, replaces the handler; twice
---while init.lua runs is an error. Higher priorities (-100 to 100, default 0) are asked first,
---then mods in their order; the options are that number, or {priority =, on_error =}, with
---on_error = "deny" (default) or "allow" for gates. An event of the other realm is ignored.
---@param event Event
---@param id string
---@param handler function
---@param options? integer|HookOptions
---@overload fun(event: "join_attempt", id: string, handler: (fun(player: Player, spectator: boolean): string?), options?: integer|HookOptions)
---@overload fun(event: "team_attempt", id: string, handler: (fun(player: Player, team: Team): string?), options?: integer|HookOptions)
---@overload fun(event: "start_attempt", id: string, handler: (fun(player?: Player): string?), options?: integer|HookOptions)
---@overload fun(event: "setting_attempt", id: string, handler: (fun(key: string, value: any, player?: Player): string?), options?: integer|HookOptions)
---@overload fun(event: "action_attempt", id: string, handler: (fun(kind: string, player?: Player, target?: Player, value: string): string?), options?: integer|HookOptions)
---@overload fun(event: "chat", id: string, handler: (fun(text: string, player: Player): string|false|nil), options?: integer|HookOptions)
---@overload fun(event: "describe", id: string, handler: (fun(): string?), options?: integer|HookOptions)
---@overload fun(event: "lobby_state", id: string, handler: (fun(state: string)), options?: integer|HookOptions)
---@overload fun(event: "host_changed", id: string, handler: (fun(player?: Player)), options?: integer|HookOptions)
---@overload fun(event: "player_join", id: string, handler: (fun(player: Player)), options?: integer|HookOptions)
---@overload fun(event: "player_leave", id: string, handler: (fun(player: Player, reason: string)), options?: integer|HookOptions)
---@overload fun(event: "setting_changed", id: string, handler: (fun(key: string, value: any)), options?: integer|HookOptions)
---@overload fun(event: "server_restarting", id: string, handler: (fun(seconds?: integer)), options?: integer|HookOptions)
---@overload fun(event: "disturbed", id: string, handler: (fun(cause: string, ms: integer)), options?: integer|HookOptions)
---@overload fun(event: "tick", id: string, handler: (fun(dt: number)), options?: integer|HookOptions)
---@overload fun(event: "spawn", id: string, handler: (fun(player: Player)), options?: integer|HookOptions)
---@overload fun(event: "kill", id: string, handler: (fun(victim: Player, killer?: Player, weapon: string, assist?: Player)), options?: integer|HookOptions)
---@overload fun(event: "zone_enter", id: string, handler: (fun(player: Player, zone: integer)), options?: integer|HookOptions)
---@overload fun(event: "zone_leave", id: string, handler: (fun(player: Player, zone: integer)), options?: integer|HookOptions)
---@overload fun(event: "pickup", id: string, handler: (fun(player: Player, item: integer)), options?: integer|HookOptions)
---@overload fun(event: "drop", id: string, handler: (fun(player: Player, item: integer)), options?: integer|HookOptions)
---@overload fun(event: "touch", id: string, handler: (fun(player: Player, item: integer)), options?: integer|HookOptions)
---@overload fun(event: "damage", id: string, handler: (fun(amount: integer, victim: Player, attacker?: Player): integer?), options?: integer|HookOptions)
---@overload fun(event: "speed", id: string, handler: (fun(units: integer, player: Player): integer?), options?: integer|HookOptions)
---@overload fun(event: "respawn", id: string, handler: (fun(ms: integer, victim: Player, killer?: Player): integer?), options?: integer|HookOptions)
---@overload fun(event: "score", id: string, handler: (fun(points: integer, killer: Player, victim: Player): integer?), options?: integer|HookOptions)
---@overload fun(event: "victory", id: string, handler: (fun(winner?: Team|Player|"draw"): Team|Player|"draw"|nil, string?, table?), options?: integer|HookOptions)
function hooks.on(event, id, handler, options) end

---Takes a handler away; no harm if there is none.
---@param event Event
---@param id string
function hooks.off(event, id) end

---Later, and again and again. In a match by match time, which a replay repeats; in the lobby by
---the clock.
---@class timerlib
timer = {}

---Calls fn once, so many seconds from now; in a mode with its state. Timers do not outlive a
---reload: keep deadlines in the state, or begin them in init.
---@param seconds number
---@param fn fun(state?: table)
---@return integer
function timer.after(seconds, fn) end

---Calls fn again and again, every so many seconds (0.05 at least).
---@param seconds number
---@param fn fun(state?: table)
---@return integer
function timer.every(seconds, fn) end

---Takes a timer back; false when it is gone already.
---@param timer integer
---@return boolean
function timer.cancel(timer) end

---Commands that players type into the chat: /name arguments.
---@class commandlib
command = {}

---A command of the chat (/name arguments) and of the console (mods run LOBBY name arguments):
---player is nil then, which fn has to expect. A mode's fn gets the state as well. What fn returns
---is shown to who typed it. In the match realm it is there while a match runs, for those who play,
---and is part of its recording. When two mods have the same name, players say /mod:name.
---@param options {name: string, help?: string, fn: fun(player?: Player, arguments: string, state?: table): string?}
function command.register(options) end

---Messages between mods of a lobby, and from the lobby realm to the match realm. Values are
---copied.
---@class buslib
bus = {}

---Sends a plain value to every mod of this lobby that listens: in the same realm with the next
---tick (in the lobby: at once after this call), and from the lobby realm to the match realm when a
---match runs.
---@param name string
---@param value any
function bus.emit(name, value) end

---Listens; in a mode with its state. The same id again, later, replaces the handler; twice while
---init.lua runs is an error.
---@param name string
---@param id string
---@param handler fun(value: any, state?: table)
function bus.on(name, id, handler) end

---Texts of locale/LANGUAGE.json.
---@class i18nlib
i18n = {}

---The text of locale/en.json with this key; {name} in it becomes variables.name. A key without a
---text is its own text.
---@param key string
---@param variables? table
---@return string
function i18n.t(key, variables) end

---What a mod keeps between matches: plain values by name, shared by all lobbies of the node.
---@class storagelib
storage = {}

---What is kept under the key (1 to 128 bytes), else default.
---Permission: storage.
---@param key string
---@param default? any
---@return any
function storage.get(key, default) end

---Keeps a plain value of at most 16 KiB. A mod has 1,000 keys and 256 KiB on a node; more raises
---an error. What an uploaded rule keeps ends with its lobby.
---Permission: storage.
---@param key string
---@param value any
function storage.set(key, value) end

---Forgets what is kept under the key.
---Permission: storage.
---@param key string
function storage.delete(key) end

---Adds to a kept number (0 when there is none), and returns the sum.
---Permission: storage.
---@param key string
---@param amount number
---@return number
function storage.add(key, amount) end

---The keys that begin with prefix, in order.
---Permission: storage.
---@param prefix? string
---@return string[]
function storage.keys(prefix) end

---The lobby, before, during and after its match.
---@class lobbylib
lobby = {}

---waiting, starting, active, ending or completed.
---Lobby realm only.
---@return string
function lobby.state() end

---A setting of the lobby; nil for one that is not there, or is secret.
---Lobby realm only.
---@param key string
---@return any
function lobby.setting(key) end

---Everybody who is in, spectators included.
---Lobby realm only.
---@return Player[]
function lobby.players() end

---The teams of the lobby's mode; none where everybody plays for themselves.
---Lobby realm only.
---@return Team[]
function lobby.teams() end

---Who decides here; nil: nobody.
---Lobby realm only.
---@return Player?
function lobby.host() end

---A line of chat from the server to everybody.
---Lobby realm only.
---Permission: chat.
---@param text string
function lobby.chat(text) end

---Nobody else comes in, or anybody may again.
---Lobby realm only.
---Permission: teams.
---@param locked boolean
function lobby.lock(locked) end

---Moves a player to a team; not while a match runs.
---Lobby realm only.
---Permission: teams.
---@param player Player
---@param team Team
function lobby.set_team(player, team) end

---Votes of the lobby's players.
---@class votelib
vote = {}

---Asks the players; on_end gets the option with the most votes, or nil. false: another vote is
---under way. on_end does not outlive a reload: that is told then, and nobody is called. When the
---server ends, the vote has ended, too: in the next one on_end gets nil, where it is a function
---with a name, as a timer's; where not, that is told.
---Lobby realm only.
---Permission: vote.
---@param vote {question: string, options: string[], seconds?: integer, on_end: fun(winner?: string)}
---@return boolean
function vote.start(vote) end

---The match: clock, scoreboard, end.
---@class matchlib
match = {}

---The number of this tick.
---Match realm only.
---@return integer
function match.tick() end

---Seconds since the match began.
---Match realm only.
---@return number
function match.time() end

---The name of the game mode.
---Match realm only.
---@return string
function match.game_mode() end

---A lobby setting as it counts for this match; nil for one that is not there.
---Match realm only.
---@param key string
---@return any
function match.setting(key) end

---Everybody in the match, bots included, by seat.
---Match realm only.
---@param team? Team
---@return Player[]
function match.players(team) end

---The teams of the mode; none where everybody plays for themselves.
---Match realm only.
---@return Team[]
function match.teams() end

---Who sits on a seat.
---Match realm only.
---@param seat integer
---@return Player?
function match.player(seat) end

---How many live, of a team or of all.
---Match realm only.
---@param team? Team
---@return integer
function match.alive(team) end

---Points of a team.
---Match realm only.
---@param team Team
---@return integer
function match.score(team) end

---Adds to a team's points (-1000 to 1000 at a time).
---Match realm only.
---@param team Team
---@param points integer
function match.add_score(team, points) end

---A line of chat from the server to everybody in the lobby.
---Match realm only.
---Permission: chat.
---@param text string
function match.announce(text) end

---A plain value (1024 bytes as JSON) to the clients of everybody in the lobby, spectators
---included: they get it as the notification mod.message.
---Match realm only.
---@param message any
function match.send(message) end

---Ends the match with this tick: won by a team, by a player, or by nobody ("draw", or nil). reason
---is a word: score_limit (default), time_limit, elimination, forfeit, or one of your own, not the
---server's aborted. places lists players or teams, the best first, equals in a list of their own,
---where points do not say it; the winner comes first there. The first call of a tick counts.
---Match realm only.
---@param winner? Team|Player|"draw"
---@param reason? string
---@param places? table
function match.finish(winner, reason, places) end

---What happens in a match on the base arena: zones, items, lives. Done at the start of the next
---tick.
---@class arenalib
arena = {}

---A round zone that everybody sees: ids 1 to 8, radius in tiles, progress 0 to 100, a label of 15
---bytes. place: center, red_base, blue_base, or at:X,Y: a tile of the map that is no wall. The
---same id again changes it; ids are shared by the mods of a match, and who uses one first has it.
---Match realm only.
---@param zone {id: integer, place: string, radius: number, team?: Team, progress?: integer, label?: string}
function arena.zone(zone) end

---Takes a zone away; who is inside leaves it.
---Match realm only.
---@param id integer
function arena.zone_remove(id) end

---A thing that players carry: ids 1 to 8, as for zones; kind is a word that is shown (flag,
---crown). who may pick it up: anyone (default), enemies or team, of its team.
---Match realm only.
---@param item {id: integer, place: string, kind?: string, team?: Team, who?: string}
function arena.item(item) end

---Brings an item home.
---Match realm only.
---@param id integer
function arena.item_home(id) end

---Takes an item away.
---Match realm only.
---@param id integer
function arena.item_remove(id) end

---Gives an item to a player.
---Match realm only.
---@param id integer
---@param player Player
function arena.carry(id, player) end

---Lets a player live again now, or moves one who lives to a spawn.
---Match realm only.
---@param player Player
function arena.spawn(player) end

---A death without a killer.
---Match realm only.
---@param player Player
function arena.kill(player) end

---Adds health, up to 100; a negative number hurts.
---Match realm only.
---@param player Player
---@param health integer
function arena.heal(player, health) end

---Moves a player to another team.
---Match realm only.
---@param player Player
---@param team Team
function arena.team(player, team) end

---Which weapons a player has (both unless said otherwise), what they do in percent, and a level
---that is shown beside the name.
---Match realm only.
---@param player Player
---@param loadout {rifle?: boolean, launcher?: boolean, damage?: integer, level?: integer}
function arena.loadout(player, loadout) end

---Bots fill the match up to so many players from now on, at most up to maxPlayers.
---Match realm only.
---@param players integer
function arena.bots(players) end

---What clients see of a mode that owns everything, as declared in mode.sync.
---@class synclib
sync = {}

---Gives a field of mode.sync a value; a field with per = "player" that of one player. It goes out
---with this tick's snapshot, to those who may see it.
---Match realm only.
---@param name string
---@param value any
---@param player? Player
function sync.set(name, value, player) end

---The value of a field: what was set, or 0, false or an empty string.
---Match realm only.
---@param name string
---@param player? Player
---@return any
function sync.get(name, player) end

---A player. A handle is good until the player leaves.
---@class Player
local Player = {}

---The name that others see.
---@return string
function Player:name() end

---In the lobby realm the playerId, the same in every lobby; in a match the seat as text.
---@return string
function Player:id() end

---The team's name, or none.
---@return Team
function Player:team() end

---Seat number from 0; nil for a spectator.
---@return integer?
function Player:seat() end

---A line of chat (300 bytes) that only this player sees.
---Permission: chat.
---@param text string
function Player:chat(text) end

---A plain value (1024 bytes as JSON) to this player's client alone, which gets it as the
---notification mod.message.
---@param message any
function Player:send(message) end

---Sends the player away, when this callback has ended. This handle means nobody from now on.
---Permission: kick.
---@param reason? string
function Player:kick(reason) end

---Does the base mode play this seat?
---Match realm only.
---@return boolean
function Player:is_bot() end

---Lives now.
---Match realm only.
---@return boolean
function Player:alive() end

---Kills of the scoreboard.
---Match realm only.
---@return integer
function Player:kills() end

---Deaths of the scoreboard.
---Match realm only.
---@return integer
function Player:deaths() end

---Score of the scoreboard.
---Match realm only.
---@return integer
function Player:score() end

---Adds to the player's own score (-1000 to 1000 at a time).
---Match realm only.
---@param points integer
function Player:add_score(points) end

---A statistic of the scoreboard: kills, deaths, assists, score, or one of those that the mode
---counts.
---Match realm only.
---@param name string
---@return integer
function Player:stat(name) end

---Adds to a statistic (-1000 to 1000 at a time).
---Match realm only.
---@param name string
---@param points integer
function Player:add_stat(name, points) end

---Is the lobby's host.
---Lobby realm only.
---@return boolean
function Player:is_host() end

---Watches only.
---Lobby realm only.
---@return boolean
function Player:is_spectator() end

---Has said ready for the next match.
---Lobby realm only.
---@return boolean
function Player:is_ready() end

---The snapshot of a mode that packs its own bytes.
---@class Writer
local Writer = {}

---One byte, 0 to 255.
---Match realm only.
---@param value integer
function Writer:u8(value) end

---Two bytes, the lower one first, as in all that follow.
---Match realm only.
---@param value integer
function Writer:u16(value) end

---Four bytes.
---Match realm only.
---@param value integer
function Writer:u32(value) end

---One byte, -128 to 127.
---Match realm only.
---@param value integer
function Writer:i8(value) end

---Two bytes, two's complement.
---Match realm only.
---@param value integer
function Writer:i16(value) end

---Four bytes, two's complement.
---Match realm only.
---@param value integer
function Writer:i32(value) end

---The bytes of a string as they are, without a length.
---Match realm only.
---@param text string
function Writer:bytes(text) end

---So many bits, 1 to 32, for a value that needs no whole byte: the lowest one first, from the
---lowest that is free in a byte on. Whole bytes after it begin at the next byte.
---Match realm only.
---@param value integer
---@param width integer
function Writer:bits(value, width) end

-- ---- tests/*_spec.lua ----

---A group of tests.
---@param name string
---@param fn fun()
function describe(name, fn) end

---A test. It fails when it raises an error, and when the mod raises one that it does not take with
---errors().
---@param name string
---@param fn fun()
function it(name, fn) end

---Runs before each test of this group and of the groups in it.
---@param fn fun()
function before_each(fn) end

---Where a test begins.
---@class testlib
test = {}

---A server with nobody on it. The world before it is over. Time stands still until a lobby lets it
---pass.
---@param options? {seed?: integer}
---@return World
function test.world(options) end

---Plays so many matches to their end, seed by seed, and returns their results: one player who does
---nothing, and the bots of the mode's settings.
---@param count integer
---@param options? {mode?: string, settings?: table, rules?: string[], seed?: integer, max_seconds?: number, players?: string[]}
---@return table[]
function test.matches(count, options) end

---Fails the test with the line and both values when something is not as expected. assert(value,
---message) works as always.
---@class assertlib
assert = {}

---The same number, string or boolean, or the same table.
---@param expected any
---@param found any
---@param message? string
function assert.equals(expected, found, message) end

---Equal, tables by what is in them.
---@param expected any
---@param found any
---@param message? string
function assert.same(expected, found, message) end

---Not the same by what is in them.
---@param unexpected any
---@param found any
---@param message? string
function assert.differs(unexpected, found, message) end

---true, and nothing else.
---@param found any
---@param message? string
function assert.is_true(found, message) end

---false, and nothing else.
---@param found any
---@param message? string
function assert.is_false(found, message) end

---nil.
---@param found any
---@param message? string
function assert.is_nil(found, message) end

---Neither nil nor false.
---@param found any
---@param message? string
function assert.truthy(found, message) end

---nil or false.
---@param found any
---@param message? string
function assert.falsy(found, message) end

---At most so far away.
---@param expected number
---@param found number
---@param tolerance number
---@param message? string
function assert.near(expected, found, tolerance, message) end

---A Lua pattern occurs in the text.
---@param pattern string
---@param found string
---@param message? string
function assert.matches(pattern, found, message) end

---fn raises an error, whose text has the pattern; the text.
---@param fn fun()
---@param pattern? string
---@return string
function assert.error(fn, pattern) end

---A server of its own, with virtual time.
---@class World
local World = {}

---Makes a lobby: the first player creates it and is its host, the others join. A player is a name,
---or {name =, team =, spectator =}. mode and rules are the mod's own where nothing else is said;
---settings go by their lobby keys (teamBalance is off here: teams are as you give them). start:
---the match runs when this returns.
---@param options? {mode?: string, settings?: table, rules?: string[], players?: (string|table)[], start?: boolean}
---@return Lobby
function World:lobby(options) end

---A player in no lobby.
---@param name string
---@return Client
function World:client(name) end

---What mods have raised since the last call: then it does not fail the test.
---@return string[]
function World:errors() end

---A lobby of that server, and its match.
---@class Lobby
local Lobby = {}

---The host starts the match; when this returns it runs. Raises the reason when it is refused.
function Lobby:start() end

---Time passes.
---@param seconds number
function Lobby:advance(seconds) end

---Time passes until the match has ended; the results. An hour at most, if nothing else is said:
---then it raises an error.
---@param max_seconds? number
---@return table
function Lobby:finish(max_seconds) end

---Results of the last match that has ended: winner, winningTeam, reason, finalScores, placements,
---playerStats, duration.
---@return table?
function Lobby:results() end

---waiting, starting, active, ending or completed.
---@return string
function Lobby:state() end

---A setting of the lobby by its lobby key.
---@param key string
---@return any
function Lobby:setting(key) end

---Points of a team.
---@param team Team
---@return integer
function Lobby:score(team) end

---Those who were let in, in the order they came.
---@return Client[]
function Lobby:players() end

---One more comes: a name, a client, or {name =, team =, spectator =, secret =}. nil and the reason
---when that is refused.
---@param player string|Client|table
---@return Client?
---@return string?
function Lobby:join(player) end

---The scoreboard, bots included: {seat, name, team, is_bot, alive, kills, deaths, assists, score},
---and the mode's own statistics by their names.
---@return table[]
function Lobby:seats() end

---The last line of chat that anybody in the lobby has heard and that has the pattern.
---@param pattern string
---@return string?
function Lobby:heard(pattern) end

---Asks all rules of the match what becomes of a value: damage, speed, respawn or score, as the
---base does. Players are clients or seats.
---@param event string
---@param value integer
---@param player Client|integer
---@param other? Client|integer
---@return integer
function Lobby:filter(event, value, player, other) end

---filter of damage: what a hit of this amount comes to. Nobody is hurt by it.
---@param amount integer
---@param victim Client|integer
---@param attacker? Client|integer
---@return integer
function Lobby:damage(amount, victim, attacker) end

---Tells the match's rules a fact with the arguments of its event: spawn, kill, zone_enter,
---zone_leave, pickup, drop or touch. The base knows nothing of it.
---@param event string
---@param player Client|integer
---@param ... any
function Lobby:notify(event, player, ...) end

---Tells the match's rules of a fault of the server's, as in the event disturbed.
---@param cause string
---@param ms integer
function Lobby:disturb(cause, ms) end

---Base arena: a death without a killer, in the next tick.
---@param player Client|integer
function Lobby:kill(player) end

---Names the whole state of the match: equal matches have equal hashes.
---@return string
function Lobby:hash() end

---Reads the mod again, from another folder of that id if one is given, and takes it into the lobby
---at once and into the running match with the next tick. false and the reason when it does not
---start.
---@param dir? string
---@return boolean
---@return string?
function Lobby:reload(dir) end

---Saves the match and goes on in one that is made anew of it, as after a restart.
function Lobby:restore() end

---A player, as somebody at a keyboard.
---@class Client
local Client = {}

---The name that others see.
---@return string
function Client:name() end

---The playerId.
---@return string
function Client:id() end

---A request of docs/protocol.md: its result, or nil, the sentence and the data of the refusal.
---@param method string
---@param params? table
---@return table?
---@return string?
---@return table?
function Client:request(method, params) end

---Says a line, or a command of a mod. false and the reason when it is refused.
---@param text string
---@return boolean
---@return string?
function Client:chat(text) end

---The last line of chat that this player has heard and that has the pattern.
---@param pattern string
---@return string?
function Client:heard(pattern) end

---The params of the last notification of this method (docs/protocol.md section 3).
---@param method string
---@return table?
function Client:told(method) end

---Says ready, before the match.
---@param ready boolean
---@return boolean
---@return string?
function Client:ready(ready) end

---What the player's hands do from the next tick on; repeated for 0.25 s.
---@param input {held?: integer, pressed?: integer, aim?: integer, move_x?: integer, move_y?: integer}
function Client:input(input) end

---A message to the mode, as the client would send it; it comes with the next tick.
---@param message string
function Client:send(message) end

---Leaves the lobby.
function Client:leave() end

---The connection is lost: the mode's connection hook is called, and the seat is held for
---lobby.reconnectMs.
function Client:disconnect() end

---Signs in again and takes the seat. false and the reason when it is given up by now.
---@return boolean
---@return string?
function Client:reconnect() end

---Seat number; nil for who has none.
---@return integer?
function Client:seat() end

---The team's name, or none.
---@return Team
function Client:team() end

---Lives, in the match.
---@return boolean
function Client:alive() end

---Kills of the scoreboard.
---@return integer
function Client:kills() end

---Deaths of the scoreboard.
---@return integer
function Client:deaths() end

---Score of the scoreboard.
---@return integer
function Client:score() end

---A statistic of the scoreboard, one of the mode's own included; 0 for what is none.
---@param name string
---@return integer
function Client:stat(name) end

---The payload of a full snapshot as this player gets it now: bytes for string.unpack.
---@return string
function Client:snapshot() end
