// A client that cheats, over its WebSocket, is refused what it wants and reported with its family; one
// that plays is not. Who is suspected by two families goes, if the operator wants it.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { eventually, PLUGINS, startServer } from "../kit/harness.mjs";
import { connectPlayer, gather, sitDown } from "../kit/players.mjs";

const SETTINGS = { botFill: 0, killLimit: 0, timeLimit: 600, respawnMs: 500, spawnProtectionMs: 0 };

/** Suspicions that have been reported so far. */
async function suspicions(server) {
    const file = path.join(server.dir, "data", "reporter_lines.jsonl");
    const text = await readFile(file, "utf8").catch(() => "");
    const lines = text.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line)).filter(({ detector }) => detector);
}

const start = (t, plugins, config = {}) =>
    startServer(t, { config: { plugins: [...PLUGINS, ...plugins, "reporter_lines"], ...config } });

/** Two bots that play in a lobby of an arena, and the cheat, who waits in it. */
async function playWith(t, server) {
    const team = await gather(t, server, 2);
    const cheat = await connectPlayer(t, server, { name: "Cheat" });
    const started = cheat.client.once("match.started");
    const lobbyId = await sitDown(team, SETTINGS);
    await cheat.client.joinLobby(lobbyId);
    await Promise.race([started, cheat.client.once("snapshot")]);
    return { team, cheat };
}

/** Sends inputs, made by `next(sequence)`, `perTick` for each snapshot, until stopped. */
function press(client, perTick, next) {
    let sequence = 0;
    let owed = 0;
    return client.on("snapshot", () => {
        for (owed += perTick; owed >= 1; owed--) {
            sequence += 1;
            client.sendInput({ sequence, held: 0, pressed: 0, aim: 0, moveX: 127, moveY: 0, samples: [], ...next(sequence) });
        }
    });
}

test("who sends faster than time passes is reported, and who plays is not", async (t) => {
    const server = await start(t, ["anticheat_movement"]);
    const { team, cheat } = await playWith(t, server);
    press(cheat.client, 1.5, () => ({}));
    const [found] = await eventually("a suspicion", async () => {
        const all = await suspicions(server);
        return all.length > 0 && all;
    });
    assert.equal(found.family, "movement");
    assert.match(found.measure, /^(input_rate|impossible_input)$/);
    assert.equal(found.playerId, cheat.playerId);
    assert.equal(found.action, "log");
    assert.equal(found.earned, "observe");
    assert.match(found.replay.file, /^records\/.+\.mrec$/);
    assert.ok(found.replay.offset > 0 && found.window.tickFrom <= found.window.tickTo);
    await eventually("they play on", () => team[0].bot?.snapshots > 100);
    const others = (await suspicions(server)).filter(({ playerId }) => playerId !== cheat.playerId);
    assert.deepEqual(others, []);
    assert.equal(cheat.client.state, "online"); // shadow mode: nobody is acted against
});

test("what shows it is kept when the operator wants it", async (t) => {
    const server = await start(t, ["anticheat_movement"], { anticheat: { response: "observe" } });
    const { cheat } = await playWith(t, server);
    press(cheat.client, 1.5, () => ({}));
    const kept = await eventually("evidence", async () => {
        const names = await readdir(path.join(server.dir, "data", "evidence")).catch(() => []);
        return names.length > 0 && names;
    });
    const [found] = await eventually("a suspicion", async () => {
        const all = await suspicions(server);
        return all.length > 0 && all;
    });
    assert.deepEqual(kept, [path.basename(found.replay.file)]);
    assert.equal(found.action, "observe");
});

test("two families are enough to go, one is not", async (t) => {
    const server = await start(t, ["anticheat_movement", "anticheat_timing"], {
        anticheat: { response: "kick", delayS: 1 },
    });
    const { team, cheat } = await playWith(t, server);
    const gone = cheat.client.once("session.terminated", { timeoutMs: 60000 });
    press(cheat.client, 1.5, (sequence) => ({ held: 1, pressed: 1, aim: (sequence * 500) % 65536 }));
    const { reason } = await gone;
    assert.equal(reason, "removed by the server");
    const all = await eventually("both suspicions", async () => {
        const found = await suspicions(server);
        return new Set(found.map(({ family }) => family)).size === 2 && found;
    });
    assert.ok(all.every(({ playerId }) => playerId === cheat.playerId));
    assert.ok(all.some(({ family, action }) => family === "timing" && action));
    await eventually("the others play on", () => team[0].bot?.snapshots > 100);
});
