// recording - what a server has recorded, found and played again.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { MUSTER, runDaemon, runFile } from "./harness.mjs";

const HASH = 6; // of record_kind

export async function findRecording(dataDir, matchId) {
    const names = await readdir(dataDir, { recursive: true });
    const name = names.find((entry) => path.basename(entry).includes(matchId));
    if (!name) throw new Error(`no recording of ${matchId} below ${dataDir}`);
    return path.join(dataDir, name);
}

/** {hash, recordedHash, results, text} as `muster replay --json` says. */
export async function replay(dataDir, matchId, env = {}) {
    const file = await findRecording(dataDir, matchId);
    const { stdout } = await runFile(MUSTER, ["replay", "--json", file], {
        env: { ...process.env, ...env },
    });
    return { ...JSON.parse(stdout), text: stdout };
}

/** Play every recording of a stopped server again: [{code, ticks, hash, recordedHash, same}]. */
export async function replayAll(server) {
    const folder = path.join(server.dataDir, "records");
    const files = (await readdir(folder)).filter((name) => name.endsWith(".mrec"));
    assert.ok(files.length > 0, "nothing was recorded");
    return Promise.all(
        files.map(async (name) => {
            const { code, stdout, stderr } = await runDaemon([
                "--replay", path.join(folder, name), "--json",
                "--config", path.join(server.dir, "config.json"), "--data-dir", server.dataDir,
            ]);
            assert.ok(stdout, stderr);
            return { code, ...JSON.parse(stdout) };
        }),
    );
}

/** Stop the server; all that it recorded must go the same way again. */
export async function playAgain(server) {
    await server.stop();
    const replays = await replayAll(server);
    for (const replay of replays) {
        assert.equal(replay.same, true, JSON.stringify(replay));
        assert.equal(replay.code, 0);
    }
    return replays;
}

/** The state hashes that a recording holds, by tick. */
export async function readHashes(file) {
    const bytes = await readFile(file);
    const hashes = new Map();
    for (let at = 12 + bytes.readUInt32LE(8); at + 8 <= bytes.length && bytes[at]; ) {
        const length = bytes.readUInt16LE(at + 2);
        if (bytes[at] === HASH) hashes.set(bytes.readUInt32LE(at + 4), bytes.readBigUInt64LE(at + 8));
        at += 8 + length;
    }
    return hashes;
}
