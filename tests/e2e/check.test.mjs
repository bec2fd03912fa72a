// --check-config tells all mistakes, and what it calls ok starts: the start looks at the same.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { runDaemon, runFile, startServer, tempDir, testConfig } from "./harness.mjs";

const CONFIG = 78;

/** Both ways in: exit codes and stderr of the check and of the start, which must say the same. */
async function check(t, config, { env = {}, dir } = {}) {
    const home = dir ?? (await tempDir(t));
    const file = path.join(home, "config.json");
    await writeFile(file, JSON.stringify(config));
    const args = ["--config", file, "--data-dir", path.join(home, "data"), "--port", "0"];
    const checked = await runDaemon([...args, "--check-config"], { env, cwd: home });
    if (checked.code === 0) return { file, ...checked };
    assert.equal(checked.code, CONFIG, checked.stderr);
    assert.equal(checked.stdout, "");
    assert.ok(!existsSync(path.join(home, "data")), "a check leaves nothing behind");
    const started = await runDaemon(args, { env, cwd: home, input: "stop\n" });
    assert.equal(started.code, CONFIG, started.stdout + started.stderr);
    assert.equal(started.stderr, checked.stderr);
    return { file, lines: checked.stderr.trim().split("\n"), ...checked };
}

const said = (result, pattern) =>
    assert.ok(result.lines?.some((line) => pattern.test(line)), `${pattern}:\n${result.stderr}`);

test("all mistakes are told at once, each with place, expected and found", async (t) => {
    const result = await check(
        t,
        {
            net: { prot: 1, acceptBurst: "many" },
            server: { region: "eu", maxPlayers: 0 },
            lobbby: {},
            pins: { db_sqlite: "short" },
            tls: { cert: "no/such.pem" },
            auth_local: { acessTtlS: 5 },
            plugins: ["db_sqlite", "auth_local", "Bad Name", "no_such_plugin"],
        },
        { env: { MUSTER_NET_IDLE_PING_S: "soon", MUSTER_LOBBY_RECONNECT_MS: "-1" } },
    );
    said(result, /config\.json: net\.prot: .*did you mean "port"/);
    said(result, /config\.json: net\.acceptBurst: expected int 1 to 100000, found "many"/);
    said(result, /config\.json: server\.maxPlayers: expected int 1 to 20000, found 0/);
    said(result, /config\.json: lobbby: unknown section; did you mean "lobby"/);
    said(result, /config\.json: pins\.db_sqlite: expected a sha256/);
    said(result, /config\.json: plugins: expected NAME.*found "Bad Name"/);
    said(result, /no_such_plugin/);
    said(result, /plugin auth_local: .*config\.json: auth_local\.acessTtlS: .*did you mean "accessTtlS"/);
    said(result, /^musterd: MUSTER_NET_IDLE_PING_S: expected/);
    said(result, /^musterd: MUSTER_LOBBY_RECONNECT_MS: expected/);
    said(result, /server\.regions: expected server\.region "eu" to be among them/);
    said(result, /config\.json: tls\.key: expected a file, as tls\.cert names one/);
    assert.ok(result.lines.every((line) => line.startsWith("musterd: ")), result.stderr);
});

test("lobby.defaults must be settings that a mode has", async (t) => {
    const defaults = ["botFil=8", "killLimit=many", "botFill", "nonsense=1", "botFill=4"];
    const result = await check(t, testConfig({ lobby: { defaults } }));
    said(result, /lobby\.defaults: botFil: unknown setting; did you mean "botFill"/);
    said(result, /lobby\.defaults: mode arena: killLimit: expected .*found "many"/);
    said(result, /lobby\.defaults: expected KEY=VALUE, found "botFill"/);
    said(result, /lobby\.defaults: nonsense: unknown setting/);
    assert.equal(result.lines.length, 4);
    assert.equal((await check(t, testConfig({ lobby: { defaults: ["botFill=4"] } }))).code, 0);
});

test("what no node can do without: somebody who signs players in, and a database for accounts", async (t) => {
    const { plugins } = testConfig();
    const without = (...names) => testConfig({ plugins: plugins.filter((name) => !names.includes(name)) });
    said(await check(t, without("auth_local")), /plugins: nobody could sign in: expected .*found none/);
    said(await check(t, without("db_sqlite")), /plugins: auth_local needs a database: expected .*found none/);
});

test("the database may stand anywhere in the list", async (t) => {
    const { plugins } = testConfig();
    const server = await startServer(t, {
        config: { plugins: [...plugins.filter((name) => name !== "db_sqlite"), "db_sqlite"] },
    });
    const { status } = await server.rest("POST", "/v1/auth/guest", { displayName: "Ann" });
    assert.ok(status === 200 || status === 201);
});

test("certificates that are missing, broken, or of another key", async (t) => {
    const dir = await tempDir(t);
    const make = async (name) =>
        runFile("openssl", [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-keyout", path.join(dir, `${name}.key`), "-out", path.join(dir, `${name}.crt`),
        ]);
    await Promise.all([make("a"), make("b")]);
    await writeFile(path.join(dir, "rubbish"), "rubbish\n");
    const pair = (cert, key) => testConfig({ tls: { cert: path.join(dir, cert), key: path.join(dir, key) } });
    const missing = await check(t, pair("none.crt", "none.key"));
    said(missing, /tls\.cert: \S+none\.crt: No such file/);
    said(missing, /tls\.key: \S+none\.key: No such file/);
    said(await check(t, pair("rubbish", "a.key")), /tls\.cert: \S+rubbish: expected a certificate chain in PEM/);
    said(await check(t, pair("a.crt", "rubbish")), /tls\.key: \S+rubbish: expected the private key/);
    said(await check(t, pair("a.crt", "b.key")), /tls\.key: \S+b\.key: expected the private key .*mismatch/);
    assert.equal((await check(t, pair("a.crt", "a.key"))).code, 0);
});
