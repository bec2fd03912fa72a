// mods - mods for tests: written to a folder, chosen by a lobby, played to the end, replayed.

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { PLUGINS, startServer, tempDir } from "./harness.mjs";

/** In the order of the default list: a mode in a script decides before the victory plugins do. */
export const MOD_PLUGINS = [...PLUGINS, "rules_private"].flatMap((name) =>
    name === "mode_arena" ? [name, "lua"] : name,
);

/** Write files below a folder: texts by path. */
export async function writeFiles(folder, files) {
    for (const [name, text] of Object.entries(files)) {
        const file = path.join(folder, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, text);
    }
}

/** The text of a mod.json, what is not given being completed. */
export const manifestOf = (id, given = {}) =>
    JSON.stringify({ id, name: id, version: "1.0.0", api: "1", kind: "rule", ...given });

/** Write a mod: its manifest, and files by path. */
export async function writeMod(dir, id, manifest, files) {
    const folder = path.join(dir, id);
    await writeFiles(folder, { ...files, "mod.json": manifestOf(id, manifest) });
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

/** Lines that the server wrote about mods. */
export function modLines(server) {
    return server.output.split("\n").filter((line) => /"plugin":"lua"|plugin=lua/.test(line));
}
