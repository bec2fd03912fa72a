// documents - what they name is there, and what they show works. The Lua of docs/scripting.md has
// scripting.test.mjs, the README's first mode five_minutes.test.mjs, the C of the guide guide_check.

import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
    BUILD, MUSTER, ROOT, SANITIZED, pluginsDir, runDaemon, runFile, startServer, tempDir,
} from "../kit/harness.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";
import { handbook } from "./handbook.mjs";

const read = (name) => readFile(path.join(ROOT, name), "utf8");

async function allDocuments() {
    const below = await readdir(path.join(ROOT, "docs"), { recursive: true });
    const names = below.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
    return ["README.md", "CONTRIBUTING.md", "sdk/js/README.md", ...names];
}

/** Fenced blocks in a language. */
const blocks = (text, language) =>
    [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].filter(([, is]) => is === language).map(([, , body]) => body);

/** What stands as code: spans, and lines of a shell. */
const codeOf = (text) => [
    ...[...text.replace(/^```[^]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, span]) => span),
    ...blocks(text, "sh").flatMap((body) => body.split("\n")),
];

/** As the page that shows it makes an anchor of a heading. */
const anchors = (text) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));

test("links into a page lead to a heading", async () => {
    let count = 0;
    for (const name of await allDocuments()) {
        for (const [, target, anchor] of (await read(name)).matchAll(/\]\(([^):]*)#([^)]+)\)/g)) {
            const page = target ? path.join(path.dirname(name), target) : name;
            assert.ok(anchors(await read(page)).includes(anchor), `${name}: ${target}#${anchor}`);
            count++;
        }
    }
    assert.ok(count > 0);
});

test("commands and options that are named exist", async () => {
    const { stdout: dev } = await runFile(path.join(ROOT, "dev"), ["help"]);
    const { stdout: muster } = await runFile(MUSTER, ["help"]);
    const { stdout: musterd } = await runDaemon(["--help"]);
    const wordsOf = (text) => new Set([...text.matchAll(/^ {2}([a-z-]+)/gm)].map(([, word]) => word));
    const known = { "./dev": wordsOf(dev).add("help"), muster: wordsOf(muster) };
    const options = new Set(musterd.match(/--[a-z-]+/g));
    const seen = new Set();
    for (const name of await allDocuments()) {
        for (const line of codeOf(await read(name))) {
            const [, program, word] = /^(?:build\/release\/bin\/)?(\.\/dev|muster) ([a-z][a-z-]*)/.exec(line) ?? [];
            if (program) assert.ok(known[program].has(word), `${name}: ${line}`);
            const daemon = /^(?:build\/release\/bin\/)?musterd (.*)/.exec(line);
            for (const option of daemon?.[1].match(/--[a-z-]+/g) ?? [])
                assert.ok(options.has(option), `${name}: ${line}`);
            if (program || daemon) seen.add(program ? `${program} ${word}` : "musterd");
        }
    }
    assert.ok(seen.size > 15, [...seen].join());
});

test("metrics that an operator is told of exist", async (t) => {
    const server = await startServer(t, { config: { plugins: [...MOD_PLUGINS, "kv_memory", "service_registrar", "service_directory", "reporter_central"] } });
    const { text } = await server.rest("GET", "/metrics", undefined, { admin: true });
    const names = new Set((await read("docs/operations.md")).match(/\bmuster_[a-z_]+\b/g));
    assert.ok(names.size > 5, [...names].join());
    for (const name of names) assert.match(text, new RegExp(`^# TYPE ${name} `, "m"));
});

test("keys of the configuration that are named exist", async () => {
    const { stdout } = await runDaemon(["--print-config"]);
    const keys = new Set([...stdout.matchAll(/^([a-z]+\.\w+) = /gm)].map(([, key]) => key));
    const sections = new Set([...keys].map((key) => key.split(".")[0]));
    const methods = new Set((await read("docs/openrpc.json")).match(/\b[a-z]+\.[a-zA-Z]+\b/g));
    const headers = (await readdir(path.join(ROOT, "sdk/include/muster"))).map((name) => `sdk/include/muster/${name}`);
    const pages = (await allDocuments()).filter((name) => !name.startsWith("sdk/js/"));
    let count = 0;
    for (const name of [...pages, ...headers]) {
        for (const [word, section] of (await read(name)).matchAll(/\b([a-z]+)\.[a-z]+[A-Z]\w*/g)) {
            if (!sections.has(section) || methods.has(word)) continue;
            assert.ok(keys.has(word), `${name}: ${word}`);
            count++;
        }
    }
    assert.ok(count > 50, `${count}`);
});

test("the handbook says of each key what the server says", async (t) => {
    const { page, made, missing } = await handbook(await tempDir(t));
    assert.deepEqual(missing, []);
    assert.equal(page, made, "./dev docs writes the tables anew");
});

test("the configuration of the guide is accepted", async (t) => {
    const cwd = await tempDir(t);
    const [shown] = blocks(await read("docs/plugin-guide.md"), "json");
    const { server, plugins } = JSON.parse(shown);
    const dir = path.join(cwd, server.pluginsDirs[0]);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for (const name of plugins)
        await copyFile(path.join(BUILD, `plugins/${name}.so`), path.join(dir, `${name}.so`));
    await writeFile(path.join(cwd, "config.json"), shown);
    const { code, stderr } = await runDaemon(["--config", "config.json", "--check-config"], { cwd });
    assert.equal(code, 0, stderr);
});

/** A compiler's line for one plugin, as muster_add_plugin has it. */
const compile = (source, target) =>
    runFile("cc", ["-I", path.join(ROOT, "sdk/include"), "-std=c17", "-fPIC", "-fvisibility=hidden",
        "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", source, "-o", target, "-shared", "-Wl,-z,defs"]);

test("the README's first plugin is built, loaded, and replaced while the server runs",
    { skip: SANITIZED && "the plugin is built without a sanitizer" }, async (t) => {
        const readme = await read("README.md");
        const part = readme.slice(readme.indexOf("\n## A first plugin in C\n"));
        const cwd = await tempDir(t);
        await mkdir(path.join(cwd, "plugins"));
        await symlink(path.join(ROOT, "sdk"), path.join(cwd, "sdk"));
        const [shell] = blocks(part, "sh");
        assert.match(shell, /^\.\/dev build$/m);
        await runFile("bash", ["-ec", shell.replace("./dev build", "")], { cwd });
        const source = path.join(cwd, "plugins/victory_rush/victory_rush.c");
        const built = path.join(cwd, "victory_rush.so");
        await compile(source, built);

        const [keys] = blocks(part, "json");
        const standalone = await read("configs/standalone.json");
        const head = keys.slice(keys.indexOf('    "plugins"'));
        const old = head.replace(/^ *"victory_rush",\n/m, "");
        assert.ok(standalone.includes(old), "the list begins as shown");
        const config = JSON.parse(standalone.replace(old, keys));
        const dir = await pluginsDir(t, built);
        config.server.pluginsDirs = [dir];
        const server = await startServer(t, { config });
        assert.match(await server.admin("plugins"), /^victory_rush /m);

        const [line] = blocks(part, "c");
        const text = await readFile(source, "utf8");
        const before = /^.*return MUSTER_UNDECIDED;\n/m;
        assert.match(text, before);
        await writeFile(source, text.replace(before, line));
        await compile(source, path.join(dir, "victory_rush.so.new"));
        await runFile("mv", ["victory_rush.so.new", "victory_rush.so"], { cwd: dir });
        assert.match(await server.admin("reload victory_rush"), /^victory_rush reloaded/m);
        await server.waitForOutput(/reloaded victory_rush 1\.0\.0 as generation 2/);
    });

test("the example of sdk/js plays", async (t) => {
    const server = await startServer(t, { config: { lobby: { playersMin: 1, defaults: ["botFill=4"] } } });
    const [example] = blocks(await read("sdk/js/README.md"), "js");
    const program = example
        .replace('"muster-client"', JSON.stringify(pathToFileURL(path.join(ROOT, "sdk/js/index.js")).href))
        .replace('"ws"', JSON.stringify(import.meta.resolve("ws")))
        .replace("http://localhost:7350", server.httpUrl)
        .replace("ws://localhost:7350/ws", server.wsUrl);
    assert.ok(program.includes(server.wsUrl) && program.includes(server.httpUrl));
    const file = path.join(await tempDir(t), "example.mjs");
    const end = `
const moved = () => world.avatars.get(client.entry.seat)?.alive && sequence > 5;
client.on("snapshot", () => moved() && process.exit(0));`;
    await writeFile(file, program + end);
    await runFile(process.execPath, [file], { timeout: 30000 });
});
