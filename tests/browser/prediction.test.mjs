// The own avatar as shown against the server's word: a few seconds of running, much of it along
// walls. What is measured: how far each snapshot moved the prediction, and how even the picture is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, isAlive, playAsGuest, setUp } from "../kit/page.mjs";

const RUNS = [["KeyD"], ["KeyD", "KeyS"], ["KeyS"], ["KeyA", "KeyS"], ["KeyA"], ["KeyA", "KeyW"],
    ["KeyW"], ["KeyW", "KeyD"]];
const RUN_TICKS = 14;
const TICK_MS = 50;
const MOVE_CREDIT = 4; // moves that the server lets an avatar catch up

// Nobody shoots, so that nothing but movement is left.
const CONFIG = configOf({
    plugins: ["db_sqlite", "history", "auth_local", "match_fill", "mode_arena", "victory_time_limit", "service_web"],
    lobby: { defaults: [] },
});

/** From now on the page notes what each snapshot and each frame did. */
async function record(page) {
    await page.evaluate(async () => {
        const app = document.querySelector("script[type=module]").src;
        const { MovePredictor } = await import(new URL("../sdk/js/index.js", app).href);
        const { game, world, client } = window.muster;
        const { playerRadius } = game.rules;
        const log = window.log = { corrections: [], frames: [], atWalls: 0, path: 0, at: null };
        const reconcile = MovePredictor.prototype.reconcile;
        MovePredictor.prototype.reconcile = function (...told) {
            const moved = reconcile.apply(this, told);
            log.corrections.push(Math.hypot(moved.x, moved.y));
            return moved;
        };
        const isFlush = (at) => [at + playerRadius + 1, at - playerRadius].some((side) => side % 256 === 0);
        client.on("snapshot", () => {
            const { x, y } = world.avatars.get(game.seat);
            if (log.at) log.path += Math.abs(x - log.at.x) + Math.abs(y - log.at.y);
            if (isFlush(x) || isFlush(y)) log.atWalls += 1;
            log.at = { x, y };
        });
        const frame = () => {
            const { x, y } = game.viewOf(world.avatars.get(game.seat));
            log.frames.push({ now: performance.now(), x, y });
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    });
}

async function runAbout(page) {
    for (const keys of RUNS) {
        for (const key of keys) await page.keyboard.down(key);
        const from = await page.evaluate(() => window.muster.world.tick);
        await page.waitForFunction((until) => window.muster.world.tick >= until, from + RUN_TICKS);
        for (const key of keys) await page.keyboard.up(key);
    }
}

/** usual: what 95 % stay below. */
function summary(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return {
        mean: sorted.reduce((a, b) => a + b, 0) / sorted.length,
        usual: sorted[Math.floor(sorted.length * 0.95)],
        most: sorted.at(-1),
    };
}

test("running along walls, the prediction holds", async (t) => {
    const { page, faults } = await setUp(t, { config: CONFIG });
    await playAsGuest(page, "Ada");
    await isAlive(page);
    await record(page);
    await runAbout(page);
    const { speed } = await page.evaluate(() => window.muster.game.rules);
    const { corrections, frames, path, atWalls } = await page.evaluate(() => window.log);
    assert.ok(path > 30 * speed, `ran ${path} units only`);
    assert.ok(atWalls > 10, `at walls for ${atWalls} ticks only`);

    // A tick that an input misses is repeated by the server: off by a move until the next word.
    const { mean, most } = summary(corrections);
    t.diagnostic(`corrections: mean ${mean.toFixed(2)}, most ${most.toFixed(0)} units`);
    assert.ok(mean < speed, `wrong by ${mean} units on average`);
    assert.ok(most <= 2 * MOVE_CREDIT * speed, `wrong by ${most} units once`);

    const leaps = frames.slice(1).map(({ x, y, now }, i) =>
        Math.hypot(x - frames[i].x, y - frames[i].y) - ((now - frames[i].now) * speed) / TICK_MS);
    const leap = summary(leaps).usual;
    t.diagnostic(`frames: ${frames.length}, 95 % leap less than ${leap.toFixed(1)} units`);
    // How even the picture is depends on the machine; a leap of a whole move does not.
    assert.ok(leap < speed, `the picture leaps by ${leap} units`);
    assert.deepEqual(faults, []);
});
