// docs/scripting.md: every mod on it is checked and tested as a modder would, every example runs.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ROOT, muster, tempDir } from "../kit/harness.mjs";
import { manifestOf, writeFiles } from "../kit/mods.mjs";

const PAGE = await readFile(path.join(ROOT, "docs/scripting.md"), "utf8");
const REFERENCE_AT = PAGE.indexOf("\n## Globals\n");
const TESTS_AT = PAGE.indexOf("\n## In tests\n");
const PERMISSIONS = ["chat", "kick", "storage", "teams", "vote"];

async function succeeds(cwd, ...args) {
    const { code, stdout, stderr } = await muster(cwd, ...args);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
}

const manifest = (id, kind, more = {}) =>
    manifestOf(id, {
        kind, author: "muster", license: "MIT", description: "Examples.", permissions: PERMISSIONS, ...more,
    });

/** Blocks of a part of the page: the language, the text, and the line before that is not blank. */
function blocks(text) {
    return [...text.matchAll(/^(.+)\n+```(\w+)\n([^]*?)^```$/gm)].map(([, before, language, body]) => ({
        before, language, body,
    }));
}

/** Functions of a part of the reference: name, table, realms and example. */
function examples(text) {
    const found = [];
    for (const [, heading, section] of text.matchAll(/^### (\S+)\n([^]*?)(?=\n##|(?![^]))/gm)) {
        const [block] = blocks(section);
        assert.equal(block?.language, "lua", `${heading} has no example`);
        const [, realm] = /, (both realms|lobby realm|match realm)/.exec(section) ?? [];
        found.push({ heading, realm, table: heading.split(/[.:]/)[0], body: block.body });
    }
    return found;
}

test("the mods of the manual are right, and their tests pass", async (t) => {
    const cwd = await tempDir(t);
    const files = {};
    for (const { before, body } of blocks(PAGE.slice(0, REFERENCE_AT))) {
        const name = /^`(mods\/.+)`:$/.exec(before)?.[1];
        if (name) files[name] = body;
    }
    await writeFiles(cwd, files);
    const mods = new Set(Object.keys(files).map((name) => name.split("/").slice(0, 2).join("/")));
    assert.ok(mods.size >= 2, [...mods].join());
    for (const mod of mods) {
        assert.ok(files[`${mod}/mod.json`], mod);
        assert.match(await succeeds(cwd, "check", mod), /^0 errors, 0 warnings\n$/);
        assert.match(await succeeds(cwd, "test", mod), /^[1-9]\d* passed, 0 failed\n$/m);
    }
});

test("the other lines of Lua of the manual run", async (t) => {
    const cwd = await tempDir(t);
    const rest = blocks(PAGE.slice(0, REFERENCE_AT)).filter(
        ({ before, language }) => language === "lua" && !before.startsWith("`mods/"),
    );
    assert.ok(rest.length > 0);
    for (const [i, { body }] of rest.entries()) {
        const kind = body.includes("return mode") ? "mode" : "rule";
        await writeFiles(cwd, {
            [`lines_${i}/mod.json`]: manifest(`lines_${i}`, kind),
            [`lines_${i}/init.lua`]: body,
            [`lines_${i}/tests/runs_spec.lua`]: `it("runs", function()
                local lobby = test.world{}:lobby{players = {"ann", "bob"}, start = true}
                lobby:advance(1)
                assert.equals("active", lobby:state())
            end)`,
        });
        await succeeds(cwd, "test", `lines_${i}`);
    }
});

/** A file whose table has each example as a function. */
function moduleOf(list) {
    const functions = list.map(({ heading, body }) => `examples["${heading}"] = function(player, out)\n${body}\nend\n`);
    return `local examples, state = {}, {rope = 0}\n${functions.join("\n")}\nreturn examples\n`;
}

/** By table, so that no mod has too many files. */
function modules(list, realm) {
    const tables = Map.groupBy ? Map.groupBy(list, ({ table }) => table) : groupBy(list);
    const files = {};
    for (const [table, some] of tables) files[`${realm}_${table.toLowerCase()}.lua`] = moduleOf(some);
    return files;
}

function groupBy(list) {
    const groups = new Map();
    for (const item of list) groups.set(item.table, [...(groups.get(item.table) ?? []), item]);
    return groups;
}

const INIT = `
command.register{name = realm .. "_example", fn = function(player, arguments)
    local module, name = string.match(arguments, "^(%S+) (%S+)$")
    require(module)[name](player)
end}
`;

/** Each example runs in a world of its own, called by a player's command. */
function specOf(list, realm) {
    const lines = list.map(
        ({ heading, table }) => `it("${realm}: ${heading}", function()
            local w = test.world{}
            local lobby = w:lobby{players = {"ann", "bob"}, start = ${realm === "match"}}
            local ann = lobby:players()[1]
            ann:chat("/${realm}_example ${realm}_${table.toLowerCase()} ${heading}")
            lobby:advance(0.5)
            assert.same({}, w:errors())
        end)`,
    );
    return lines.join("\n");
}

test("every example of the reference runs in its realms", async (t) => {
    const cwd = await tempDir(t);
    const all = examples(PAGE.slice(REFERENCE_AT, TESTS_AT));
    const owners = ["sync", "Writer"];
    const lobby = all.filter(({ realm }) => realm !== "match realm");
    const match = all.filter(({ realm, table }) => realm !== "lobby realm" && !owners.includes(table));
    assert.ok(lobby.length > 30 && match.length > 50, `${lobby.length} and ${match.length} examples`);
    await writeFiles(path.join(cwd, "examples"), {
        "mod.json": manifest("examples", "rule"),
        "init.lua": INIT,
        "locale/en.json": JSON.stringify({ welcome: "Welcome, {name}" }),
        ...modules(lobby, "lobby"),
        ...modules(match, "match"),
        "tests/lobby_spec.lua": specOf(lobby, "lobby"),
        "tests/match_spec.lua": specOf(match, "match"),
    });
    const stdout = await succeeds(cwd, "test", "examples");
    assert.match(stdout, new RegExp(`^${lobby.length + match.length} passed, 0 failed$`, "m"));
});

test("every example of modes that own everything runs in one", async (t) => {
    const cwd = await tempDir(t);
    const all = examples(PAGE.slice(REFERENCE_AT, TESTS_AT)).filter(({ table }) => ["sync", "Writer"].includes(table));
    const synced = all.filter(({ table }) => table === "sync");
    const packed = all.filter(({ table }) => table === "Writer");
    assert.ok(synced.length >= 2 && packed.length >= 7);
    for (const [name, list, what] of [
        ["synced", synced, "mode.sync = {{name = \"rope\", type = \"i16\"}}\nfunction mode.tick() for _, fn in pairs(examples) do fn() end end"],
        ["packed", packed, "function mode.snapshot(_, out) for _, fn in pairs(examples) do fn(nil, out) end end"],
    ]) {
        await writeFiles(path.join(cwd, name), {
            "mod.json": manifest(name, "mode", { maxPlayers: 4, tickRate: 20, snapshotMaxBytes: 128 }),
            "init.lua": `local examples, mode = require("examples"), {}\n${what}\nreturn mode`,
            "examples.lua": moduleOf(list),
            "tests/runs_spec.lua": `it("runs", function()
                local w = test.world{}
                local lobby = w:lobby{players = {"ann"}, start = true}
                lobby:advance(1)
                assert.equals("active", lobby:state())
                assert.truthy(#lobby:players()[1]:snapshot() > 0)
                assert.same({}, w:errors())
            end)`,
        });
        await succeeds(cwd, "test", name);
    }
});

test("every example for tests runs in a test", async (t) => {
    const cwd = await tempDir(t);
    const all = examples(PAGE.slice(TESTS_AT));
    const own = new Set(["describe", "it", "before_each"]);
    const tests = all.filter(({ heading }) => !own.has(heading));
    const groups = all.filter(({ heading }) => own.has(heading)).map(({ body }) => body);
    assert.ok(tests.length > 40 && groups.length === own.size);
    const lines = tests.map(({ heading, body }) => `it("${heading}", function()\n${body}\nend)`);
    await writeFiles(path.join(cwd, "examples"), {
        "mod.json": manifest("examples", "rule"),
        "init.lua": `hooks.on("tick", "nothing", function() end)`,
        "tests/examples_spec.lua": `local w, l, ann, bob
            before_each(function()
                w = test.world{}
                l = w:lobby{players = {"ann", "bob"}, settings = {timeLimit = 60}, start = true}
                ann, bob = table.unpack(l:players())
                ann:chat("hello")
                l:advance(0.1)
            end)
            ${lines.join("\n")}
            ${groups.join("\n")}`,
    });
    const stdout = await succeeds(cwd, "test", "examples");
    assert.match(stdout, new RegExp(`^${tests.length + 2} passed, 0 failed$`, "m"));
});
