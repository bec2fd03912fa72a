// recording - finds a match's recording and lets `muster replay` play it again.

import { readdir } from "node:fs/promises";
import path from "node:path";
import { MUSTER, runFile } from "./harness.mjs";

export async function findRecording(dataDir, matchId) {
    const names = await readdir(dataDir, { recursive: true });
    const name = names.find(
        (entry) => path.basename(entry).includes(matchId) && !entry.endsWith(".checkpoint"),
    );
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
