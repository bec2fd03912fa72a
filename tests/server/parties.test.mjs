// Plugins that work through what they offer each other: a party and a rating of the tests, asked by
// match_fill and by a matchmaker of the tests; reloaded, and gone, while they serve.

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { BUILD, PLUGINS, pluginsDir, startServer } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";

const MUTE = path.join(BUILD, "mute/service_party.so");

async function start(t, ...more) {
    const dir = await pluginsDir(t);
    const plugins = [...PLUGINS, "service_party", "service_rating", ...more];
    const server = await startServer(t, {
        config: { plugins, server: { pluginsDirs: [dir] }, match_fill: { searchFallbackMs: 600000 } },
    });
    /** The file of a plugin is another one, and it is reloaded. */
    server.replace = async (file) => {
        const name = path.basename(file, ".so");
        await copyFile(file, path.join(dir, `${name}.so`));
        assert.equal(await server.admin(`reload ${name}`), `${name} reloaded`);
    };
    return server;
}

/** A guest who waits for a match when this returns. found: what it is told then. */
async function search(t, server, { word, members = 2, points } = {}) {
    const { client } = await connectPlayer(t, server);
    if (word) await client.call("party.join", { word, members });
    if (points) await client.call("rating.set", { points });
    const guest = { client, isPlaced: false };
    guest.found = client.once("match.found", { timeoutMs: 20000 }).then((found) => {
        guest.isPlaced = true;
        return found;
    });
    await client.call("match.find", { gameMode: "arena" });
    return guest;
}

const lobbyOf = async (guest) => (await guest.found).lobby.lobbyId;

test("match_fill places a party whole, and equals with each other", async (t) => {
    const server = await start(t);
    const ann = await search(t, server, { word: "us" });
    const stranger = await search(t, server);
    await lobbyOf(stranger);
    assert.equal(ann.isPlaced, false, "who waits for her party is not placed without it");
    await server.admin("reload service_party");
    const bea = await search(t, server, { word: "us" });
    assert.equal(await lobbyOf(ann), await lobbyOf(bea));

    const lobbies = [];
    for (const points of [5000, 9000, 5100, 8900]) {
        lobbies.push(await lobbyOf(await search(t, server, { points })));
        await server.admin("reload service_rating");
    }
    const [low, high, lowToo, highToo] = lobbies;
    assert.equal(low, lowToo);
    assert.equal(high, highToo);
    assert.notEqual(low, high);

    const cid = await search(t, server, { word: "them", points: 9000 });
    const last = await search(t, server, { points: 9000 });
    assert.equal(await lobbyOf(last), high);
    assert.equal(cid.isPlaced, false);
    await server.replace(MUTE);
    assert.equal(await lobbyOf(cid), high, "nobody says any more who belongs together");
    assert.equal(await server.metric("muster_plugin_faults_total"), 0);
});

test("a matchmaker that declares to be first gets the players, and asks both", async (t) => {
    const server = await start(t, "match_pairs");
    await server.waitForOutput(/muster\.party: came/);
    await server.waitForOutput(/muster\.rating: came/);
    const shown = (await server.admin("plugins")).split("\n");
    const place = (name) => shown.findIndex((line) => line.startsWith(`${name} `));
    assert.ok(place("match_pairs") < place("match_fill"));
    assert.match(shown[place("match_pairs")], /, before match_fill$/);
    assert.match(shown[place("service_rating")], /, offers muster\.rating 1\.0$/);

    const strong = await search(t, server, { points: 2000 });
    const ann = await search(t, server, { word: "us" });
    const weak = await search(t, server, { points: 1100 });
    await server.admin("reload service_party");
    await server.waitForOutput(/muster\.party: reloaded/);
    assert.equal(strong.isPlaced || ann.isPlaced || weak.isPlaced, false);
    const bea = await search(t, server, { word: "us" });
    const found = await Promise.all([strong, ann, weak, bea].map((guest) => guest.found));
    assert.equal(new Set(found.map(({ lobby }) => lobby.lobbyId)).size, 1);
    assert.equal(found[0].explanation, "a party and others");
    const teams = [];
    for (const [index, guest] of [strong, ann, weak, bea].entries()) {
        const { seatTicket } = found[index];
        teams.push((await guest.client.enter({ seatTicket })).team);
    }
    assert.deepEqual(teams, ["blue", "red", "blue", "red"]);

    await server.replace(MUTE);
    await server.waitForOutput(/muster\.party: gone/);
    assert.equal(await server.metric("muster_plugin_faults_total"), 0);
});

test("who reaches the score in the last tick has won by it, however the list stands", async (t) => {
    const names = ["victory_time_limit", "victory_elimination", "victory_first_to_kills"];
    const server = await startServer(t, {
        config: { plugins: [...PLUGINS.filter((name) => !names.includes(name)), ...names] },
    });
    const shown = (await server.admin("plugins")).match(/^victory_\w+/gm);
    assert.deepEqual(shown, ["victory_forfeit", ...names.slice(1), names[0]]);
});
