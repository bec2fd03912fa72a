// Mods with a mistake: what is refused when they load, with a sentence, by `muster check`,
// `muster test` and the server alike.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { muster, tempDir } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";
import { startModServer, writeMod } from "../kit/mods.mjs";

const MODE = { kind: "mode", base: "arena" };
/** A rule that does this when its match realm begins. */
const at_start = (code, sentence) => [{}, `if realm == "match" then ${code} end hooks.on("tick", "x", print)`, sentence];
/** A rule with one setting that cannot be. */
const odd = (setting, sentence) => [
    {}, 'hooks.on("tick", "x", function() return settings.odd end)', sentence,
    { "settings.json": JSON.stringify([{ key: "odd", label: "Odd", ...setting }]) },
];
const SPEC = { "tests/it_spec.lua": 'it("plays", function() test.world():lobby{start = true}:advance(1) end)' };

/** Mods by name: what is wrong with them. */
const BROKEN = {
    lobby_hook: [MODE, 'hooks.on("start_attempt", "x", function() end)\nreturn {}',
        /lobby_hook\/init\.lua:1: 'start_attempt' happens in the lobby realm, and a mode has none/],
    lobby_field: [MODE, "return {chat = function() end}", /unknown field 'chat'/],
    misspelt: [MODE, "return {zone_entr = function() end}", /unknown field 'zone_entr'; did you mean 'zone_enter'\?/],
    based: [MODE, "return {snapshot = function() end}", /unknown field 'snapshot'/],
    no_function: [MODE, "return {tick = 5}", /mode\.tick: expected a function, found a number/],
    owner: [{ kind: "mode" }, "return {kill = function() end}", /unknown field 'kill'/],
    twice: [{}, 'for _ = 1, 2 do\n hooks.on("kill", "x", function() end)\nend',
        /twice\/init\.lua:2: this mod hooks 'kill' as 'x' already/],
    twice_bus: [{}, 'for _ = 1, 2 do bus.on("m", "x", function() end) end', /this mod hears 'm' as 'x' already/],
    twice_command: [{}, 'for _ = 1, 2 do command.register{name = "x", fn = print} end', /has a command \/x already/],
    helper: [{}, 'command.register{name = "help", fn = print}', /\/help is the server's own/],
    options: [{}, 'command.register{name = "x", fn = print, halp = "?"}', /unknown field 'halp'; did you mean 'help'\?/],
    hook_options: [{}, 'hooks.on("kill", "x", print, {prio = 1})', /unknown field 'prio'/],
    no_gate: [{}, 'hooks.on("kill", "x", print, {on_error = "deny"})', /'kill' denies nothing/],
    returns: [{}, "return {tick = function() end}", /a rule hooks with hooks\.on: what init\.lua returns is not used/],
    init_five: [MODE, "return {init = function() return 5 end}",
        /init_five\/init\.lua:1: mode\.init returned 5, expected a table, or nothing/],
    save_alone: [MODE, "return {save = function(state) return state end}", /mode\.save goes with mode\.restore/],
    save_nothing: [MODE, "return {save = function() end, restore = function(s) return s end}",
        /mode\.save returned nothing, expected a table/],
    save_text: [MODE, 'return {save = function() return "x" end, restore = function(s) return s end}',
        /mode\.save returned "x", expected a table/],
    restore_nothing: [MODE, "return {restore = function() end}", /mode\.restore returned nothing, expected a table/],
    odd_state: [MODE, "return {init = function() return {a = {print}} end}",
        /state\.a\[1\] cannot be kept: a function cannot be copied/],
    meta_state: [{}, 'hooks.on("tick", "x", function() end)\nstate.a = setmetatable({}, {})',
        /state\.a cannot be kept: a table with a metatable cannot be copied/],
    no_state: [{}, 'hooks.on("tick", "x", function() end)\nstate = 5', /state cannot be kept: expected a table, found a number/],
    default_text: [{ ...MODE, defaults: { killLimit: "zero" } }, "return {}",
        /mod\.json: defaults\.killLimit: expected int .+, found "zero"/],
    default_much: [{ ...MODE, defaults: { timeLimit: 100000 } }, "return {}", /mod\.json: defaults\.timeLimit: expected .+ 100000/],
    default_name: [{ kind: "mode", defaults: { kilLimit: 0 } }, "return {}",
        /mod\.json: defaults\.kilLimit: unknown key; did you mean "killLimit"/],
    no_base: [{ kind: "mode", base: "arean" }, "return {}", /mod\.json: base: expected a mode of this server, found "arean"/],
    based: [{ kind: "mode", base: "king_of_the_hill" }, "return {}",
        /mod\.json: base: expected a mode without a base, found "king_of_the_hill"/],
    arena: [MODE, "return {}", /mod\.json: id: the server has a mode called "arena" already/],
    odd_map: [{ kind: "mode", maps: ["my map"] }, "return {}", /mod\.json: maps\[0\]: expected a name .+, found "my map"/],
    no_victory: [{ kind: "mode", victories: ["victory_timelimit"], defaults: { timeLimit: 60 } }, "return {}",
        /victories\[0\]: expected a victory plugin \(.*victory_elimination.*\), found "victory_timelimit"; did you mean "victory_time_limit"\?/],
    below_min: odd({ type: "int", default: 10, min: 20 }, /settings\[0\]\.default: expected 20 to \d+, found 10/),
    above_max: odd({ type: "string", default: "long", max: 3 }, /settings\[0\]\.default: expected 0 to 3 bytes, found "long"/),
    min_max: odd({ type: "number", default: 1, min: 2, max: 1 }, /settings\[0\]\.max: expected at least min, found 1/),
    min_text: odd({ type: "int", default: 1, min: "0" }, /settings\[0\]\.min: expected a number, found "0"/),
    never: odd({ type: "bool", default: true, when: "never" }, /settings\[0\]\.when: expected setup .+ or always, found "never"/),
    no_unit: odd({ type: "duration", default: 1 }, /settings\[0\]\.unit: expected ms or s.*, found nothing/),
    secretive: odd({ type: "bool", default: true, secret: 1 }, /settings\[0\]\.secret: expected true or false, found 1/),
    taken: [MODE, "return {init = function() return {a = settings.timeLimit} end}",
        /settings\.json: settings\[0\]\.key: the lobby setting "timeLimit" is taken/,
        { "settings.json": JSON.stringify([{ key: "timeLimit", type: "int", default: 1, label: "x" }]) }],
    on_trial: [{}, 'hooks.on("tick", "x", function() end)\nlocal t = match and realm == "match" and match.setting("nothing") * 2',
        /on_trial\/init\.lua:2: .*nil value.*\(in the trial load, match realm\)/],
    zone_id: at_start('arena.zone{id = 9, place = "center", radius = 1}', /:1: id: expected 1 to 8, found 9/),
    zone_radius: at_start('arena.zone{id = 1, place = "center", radius = 0}', /radius: expected 0\.25 to 32 tiles, found 0/),
    zone_label: at_start('arena.zone{id = 1, place = "center", radius = 1, label = 5}', /label: expected up to 15 .+, found 5/),
    zone_team: at_start('arena.zone{id = 1, place = "center", radius = 1, team = "green"}',
        /team: expected none, red or blue, found "green"/),
    zone_place: at_start('arena.zone{id = 1, place = "middle", radius = 1}', /place: expected center, .+, found "middle"/),
    zone_part: at_start('arena.zone{id = 1.5, place = "center", radius = 1}', /id: expected an integer, 1 to 8, found 1\.5/),
    item_kind: at_start('arena.item{id = 1, place = "center", kind = "A"}', /kind: expected 1 to 15 of a-z and _, found "A"/),
    bots: at_start("arena.bots(99)", /bad argument #1 to 'bots' \(expected 0 to \d+, found 99\)/),
    team: at_start('match.players("green")', /#1 to 'players' \(expected none, red or blue, found "green"\)/),
    part: at_start('match.add_score("red", 0.5)', /#2 to 'add_score' \(expected an integer, -1000 to 1000, found 0\.5\)/),
    finish: at_start('match.finish("green")', /#1 to 'finish' \(expected "red", "blue", "draw", a player or nil, found "green"\)/),
    finish_reason: at_start('match.finish("red", "Fun")', /#2 to 'finish' \(expected a reason .+, found "Fun"\)/),
    timer: at_start("timer.after(-1, print)", /#1 to 'after' \(expected 0 to 2592000 seconds, found -1\)/),
    priority: [{}, 'hooks.on("kill", "x", print, {priority = 101})', /priority: expected -100 to 100, found 101/],
    swapped: [MODE, "return {tikc = function() end}", /unknown field 'tikc'; did you mean 'tick'\?/],
    func: [{}, 'command.register{name = "x", func = print}', /unknown field 'func'; there is name, help or fn/],
    itself: [{ conflicts: ["itself"] }, "return", /mod\.json: conflicts\[0\]: expected another mod, found "itself"/],
    based_max: [{ ...MODE, maxPlayers: 4 }, "return {}", /mod\.json: maxPlayers: only a mode without a base has it/],
    throws: [{}, 'if realm == "lobby" then error("broken") end', /throws\/init\.lua:1: broken/],
    needs: [{ depends: ["nothing >= 2"] }, "return", /needs nothing >= 2, which is not there/],
    greedy: [{ limits: { memoryKb: 65536 } }, "return", /memory, lua\.memoryMaxKb allows/],
};

const LINES_A_SECOND = 20; // that the log takes of one plugin

async function writeMods(t, mods) {
    const cwd = await tempDir(t);
    for (const [id, [manifest, init, , files]] of mods)
        await writeMod(path.join(cwd, "mods"), id, manifest, { "init.lua": init, ...SPEC, ...files });
    return cwd;
}

test("what does not load is told when the server starts, and an error of check and test", async (t) => {
    const all = Object.entries(BROKEN);
    let cwd;
    for (let at = 0; at < all.length; at += LINES_A_SECOND) {
        const mods = all.slice(at, at + LINES_A_SECOND);
        cwd = await writeMods(t, mods);
        const { stderr } = await muster(cwd, "mods");
        const lines = stderr.split("\n");
        for (const [id, [, , sentence]] of mods)
            assert.ok(lines.some((line) => line.includes(id) && sentence.test(line)), `${id}: ${stderr}`);
    }
    cwd = await writeMods(t, all);
    for (const [verb, id] of [["check", "lobby_hook"], ["check", "needs"], ["check", "greedy"], ["test", "twice"],
        ["check", "default_name"], ["test", "default_text"], ["check", "no_base"], ["check", "never"], ["test", "never"]]) {
        const { code, stdout } = await muster(cwd, verb, `mods/${id}`);
        assert.equal(code, 1, id);
        assert.match(stdout, BROKEN[id][2]);
    }
});

test("a mod on trial finds the settings of a new lobby, and answers of the documented types", async (t) => {
    const cwd = await tempDir(t);
    const init = `
        local mode = {}
        function mode.init()
            local half = match.setting("timeLimit") / 2 + match.setting("killLimit") + match.setting("own")
            if match.game_mode() ~= "trial" then error("game mode " .. match.game_mode()) end
            if storage.add("n", 1) > 3 or storage.get("n", 0) > 0 or #storage.keys() > 0 then error("kept") end
            return {half = half, map = match.setting("mapName"):upper(), alive = match.alive("red") + match.score("red")}
        end
        return mode`;
    await writeMod(cwd, "trial", { ...MODE, permissions: ["storage"], defaults: { timeLimit: 120, own: 3 } }, {
        "init.lua": init,
        "settings.json": '[{"key": "own", "type": "int", "default": 1, "label": "Own"}]',
    });
    const rule = `
        hooks.on("chat", "x", function() end)
        if realm == "lobby" then
            local most = lobby.setting("maxPlayers") * 1
            state.sum = most + #lobby.setting("rules") + lobby.setting("trialRuleOwn") + #lobby.players()
            state.word = lobby.state() .. lobby.setting("mapName")
        else
            state.word = match.game_mode() .. match.tick() .. match.time()
        end`;
    await writeMod(cwd, "trial_rule", {}, {
        "init.lua": rule, "settings.json": '[{"key": "own", "type": "int", "default": 1, "label": "Own"}]',
    });
    await writeMod(cwd, "upon", { ...MODE, base: "tug_of_war" }, {
        "init.lua": 'assert(match.setting("length") == 60) return {}',
    });
    for (const id of ["trial", "trial_rule", "upon"]) {
        const { code, stdout } = await muster(cwd, "check", id);
        assert.equal(code, 0, stdout);
    }
});

test("the console runs commands as nobody, and is told when they fail", async (t) => {
    const server = await startModServer(t, {
        greeter: { files: { "init.lua": `
            command.register{name = "greet", fn = function(player) return "hello, " .. (player and player:name() or "console") end}
            command.register{name = "both", fn = print}
            command.register{name = "fail", fn = function(player) return player:name() end}` } },
        second: { files: { "init.lua": 'command.register{name = "both", fn = print}' } },
    });
    const { client } = await connectPlayer(t, server, { name: "Ada" });
    const entry = await client.createLobby({
        gameMode: "arena", settings: { rules: ["greeter", "second", "host_commands", "hall_of_fame"], startWhen: "host" },
    });
    const run = (line) => server.admin(`mods run ${entry.lobby.lobbyId} ${line}`);
    const fails = (line) => server.adminRefusal(`mods run ${entry.lobby.lobbyId} ${line}`);
    assert.match(await run("greet"), /^hello, console/);
    assert.match(await run("close"), /^The lobby is closed/);
    assert.match(await run("forget"), /./);
    assert.match(await fails("fail"), /\/fail has failed: greeter has a mistake$/);
    assert.match(await fails("nothing"), /no mod there has that command$/);
    const both = await server.adminAnswer(`mods run ${entry.lobby.lobbyId} both`);
    assert.deepEqual([both.status, both.body.detail], [409, "say which: /greeter:both, /second:both"]);
    const none = await server.adminAnswer(`mods run ${entry.lobby.lobbyId} nothing`);
    assert.deepEqual([none.status, none.body.code], [404, "not_found"]);
});
