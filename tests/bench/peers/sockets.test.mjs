// sockets - the generator of ./dev bench peers plays on the yardstick and on musterd, with TLS too; the
// peer itself is installed by the benchmark alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { play } from "./servers.mjs";

const RUN = { players: 16, seconds: 1, warmup: 0 };

/** All came and stayed, snapshots of the size that was agreed on came, inputs went, and some of them were taken. */
function assertPlayed({ arrived, lost, steady }, { acks = true } = {}) {
    assert.deepEqual({ arrived, lost }, { arrived: RUN.players, lost: 0 });
    assert.ok(steady.snapshotsPerSecond > 0 && steady.inputsPerSecond > 0, JSON.stringify(steady));
    assert.equal(steady.snapshotBytesMean, 160);
    assert.equal(steady.latencyP50Ms > 0, acks);
}

test("players of the generator play", { concurrency: true }, async (t) => {
    await Promise.all([
        t.test("on the yardstick", async () => assertPlayed(await play("raw", RUN), { acks: false })),
        t.test("on musterd", async () => assertPlayed(await play("muster", RUN))),
        t.test("on musterd with TLS", async () => assertPlayed(await play("muster", { ...RUN, tls: true }))),
    ]);
});
