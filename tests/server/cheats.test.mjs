// People and cheats in real matches without clients, a few with fixed seeds: whom the anticheats name, and
// that nobody honest is acted against. How many of how many: ./dev bench anticheat.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { ROOT, runDaemon, tempDir } from "../kit/harness.mjs";

const CONFIG = path.join(ROOT, "tests/bench/anticheat/config.json");

async function play(t, cheat, matches, seconds) {
    const { code, stdout, stderr } = await runDaemon(["--config", CONFIG, "--run", `cheats ${cheat} 7 ${matches} ${seconds}`], {
        cwd: await tempDir(t),
    });
    assert.equal(code, 0, stdout + stderr);
    return JSON.parse(stdout);
}

test("nobody honest is acted against", async (t) => {
    const { honest, honestActs, honestReported } = await play(t, "honest", 32, 120);
    assert.equal(honest, 256);
    assert.equal(honestActs, 0);
    assert.equal(honestReported, 0);
});

for (const cheat of ["speed_1.1", "teleport", "fire_rate"])
    test(`${cheat} gains nothing and is named each time`, async (t) => {
        const all = await play(t, cheat, 8, 120);
        assert.equal(all.cheats, 8);
        assert.equal(all.cheatsNamed, 8);
        assert.equal(all.honestReported, 0);
        assert.ok(all.shotsPerSecondMax <= 5);
        assert.ok(all.unitsPerSecondMax <= 24 * 48 + 1);
    });

for (const cheat of ["aim_0", "macro"])
    test(`${cheat} is named in most matches`, async (t) => {
        const all = await play(t, cheat, 8, 600);
        assert.ok(all.cheatsNamed >= 6, `${all.cheatsNamed} of 8`);
        assert.equal(all.honestActs, 0);
    });
