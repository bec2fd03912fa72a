// The tool for people who write mods: muster new, mods, and what it hands on to musterd --run.

import assert from "node:assert/strict";
import { readFile, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { MUSTER, runDaemon, tempDir } from "./harness.mjs";

const ENGINE = fileURLToPath(new URL("../engine/config.json", import.meta.url));
const USAGE = 64;
const NOT_MADE = 73;

const FILES = ["init.lua", "locale/en.json", "mod.json", "settings.json"];

function muster(cwd, ...args) {
    return runDaemon(args, { binary: MUSTER, cwd });
}

/** A directory with the two mods that `muster new` makes. */
async function newMods(t) {
    const cwd = await tempDir(t);
    for (const [kind, name] of [["mode", "my_hill"], ["rule", "strong_hits"]]) {
        const { code, stderr } = await muster(cwd, "new", kind, name);
        assert.equal(code, 0, stderr);
    }
    return cwd;
}

async function filesBelow(dir) {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((file) => path.relative(dir, path.join(file.parentPath ?? file.path, file.name))).sort();
}

test("muster new writes whole mods, with their names in place", async (t) => {
    const cwd = await newMods(t);
    const files = ["my_hill", "strong_hits"].flatMap((name) =>
        [...FILES, `tests/${name}_spec.lua`].map((file) => `${name}/${file}`),
    );
    assert.deepEqual(await filesBelow(path.join(cwd, "mods")), [".luarc.json", ...files].sort());
    for (const file of [".luarc.json", ...files]) {
        const text = await readFile(path.join(cwd, "mods", file), "utf8");
        assert.doesNotMatch(text, /@[A-Z]+@/, file);
        if (file.endsWith(".json")) JSON.parse(text);
    }
    const manifest = JSON.parse(await readFile(path.join(cwd, "mods/my_hill/mod.json"), "utf8"));
    assert.equal(manifest.id, "my_hill");
    assert.equal(manifest.name, "My hill");
    const spec = await readFile(path.join(cwd, "mods/strong_hits/tests/strong_hits_spec.lua"), "utf8");
    assert.match(spec, /strongHitsPercent/);
});

test("nothing is overwritten", async (t) => {
    const cwd = await newMods(t);
    await writeFile(path.join(cwd, "mods/.luarc.json"), "mine");
    const init = path.join(cwd, "mods/my_hill/init.lua");
    await writeFile(init, "mine");
    const again = await muster(cwd, "new", "rule", "my_hill");
    assert.equal(again.code, NOT_MADE);
    assert.match(again.stderr, /mods\/my_hill: it is there already/);
    assert.equal(await readFile(init, "utf8"), "mine");
    assert.equal((await muster(cwd, "new", "rule", "another")).code, 0);
    assert.equal(await readFile(path.join(cwd, "mods/.luarc.json"), "utf8"), "mine");
});

test("what cannot be made is refused with a sentence", async (t) => {
    const cwd = await tempDir(t);
    for (const args of [[], ["mode"], ["game", "x"], ["mode", "Big"], ["mode", "../x"], ["rule", "x".repeat(33)]]) {
        const { code, stderr } = await muster(cwd, "new", ...args);
        assert.equal(code, USAGE, args.join(" "));
        assert.match(stderr, /^muster: new: .+\nUsage: /);
    }
    await writeFile(path.join(cwd, "mods"), "a file");
    const { code, stderr } = await muster(cwd, "new", "mode", "x");
    assert.equal(code, NOT_MADE);
    assert.match(stderr, /mods/);
    assert.deepEqual(await filesBelow(cwd), ["mods"]);
});

test("a server that is started there offers them", async (t) => {
    const cwd = await newMods(t);
    const { code, stdout, stderr } = await muster(cwd, "mods");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^my_hill 0\.1\.0\+[0-9a-f]{8}, mode on arena, chat/m);
    assert.match(stdout, /^strong_hits 0\.1\.0\+[0-9a-f]{8}, rule/m);
});

test("they are played to the end by bots", async (t) => {
    const cwd = await newMods(t);
    const config = JSON.parse(await readFile(ENGINE, "utf8"));
    config.plugins.splice(config.plugins.indexOf("mode_arena") + 1, 0, "lua");
    await writeFile(path.join(cwd, "config.json"), JSON.stringify(config));
    const settings = JSON.stringify({ botFill: 6, pointsToWin: 3, rules: ["strong_hits"] });
    const { code, stdout, stderr } = await runDaemon(
        ["--config", "config.json", "--run", `engine-play my_hill ${settings}`],
        { cwd },
    );
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stderr, "");
    const results = JSON.parse(stdout);
    assert.equal(results.reason, "score_limit");
    assert.equal(results.finalScores[results.winningTeam], 3);
});

test("folders are handed on whole, wherever they lie", async (t) => {
    const cwd = await newMods(t);
    await rename(path.join(cwd, "mods"), path.join(cwd, "my mods"));
    const missing = await muster(cwd, "check", "mods/my_hill");
    assert.equal(missing.code, USAGE);
    assert.match(missing.stderr, /no such folder: mods\/my_hill/);
    for (const args of [["check"], ["test", "my mods/my_hill", "--junit"], ["check", "my mods/my_hill", "--junit", "x"]]) {
        const { code, stderr } = await muster(cwd, ...args);
        assert.equal(code, USAGE, stderr);
    }
});
