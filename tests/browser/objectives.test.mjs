// Zones, items and levels on the screen: what the page makes of a scene in which nobody moves, in pixels and
// words. The match is a real one; the scene is told in the place of its snapshots.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Between } from "../kit/between.mjs";
import { startServer } from "../kit/harness.mjs";
import { configOf, look, objectiveLines, objectivesSeen, openPage, playAsGuest } from "../kit/page.mjs";
import { Scene } from "../kit/scene.mjs";

const MATE = 8; // bots sit behind the seats of people
const ENEMY = 9;
const PLACES = { 0: [2048, 2084], [MATE]: [1536, 2084], [ENEMY]: [2560, 2084] };
const HOME = { x: 2048, y: 2944 }; // on open ground

/** Nobody but the player and two others, and they stand still. */
function calmScene() {
    const scene = new Scene();
    for (const [seat, [x, y]] of Object.entries(PLACES)) scene.add(Number(seat), 1 + (seat % 2), seat > 0, { x, y });
    return scene;
}

/** The snapshot with what the scene tells in it, and without events. */
function tell(scene, data) {
    const payload = Buffer.from((data[1] & 1) === 1 ? scene.full() : scene.delta());
    const head = Buffer.from(data.subarray(0, 16));
    scene.told();
    head[1] &= 1; // nothing is deflated
    head.writeUInt16LE(payload.length, 14);
    return Buffer.concat([head, payload]);
}

async function open(t) {
    const arena = calmScene();
    const between = await Between.open(t, await startServer(t, {
        config: configOf({ lobby: { defaults: ["botFill=8", "killLimit=0", "timeLimit=0", "mapName=crossfire"] } }),
    }));
    between.toClient = (data, isBinary) => (isBinary && data[0] === 0x81 ? tell(arena, data) : data);
    const { page, faults } = await openPage(t, between.baseUrl);
    await playAsGuest(page, "Grace");
    return { arena, page, faults };
}

/** When the page has drawn what the arena is now. */
async function drawn({ page }) {
    await page.evaluate((ticks) => {
        window.wantedTick = window.muster.world.tick + ticks;
    }, 8);
    await page.waitForFunction(() => window.muster.world.tick >= window.wantedTick);
    await page.evaluate(() => new Promise((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

test("a zone is a ring in the colour of its team, with its label and progress", async (t) => {
    const scene = await open(t);
    const { arena, page, faults } = scene;
    await drawn(scene);
    assert.equal(await objectivesSeen(page), null);
    assert.equal(await page.isVisible("#objectives"), false);
    const zone = { team: 1, progress: 30, ...HOME, radius: 512, label: "Hill" };
    arena.zones.set(1, zone);
    await drawn(scene);
    assert.deepEqual(await objectivesSeen(page),
        { zones: [{ id: 1, label: "Hill", team: 1, progress: 30 }], items: [] });
    assert.deepEqual(await objectiveLines(page), ["Hill: red, 30 %"]);
    const early = { ...HOME, x: HOME.x + 512 }; // a quarter of the way round
    const late = { ...HOME, x: HOME.x - 512 };
    const begun = { early: await look(page, early.x, early.y, 120),
        late: await look(page, late.x, late.y, 120) };
    assert.ok(begun.early.red > 2 * begun.late.red, JSON.stringify(begun));
    zone.progress = 100;
    await drawn(scene);
    assert.ok((await look(page, late.x, late.y, 120)).red > 2 * begun.late.red);
    zone.team = 2;
    await drawn(scene);
    const taken = await look(page, late.x, late.y, 120);
    assert.ok(taken.blue > 2 * begun.late.red && taken.red === 0, JSON.stringify(taken));
    assert.deepEqual(await objectiveLines(page), ["Hill: blue, 100 %"]);
    arena.zones.delete(1);
    await drawn(scene);
    assert.equal((await look(page, late.x, late.y, 120)).blue, 0);
    assert.equal(await page.isVisible("#objectives"), false);
    assert.deepEqual(faults, []);
});

test("a flag is seen at home, on who carries it, and where it fell", async (t) => {
    const scene = await open(t);
    const { arena, page, faults } = scene;
    const flag = { kind: "flag", team: 2, who: 1, homeX: HOME.x, homeY: HOME.y, ...HOME,
        carrier: 255, atHome: true };
    const cloth = [HOME.x + 20, HOME.y - 120, 80];
    const above = (seat) => [PLACES[seat][0], PLACES[seat][1] - (seat ? 305 : 230), 130];
    await drawn(scene);
    const before = await look(page, ...cloth);
    arena.items.set(2, flag);
    await drawn(scene);
    const atHome = await look(page, ...cloth);
    assert.ok(atHome.blue > before.blue + 50, JSON.stringify({ before, atHome }));
    assert.deepEqual(await objectiveLines(page), []);
    const bare = await look(page, ...above(MATE));
    arena.carry(2, MATE);
    await drawn(scene);
    const mate = await page.evaluate((seat) =>
        window.muster.client.entry.members.find((member) => member.seat === seat).displayName, MATE);
    assert.deepEqual(await objectiveLines(page), [`${mate} has the blue flag`]);
    assert.equal((await objectivesSeen(page)).items[0].carrier, MATE);
    assert.ok((await look(page, ...cloth)).blue < 20);
    assert.ok((await look(page, ...above(MATE))).blue > bare.blue + 50);
    arena.carry(2, 0);
    await drawn(scene);
    assert.deepEqual(await objectiveLines(page), ["You have the blue flag"]);
    assert.ok((await look(page, ...above(0))).blue > 50);
    arena.carry(2, ENEMY);
    arena.drop(2);
    await drawn(scene);
    assert.deepEqual(await objectiveLines(page), ["The blue flag lies about"]);
    assert.deepEqual((await objectivesSeen(page)).items, [
        { id: 2, kind: "flag", team: 2, carrier: 255, atHome: false }]);
    assert.deepEqual(faults, []);
});

test("the HUD shows the own level and the weapons that rules leave", async (t) => {
    const scene = await open(t);
    const { arena, page, faults } = scene;
    assert.ok(await page.isVisible("#weapon-launcher"));
    Object.assign(arena.avatars.get(0), { level: 3, weapons: 1 });
    await drawn(scene);
    assert.deepEqual(await objectiveLines(page), ["Level 3"]);
    assert.equal(await page.isVisible("#weapon-launcher"), false);
    assert.ok(await page.isVisible("#weapon-rifle"));
    assert.deepEqual(faults, []);
});
