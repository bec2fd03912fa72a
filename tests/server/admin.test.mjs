// The process seen from its console: start, options, configuration, commands, signals, exit codes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, readFile, readdir, stat, writeFile } from "node:fs/promises";
import net from "node:net";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import {
    ADMIN_TOKEN, MUSTERD, ROOT, Server, atEnd, cleanEnvironment, eventually, freePort, queryDatabase, runDaemon, runFile, startServer, tempDir, testConfig,
} from "../kit/harness.mjs";
import { connectPlayer, gather, refused, sitDown } from "../kit/players.mjs";

async function configFile(t, config, raw) {
    const dir = await tempDir(t);
    const file = path.join(dir, "config.json");
    await writeFile(file, raw ?? JSON.stringify(config));
    return { dir, file };
}

test("--help and --version", async () => {
    const help = await runDaemon(["--help"]);
    assert.equal(help.code, 0);
    for (const option of [
        "--config",
        "--port",
        "--data-dir",
        "--check-config",
        "--print-config",
        "--version",
    ])
        assert.ok(help.stdout.includes(option), option);
    const version = await runDaemon(["--version"]);
    assert.equal(version.code, 0);
    assert.match(version.stdout, /^muster(d)? \d+\.\d+\.\d+/);
});

test("an unknown option is a configuration error", async () => {
    const { code, stderr, stdout } = await runDaemon(["--confg", "x"]);
    assert.equal(code, 78);
    assert.match(stderr + stdout, /--confg/);
});

test("--check-config says yes to what is shipped", async (t) => {
    for (const name of ["standalone.json", "node.json"]) {
        const file = path.join(ROOT, "configs", name);
        const { code, stdout, stderr } = await runDaemon([
            "--check-config",
            "--config",
            file,
            "--data-dir",
            await tempDir(t),
        ]);
        assert.equal(code, 0, stdout + stderr);
    }
});

test("bad configurations: 78, with file, key, expected, found and a guess", async (t) => {
    const wrong = [
        [{ net: { prot: 1 } }, [/net\.prot/, /did you mean/i, /port/]],
        [{ nett: {} }, [/nett/, /did you mean/i]],
        [{ net: { port: "many" } }, [/net\.port/, /many/]],
        [{ net: { port: 70000 } }, [/net\.port/, /65535/, /70000/]],
        [{ net: [] }, [/net/]],
        [{ plugins: ["mode_arenaa"] }, [/mode_arenaa/]],
        [{ plugins: ["match_fill"], match_fill: { queueMx: 1 } }, [/queueMx/, /queueMax/]],
        [{ plugins: ["mode_arena", "mode_arena"] }, [/mode_arena/]],
        [{ mode_arena: {}, plugins: [] }, [/mode_arena/]],
    ];
    for (const [config, says] of wrong) {
        const { file, dir } = await configFile(t, config);
        const { code, stdout, stderr } = await runDaemon([
            "--config",
            file,
            "--check-config",
            "--data-dir",
            path.join(dir, "data"),
        ]);
        const text = stdout + stderr;
        assert.equal(code, 78, `${JSON.stringify(config)}: ${text}`);
        assert.ok(text.includes(file) || says.length === 1, `names the file: ${text}`);
        for (const pattern of says) assert.match(text, pattern);
    }
    for (const raw of ["", "{", "[]", '{"net":{},"net":{}}', "// no comments\n{}"]) {
        const { file } = await configFile(t, null, raw);
        const { code, stdout, stderr } = await runDaemon(["--config", file, "--check-config"]);
        assert.equal(code, 78, raw);
        assert.ok((stdout + stderr).includes(file));
    }
    const missing = await runDaemon(["--config", "/nonexistent/config.json"]);
    assert.equal(missing.code, 78);
});

test("the environment counts, the command line more; --print-config says where from", async (t) => {
    const { file, dir } = await configFile(t, {
        net: { port: 1111 },
        server: { name: "from the file" },
    });
    const env = {
        MUSTER_NET_PORT: "2222",
        MUSTER_NET_ADMIN_PORT: "3333",
        MUSTER_SERVER_LOG_LEVEL: "warn",
    };
    const print = async (args, extra = env) =>
        (
            await runDaemon(
                ["--config", file, "--data-dir", path.join(dir, "data"), "--print-config", ...args],
                { env: extra },
            )
        ).stdout;
    const text = await print([]);
    assert.match(text, /net\.port\W+2222.*MUSTER_NET_PORT/);
    assert.match(text, /net\.adminPort\W+3333.*MUSTER_NET_ADMIN_PORT/);
    assert.match(text, /server\.name.*from the file.*(file|config\.json)/);
    assert.match(text, /lobby\.maxLobbies\W+100.*default/);
    assert.match(await print(["--port", "4444"]), /net\.port\W+4444.*command line/);
    assert.match(await print([], {}), /net\.port\W+1111.*(file|config\.json)/);
    const unknown = await runDaemon(
        ["--config", file, "--check-config", "--data-dir", path.join(dir, "data")],
        { env: { MUSTER_NET_PROT: "1" } },
    );
    assert.equal(unknown.code, 78);
    assert.match(unknown.stdout + unknown.stderr, /MUSTER_NET_PROT/);
    const bad = await runDaemon(["--config", file, "--check-config"], {
        env: { MUSTER_NET_PORT: "x" },
    });
    assert.equal(bad.code, 78);
});

test("every key of the core is read somewhere", async (t) => {
    const { stdout } = await runDaemon(["--print-config", "--data-dir", await tempDir(t)], {
        env: { MUSTER_PLUGINS: "" },
    });
    const keys = [...stdout.matchAll(/^(\w+\.\w+) = /gm)].map(([, key]) => key);
    assert.ok(keys.length > 40, stdout);
    const core = path.join(ROOT, "core");
    const files = (await readdir(core, { recursive: true })).filter((file) => file.endsWith(".c"));
    const sources = (await Promise.all(files.map((file) => readFile(path.join(core, file), "utf8")))).join();
    const fieldOf = (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const unread = keys.filter((key) => !new RegExp(`(config_core->|KEY\\()${fieldOf(key)}\\b`).test(sources));
    assert.deepEqual(unread, []);
});

test("a reload says what is in force and what needs a restart", async (t) => {
    const server = await startServer(t, {});
    const rewrite = async (change) => {
        const config = JSON.parse(await readFile(server.configFile, "utf8"));
        change(config);
        await writeFile(server.configFile, JSON.stringify(config));
    };
    assert.match(await server.command("reload", /^configuration reloaded$/m), /configuration reloaded/);
    await rewrite((config) => {
        config.net.port = 7399;
        config.server = { name: "Another", logLevel: "warn" };
        config.db_sqlite = { rowsMax: 77 };
        config.plugins = [...config.plugins, "rules_private"];
    });
    const said = await server.admin("reload");
    assert.match(said, /^net\.port changed: needs a restart$/m);
    assert.match(said, /^server\.name changed: in force$/m);
    assert.match(said, /^server\.logLevel changed: in force$/m);
    assert.match(said, /^db_sqlite\.rowsMax changed: reload the plugin, or restart$/m);
    assert.match(said, /^plugins changed: needs a restart$/m);
    const info = (await server.rest("GET", "/v1/info")).body;
    assert.equal(info.name, "Another");
    await rewrite((config) => (config.server.logLevel = "info"));
    const from = server.output.length;
    server.signal("SIGHUP");
    await server.waitForOutput(/net\.port changed: needs a restart/, from); // still
    assert.match(server.output.slice(from), /server\.logLevel changed: in force/);
    assert.doesNotMatch(server.output.slice(from), /server\.name changed/);
});

test("drain: refusals with a reason, a way back, and an end when empty", async (t) => {
    const server = await startServer(t, {});
    const { client } = await connectPlayer(t, server);
    const wrong = await server.rest(
        "POST",
        "/v1/admin/command",
        { command: "drain soon" },
        { admin: true, headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } },
    );
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /expected: drain \[exit\|off\]/);
    assert.match(await server.admin("drain"), /^draining/);
    for (const [method, params] of [
        ["match.find", { gameMode: "arena" }],
        ["lobby.create", { gameMode: "arena" }],
    ])
        assert.match((await refused(client.call(method, params), "server_full")).message, /the server is draining/);
    assert.equal((await server.rest("GET", "/readyz")).status, 503);
    await server.command("drain exit\ndrain off", /not draining/); // in one breath: it stays
    await new Promise((resolve) => setTimeout(resolve, 400)); // it looks four times a second
    await client.createLobby({ gameMode: "arena" });
    const left = client.once("lobby.left", 5000);
    assert.match(await server.admin("drain exit"), /stops when its last lobby is closed/);
    assert.match((await left).message, /the server is draining/);
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
    assert.match(server.output, /stopping: drained/);
});

/** A server with a client in a match that would not end by itself. */
async function playOn(t, config) {
    const server = await startServer(t, { config });
    const [a, b] = await gather(t, server, 2);
    await sitDown([a, b], { killLimit: 50, timeLimit: 600, botFill: 4 });
    await a.client.once("snapshot", 20000);
    return { server, client: a.client };
}

test("drain: what still plays after drainMaxMs ends with its results", async (t) => {
    const { server, client } = await playOn(t, { server: { drainMaxMs: 1000 } });
    const left = client.once("lobby.left", { timeoutMs: 20000 });
    await server.admin("drain exit");
    assert.match((await left).message, /its time is over/);
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
    const kept = await queryDatabase(server, "SELECT reason FROM match_results");
    assert.deepEqual(kept, [{ reason: "aborted" }]);
});

test("SIGTERM drains where server.stopMode says so, and a second one stops", async (t) => {
    const { server, client } = await playOn(t, { server: { stopMode: "drain" } });
    server.signal("SIGTERM");
    await server.waitForOutput(/SIGTERM: draining/);
    const { tick } = await client.scoreboard();
    await eventually("the match goes on", async () => (await client.scoreboard()).tick > tick);
    assert.match(await server.admin("status"), /draining/);
    server.signal("SIGTERM");
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
    assert.match(server.output, /stopping: SIGTERM/);
});

test("who stops it over HTTP hears so", async (t) => {
    const server = await startServer(t);
    assert.equal(await server.admin("stop"), "stopping");
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

test("restart: at a set time, told as it comes nearer, called off, at once", async (t) => {
    const server = await startServer(t);
    const { client } = await connectPlayer(t, server);
    const told = [];
    const said = [];
    client.on("server.stopping", ({ inMs, reason }) => told.push([Math.ceil(inMs / 1000), reason]));
    client.on("server.announcement", ({ text }) => said.push(text));
    for (const wrong of ["", "soon", "in", "in 5", "in 0s", "in 25h", "in 9w", "cancel it"])
        await server.adminRefusal(`restart ${wrong}`);
    assert.match(await server.adminRefusal("restart cancel"), /no restart is set/);
    assert.match(await server.admin("restart in 20m new maps"), /restarts in 1200 s/);
    assert.match(await server.admin("status"), /restarts in 1200 s|restarts in 1199 s/);
    await server.admin("restart cancel");
    assert.doesNotMatch(await server.admin("status"), /restarts/);
    await server.admin("restart in 31s again");
    await eventually("the nearer restart is told", () => told.length === 3);
    const [inS] = told[2];
    assert.ok(inS <= 30 && inS > 0, `${inS}`); // a busy machine tells it late
    assert.deepEqual(told, [[1200, "new maps"], [31, "again"], [inS, "again"]]);
    assert.deepEqual(said, ["The restart is called off."]);
    await server.admin("restart now");
    assert.deepEqual(await server.ended(), { code: 75, signal: null });
});

test("a server that would not start again is not restarted, and goes on", async (t) => {
    const server = await startServer(t);
    const { client } = await connectPlayer(t, server);
    const said = [];
    client.on("server.announcement", ({ text }) => said.push(text));
    const good = await readFile(server.configFile, "utf8");
    const config = JSON.parse(good);
    const write = (text) => writeFile(server.configFile, text);
    for (const [broken, why] of [
        [good.slice(0, -2), /config/],
        [JSON.stringify({ ...config, net: { ...config.net, port: "x" } }), /net\.port: expected/],
        [JSON.stringify({ ...config, auth_local: { ...config.auth_local, accessTtlS: -1 } }), /auth_local\.accessTtlS/],
        [JSON.stringify({ ...config, plugins: [...config.plugins, "mode_none"] }), /plugins: mode_none: /],
        [JSON.stringify({ ...config, net: { ...config.net, adminAddress: "nowhere" } }), /adminAddress/],
        [JSON.stringify({ ...config, auth_local: { ...config.auth_local, database: "none" } }), /auth_local\.database/],
        [JSON.stringify({ ...config, plugins: config.plugins.filter((name) => name !== "db_sqlite") }), /auth_local needs a database/],
    ]) {
        await write(broken);
        for (const line of ["restart now", "restart in 1h"]) {
            const answer = await server.adminAnswer(line);
            assert.match(answer.body.detail, why);
            assertProblem(answer, 400, "invalid_params");
        }
        assert.doesNotMatch(await server.admin("status"), /restarts/);
    }
    await write(good);
    const from = server.output.length;
    await server.admin("restart in 1s");
    await write("{");
    await server.waitForOutput(/no restart, the server would not start again: /, from);
    assert.doesNotMatch(await server.admin("status"), /restarts/);
    await eventually("all are told", () => said.includes("The restart is called off."));
    const plugins = [...config.plugins, "mode_connect_four"]; // which alone has that setting
    await write(JSON.stringify({ ...config, plugins, lobby: { ...config.lobby, defaults: ["turnSeconds=20"] } }));
    await server.admin("restart now");
    assert.deepEqual(await server.ended(), { code: 75, signal: null });
});

test("a port in use: 69", async (t) => {
    const holder = net.createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    atEnd(t, () => holder.close());
    const { file, dir } = await configFile(t, testConfig({ net: { port: holder.address().port } }));
    const { code, stdout, stderr } = await runDaemon([
        "--config",
        file,
        "--data-dir",
        path.join(dir, "data"),
    ]);
    assert.equal(code, 69, stdout + stderr);
    assert.match(stdout + stderr, new RegExp(String(holder.address().port)));
});

test("it starts without any configuration file", async (t) => {
    const dir = await tempDir(t);
    const [port, adminPort] = [await freePort(), await freePort()];
    const child = spawn(MUSTERD, ["--port", String(port), "--data-dir", path.join(dir, "data")], {
        cwd: dir,
        env: { ...cleanEnvironment(), MUSTER_NET_ADMIN_PORT: String(adminPort) },
        stdio: "pipe",
    });
    const server = new Server(child, dir);
    await server.waitForOutput(
        new RegExp(`^Server is ready: listening on 0\\.0\\.0\\.0:${port}$`, "m"),
    );
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(page.status, 200, "the browser client is served");
    await server.command("stop");
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

test("the ready line is plain, the last of the start, and logs are JSON lines", async (t) => {
    const server = await startServer(t, {});
    const lines = server.stdout.trimEnd().split("\n");
    assert.match(lines.at(-1), /^Server is ready: listening on 127\.0\.0\.1:\d+$/);
    const logs = server.output
        .trimEnd()
        .split("\n")
        .filter((line) => !line.startsWith("Server is ready"));
    for (const line of logs) assert.doesNotThrow(() => JSON.parse(line), line);
    const human = await startServer(t, { args: ["--log-format", "human"] });
    assert.doesNotMatch(human.output, /^\{/m);
});

for (const word of ["stop", "exit", "quit"]) {
    test(`"${word}" on stdin stops in order`, async (t) => {
        const server = await startServer(t, {});
        const { client } = await connectPlayer(t, server, { options: { reconnect: false } });
        const closed = client.once("closed", { timeoutMs: 20000 });
        await server.command(word);
        assert.equal((await closed).code, 1001);
        assert.deepEqual(await server.ended(), { code: 0, signal: null });
    });
}

for (const signal of ["SIGINT", "SIGTERM"]) {
    test(`${signal} stops in order, with a match running`, async (t) => {
        const server = await startServer(t, {});
        const team = await gather(t, server, 2, {
            settings: { fires: false },
            options: { reconnect: false },
        });
        await sitDown(team, { botFill: 0, maxPlayers: 2 });
        await eventually("the match runs", () => team[0].bot?.snapshots > 5);
        const told = team[0].client.once("server.stopping", { timeoutMs: 20000 });
        server.signal(signal);
        await told;
        assert.deepEqual(await server.ended(), { code: 0, signal: null });
    });
}

test("the end of stdin neither stops nor spins it", async (t) => {
    const server = await startServer(t, {});
    server.closeStdin();
    const cpu = () => server.metric("process_cpu_seconds_total");
    const before = await cpu();
    const began = Date.now();
    await eventually("two seconds", () => Date.now() - began > 2000);
    const share = ((await cpu()) - before) / ((Date.now() - began) / 1000);
    assert.ok(share < 0.5, `idle at ${Math.round(share * 100)} % of a core`);
    assert.ok(server.running);
});

test("console commands answer; unknown ones help", async (t) => {
    const server = await startServer(t, {});
    const help = await server.admin("help");
    for (const name of ["stop", "reload", "status"])
        assert.match(help, new RegExp(`\\b${name}\\b`));
    assert.match((await server.adminAnswer("no-such-command")).body.detail, /unknown|help/i);
    await server.command("help", /reload/);
});

test("the admin address wants its token", async (t) => {
    const server = await startServer(t, {});
    const ask = (headers, body = { command: "help" }) =>
        server.rest("POST", "/v1/admin/command", body, { admin: true, headers });
    for (const headers of [
        {},
        { Authorization: "Bearer wrong" },
        { Authorization: `Basic ${ADMIN_TOKEN}` },
        { Authorization: `Bearer ${ADMIN_TOKEN}x` },
    ]) {
        assertProblem(await ask(headers), 401);
    }
    const good = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    assert.equal((await ask(good)).status, 200);
    assertProblem(await ask(good, {}), 400);
    assertProblem(await ask(good, { command: 5 }), 400);
    assert.ok(!server.output.includes(ADMIN_TOKEN), "not in the log");
});

test("players can be listed and sessions ended", async (t) => {
    const server = await startServer(t, {});
    const { client, playerId } = await connectPlayer(t, server, { options: { reconnect: false } });
    const told = client.once("session.terminated", { timeoutMs: 20000 });
    const closed = client.once("closed", { timeoutMs: 20000 });
    assert.match(
        await server.admin(`getActiveSession ${playerId}`),
        new RegExp(client.session.sessionId),
    );
    await server.admin(`terminateSession ${client.session.sessionId}`);
    await told;
    assert.equal((await closed).code, 4004);
});

test("backup: the database is copied while the node runs", async (t) => {
    const server = await startServer(t);
    const { client, playerId } = await connectPlayer(t, server);
    const folder = path.join(server.dataDir, "backups");
    const rows = async (file) =>
        (await runFile("sqlite3", ["-readonly", file, "SELECT player_id FROM players"])).stdout.trim();
    await eventually("the player is kept", async () =>
        (await queryDatabase(server, "SELECT player_id FROM players")).length === 1);
    const answer = await server.admin("backup monday.db");
    assert.match(answer, /monday\.db: \d+ bytes$/);
    assert.equal(await rows(path.join(folder, "monday.db")), playerId);
    assert.equal((await stat(path.join(folder, "monday.db"))).mode & 0o777, 0o600);
    assert.equal((await server.adminAnswer("backup monday.db")).status, 409);
    assert.match(await server.adminRefusal("backup monday.db"), /already/);
    const elsewhere = path.join(await tempDir(t), "copy.db");
    await server.admin(`backup ${elsewhere}`);
    assert.equal(await rows(elsewhere), playerId);
    for (const wrong of ["", "../a.db", "a/b.db", ".hidden", "a.db db_sqlite more"])
        assert.equal((await server.adminAnswer(`backup ${wrong}`)).status, 400, wrong);
    assert.equal((await server.adminAnswer("backup /nowhere/a.db")).status, 503);
    assert.equal((await server.adminAnswer("backup a.db nobody")).status, 404);
    assert.deepEqual(await readdir(folder), ["monday.db"]);
    client.close();
});

test("reload: one plugin is replaced while matches run", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2, { settings: { fires: false } });
    await sitDown(team, { botFill: 0, maxPlayers: 2, killLimit: 50 });
    await eventually("the match runs", () => team[0].bot?.snapshots > 5);
    for (const name of [
        "mode_arena",
        "victory_first_to_kills",
        "service_metrics",
        "match_fill",
        "auth_local",
    ]) {
        const answer = await server.admin(`reload ${name}`);
        assert.match(answer, new RegExp(name), answer);
        assert.doesNotMatch(answer, /fail|error|refus/i);
        const count = team[0].bot.snapshots;
        await eventually("the match goes on", () => team[0].bot.snapshots > count + 3);
    }
    assert.equal((await server.rest("GET", "/metrics", undefined, { admin: true })).status, 200);
    const more = await gather(t, server, 2, { settings: { fires: false } });
    await sitDown(more, { botFill: 0, maxPlayers: 2 });
    await eventually("a new match on the new generation", () => more[0].bot?.snapshots > 5);
    const refused = await server.adminAnswer("reload no_such_plugin");
    assertProblem(refused, 404);
    assert.match(refused.body.detail, /no_such_plugin/);
});

/* What the new generation had brought until it failed (routes, commands, the role) is gone again. */
test("reload: one that fails leaves the plugin as it was, and the next one works", async (t) => {
    const server = await startServer(t, {});
    const keys = path.join(server.dataDir, "keys");
    const serves = async (generation) => {
        assert.match(await server.admin("plugins"), new RegExp(`^auth_local \\S+, generation ${generation}, `, "m"));
        assert.match(await server.admin("auth-rotate"), /^new signing key /);
        await connectPlayer(t, server);
    };
    for (let i = 0; i < 2; i++) {
        await chmod(keys, 0o755);
        assert.match(await server.adminRefusal("reload auth_local"), /^auth_local was not reloaded: .*must belong to this account/);
        await chmod(keys, 0o700);
        await serves(1);
    }
    await server.admin("reload auth_local");
    await serves(2);
});

test("SIGHUP: a bad configuration changes nothing and is said", async (t) => {
    const server = await startServer(t, {});
    await writeFile(server.configFile, "{ broken");
    const from = server.output.length;
    server.signal("SIGHUP");
    await server.waitForOutput(/config\.json/, from);
    assert.equal((await server.rest("GET", "/livez")).status, 200);
});

test("a data directory has one server: 69 for the next, who it is, and free after its end", async (t) => {
    const server = await startServer(t, {});
    const { file } = await configFile(t, testConfig());
    const args = ["--config", file, "--data-dir", server.dataDir];
    for (const more of [[], ["--run", "status"]]) {
        const second = await runDaemon([...args, ...more], { input: "stop\n" });
        assert.equal(second.code, 69, second.stderr);
        assert.match(second.stderr, new RegExp(`${server.dataDir} is in use by process ${server.pid};`));
    }
    const check = await runDaemon([...args, "--check-config"]);
    assert.equal(check.code, 0, check.stderr); // reads only
    assert.equal((await server.rest("GET", "/readyz")).status, 200);
    server.signal("SIGKILL"); // no orderly end is needed
    await server.ended();
    const next = await runDaemon([...args, "--run", "status"]);
    assert.equal(next.code, 0, next.stderr);
});

test("a directory whose path is too long is refused, not cut", async (t) => {
    const { file, dir } = await configFile(t, testConfig());
    const long = path.join(dir, ...Array(8).fill("d".repeat(60)));
    const data = await runDaemon(["--config", file, "--data-dir", long]);
    assert.equal(data.code, 78, data.stderr);
    assert.match(data.stderr, /server\.dataDir: the whole path must stay below 400 bytes/);
    const share = await runDaemon(["--config", file, "--data-dir", dir], {
        env: { MUSTER_SERVER_SHARE_DIR: long },
    });
    assert.equal(share.code, 78, share.stderr);
    assert.match(share.stderr, /server\.shareDir: the whole path/);
});
