// A short form of ./dev chaos: everything goes wrong, and nothing is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FAULTS } from "../chaos/faults.mjs";
import { Run } from "../chaos/run.mjs";
import { tempDir } from "../kit/harness.mjs";

// Only root may fill a disk.
const FAULTS_HERE = Object.keys(FAULTS).filter((name) => name !== "disk");

test("no match, seat or result is lost in chaos", async (t) => {
    const dir = await tempDir(t);
    const run = new Run({ life: t, dir, seed: 10, seconds: 7, lobbies: 20, faults: FAULTS_HERE });
    const { failures, kinds } = await run.play();
    t.diagnostic(run.figures);
    assert.deepEqual(failures.slice(0, 20), []);
    for (const kind of ["finished once", "resumed", "refusals"]) assert.ok(kinds[kind]?.passed > 0, kind);
});
