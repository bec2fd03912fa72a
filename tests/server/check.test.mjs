// --check-config tells all mistakes, and what it calls ok starts: the start looks at the same.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { runDaemon, runFile, startServer, tempDir, testConfig } from "../kit/harness.mjs";

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

test("ranges of proxies are ranges of addresses", async (t) => {
    const trustedProxies = ["10.0.0.0/24x", "10.0.0.0/8", "0.0.0.0/0", "localhost", "fd00::/8"];
    const result = await check(t, testConfig({ net: { trustedProxies } }));
    said(result, /net\.trustedProxies: expected ADDRESS .*found "10\.0\.0\.0\/24x"/);
    said(result, /net\.trustedProxies: .*found "0\.0\.0\.0\/0"/);
    said(result, /net\.trustedProxies: .*found "localhost"/);
    assert.equal(result.lines.length, 3);
});

test("what no node can do without: somebody who signs players in, and a database for accounts", async (t) => {
    const { plugins } = testConfig();
    const without = (...names) => testConfig({ plugins: plugins.filter((name) => !names.includes(name)) });
    said(await check(t, without("auth_local")), /plugins: nobody could sign in: expected .*found none/);
    said(await check(t, without("db_sqlite")), /plugins: auth_local needs a database: expected .*found none/);
});

test("a database that a plugin names is one of the list", async (t) => {
    const { plugins } = testConfig();
    const config = (database) => testConfig({
        plugins: [...plugins, "db_sqlite:results"], history: { database }, auth_local: { database: "db_sqlite" },
    });
    assert.equal((await check(t, config("results"))).code, 0);
    assert.equal((await check(t, config(""))).code, 0);
    said(await check(t, config("result")), /history\.database: expected the instance name .*found "result"/);
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

test("files that plugins are told of: missing, unreadable, broken, all at once", async (t) => {
    const dir = await tempDir(t);
    const { plugins } = testConfig();
    const others = { plugins: [...plugins, "auth_jwt:staff", "auth_jwt:guests", "service_web"] };
    const said_of = (more) => check(t, testConfig({ ...others, ...more }));
    await mkdir(path.join(dir, "page"));
    await writeFile(path.join(dir, "rubbish"), "rubbish\n".repeat(200), { mode: 0o600 });
    const all = await said_of({
        staff: { issuer: "", keysFile: "none.json" },
        guests: { issuer: "central", keysFile: path.join(dir, "rubbish") },
        service_web: { assetsDir: path.join(dir, "page") },
        db_sqlite: { file: "no/such/folder.db" },
    });
    said(all, /plugin staff: issuer: expected the claim iss/);
    said(all, /plugin staff: keysFile: \S+data\/none\.json: No such file/);
    said(all, /plugin guests: keysFile: \S+rubbish: line 1: /);
    said(all, /plugin service_web: assetsDir: \S+page: expected a file index\.html, found none/);
    said(all, /plugin db_sqlite: file: cannot open \S+no\/such\/folder\.db .*No such file/);
    const more = await said_of({
        staff: { issuer: "a", keysFile: "" },
        guests: { issuer: "b", keysFile: path.join(dir, "rubbish"), algorithm: "HS256" },
        service_web: { assetsDir: path.join(dir, "nowhere") },
        db_sqlite: { file: path.join(dir, "rubbish") },
    });
    said(more, /plugin staff: keysFile: expected the path of a key file, found nothing/);
    said(more, /plugin guests: keysFile: .*an HS256 secret needs 32 to/);
    said(more, /plugin service_web: assetsDir: cannot read \S+nowhere \(No such file/);
    said(more, /plugin db_sqlite: file: \S+rubbish is not a usable database/);
    await chmod(path.join(dir, "rubbish"), 0o666);
    const open = await said_of({
        staff: { issuer: "a", keysFile: path.join(dir, "rubbish") },
        guests: { issuer: "b", keysFile: path.join(dir, "page") },
    });
    said(open, /plugin staff: keysFile: .*other accounts have access/);
    said(open, /plugin guests: keysFile: .*is not a regular file/);
});

test("a data directory that cannot be, and signing keys in it that others can read", async (t) => {
    const dir = await tempDir(t);
    const file = path.join(dir, "config.json");
    await writeFile(path.join(dir, "plain"), "");
    await writeFile(file, JSON.stringify(testConfig()));
    const checkIn = (data) => runDaemon(["--config", file, "--check-config", "--data-dir", data]);
    const cannot = await checkIn(path.join(dir, "plain", "data"));
    assert.equal(cannot.code, CONFIG, cannot.stderr);
    assert.match(cannot.stderr, /server\.dataDir: cannot create \S+plain\/data: expected a directory .* found \S+plain/);
    await mkdir(path.join(dir, "data", "keys"), { recursive: true, mode: 0o755 });
    const open = await checkIn(path.join(dir, "data"));
    assert.equal(open.code, CONFIG, open.stderr);
    assert.match(open.stderr, /plugin auth_local: \S+keys must belong to this account .*found mode 755/);
    const start = await runDaemon(["--config", file, "--data-dir", path.join(dir, "data")], { input: "stop\n" });
    assert.equal(start.code, CONFIG);
    assert.equal(start.stderr, open.stderr);
    const command = await runDaemon(["--config", file, "--data-dir", path.join(dir, "data"), "--run", "status"]);
    assert.equal(command.code, CONFIG);
    assert.match(command.stderr, /plugin auth_local: \S+keys must belong/);
});

test("a reload with what cannot be is refused with the sentence, and the old values stay", async (t) => {
    const config = testConfig({ server: { region: "eu", regions: ["eu", "us"], name: "before" } });
    const server = await startServer(t, { config });
    const reload = async (changes) => {
        await writeFile(server.configFile, JSON.stringify({ ...config, ...changes }));
        const from = server.output.length;
        server.signal("SIGHUP");
        return server.waitForOutput(/not reloaded: .*|configuration reloaded.*/, from);
    };
    const name = async () => (await server.rest("GET", "/v1/info")).body.name;
    const wrong = [
        [{ server: { ...config.server, region: "asia", name: "after" } }, /server\.region \W+asia\W+ to be among them/],
        [{ server: { ...config.server, regions: ["us"], name: "after" } }, /server\.region \W+eu\W+ to be among them/],
        [{ lobby: { defaults: ["botFil=8"] }, server: { ...config.server, name: "after" } }, /did you mean \W+botFill/],
        [{ lobby: { defaults: ["botFill=99999"] }, server: { ...config.server, name: "after" } }, /botFill: expected/],
    ];
    for (const [changes, sentence] of wrong) {
        assert.match((await reload(changes))[0], /not reloaded/);
        await server.waitForOutput(sentence, 0);
        assert.equal(await name(), "before");
    }
    assert.match((await reload({ server: { ...config.server, name: "after" } }))[0], /configuration reloaded/);
    assert.equal(await name(), "after");
});

test("addresses, origins, URLs and times that nobody could come by", async (t) => {
    const plugins = ["auth_local", "db_sqlite"];
    const result = await check(t, {
        plugins,
        net: {
            address: "localhost", adminAddress: "", publicUrl: "http://play.example.org",
            allowedOrigins: ["example.org", "https://example.org/", "https://example.org:8443"],
            idlePingS: 60, idleHangupS: 60,
        },
    });
    said(result, /net\.address: expected an IP address.*found "localhost"/);
    said(result, /net\.adminAddress: expected an IP address.*found ""/);
    said(result, /net\.publicUrl: expected a URL like wss:.*found "http:\/\/play/);
    said(result, /net\.allowedOrigins: expected an origin.*found "example\.org"/);
    said(result, /net\.allowedOrigins: expected an origin.*found "https:\/\/example\.org\/"/);
    said(result, /net\.idleHangupS: expected more than net\.idlePingS/);
    assert.equal(result.lines.length, 6, result.stderr);
    const home = await tempDir(t);
    await writeFile(path.join(home, "empty"), "\n");
    await writeFile(path.join(home, "two"), "one\ntwo\n");
    for (const file of ["empty", "two"]) {
        const env = { MUSTER_ADMIN_TOKEN_FILE: path.join(home, file) };
        said(await check(t, { plugins }, { env }), /expected a secret in one line/);
    }
});

test("an address that no interface has is a mistake of the configuration", async (t) => {
    const home = await tempDir(t);
    const file = path.join(home, "config.json");
    await writeFile(file, JSON.stringify(testConfig({ net: { address: "192.0.2.1" } })));
    const { code, stdout } = await runDaemon(["--config", file, "--data-dir", path.join(home, "data")]);
    assert.equal(code, CONFIG, stdout);
});
