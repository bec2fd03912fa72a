// Scripts on a real server: stopped, failing and reloaded ones harm their own lobby alone, and what
// became of them is played again from the recording.

import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { eventually } from "../kit/harness.mjs";
import { gather, listen } from "../kit/players.mjs";
import { modLines, startModServer, writeMod } from "../kit/mods.mjs";
import { playAgain, replayAll } from "../kit/recording.mjs";

/** Settings of a match that the bots alone would never end. */
const ENDLESS = { botFill: 4, maxPlayers: 2, killLimit: 1000, timeLimit: 600 };

/** A lobby of two with these rules, its match under way. */
async function startMatch(t, server, settings, gameMode = "arena") {
    const team = await gather(t, server, 2, { settings: { fires: false } });
    const entry = await team[0].client.createLobby({ gameMode, settings: { ...ENDLESS, ...settings } });
    const heard = listen(team[0].client);
    await team[1].client.joinLobby(entry.lobby.lobbyId);
    await eventually("the match", () => team[0].bot);
    return { team, ...heard, lobbyId: entry.lobby.lobbyId };
}

test("a script that runs on and on is stopped, begins anew, and is off the third time", async (t) => {
    const spin = {
        files: {
            "init.lua": `
                state = {runs = 0}
                hooks.on("tick", "spin", function()
                    state.runs = state.runs + 1
                    if match.tick() % 40 ~= 39 then return end
                    match.add_score("red", 1)
                    if match.tick() < 200 then while true do end end
                end)`,
        },
    };
    const server = await startModServer(t, { spin });
    const { team, errors } = await startMatch(t, server, { rules: ["spin"] });
    await eventually("the end of the script", () => errors.some(({ message }) => /is off/.test(message)));
    assert.ok(errors.every(({ mod }) => mod === "spin"));
    assert.equal(errors.filter(({ message }) => /cpu limit/.test(message)).length, 1, "told once");
    const board = await team[0].client.call("match.scoreboard");
    assert.equal(board.teamScores.red, 3, "what it did before it was stopped counts");
    assert.match(modLines(server).join("\n"), /spin\/init\.lua:7/);
    await playAgain(server);
});

test("a script that fails is skipped, and is off when it keeps failing", async (t) => {
    const rule = {
        files: {
            "init.lua": `
                local function broken() return nil + 1 end
                hooks.on("tick", "fail", function()
                    match.add_score("blue", 1)
                    if match.tick() > 20 then broken() end
                end)`,
        },
    };
    const server = await startModServer(t, { rule });
    const { team, errors } = await startMatch(t, server, { rules: ["rule"] });
    await eventually("the end of the script", () => errors.some(({ message }) => /is off/.test(message)));
    const failures = errors.filter(({ message }) => /arithmetic/.test(message));
    assert.equal(failures.length, 1, "the host is told once of a place");
    assert.equal(modLines(server).filter((line) => /arithmetic/.test(line)).length, 3, "the operator at first");
    assert.match(failures[0].message, /rule\/init\.lua:2/);
    assert.match(modLines(server).join("\n"), /rule\/init\.lua:2: in \w+\(\)\\?n?.*rule\/init\.lua:5/s);
    const before = (await team[0].client.call("match.scoreboard")).teamScores.blue;
    await team[0].client.resync();
    assert.ok(before >= 40);
    await playAgain(server);
});

test("a handle of who is kicked means nobody; who hears of the leave gets a new one", async (t) => {
    const rule = {
        manifest: { permissions: ["kick", "chat"] },
        files: {
            "init.lua": `
                if realm == "lobby" then return end
                local kept
                command.register{name = "drop", fn = function(player)
                    for _, other in ipairs(match.players()) do
                        if other ~= player and not other:is_bot() then kept = other end
                    end
                    kept:kick("enough")
                    return "at once " .. tostring((pcall(kept.name, kept)))
                end}
                hooks.on("player_leave", "tell", function(player)
                    match.announce("left " .. tostring((pcall(player.name, player))) ..
                        ", kept " .. tostring((pcall(kept.name, kept))))
                end)`,
        },
    };
    const server = await startModServer(t, { rule }, { config: { lua: { permissions: ["chat", "rule.kick"] } } });
    const { team, client: host, lines } = await startMatch(t, server, { rules: ["rule"] });
    await host.chat("/drop");
    await eventually("both lines", () => lines.includes("at once false") && lines.includes("left true, kept false"));
    await eventually("the kick", () => team[1].client.entry === null);
    await playAgain(server);
});

/** What a rule's first version looks like; %s is more code for the second. */
const counting = (version, more = "") => `
    state = {count = 0, seen = "${version}"}
    hooks.on("tick", "count", function()
        state.count = state.count + 1
        ${more}
    end)
    command.register{name = "count", fn = function()
        return "${version} " .. (state.count > 40 and "old" or "new") .. " " .. state.seen
    end}`;

test("reload: new code takes the state over, in every lobby that runs the mod", async (t) => {
    const counter = { files: { "init.lua": counting("one") } };
    const server = await startModServer(t, { counter });
    const first = await startMatch(t, server, { rules: ["counter"] });
    const second = await startMatch(t, server, { rules: ["counter"] });
    await eventually("enough ticks", () => second.team[0].bot.world.tick > 60);
    await writeMod(server.modDir, "counter", { version: "1.1.0" }, { "init.lua": counting("two") });
    assert.match(await server.admin("mods reload counter"), /^counter reloaded as 1\.1\.0\+/);
    for (const { say } of [first, second])
        assert.equal(await say("/count"), "two old one", "the code is new, the state is not");
    for (const { team } of [first, second]) assert.ok(team[0].bot.snapshots > 0);
    await server.command("stop", null);
    await server.ended();
    const replays = await replayAll(server);
    assert.equal(replays.length, 2);
    for (const { same, results } of replays) {
        assert.equal(same, true);
        assert.match(results.versions.find(({ name }) => name === "mod:counter").version, /^1\.1\.0\+/);
    }
});

test("reload: code that does not start, or fails on trial, gives way to the old one", async (t) => {
    const counter = { files: { "init.lua": counting("one") } };
    const server = await startModServer(t, { counter });
    const { team, errors, say } = await startMatch(t, server, { rules: ["counter"] });
    await eventually("enough ticks", () => team[0].bot.world.tick > 60);
    const save = async (text) => {
        await writeFile(path.join(server.modDir, "counter/init.lua"), text);
        return "mods reload counter";
    };
    assert.match(await server.adminRefusal(await save("local x = = 1")), /not reloaded: counter\/init\.lua:1: unexpected symbol/);
    assert.equal(await say("/count"), "one old one");
    assert.match(await server.adminRefusal(await save("error('no')")), /not reloaded: counter\/init\.lua:1: no/);
    assert.equal(await say("/count"), "one old one");
    assert.match(await server.admin(await save(counting("two", "error('on trial')"))), /^counter reloaded/);
    await eventually("the old code", () => errors.some(({ message }) => /the old one is back/.test(message)));
    assert.equal(await say("/count"), "one old one");
    await playAgain(server);
});

test("reload: code that comes into the match, and goes again, is played again", async (t) => {
    const scores = (tick) => `hooks.on("tick", "score", function() match.add_score("red", 1) ${tick} end)`;
    const later = { files: { "init.lua": 'hooks.on("chat", "loud", function(text) return text .. "!" end)' } };
    const server = await startModServer(t, { later });
    const { team, errors } = await startMatch(t, server, { rules: ["later"] });
    const red = async () => (await team[0].client.call("match.scoreboard")).teamScores.red;
    const reload = async (text) => {
        await writeFile(path.join(server.modDir, "later/init.lua"), text);
        assert.match(await server.admin("mods reload later"), /^later reloaded/);
    };
    await reload(scores("error('on trial')"));
    await eventually("the old code", () => errors.some(({ message }) => /the old one is back/.test(message)));
    assert.equal(await red(), 1);
    await reload(scores(""));
    await eventually("points", async () => (await red()) > 3);
    await playAgain(server);
});

test("reload: a mode whose restore fails keeps its old code", async (t) => {
    const mode = (version, restore = "return saved") => `
        local mode = {}
        function mode.init() return {ticks = 0} end
        function mode.tick(state) state.ticks = state.ticks + 1 end
        function mode.save(state) return {ticks = state.ticks} end
        function mode.restore(saved) ${restore} end
        command.register{name = "count", fn = function() return "${version}" end}
        return mode`;
    const manifest = { kind: "mode", base: "arena" };
    const server = await startModServer(t, { walk: { manifest, files: { "init.lua": mode("one") } } });
    const { team, client: host, lines, errors, say } = await startMatch(t, server, {}, "walk");
    assert.equal(await say("/count"), "one");
    await eventually("a tick", () => team[0].bot.world.tick > 0);
    const broken = "if saved.ticks > 0 then error('cannot') end return saved";
    await writeFile(path.join(server.modDir, "walk/init.lua"), mode("two", "error('cannot')"));
    assert.match(await server.adminRefusal("mods reload walk"), /not reloaded: walk\/init\.lua:6: cannot/);
    await writeFile(path.join(server.modDir, "walk/init.lua"), mode("two", broken));
    assert.match(await server.admin("mods reload walk"), /^walk reloaded/);
    await eventually("the report", () => errors.some(({ message }) => /did not start/.test(message)));
    assert.equal(await say("/count"), "one");
    await writeFile(path.join(server.modDir, "walk/init.lua"), mode("three"));
    assert.match(await server.admin("mods reload walk"), /^walk reloaded/);
    assert.equal(await say("/count"), "three");
    await playAgain(server);
});

for (const args of [["--watch"], ["--untrusted", "--watch"]]) test(`${args.join(" ")}: a file that is saved is a mod that is reloaded`, async (t) => {
    const counter = { files: { "init.lua": counting("one") } };
    const env = { ASAN_OPTIONS: [process.env.ASAN_OPTIONS, "detect_leaks=0"].filter(Boolean).join(":") };
    const server = await startModServer(t, { counter }, { args, env });
    const { say } = await startMatch(t, server, { rules: ["counter"] });
    assert.match(await say("/count"), /^one/);
    await writeFile(path.join(server.modDir, "counter/init.lua"), counting("two"));
    await server.waitForOutput(/mod counter reloaded/);
    assert.match(await say("/count"), /^two/);
    await rm(path.join(server.modDir, "counter/init.lua"));
    await server.waitForOutput(/mod counter was not reloaded: init\.lua/);
    assert.match(await say("/count"), /^two/);
    await writeMod(server.modDir, "another", {}, { "init.lua": "return" });
    await server.waitForOutput(/mod another reloaded/);
    assert.match(await server.admin("mods reload another"), /^another reloaded/);
});

test("what the lobby realm sends into a match is part of the recording", async (t) => {
    const bridge = {
        files: {
            "init.lua": `
                if realm == "lobby" then
                    hooks.on("chat", "bridge", function(text, player)
                        bus.emit("said", {text = text, by = player:name()})
                    end)
                else
                    bus.on("said", "bridge", function(said)
                        if said.text == "point" then match.add_score("red", #said.by) end
                    end)
                end`,
        },
    };
    const server = await startModServer(t, { bridge });
    const { client: host, team } = await startMatch(t, server, { rules: ["bridge"] });
    await host.chat("point");
    await eventually("the points", async () => (await host.call("match.scoreboard")).teamScores.red >= 8);
    assert.ok(team);
    await playAgain(server);
});

test("what a script may write into the recording has a bound, and is the same again", async (t) => {
    const flood = {
        manifest: { permissions: ["storage"] },
        files: {
            "init.lua": `
                local page = ("x"):rep(10000)
                hooks.on("tick", "flood", function()
                    local healed, read = 0, 0
                    pcall(function()
                        while true do
                            arena.heal(match.player(0), 1)
                            healed = healed + 1
                        end
                    end)
                    pcall(function()
                        storage.set("page", page)
                        while true do
                            storage.get("page")
                            read = read + 1
                        end
                    end)
                    match.add_score("red", healed)
                    match.add_score("blue", read)
                end)`,
        },
    };
    const server = await startModServer(t, { flood });
    const { client: host, team } = await startMatch(t, server, { rules: ["flood"] });
    await eventually("a hundred ticks", () => team[0].bot.world.tick > 100);
    const { teamScores, tick } = await host.call("match.scoreboard");
    assert.ok(teamScores.red >= 48 + 4 * (tick - 5) && teamScores.red <= 48 + 4 * tick, `${teamScores.red} in ${tick}`);
    assert.ok(teamScores.blue > 5 && teamScores.blue <= 7 + tick / 5, `${teamScores.blue} in ${tick}`);
    await playAgain(server);
});

test("what the arena refused in a match is refused again in its replay", async (t) => {
    const clumsy = { files: { "init.lua": `
        hooks.on("tick", "place", function()
            if match.tick() % 7 == 0 then arena.zone{id = 2, place = "at:0,0", radius = 2} end
        end)` } };
    const server = await startModServer(t, { clumsy });
    const { errors } = await startMatch(t, server, { rules: ["clumsy"] });
    const told = (pattern) => eventually(String(pattern), () => errors.some(({ message }) => pattern.test(message)));
    await told(/clumsy\/init\.lua:3: arena\.zone 2: expected a free place of this map, found "at:0,0"/);
    await told(/is off in this lobby/);
    await playAgain(server);
});
