// A recording played again gives the same state: same hash, same result, whatever the CPU offers.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { MUSTER, eventually, runFile, startServer, tempDir } from "../kit/harness.mjs";
import { gather, sitDown } from "../kit/players.mjs";
import { findRecording, replay } from "../kit/recording.mjs";

test("record, replay, compare; also without FMA and AVX2", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 3);
    await sitDown(team, { killLimit: 3, botFill: 6, maxPlayers: 6 });
    await eventually("it is played", () => team[0].bot?.snapshots > 0);
    const disturbed = team[1].client.once("match.disturbed", { timeoutMs: 20000 });
    await server.stall(400);
    const { matchId, cause, ms } = await disturbed;
    const { results } = await team[0].end();
    await server.stop();

    const [stall] = results.disturbed;
    assert.deepEqual([matchId, cause, stall.cause], [results.matchId, "stall", "stall"]);
    assert.ok(ms > 250 && stall.ms >= ms && stall.times >= 1 && stall.tick > 0, JSON.stringify(stall));

    const played = await replay(server.dataDir, results.matchId);
    assert.ok(played.hash, played.text);
    assert.equal(played.hash, played.recordedHash, "the hash of the live match");
    assert.deepEqual(played.results, results);
    const plain = await replay(server.dataDir, results.matchId, {
        GLIBC_TUNABLES: "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4",
    });
    assert.equal(plain.hash, played.hash);
    assert.deepEqual(plain.results, results);
});

test("the recording of a killed match says up to where it was compared", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2);
    await sitDown(team, { killLimit: 0, timeLimit: 0, botFill: 4 });
    const { client } = team[0];
    await client.once("snapshot", { timeoutMs: 20000 });
    await eventually("a hash is recorded", async () => (await client.scoreboard()).tick > 110);
    const { matchId } = await client.scoreboard();
    server.signal("SIGKILL");
    await server.ended();
    const played = await replay(server.dataDir, matchId);
    assert.deepEqual([played.recordedHash, played.same], [null, true]);
    assert.ok(played.comparedTick > 0 && played.comparedTick <= played.ticks, played.text);
    const file = await findRecording(server.dataDir, matchId);
    const { stdout } = await runFile(MUSTER, ["replay", file]);
    assert.match(stdout, new RegExp(`compared up to tick ${played.comparedTick}\n`));
    assert.doesNotMatch(stdout, /^recorded:/m);
});

test("a damaged recording is refused with a sentence", async (t) => {
    const dir = await tempDir(t);
    const file = path.join(dir, "broken.rec");
    for (const bytes of [
        Buffer.alloc(0),
        Buffer.from("MSTRREC1"),
        Buffer.alloc(4096, 0xff),
        Buffer.from("MSTRREC1\xff\xff\xff\xff{}", "latin1"),
    ]) {
        await writeFile(file, bytes);
        const failed = await runFile(MUSTER, ["replay", file]).then(
            () => null,
            (error) => error,
        );
        assert.ok(failed && failed.code > 0 && !failed.signal, `${failed?.signal}`);
        assert.ok(failed.stderr.length > 0);
    }
});

test("a recording with a changed input gives another hash", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2);
    await sitDown(team, { killLimit: 1, botFill: 0, maxPlayers: 2, spawnProtectionMs: 0 });
    const { results } = await team[0].end();
    await server.stop();
    const file = await findRecording(server.dataDir, results.matchId);
    const bytes = await readFile(file);
    const header = 12 + bytes.readUInt32LE(8);
    // Turn the aim of every consumed input by half a circle.
    for (
        let at = header;
        at + 8 <= bytes.length && bytes[at] !== 0;
        at += 8 + bytes.readUInt16LE(at + 2)
    ) {
        if (bytes[at] === 4) bytes[at + 8 + 9] ^= 0x80;
    }
    const forged = path.join(await tempDir(t), path.basename(file));
    await writeFile(forged, bytes);
    const outcome = await runFile(MUSTER, ["replay", forged]).then(
        (done) => ({ ...done, code: 0 }),
        (error) => error,
    );
    assert.ok(outcome.code !== 0, `a forged recording replays cleanly: ${outcome.stdout}`);
});
