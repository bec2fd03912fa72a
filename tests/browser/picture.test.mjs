// The picture of the README, docs/images/arena.png: made anew with MUSTER_SCREENSHOT set.

import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { configOf, playAsGuest, setUp } from "../kit/page.mjs";

const PICTURE = fileURLToPath(new URL("../../docs/images/arena.png", import.meta.url));
const BYTES_MAX = 300 * 1024;
const PATIENCE_MS = 240000;
const PUSHES = { KeyD: [1, 0], KeyA: [-1, 0], KeyS: [0, 1], KeyW: [0, -1] };

/** Stops the page's frames in the thick of a fight: tracers, a grenade or its burst, kills. */
const freezeLively = (page) => page.evaluate(() => {
    const isLively = () => {
        const { game, world } = window.muster;
        if (!game.own || document.querySelectorAll("#feed li").length < 2) return false;
        const near = [...world.avatars.values()].filter(({ alive, x, y }) => alive &&
            Math.abs(x - game.own.x) < 2300 && Math.abs(y - game.own.y) < 1300);
        const count = (type, ageMs) => game.effects.filter((effect) => {
            const age = performance.now() - effect.at;
            return effect.type === type && age >= 0 && age < ageMs;
        }).length;
        return new Set(near.map(({ team }) => team)).size === 2 && near.length > 4 &&
            count("shot", 70) > 1 && count("burst", 200) > 0 && count("pain", 400) === 0;
    };
    window.frozen = false;
    const look = () => {
        window.frozen = isLively();
        if (window.frozen) window.requestAnimationFrame = () => 0;
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
});

/** Towards the nearest enemy, sideways when stuck, and always with the finger on the trigger. */
async function fightOn(page, turn) {
    const { keys, aim } = await page.evaluate(({ pushes, turn }) => {
        const { game, world } = window.muster;
        const own = game.own ?? { x: 0, y: 0 };
        const far = (a) => Math.hypot(a.x - own.x, a.y - own.y);
        const enemies = [...world.avatars.values()].filter((a) => a.alive &&
            a.team !== world.avatars.get(game.seat).team).sort((a, b) => far(a) - far(b));
        const to = enemies[0] ?? own;
        const [dx, dy] = [to.x - own.x, to.y - own.y];
        const isStuck = window.lastOwn && far(window.lastOwn) < 40;
        window.lastOwn = own;
        const keys = Object.entries(pushes).filter(([, [x, y]]) =>
            isStuck ? x === [1, 0, -1, 0][turn % 4] && y === [0, 1, 0, -1][turn % 4]
                : x * dx + y * dy > 300).map(([key]) => key);
        const length = Math.hypot(dx, dy) || 1;
        const { x, y } = game.input.centre;
        return { keys, aim: { x: x + (dx / length) * 200, y: y + (dy / length) * 200 } };
    }, { pushes: PUSHES, turn });
    await page.mouse.move(aim.x, aim.y);
    for (const key of Object.keys(PUSHES)) {
        if (keys.includes(key)) await page.keyboard.down(key);
        else await page.keyboard.up(key);
    }
    const tick = await page.evaluate(() => window.muster.world.tick);
    await page.waitForFunction((until) => window.frozen || window.muster.world.tick >= until,
        tick + 8);
}

test("the picture of the README", { skip: !process.env.MUSTER_SCREENSHOT }, async (t) => {
    const config = configOf({ lobby: { defaults: ["botFill=8"] } });
    const { page } = await setUp(t, { config });
    await playAsGuest(page, "Grace");
    await page.waitForFunction(() => document.getElementById("controls").hidden);
    await freezeLively(page);
    await page.mouse.down();
    const end = Date.now() + PATIENCE_MS;
    for (let turn = 0; !(await page.evaluate(() => window.frozen)); turn++) {
        assert.ok(Date.now() < end, "no lively moment");
        await fightOn(page, turn);
    }
    mkdirSync(dirname(PICTURE), { recursive: true });
    await page.screenshot({ path: PICTURE });
    assert.ok(statSync(PICTURE).size < BYTES_MAX);
});
