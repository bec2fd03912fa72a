// mods - mods for tests: written to a folder, chosen by a lobby, played to the end, replayed.

import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { runDaemon, startServer, tempDir } from "./harness.mjs";

export const MOD_PLUGINS = [
    "db_sqlite",
    "auth_local",
    "match_fill",
    "mode_arena",
    "lua",
    "victory_first_to_kills",
    "victory_time_limit",
    "victory_elimination",
    "victory_forfeit",
    "rules_private",
    "service_metrics",
];

/** Write a mod: files by path, "mod.json" being completed. */
export async function writeMod(dir, id, manifest, files) {
    const folder = path.join(dir, id);
    await mkdir(folder, { recursive: true });
    const whole = { id, name: id, version: "1.0.0", api: "1", kind: "rule", ...manifest };
    for (const [name, text] of Object.entries({ ...files, "mod.json": JSON.stringify(whole) })) {
        await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
        await writeFile(path.join(folder, name), text);
    }
    return folder;
}

/** A server whose mods lie in server.modDir. */
export async function startModServer(t, mods, { config = {}, ...options } = {}) {
    const modDir = await tempDir(t);
    for (const [id, { manifest, files }] of Object.entries(mods))
        await writeMod(modDir, id, manifest ?? {}, files);
    const server = await startServer(t, {
        config: { plugins: MOD_PLUGINS, ...config, lua: { modDirs: [modDir], ...config.lua } },
        ...options,
    });
    server.modDir = modDir;
    return server;
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

/** Lines that the server wrote about mods. */
export function modLines(server) {
    return server.output.split("\n").filter((line) => /"plugin":"lua"|plugin=lua/.test(line));
}

