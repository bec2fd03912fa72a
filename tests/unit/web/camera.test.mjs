// What of the screen is clear, and where the camera looks so that the own avatar stands there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clearArea, fightPixels, lookAt } from "../../../plugins/service_web/assets/camera.js";

const PHONE = { width: 400, height: 800 };
const box = (left, top, right, bottom) => ({ left, top, right, bottom });

test("the clear part is the largest with enough room around the middle", () => {
    assert.deepEqual(clearArea(PHONE, [], 90), box(0, 0, 400, 800));
    const bars = [box(100, 0, 300, 60), box(0, 700, 200, 800)];
    assert.deepEqual(clearArea(PHONE, bars, 90), box(0, 60, 400, 700));
    const left = [...bars, box(0, 380, 80, 420)];
    assert.deepEqual(clearArea(PHONE, left, 90), box(80, 60, 400, 700), "at its side");
    assert.deepEqual(clearArea(PHONE, [box(0, 0, 20, 100)], 90), box(20, 0, 400, 800),
        "of two with enough room the larger one");
    assert.deepEqual(clearArea(PHONE, [box(0, 300, 400, 500)], 90), box(0, 0, 400, 300),
        "beside what lies over the middle");
    assert.deepEqual(clearArea(PHONE, [box(0, 0, 400, 200), box(0, 50, 400, 100)], 90), box(0, 200, 400, 800),
        "a box within another");
    assert.deepEqual(clearArea(PHONE, [box(-10, -10, 410, 810)], 90), box(0, 0, 400, 800),
        "nothing is clear");
});

test("wherever the avatar is on the map, it stands in the clear part", () => {
    const scale = 0.14; // of a phone: 24 tiles on 860 pixels
    for (const [from, to] of [[0, 400], [120, 380], [10, 90], [200, 400]]) {
        for (const mapSize of [32 * 256, 8 * 256]) {
            for (let target = 0; target <= mapSize; target += 64) {
                const screen = { length: 400, from, to };
                const x = (target - lookAt(target, mapSize, screen, scale)) * scale + 200;
                assert.ok(x >= from && x <= to, JSON.stringify({ target, x, mapSize, ...screen }));
            }
        }
    }
});

test("far from the rim it stands in the middle, or as near as the fight has room", () => {
    const scale = 0.14;
    const at = (from, to) =>
        Math.round((4096 - lookAt(4096, 8192, { length: 400, from, to }, scale)) * scale + 200);
    assert.equal(at(0, 400), 200);
    assert.equal(at(60, 400), 200);
    assert.equal(at(150, 400), Math.round(150 + fightPixels(scale)));
    assert.equal(at(0, 100), 50, "no room for the fight: the middle of what is clear");
});
