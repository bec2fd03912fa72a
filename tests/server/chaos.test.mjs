// A short form of ./dev chaos: everything goes wrong, and nothing is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Run } from "../chaos/run.mjs";
import { tempDir } from "../kit/harness.mjs";

test("no match, seat or result is lost in chaos", async (t) => {
    const run = new Run({ life: t, dir: await tempDir(t), seed: 10, seconds: 9, lobbies: 20 });
    const { failures, kinds } = await run.play();
    t.diagnostic(run.figures);
    assert.deepEqual(failures.slice(0, 20), []);
    for (const kind of ["finished once", "resumed", "thefts"]) assert.ok(kinds[kind]?.passed > 0, kind);
});
