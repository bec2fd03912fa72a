// A plugin that dereferences null: what it costs, and what is kept of it. The plugin is
// tests/contract/crash: who plays its mode says when.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { LOCKED, eventually, queryDatabase, startServer } from "../kit/harness.mjs";
import { gather, sitDown } from "../kit/players.mjs";
import { BE_KILLED, DIE, DIE_IN_LOAD, POINT, POISON, sitInPoison } from "../kit/poison.mjs";
import { playAgain } from "../kit/recording.mjs";

const READY = /Server is ready: listening on \S+:(\d+)/;

/** The server dies of it; resolves when the next one is ready. */
async function die(server, client, message = DIE) {
    const from = server.output.length;
    client.sendMessage(message);
    await server.waitForOutput(READY, from);
}

/** The same; both are back in their matches, which go on. */
async function dieAndGoOn(server, client, other) {
    const back = [client, other].map((player) => player.once("entered", { timeoutMs: 30000 }));
    await die(server, client);
    await Promise.all(back);
    await Promise.all([client, other].map((player) => player.once("snapshot", { timeoutMs: 30000 })));
}

/** What who sat in a lobby that was closed hears in answer to the resume token. */
const LEFT = { reason: "closed", message: "it brought the server down" };

const score = async (client) => (await client.scoreboard()).rows[0].score;

async function point(client, message = POINT) {
    const before = await score(client);
    client.sendMessage(message);
    await eventually("a point", async () => (await score(client)) > before);
}

const crashesOf = async (server) => (await server.admin("crashes")).trim().split("\n");

async function keptOf(server) {
    const folder = path.join(server.dataDir, "crashes");
    const names = (await readdir(folder)).sort();
    const read = async (name) => JSON.parse(await readFile(path.join(folder, name, "crash.json"), "utf8"));
    return Promise.all(names.map(async (name) => ({
        files: (await readdir(path.join(folder, name))).sort(),
        crash: await read(name),
    })));
}

test("a poisoned match costs one lobby, and others play on", async (t) => {
    const server = await startServer(t, POISON);
    const team = await gather(t, server, 2);
    await sitDown(team, { killLimit: 0, timeLimit: 0, botFill: 4 });
    const others = team[0].client;
    await others.once("snapshot", { timeoutMs: 20000 });
    const before = await others.scoreboard();
    const { client, lobbyId } = await sitInPoison(t, server);
    const { matchId } = client.entry.match ?? (await client.scoreboard());
    await point(client);

    const back = [client, ...team.map((mate) => mate.client)].map((player) =>
        player.once("entered", { timeoutMs: 30000 }));
    await die(server, client);
    for (const { resumed } of await Promise.all(back)) assert.ok(resumed);
    assert.equal(client.entry.lobby.lobbyId, lobbyId);
    await client.once("snapshot", { timeoutMs: 20000 }); // all are back: it goes on
    assert.match((await crashesOf(server))[0],
        new RegExp(`SIGSEGV, in plugin crash, call mode.message, lobby ${lobbyId}: checkpoint`));
    assert.equal(await server.metric("muster_crashes_total"), 1);
    await point(client);

    const last = await score(client);
    const told = client.once("lobby.left", { timeoutMs: 30000 });
    const again = team.map((mate) => mate.client.once("entered", { timeoutMs: 30000 }));
    await die(server, client);
    for (const { resumed } of await Promise.all(again)) assert.ok(resumed);
    assert.match((await crashesOf(server))[1], new RegExp(`lobby ${lobbyId}: closed`));
    assert.doesNotMatch(await server.admin("lobbies"), new RegExp(lobbyId));
    assert.deepEqual(await told, LEFT);
    await others.once("snapshot", { timeoutMs: 20000 });
    const now = await others.scoreboard();
    assert.equal(now.matchId, before.matchId);
    assert.ok(now.tick >= before.tick, `${now.tick} after ${before.tick}`);

    const rows = () => queryDatabase(server, `SELECT * FROM match_results WHERE match_id = '${matchId}'`);
    await eventually("its result is kept", async () => (await rows()).length);
    assert.equal((await rows()).length, 1);
    const [{ score: kept }] = await queryDatabase(server,
        `SELECT score FROM player_match_stats WHERE match_id = '${matchId}'`);
    assert.ok(kept >= 1 && kept <= last, `${kept} of ${last}`);

    const [first, second] = await keptOf(server);
    assert.deepEqual(first.files, ["crash.json", "lobby", "recording.mrec"]);
    assert.deepEqual(second.files, first.files);
    assert.equal(first.crash.lobbyThen, "checkpoint");
    assert.equal(second.crash.lobbyThen, "closed");
    assert.ok(first.crash.stack.some((line) => /crash\..*\.so\(/.test(line)), first.crash.stack.join("\n"));

    // Two more of the same plugin. Each pays for itself, and the supervisor does not give up.
    const third = await sitInPoison(t, server);
    const fourth = await sitInPoison(t, server);
    const left = [third, fourth].map((one) => one.client.once("lobby.left", { timeoutMs: 60000 }));
    await dieAndGoOn(server, third.client, fourth.client);
    const thirdBack = third.client.once("entered", { timeoutMs: 30000 });
    await die(server, fourth.client); // the plugin's fourth fault: its lobby has no second chance
    assert.deepEqual(await left[1], LEFT);
    await thirdBack;
    await third.client.once("snapshot", { timeoutMs: 30000 });
    await die(server, third.client);
    assert.deepEqual(await left[0], LEFT);
    assert.deepEqual((await crashesOf(server)).slice(2, 5).map((line) => line.split(": ").at(-1)),
        ["checkpoint", "closed", "closed"]);
    await others.once("snapshot", { timeoutMs: 20000 });
    assert.equal((await others.scoreboard()).matchId, before.matchId);
    assert.doesNotMatch(server.output, /given up/);
    const replays = await playAgain(server); // what was closed has its end, too
    assert.ok(replays.every(({ recordedHash, hash }) => recordedHash === hash), JSON.stringify(replays));
});

test("what faults in load is closed without it; three kills in a row are its lobby's", async (t) => {
    const server = await startServer(t, { ...POISON, args: [...POISON.args, ...LOCKED.args] });
    const first = await sitInPoison(t, server);
    await point(first.client, DIE_IN_LOAD);
    await die(server, first.client);
    assert.match((await crashesOf(server))[1],
        new RegExp(`SIGSEGV, in plugin crash, call load, lobby ${first.lobbyId}: closed`));
    assert.match(server.output, /in code of plugin crash\n/); // whose file has no name in a locked process
    assert.doesNotMatch(server.output, /in code of the server/);

    // What waited in the last checkpoint is said again in the next server: one message may kill twice.
    const { client, lobbyId } = await sitInPoison(t, server);
    const from = server.output.length;
    client.on("snapshot", () => client.sendMessage(BE_KILLED));
    assert.deepEqual(await client.once("lobby.left", { timeoutMs: 90000 }), LEFT);
    assert.equal(server.output.slice(from).match(/the server was killed/g).length, 3);
    assert.doesNotMatch(await server.admin("lobbies"), new RegExp(lobbyId));
    assert.match((await crashesOf(server))[2], new RegExp(`kill, .*call mode.message, lobby ${lobbyId}: closed`));
    assert.equal(await server.metric("muster_crashes_total"), 2);
});
