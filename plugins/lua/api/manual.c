/* manual - rows of the manual that no C function stands behind; see manual.h. */
#include "manual.h"

#include <stddef.h>

const struct manual_global manual_globals[] = {
    {"mod", "{id: string, version: string}", "This mod."},
    {"realm", "\"lobby\"|\"match\"", "Where this state of the script runs."},
    {"settings", "table<string, any>",
     "The mod's own settings by the keys of settings.json. They cannot be written, and a key that "
     "is not there is an error."},
    {"state", "table",
     "Rules: plain values that survive a reload and are saved with the match. A mode has what its "
     "init returns instead."},
    {NULL}};

const struct manual_callback manual_callbacks[] = {
    {"init", "fun(settings: table<string, any>): table", true,
     "The match begins. What it returns is the state: a table of plain values, handed to every "
     "other callback, kept over a reload and saved with the match."},
    {"save", "fun(state: table): table", true,
     "What is kept of the state, where that is not the state itself: plain values."},
    {"restore", "fun(saved: table): table", true,
     "The state again, from what save returned: in new code after a reload, or in another process "
     "after a restart."},
    {"join", "fun(state: table, player: Player): string?", false,
     "A player takes a seat. A string keeps the player out."},
    {"leave", "fun(state: table, player: Player, reason: string)", false,
     "A player has left: quit, timeout, kick, ban or shutdown."},
    {"connection", "fun(state: table, player: Player, connected: boolean)", false,
     "A player's connection dropped, or is back."},
    {"input",
     "fun(state: table, player: Player, held: integer, pressed: integer, aim: integer, move_x: "
     "integer, move_y: integer)",
     false,
     "What a player does in this tick: buttons as bits, aim 0 to 65535 for a full turn, moves -127 "
     "to 127. Called for each player before tick."},
    {"message", "fun(state: table, player: Player, message: string)", false,
     "Bytes that a player's client has sent (1 to 1024, docs/protocol.md section 4), such as a "
     "move "
     "in a game of turns: each once, in order, before the inputs of the tick. They are a "
     "stranger's: look at their length, and whether the move is possible."},
    {"tick", "fun(state: table, dt: number)", false, "Once a tick. dt: seconds."},
    {"snapshot", "fun(state: table, out: Writer, full: boolean, viewer?: Player)", false,
     "Packs what clients see, instead of mode.sync: all of it when full is set, else what has "
     "changed in this tick. viewer: whose eyes, where mode.private is set; nil: a spectator's."},
    {"intro", "fun(state: table): table", false,
     "What never changes in this match, sent to each client once, as JSON."},
    {NULL}};

const struct manual_global manual_fields[] = {
    {"sync", "table[]", "What clients see: fields of {name =, type =, per =, visible =}."},
    {"private", "boolean",
     "With snapshot: players see different things, so that it is called for each of them."},
    {NULL}};

/* ---- tests ----------------------------------------------------------------------------------- */

const struct api_function manual_spec_functions[] = {
    {"describe", NULL, 0, 0, "name: string, fn: fun()", "", "A group of tests.",
     "describe(\"the hill\", function()\n    it(\"is there\", function() end)\nend)"},
    {"it", NULL, 0, 0, "name: string, fn: fun()", "",
     "A test. It fails when it raises an error, and when the mod raises one that it does not take "
     "with errors().",
     "it(\"counts\", function() assert.equals(2, 1 + 1) end)"},
    {"before_each", NULL, 0, 0, "fn: fun()", "",
     "Runs before each test of this group and of the groups in it.",
     "before_each(function() print(\"next\") end)"},
    {NULL}};

static const struct api_function spec_assert[] = {
    {"equals", NULL, 0, 0, "expected: any, found: any, message?: string", "",
     "The same number, string or boolean, or the same table.", "assert.equals(3, 1 + 2)"},
    {"same", NULL, 0, 0, "expected: any, found: any, message?: string", "",
     "Equal, tables by what is in them.", "assert.same({1, {x = 2}}, {1, {x = 2}})"},
    {"differs", NULL, 0, 0, "unexpected: any, found: any, message?: string", "",
     "Not the same by what is in them.", "assert.differs({1}, {2})"},
    {"is_true", NULL, 0, 0, "found: any, message?: string", "", "true, and nothing else.",
     "assert.is_true(1 < 2)"},
    {"is_false", NULL, 0, 0, "found: any, message?: string", "", "false, and nothing else.",
     "assert.is_false(2 < 1)"},
    {"is_nil", NULL, 0, 0, "found: any, message?: string", "", "nil.", "assert.is_nil(({}).x)"},
    {"truthy", NULL, 0, 0, "found: any, message?: string", "", "Neither nil nor false.",
     "assert.truthy(0)"},
    {"falsy", NULL, 0, 0, "found: any, message?: string", "", "nil or false.", "assert.falsy(nil)"},
    {"near", NULL, 0, 0, "expected: number, found: number, tolerance: number, message?: string", "",
     "At most so far away.", "assert.near(3.14, math.pi, 0.01)"},
    {"matches", NULL, 0, 0, "pattern: string, found: string, message?: string", "",
     "A Lua pattern occurs in the text.", "assert.matches(\"^%d+ points$\", \"12 points\")"},
    {"error", NULL, 0, 0, "fn: fun(), pattern?: string", "string",
     "fn raises an error, whose text has the pattern; the text.",
     "assert.error(function() error(\"no seat\") end, \"seat\")"},
    {NULL}};

static const struct api_function spec_test[] = {
    {"world", NULL, 0, 0, "options?: {seed?: integer}", "World",
     "A server with nobody on it. The world before it is over. Time stands still until a lobby "
     "lets it pass.",
     "local w = test.world{seed = 7}"},
    {"matches", NULL, 0, 0,
     "count: integer, options?: {mode?: string, settings?: table, rules?: string[], seed?: "
     "integer, max_seconds?: number, players?: string[]}",
     "table[]",
     "Plays so many matches to their end, seed by seed, and returns their results: one player "
     "who does nothing, and the bots of the mode's settings.",
     "local results = test.matches(2, {mode = \"arena\", settings = {botFill = 4, killLimit = 1}})"
     "\nassert.equals(2, #results)"},
    {NULL}};

static const struct api_function spec_world[] = {
    {"lobby", NULL, 0, 0,
     "options?: {mode?: string, settings?: table, rules?: string[], players?: (string|table)[], "
     "start?: boolean}",
     "Lobby",
     "Makes a lobby: the first player creates it and is its host, the others join. A player is a "
     "name, or {name =, team =, spectator =}. mode and rules are the mod's own where nothing else "
     "is said; settings go by their lobby keys (teamBalance is off here: teams are as you give "
     "them). start: the match runs when this returns.",
     "local l = w:lobby{mode = \"arena\", players = {\"ann\", {name = \"bob\", team = \"blue\"}}, "
     "start = true}\nassert.equals(\"active\", l:state())"},
    {"client", NULL, 0, 0, "name: string", "Client", "A player in no lobby.",
     "local eve = w:client(\"eve\")"},
    {"errors", NULL, 0, 0, "", "string[]",
     "What mods have raised since the last call: then it does not fail the test.",
     "assert.same({}, w:errors())"},
    {NULL}};

static const struct api_function spec_lobby[] = {
    {"start", NULL, 0, 0, "", "",
     "The host starts the match; when this returns it runs. Raises the reason when it is refused.",
     "local other = w:lobby{players = {\"cid\"}}\nother:start()"},
    {"advance", NULL, 0, 0, "seconds: number", "", "Time passes.", "l:advance(0.5)"},
    {"finish", NULL, 0, 0, "max_seconds?: number", "table",
     "Time passes until the match has ended; the results. An hour at most, if nothing else is "
     "said: then it raises an error.",
     "local results = l:finish(120)"},
    {"results", NULL, 0, 0, "", "table?",
     "Results of the last match that has ended: winner, winningTeam, reason, finalScores, "
     "placements, playerStats, duration.",
     "assert.is_nil(l:results())"},
    {"state", NULL, 0, 0, "", "string", "waiting, starting, active, ending or completed.",
     "assert.equals(\"active\", l:state())"},
    {"setting", NULL, 0, 0, "key: string", "any", "A setting of the lobby by its lobby key.",
     "assert.equals(60, l:setting(\"timeLimit\"))"},
    {"score", NULL, 0, 0, "team: Team", "integer", "Points of a team.",
     "assert.equals(0, l:score(\"red\"))"},
    {"players", NULL, 0, 0, "", "Client[]", "Those who were let in, in the order they came.",
     "local ann = l:players()[1]"},
    {"join", NULL, 0, 0, "player: string|Client|table", "Client?, string?",
     "One more comes: a name, a client, or {name =, team =, spectator =, secret =}. nil and the "
     "reason when that is refused.",
     "local cid, why = l:join(\"cid\")\nassert.truthy(cid, why)"},
    {"seats", NULL, 0, 0, "", "table[]",
     "The scoreboard, bots included: {seat, name, team, is_bot, alive, kills, deaths, assists, "
     "score}, and the mode's own statistics by their names.",
     "for _, row in ipairs(l:seats()) do print(row.name, row.kills) end"},
    {"heard", NULL, 0, 0, "pattern: string", "string?",
     "The last line of chat that anybody in the lobby has heard and that has the pattern.",
     "assert.is_nil(l:heard(\"holds the hill\"))"},
    {"filter", NULL, 0, 0,
     "event: string, value: integer, player: Client|integer, other?: Client|integer", "integer",
     "Asks all rules of the match what becomes of a value: damage, speed, respawn or score, as the "
     "base does. Players are clients or seats.",
     "local points = l:filter(\"score\", 1, ann, bob)"},
    {"damage", NULL, 0, 0, "amount: integer, victim: Client|integer, attacker?: Client|integer",
     "integer", "filter of damage: what a hit of this amount comes to. Nobody is hurt by it.",
     "assert.equals(30, l:damage(30, ann, bob))"},
    {"notify", NULL, 0, 0, "event: string, player: Client|integer, ...: any", "",
     "Tells the match's rules a fact with the arguments of its event: spawn, kill, zone_enter, "
     "zone_leave, pickup, drop or touch. The base knows nothing of it.",
     "l:notify(\"kill\", ann, bob, \"rifle\")"},
    {"disturb", NULL, 0, 0, "cause: string, ms: integer", "",
     "Tells the match's rules of a fault of the server's, as in the event disturbed.",
     "l:disturb(\"crash\", 700)"},
    {"kill", NULL, 0, 0, "player: Client|integer", "",
     "Base arena: a death without a killer, in the next tick.", "l:kill(ann)"},
    {"hash", NULL, 0, 0, "", "string",
     "Names the whole state of the match: equal matches have equal hashes.", "print(l:hash())"},
    {"reload", NULL, 0, 0, "dir?: string", "boolean, string?",
     "Reads the mod again, from another folder of that id if one is given, and takes it into the "
     "lobby at once and into the running match with the next tick. false and the reason when it "
     "does not start.",
     "local taken, why = l:reload()\nassert.is_true(taken, why)"},
    {"restore", NULL, 0, 0, "", "",
     "Saves the match and goes on in one that is made anew of it, as after a restart.",
     "l:restore()"},
    {NULL}};

static const struct api_function spec_client[] = {
    {"name", NULL, 0, 0, "", "string", "The name that others see.",
     "assert.equals(\"ann\", ann:name())"},
    {"id", NULL, 0, 0, "", "string", "The playerId.", "print(ann:id())"},
    {"request", NULL, 0, 0, "method: string, params?: table", "table?, string?, table?",
     "A request of docs/protocol.md: its result, or nil, the sentence and the data of the refusal.",
     "local lobby, why = ann:request(\"lobby.updateSettings\", {settings = {locked = true}})\n"
     "assert.truthy(lobby, why)"},
    {"chat", NULL, 0, 0, "text: string", "boolean, string?",
     "Says a line, or a command of a mod. false and the reason when it is refused.",
     "ann:chat(\"hello\")"},
    {"heard", NULL, 0, 0, "pattern: string", "string?",
     "The last line of chat that this player has heard and that has the pattern.",
     "assert.equals(\"hello\", ann:heard(\"^hello$\"))"},
    {"told", NULL, 0, 0, "method: string", "table?",
     "The params of the last notification of this method (docs/protocol.md section 3).",
     "assert.truthy(ann:told(\"match.started\"))"},
    {"ready", NULL, 0, 0, "ready: boolean", "boolean, string?", "Says ready, before the match.",
     "ann:ready(true)"},
    {"input", NULL, 0, 0,
     "input: {held?: integer, pressed?: integer, aim?: integer, move_x?: integer, move_y?: "
     "integer}",
     "", "What the player's hands do from the next tick on; repeated for 0.25 s.",
     "ann:input{held = 1, aim = 16384, move_x = 127}"},
    {"send", NULL, 0, 0, "message: string", "",
     "A message to the mode, as the client would send it; it comes with the next tick.",
     "local sent = pcall(ann.send, ann, \"\\1\\2\") -- the base arena takes none"},
    {"leave", NULL, 0, 0, "", "", "Leaves the lobby.", "bob:leave()"},
    {"disconnect", NULL, 0, 0, "", "",
     "The connection is lost: the mode's connection hook is called, and the seat is held for "
     "lobby.reconnectMs.",
     "l:players()[2]:disconnect()"},
    {"reconnect", NULL, 0, 0, "", "boolean, string?",
     "Signs in again and takes the seat. false and the reason when it is given up by now.",
     "local bob = l:players()[2]\nbob:disconnect()\nassert.is_true(bob:reconnect())"},
    {"seat", NULL, 0, 0, "", "integer?", "Seat number; nil for who has none.",
     "assert.equals(0, ann:seat())"},
    {"team", NULL, 0, 0, "", "Team", "The team's name, or none.", "print(ann:team())"},
    {"alive", NULL, 0, 0, "", "boolean", "Lives, in the match.", "assert.is_true(ann:alive())"},
    {"kills", NULL, 0, 0, "", "integer", "Kills of the scoreboard.",
     "assert.equals(0, ann:kills())"},
    {"deaths", NULL, 0, 0, "", "integer", "Deaths of the scoreboard.",
     "assert.equals(0, ann:deaths())"},
    {"score", NULL, 0, 0, "", "integer", "Score of the scoreboard.",
     "assert.equals(0, ann:score())"},
    {"stat", NULL, 0, 0, "name: string", "integer",
     "A statistic of the scoreboard, one of the mode's own included; 0 for what is none.",
     "assert.equals(0, ann:stat(\"assists\"))"},
    {"snapshot", NULL, 0, 0, "", "string",
     "The payload of a full snapshot as this player gets it now: bytes for string.unpack.",
     "assert.truthy(#ann:snapshot() > 0)"},
    {NULL}};

const struct api_table manual_spec_tables[] = {
    {"test", "Where a test begins.", spec_test},
    {"assert",
     "Fails the test with the line and both values when something is not as expected. "
     "assert(value, message) works as always.",
     spec_assert},
    {"World", "A server of its own, with virtual time.", spec_world},
    {"Lobby", "A lobby of that server, and its match.", spec_lobby},
    {"Client", "A player, as somebody at a keyboard.", spec_client},
    {NULL}};
