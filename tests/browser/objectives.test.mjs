// Zones, items and levels on the screen: a toy arena in which nobody moves, and what the page makes
// of it, in pixels and words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeServer } from "../kit/fake_server.mjs";
import { look, objectiveLines, objectivesSeen, openPage, playAsGuest } from "../kit/page.mjs";

const MATE = 2;
const ENEMY = 1;
const PLACES = { 0: [2048, 1700], [MATE]: [1536, 1700], [ENEMY]: [2560, 1700] };

/** Everybody stands still, the player and two others within sight. */
function calm(arena) {
    for (const [seat, a] of arena.avatars) {
        const [x, y] = PLACES[seat] ?? [a.x, a.y];
        Object.assign(a, { x, y, bot: false, protectedTicks: 0, input: null });
        a.alive = seat in PLACES;
        if (!a.alive) a.wait = Infinity;
    }
}

async function open(t) {
    const server = await new FakeServer().start();
    t.after(() => server.stop());
    const { page, faults } = await openPage(t, server.baseUrl);
    await playAsGuest(page, "Grace");
    calm(server.arena);
    return { arena: server.arena, page, faults };
}

/** When the page has drawn what the arena is now. */
async function drawn({ arena, page }) {
    await page.waitForFunction((tick) => window.muster.world.tick >= tick, arena.tick + 6);
    await page.evaluate(() => new Promise((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

test("a zone is a ring in the colour of its team, with its label and progress", async (t) => {
    const scene = await open(t);
    const { arena, page, faults } = scene;
    await drawn(scene);
    assert.equal(await objectivesSeen(page), null);
    assert.equal(await page.isVisible("#objectives"), false);
    const zone = { team: 1, progress: 30, x: 2048, y: 2560, radius: 512, label: "Hill" };
    arena.zones.set(1, zone);
    await drawn(scene);
    assert.deepEqual(await objectivesSeen(page),
        { zones: [{ id: 1, label: "Hill", team: 1, progress: 30 }], items: [] });
    assert.deepEqual(await objectiveLines(page), ["Hill: red, 30 %"]);
    const early = { x: 2048 + 512, y: 2560 }; // a quarter of the way round
    const late = { x: 2048 - 512, y: 2560 };
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
    const home = { x: 2048, y: 2560 };
    const flag = { kind: "flag", team: 2, who: 1, homeX: home.x, homeY: home.y, ...home,
        carrier: 255, atHome: true };
    const cloth = [home.x + 20, home.y - 120, 80];
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
    assert.deepEqual(await objectiveLines(page), ["Bot 2 has the blue flag"]);
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
