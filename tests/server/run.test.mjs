// musterd --run: one command without a network, without waiting and without a trace.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, readFile, readdir, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import {
    ENGINE, MUSTER, MUSTERD, cleanEnvironment, eventually, runDaemon, startServer, tempDir, testConfig,
} from "../kit/harness.mjs";

const FAILED = 1;
const UNKNOWN = 64;
const INTERNAL = 70;
const CONFIG = 78;

/** Runs a command in an empty directory with a temporary directory of its own. */
async function command(t, line, { args = [], config, env = {} } = {}) {
    const cwd = await tempDir(t);
    const tmp = await tempDir(t);
    if (config) {
        await writeFile(path.join(cwd, "config.json"), JSON.stringify(config));
        args = ["--config", path.join(cwd, "config.json"), ...args];
    }
    const result = await runDaemon([...args, "--run", line], { cwd, env: { TMPDIR: tmp, ...env } });
    return { ...result, left: await readdir(tmp), here: await readdir(cwd) };
}

test("a command is run and answered on stdout, and nothing is left behind", async (t) => {
    const { code, stdout, stderr, left, here } = await command(t, "help");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^help {2,}this list\n/);
    assert.match(stdout, /\n$/);
    assert.equal(stderr, "");
    assert.deepEqual(left, []);
    assert.deepEqual(here, []);
});

test("without a configuration all default plugins are there, started", async (t) => {
    const { code, stdout } = await command(t, "plugins");
    assert.equal(code, 0);
    for (const name of ["db_sqlite", "auth_local", "mode_arena", "rules_private", "service_web"])
        assert.match(stdout, new RegExp(`^${name} \\S+, generation 1, \\d+ pins\\b`, "m"));
});

test("an answer that comes later is waited for", async (t) => {
    const { code, stdout } = await command(t, "results");
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), []);
});

test("a plugin that is missing is nobody's fault", async (t) => {
    const { stderr } = await command(t, "mods", { env: { MUSTER_PLUGINS: "mode_arena,lua" } });
    assert.match(stderr, /mod gun_game \S+: mod\.json: defaults\.killLimit: unknown key/);
    assert.doesNotMatch(stderr, /\(fault \d+\)/);
});

test("an unknown command is named, with an exit code of its own", async (t) => {
    const { code, stdout, stderr } = await command(t, "nonsense with words");
    assert.equal(code, UNKNOWN);
    assert.equal(stdout, "");
    assert.match(stderr, /unknown command "nonsense"/);
});

test("a failure and a broken configuration can be told apart", async (t) => {
    const failed = await command(t, "engine nonsense", { args: ["--config", ENGINE] });
    assert.equal(failed.code, FAILED);
    assert.match(failed.stdout, /^FAILED: no such case\n$/);
    const broken = await command(t, "help", { config: { net: { prot: 1 } } });
    assert.equal(broken.code, CONFIG);
    assert.match(broken.stderr, /prot/);
    assert.deepEqual(broken.left, []);
});

test("a command cannot be run by a locked process", async (t) => {
    const { code, stderr } = await command(t, "help", { args: ["--untrusted"] });
    assert.equal(code, CONFIG);
    assert.match(stderr, /--untrusted/);
});

test("no port is opened: those of the configuration may be taken", async (t) => {
    const holder = net.createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    t.after(() => holder.close());
    const { port } = holder.address();
    const config = testConfig({ net: { port, adminAddress: "127.0.0.1", adminPort: port } });
    const { code, stderr } = await command(t, "status", { config });
    assert.equal(code, 0, stderr);
});

test("an answer has any length", async (t) => {
    const { code, stdout } = await command(t, "engine-long 3000000", { args: ["--config", ENGINE] });
    assert.equal(code, 0);
    assert.equal(stdout.length, 3000001);
});

test("an answer that cannot be written is an error", async (t) => {
    const full = await open("/dev/full", "w");
    t.after(() => full.close());
    const child = spawn(MUSTERD, ["--run", "help"], {
        cwd: await tempDir(t),
        env: cleanEnvironment(),
        stdio: ["ignore", full.fd, "pipe"],
    });
    child.stderr.resume();
    const [code] = await once(child, "close");
    assert.equal(code, INTERNAL);
});

test("a run that is stopped leaves nothing behind, either", async (t) => {
    const tmp = await tempDir(t);
    const child = spawn(MUSTERD, ["--config", ENGINE, "--run", "engine many"], {
        cwd: await tempDir(t),
        env: cleanEnvironment({ TMPDIR: tmp }),
        stdio: "ignore",
    });
    await eventually("its directory", async () => (await readdir(tmp)).length > 0);
    child.kill("SIGTERM");
    const [code, signal] = await once(child, "close");
    assert.equal(signal, "SIGTERM", `exit code ${code}`);
    assert.deepEqual(await readdir(tmp), []);
});

test("with a data directory matches are kept, recorded, and replay to the same state", async (t) => {
    const data = path.join(await tempDir(t), "data");
    const args = ["--config", ENGINE, "--data-dir", data];
    const played = await command(t, "engine matches", { args });
    assert.equal(played.code, 0, played.stdout + played.stderr);
    assert.deepEqual(played.left, []);

    const results = JSON.parse((await command(t, "results", { args })).stdout);
    assert.equal(results.length, 1);
    assert.equal(results[0].reason, "score_limit");

    const recording = path.join(data, "records", `${results[0].matchId}.mrec`);
    assert.ok(existsSync(recording), recording);
    const replayed = await runDaemon(["replay", "--config", ENGINE, recording], {
        binary: MUSTER,
        cwd: await tempDir(t),
    });
    assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
});

test("a server that serves has no engine", async (t) => {
    const { plugins } = JSON.parse(await readFile(ENGINE, "utf8"));
    const server = await startServer(t, { config: { plugins: [...plugins, "auth_local"] } });
    assert.equal(await server.admin("engine-elsewhere"), "unsupported");
});
