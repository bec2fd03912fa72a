// The templates of sdk/template, one of each role, all in one server: two people play what they make.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { eventually, startServer } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";

const TEMPLATES = [
    "database_memory", "kv_table", "auth_sample", "matchmaker_groups", "mode_race", "mode_nim", "victory_points", "rules_calm",
    "anticheat_presses", "reporter_lines", "service_hello",
];

const inData = (server, file) => path.join(server.dir, "data", file);

/** Reports of a kind that have been written so far. */
async function reports(server, fits) {
    const text = await readFile(inData(server, "reporter_lines.jsonl"), "utf8").catch(() => "");
    const lines = text.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line)).find(fits);
}

/** Both search, and are in the match that begins. */
async function playTogether(clients, gameMode) {
    const started = clients.map((client) => client.once("match.started"));
    await Promise.all(clients.map((client) => client.findMatch({ gameMode })));
    await Promise.all(started);
    return clients.map((client) => client.once("match.ended"));
}

test("the templates play together", async (t) => {
    const rules_calm = { words: ["darn"] };
    const lobby = { defaults: ["modeRaceLength=5", "modeNimHeap=3"] };
    const server = await startServer(t, { config: { plugins: TEMPLATES, rules_calm, lobby } });
    assert.match(server.output, /hello, node /);
    await writeFile(inData(server, "auth_sample.txt"), "sesame Ann\nopen Bob\n");
    await assert.rejects(connectPlayer(t, server, { token: "sesam" }), /this token is not known/);
    const clients = [];
    for (const token of ["sesame", "open"]) clients.push((await connectPlayer(t, server, { token })).client);
    const [ann, bob] = clients;

    const race = await playTogether(clients, "race");
    const said = bob.once("lobby.chat");
    await ann.chat("Darn, I am slow");
    assert.equal((await said).text, "****, I am slow");
    let sequence = 0;
    const push = setInterval(() => {
        sequence += 1;
        const pressed = 0xffff; // all buttons, more often than fingers can
        bob.sendInput({ sequence, held: pressed, pressed, moveX: 127, moveY: 0, aim: 0, samples: [] });
    }, 20);
    const [{ results }] = await Promise.all(race);
    clearInterval(push);
    assert.equal(results.reason, "goal");
    assert.equal(results.winner.displayName, "Bob");
    const written = await eventually("the result is written", () =>
        reports(server, ({ reason }) => reason === "goal"));
    assert.equal(written.gameMode, "race");
    await eventually("a suspicion", () => reports(server, ({ detector }) => detector === "anticheat_presses"));

    for (const client of clients) await client.leave();
    const nim = await playTogether(clients, "nim");
    for (const client of clients) client.sendMessage(new Uint8Array([3])); // one of them moves first
    const [{ results: taken }] = await Promise.all(nim);
    assert.equal(taken.reason, "last_taken");
    await eventually("the result is written", () => reports(server, ({ reason }) => reason === "last_taken"));
});
