// musterd --supervise: a server that ends by mistake is started again, on the same sockets.

import assert from "node:assert/strict";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import {
    BUILD, LOCKED, MUSTERD, atEnd, childOf, eventually, queryDatabase, startServer,
} from "../kit/harness.mjs";
import { startModServer, writeMod } from "../kit/mods.mjs";
import { connectPlayer, gather, sitDown } from "../kit/players.mjs";
import { playAgain } from "../kit/recording.mjs";

const READY = /Server is ready: listening on \S+:(\d+)/;

const supervise = (t, options) => startServer(t, { ...options, args: ["--supervise"] });

/** Ends the running server by a signal and waits for the next one; its port. */
async function killed(server, signal = "SIGKILL") {
    const from = server.output.length;
    process.kill(await childOf(server.pid), signal);
    return (await server.waitForOutput(READY, from))[1];
}

test("a killed server is back on its port, and its clients with it", async (t) => {
    const server = await supervise(t);
    const { client } = await connectPlayer(t, server);
    const first = await childOf(server.pid);
    const back = client.once("reconnecting", { timeoutMs: 20000 });
    const port = await killed(server);
    assert.equal(port, String(server.port));
    await back;
    await eventually("the client is back", () => client.state === "online");
    assert.notEqual(await childOf(server.pid), first);
    const [line] = server.output.match(/.*the server was killed.*/);
    assert.equal(JSON.parse(line).component, "supervisor"); // as the server's own
    assert.equal((await server.rest("GET", "/readyz")).status, 200); // the admin address, too
});

test("a server that waits holds less than its start needed, and so does its supervisor", async (t) => {
    const server = await supervise(t);
    for (const pid of [server.pid, await childOf(server.pid)]) {
        const status = await readFile(`/proc/${pid}/status`, "utf8");
        const [most, now] = ["VmHWM", "VmRSS"].map(
            (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)[1]),
        );
        assert.ok(now < most - 2048, `${now} of ${most} KiB are left`);
    }
});

test("what was ordered is done after a crash, too: a freeze, a drain, a restart at a time", async (t) => {
    const server = await supervise(t);
    const { client } = await connectPlayer(t, server);
    const { lobby } = await client.createLobby({ gameMode: "arena", settings: { botFill: 0 } });
    const crash = async () => {
        const back = client.once("entered", { timeoutMs: 20000 });
        await killed(server);
        assert.ok((await back).resumed);
    };
    for (const line of [`lobby freeze ${lobby.lobbyId}`, "restart in 1h new maps", "drain"])
        await server.admin(line);
    await crash();
    assert.equal(client.entry.lobby.frozen, true);
    assert.equal((await server.rest("GET", "/readyz")).status, 503);
    assert.match(await server.admin("status"), /draining[^]*restarts in \d+ s/);
    for (const line of ["restart cancel", "drain off"]) await server.admin(line);
    await crash();
    assert.equal(client.entry.lobby.frozen, true);
    assert.equal((await server.rest("GET", "/readyz")).status, 200);
    await server.adminRefusal("restart cancel");
    await server.admin("drain exit");
    await crash();
    await server.admin(`lobby thaw ${lobby.lobbyId}`); // it waits for a match: closed
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

test("restart starts it again, and that is no crash", async (t) => {
    const server = await supervise(t);
    const from = server.output.length;
    await server.command("restart now\nrestart now"); // said twice it is the same
    await server.waitForOutput(READY, from);
    assert.doesNotMatch(server.output, /crash \d/);
    await server.command("stop"); // the console reaches the new one
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

/** Two people in a match and one in a lobby that waits, over an end of the server; what it says. */
async function goesOn(t, cause, end) {
    const server = await supervise(t);
    const team = await gather(t, server, 2);
    const lobbyId = await sitDown(team, { killLimit: 0, timeLimit: 0, botFill: 4 });
    const waiting = await connectPlayer(t, server);
    const other = await waiting.client.createLobby({ gameMode: "arena", settings: { botFill: 0 } });
    const { client } = team[0];
    await client.once("snapshot", { timeoutMs: 20000 });
    await eventually("it is well on its way", async () => (await client.scoreboard()).tick > 60);
    const before = await client.scoreboard();
    const from = server.output.length;
    const back = [team[0].client, team[1].client, waiting.client].map((player) =>
        player.once("entered", { timeoutMs: 30000 }));
    const disturbed = client.once("match.disturbed", { timeoutMs: 30000 });
    const coming = client.once("reconnecting", { timeoutMs: 30000 });
    await end(server);
    await server.waitForOutput(READY, from);
    const { delayMs } = await coming;
    assert.ok(delayMs <= 125, `${delayMs} ms, as from a server that only stops`);
    for (const { resumed } of await Promise.all(back)) assert.ok(resumed);
    assert.equal(waiting.client.entry.lobby.lobbyId, other.lobby.lobbyId);
    await client.once("snapshot", { timeoutMs: 30000 }); // all are back: it goes on
    const now = await client.scoreboard();
    assert.equal(now.matchId, before.matchId);
    assert.ok(now.tick >= before.tick, `${now.tick} after ${before.tick}`);
    const places = ({ rows }) => rows.map(({ playerId, seat, team: of }) => [playerId, seat, of]);
    assert.deepEqual(places(now), places(before));
    const told = await disturbed;
    assert.equal(told.cause, cause);
    await server.admin(`close ${lobbyId}`);
    await eventually("its result is kept", async () =>
        (await queryDatabase(server, "SELECT match_id FROM match_results")).length);
    const kept = await queryDatabase(server, "SELECT match_id, disturbed FROM match_results");
    assert.deepEqual(kept.map(({ match_id: matchId }) => matchId), [before.matchId]);
    const marked = JSON.parse(kept[0].disturbed).find((one) => one.cause === cause);
    assert.deepEqual([marked.times, marked.ms], [1, told.ms], "its result says so, and for how long");
    await playAgain(server);
    return server.output.slice(from);
}

test("a restart ends no match: players are back in their seats, and it goes on", async (t) => {
    const said = await goesOn(t, "restart", (server) => server.admin("restart now"));
    assert.match(said, /2 lobbies wait for the next server/);
    assert.match(said, /2 lobbies go on/);
});

test("nor does a kill: it goes on from the tick before", async (t) => {
    const said = await goesOn(t, "crash", async (server) =>
        process.kill(await childOf(server.pid), "SIGKILL"));
    assert.match(said, /2 lobbies go on/);
    assert.doesNotMatch(said, /"component":"recovery","level":"error"/);
});

test("a mode that is broken on disk, or lacks what it needs, goes on with the code it was played with", async (t) => {
    const mode = "return {sync = {{name = 'a', type = 'u8'}}}";
    const manifest = { kind: "mode", minPlayers: 1, maxPlayers: 4, depends: ["needed"] };
    const server = await startModServer(t, {
        needed: { files: { "init.lua": "" } },
        mini: {
            manifest,
            files: { "init.lua": mode },
        },
    }, { args: ["--supervise"] });
    const { client } = await connectPlayer(t, server);
    const made = await client.createLobby({ gameMode: "mini" });
    await client.once("snapshot", { timeoutMs: 20000 });
    const { matchId } = await client.scoreboard();
    const init = path.join(server.modDir, "mini", "init.lua");
    const breaks = [
        () => writeFile(init, "syntax error"),
        () => rm(path.join(server.modDir, "needed"), { recursive: true }),
        () => writeFile(path.join(server.modDir, "mini", "mod.json"), "{"),
    ];
    for (const breakIt of breaks) {
        await breakIt();
        const back = client.once("entered", { timeoutMs: 20000 });
        await killed(server);
        assert.ok((await back).resumed);
        await client.once("snapshot", { timeoutMs: 20000 });
        assert.equal(client.entry.lobby.lobbyId, made.lobby.lobbyId);
        assert.equal((await client.scoreboard()).matchId, matchId);
    }
    assert.match(server.output, /mini\/init\.lua:1: /);
    assert.match(server.output, /mod mini stays as it was kept last, version 1\.0\.0 /);
    assert.match(server.output, /mod mini needs needed, whose folder is gone, so mod needed stays/);
    assert.match(server.output, /mini does not load: mod\.json.*, so mod mini stays/);

    // A mode that was taken away: its lobby is kept, and its players are told.
    const { lobbyId } = made.lobby;
    await rm(path.join(server.modDir, "mini"), { recursive: true });
    const left = client.once("lobby.left", { timeoutMs: 20000 });
    await killed(server);
    const { reason, message } = await left;
    assert.equal(reason, "disturbed");
    assert.match(message, /its game mode mini is not loaded/);
    assert.match(server.output, new RegExp(`mini is not loaded; .*lobby load ${lobbyId}`));
    await writeMod(server.modDir, "needed", {}, { "init.lua": "" });
    await writeMod(server.modDir, "mini", manifest, { "init.lua": mode });
    for (const id of ["needed", "mini"]) await server.admin(`mods reload ${id}`);
    assert.match(await server.admin(`lobby load ${lobbyId}`), /loaded: 1 players/);
});

test("what cannot be gone on with is put aside, and the server starts", async (t) => {
    const server = await supervise(t);
    const live = path.join(server.dataDir, "memory/live");
    await writeFile(path.join(live, "odd"), "MSTRLIV1 and no more");
    await writeFile(path.join(live, "half.new"), "");
    const from = server.output.length;
    await server.admin("restart now");
    await server.waitForOutput(READY, from);
    assert.match(server.output.slice(from), /live\/odd cannot be read: /);
    assert.deepEqual(await readdir(live), ["odd"]);
});

test("signals are handed on: SIGHUP reloads or has it try again, SIGTERM ends", async (t) => {
    const server = await supervise(t);
    const from = server.output.length;
    server.signal("SIGHUP");
    await server.waitForOutput(/configuration reloaded/, from);
    const wrong = async (content) => {
        await writeFile(server.configFile, content);
        const at = server.output.length;
        process.kill(await childOf(server.pid), "SIGKILL");
        await server.waitForOutput(/no server runs: exit code 78/, at);
        return at;
    };
    const text = await readFile(server.configFile, "utf8");
    const at = await wrong(text.slice(0, text.length / 2)); // a crash while it is edited
    await writeFile(server.configFile, text);
    server.signal("SIGHUP"); // no need to wait
    await server.waitForOutput(READY, at);
    await wrong("{");
    server.signal("SIGTERM");
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

test("one that is killed and told to end at once has ended in order", async (t) => {
    const server = await supervise(t);
    server.signal("SIGSTOP"); // both are known before it looks
    process.kill(await childOf(server.pid), "SIGKILL");
    server.signal("SIGTERM");
    server.signal("SIGCONT");
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

test("five crashes in a minute, and it gives up; killed from outside is none", async (t) => {
    const server = await supervise(t);
    await killed(server);
    for (let i = 0; i < 4; i++) await killed(server, "SIGSEGV");
    await killed(server);
    process.kill(await childOf(server.pid), "SIGSEGV");
    assert.deepEqual(await server.ended(), { code: 70, signal: null });
    assert.match(server.output, /crash 5 of 5 within a minute[^]*given up/); // sanitizers exit
});

test("the server does not outlive its supervisor, but its lobbies do", async (t) => {
    const server = await supervise(t);
    const { client } = await connectPlayer(t, server);
    const { lobby } = await client.createLobby({ gameMode: "arena", settings: { botFill: 0 } });
    const coming = client.once("reconnecting", { timeoutMs: 20000 });
    const child = await childOf(server.pid);
    const isThere = () => {
        try {
            return process.kill(child, 0);
        } catch {
            return false;
        }
    };
    atEnd(t, () => isThere() && process.kill(child, "SIGKILL"));
    server.signal("SIGKILL");
    await server.ended();
    assert.ok((await coming).delayMs <= 125, "it says that another server comes");
    await eventually("the server has gone", () => !isThere());
    assert.match(server.output, /stopping: the supervisor is gone[^]*1 lobbies wait for the next server/);
    assert.deepEqual(await readdir(path.join(server.dataDir, "live")), [lobby.lobbyId]);
    const next = await supervise(t, { dir: server.dir });
    assert.match(next.output, /1 lobbies go on/);
});

test("as a service it speaks for its servers, whichever it is", async (t) => {
    const server = await startServer(t, {
        binary: path.join(BUILD, "tests/manager"),
        env: { ...LOCKED.env, SERVICE: MUSTERD },
        args: ["--supervise", ...LOCKED.args], // where a server may do no more than it must
    });
    const told = async (state, from = 0) => server.waitForOutput(new RegExp(`manager: ${state} from main`), from);
    await told("READY=1");
    await told("WATCHDOG=1");
    assert.match(server.output, /^manager: READY=1/m);
    const supervisor = await childOf(server.pid);
    assert.equal((await server.rest("GET", "/livez")).status, 200); // by the manager's socket

    for (const change of [
        async () => process.kill(await childOf(supervisor), "SIGKILL"),
        () => server.admin("restart now"),
        async () => assert.match(await server.admin("upgrade"), /upgraded/),
    ]) {
        const from = server.output.length;
        await change();
        await told("READY=1", from);
        await told("WATCHDOG=1", from);
    }
    assert.equal(await childOf(server.pid), supervisor);
    assert.doesNotMatch(server.output, /manager: STOPPING|from another process/);
    server.signal("SIGTERM");
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
    await told("STOPPING=1");
});
