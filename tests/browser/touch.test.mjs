// Two thumbs on a phone: sticks that move, aim and fire, and the launcher's button.

import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, hasMoved, isAlive, ownAvatar, playAsGuest, setUp } from "../kit/page.mjs";

const PHONES = { portrait: { width: 390, height: 844 }, landscape: { width: 844, height: 390 } };
const PUSH = 50; // CSS pixels: nearly the whole way

// Nobody shoots back, and a lone player does not win at once.
const CONFIG = configOf({
    plugins: ["db_sqlite", "history", "auth_local", "match_fill", "mode_arena", "victory_time_limit", "service_web"],
    lobby: { defaults: [] },
});

/** Thumbs by name, told to the browser as a touch screen would. */
class Thumbs {
    #screen;
    #points = new Map();

    constructor(screen) {
        this.#screen = screen;
    }

    #send(type, points) {
        return this.#screen.send("Input.dispatchTouchEvent", { type, touchPoints: points });
    }

    async put(id, x, y) {
        this.#points.set(id, { id, x, y });
        await this.#send("touchStart", [...this.#points.values()]);
    }

    async push(id, dx, dy) {
        const point = this.#points.get(id);
        this.#points.set(id, { id, x: point.x + dx, y: point.y + dy });
        await this.#send("touchMove", [...this.#points.values()]);
    }

    async lift(id) {
        this.#points.delete(id);
        await this.#send("touchEnd", [...this.#points.values()]);
    }
}

async function thumbWalks(page, thumbs, { width, height }, dx, dy) {
    await isAlive(page);
    const from = await ownAvatar(page);
    await thumbs.put(1, width * 0.2, height * 0.85);
    await thumbs.push(1, dx * PUSH, dy * PUSH);
    const moved = await hasMoved(page, from, dx, dy);
    await thumbs.lift(1);
    return moved;
}

async function thumbWalksSomewhere(page, thumbs, size) {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, -1], [0, 1]]) {
        if (await thumbWalks(page, thumbs, size, dx, dy)) return true;
    }
    return false;
}

/** Resolves with the aim (of 256) of the own avatar when it next shoots its rifle. */
const nextShot = (page) => page.evaluate(() => new Promise((resolve) => {
    const { client, game, world } = window.muster;
    const off = client.on("snapshot", () => {
        if (!game.effects.some(({ type, isOwn }) => type === "shot" && isOwn)) return;
        off();
        resolve(world.avatars.get(game.seat).aim);
    });
}));

for (const [name, size] of Object.entries(PHONES)) {
    test(`thumbs play on a phone, ${name}`, async (t) => {
        const view = { viewport: size, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
        const { page, context, faults } = await setUp(t, { config: CONFIG, view });
        await playAsGuest(page, "Ada");
        const thumbs = new Thumbs(await context.newCDPSession(page));
        await page.waitForSelector("#touch-launcher");
        assert.ok(await thumbWalksSomewhere(page, thumbs, size), "no push moved the avatar");

        const shot = nextShot(page);
        await thumbs.put(2, size.width * 0.8, size.height * 0.85);
        await thumbs.push(2, 0, -PUSH);
        assert.equal(await shot, 192, "not aimed upwards");
        assert.equal(await page.evaluate(() => window.muster.game.input.sticks.move), null);
        await thumbs.lift(2);
        await page.waitForFunction(() => window.muster.game.input.sticks.aim === null);

        const flies = page.waitForFunction(() => {
            const { game, world } = window.muster;
            return [...world.projectiles.values()].some(({ owner }) => owner === game.seat);
        });
        await page.tap("#touch-launcher");
        await flies;
        const overflow = await page.evaluate(() =>
            document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(overflow, 0, "the page is wider than the screen");
        assert.deepEqual(faults, []);
    });
}
