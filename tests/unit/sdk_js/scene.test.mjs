// The scenes that tests of the client and the page are shown, held to a real match: the same bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArenaWorld } from "../../../sdk/js/index.js";
import { suite } from "../../kit/harness.mjs";
import { startModServer } from "../../kit/mods.mjs";
import { connectPlayer } from "../../kit/players.mjs";
import { INTRO, Scene } from "../../kit/scene.mjs";

const TICKS = 60;
const musterd = await startModServer(suite, {}, { config: {
    lobby: { playersMin: 1, countdownMs: 0, defaults: ["botFill=8", "killLimit=0", "timeLimit=0"] },
} });

/** Keys and types, all the way down; of a list the first. */
function shapeOf(value) {
    if (Array.isArray(value)) return [shapeOf(value[0])];
    if (value === null || typeof value !== "object") return typeof value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, shapeOf(value[key])]));
}

/** The scene becomes what the client has understood. */
function copy(world, { shots, bursts }, scene) {
    const known = new Set(scene.projectiles.keys());
    scene.avatars = new Map([...world.avatars].map(([seat, a]) => [seat,
        { ...a, aim: a.aim << 8, protectedTicks: a.protected ? 1 : 0, speed: a.speed ?? 255 }]));
    scene.projectiles = new Map([...world.projectiles].map(([id, p]) => [id, { ...p }]));
    scene.added = [...scene.projectiles.values()].filter(({ id }) => !known.has(id));
    scene.shots = shots.map(({ seat, endX, endY, hit }) => ({ seat, x: endX, y: endY, hit }));
    scene.removed = bursts;
    scene.zones = structuredClone(world.zones);
    scene.items = structuredClone(world.items);
    scene.scores = [0, world.scores.red, world.scores.blue];
}

/** A match of that mode: [payload as it came, as the scene tells it] of each snapshot, and the rest. */
async function play(t, gameMode) {
    const { client } = await connectPlayer(t, musterd);
    const world = new ArenaWorld();
    const scene = new Scene();
    const told = [];
    const enough = new Promise((resolve) => client.on("snapshot", (snapshot) => {
        if (!snapshot.usable) return;
        copy(world, world.apply(snapshot), scene);
        told.push([[...snapshot.payload], snapshot.full ? scene.full() : scene.delta()]);
        scene.told();
        if (told.length === TICKS) resolve();
    }));
    const starting = client.once("match.started");
    await client.createLobby({ gameMode });
    await enough;
    return { told, world, intro: (await starting).intro };
}

test("a scene is told as a match is, and its beginning says the same things", async (t) => {
    const matches = await Promise.all(["king_of_the_hill", "capture_the_flag"].map((mode) => play(t, mode)));
    for (const { told, intro } of matches) {
        for (const [payload, bytes] of told) assert.deepEqual(bytes, payload);
        assert.deepEqual(shapeOf(INTRO), shapeOf(intro));
    }
    const [{ world: hill }, { world: flags }] = matches;
    assert.ok(hill.zones.size > 0 && flags.items.size > 0);
});
