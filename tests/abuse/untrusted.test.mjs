// A node started with --untrusted: it plays, keeps, serves and stops as ever; what code that broke
// out of a script would need is refused on every thread.

import assert from "node:assert/strict";
import { readdir, symlink } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { once } from "node:events";
import { makeCertificate } from "../kit/certificate.mjs";
import {
    BUILD, LOCKED, eventually, pluginsDir, queryDatabase, runDaemon, runFile, startServer, tempDir, testConfig,
} from "../kit/harness.mjs";
import { gather, sitDown } from "../kit/players.mjs";

const ESCAPE = path.join(BUILD, "untrusted/service_escape.so");
const WHERE = ["loop", "pool", "thread"];
/** Landlock's refusals; the others are the filter's. */
const FILES = ["read_etc", "read_program", "read_environment", "write_memory", "list_root", "write_tmp", "write_share"];
const OTHERS = { clone3: "ENOSYS", find_own_code: "ENOENT" };
const GOES_ON = { write_data: "OK", read_share: "OK", read_limit: "OK", read_proc_stat: "OK", send: "EBADF" };

async function escapeConfig(t, extra = {}) {
    const plugins = [...testConfig().plugins, "service_escape"];
    return { plugins, server: { pluginsDirs: [await pluginsDir(t, ESCAPE)], shareDir: path.join(BUILD, "share") }, ...extra };
}

const startLocked = (t, config) => startServer(t, { config, ...LOCKED });

/** {name: result} of the attempts. */
async function attempt(server, where, name = "") {
    const answer = await server.admin(`escape ${where} ${name}`);
    return Object.fromEntries(answer.trim().split("\n").map((line) => line.split(" ")));
}

function hasLandlock(server) {
    const restricts = /Landlock version \d+/.test(server.output);
    assert.ok(restricts || /has no Landlock/.test(server.output), server.output);
    return restricts;
}

test("a locked node plays a match, keeps it, and stops in order", async (t) => {
    const server = await startLocked(t, {});
    assert.match(server.output, /\d+ threads are locked/);
    const auth = await server.rest("POST", "/v1/auth/register", { username: "locked", password: "correct horse battery" });
    assert.equal(auth.status, 201, auth.text);
    const login = await server.rest("POST", "/v1/auth/login", { username: "locked", password: "correct horse battery" });
    assert.equal(login.status, 200, login.text);

    const team = await gather(t, server, 2);
    const lobbyId = await sitDown(team, { killLimit: 1, botFill: 0, maxPlayers: 2, respawnMs: 0, spawnProtectionMs: 0 });
    const ended = await team[0].end();
    const rows = await eventually("the row of the match", async () => {
        const found = await queryDatabase(server, `SELECT * FROM match_results WHERE match_id = '${ended.matchId}'`);
        return found.length && found;
    });
    assert.equal(rows[0].lobby_id, lobbyId);
    const records = await readdir(path.join(server.dataDir, "records"));
    assert.ok(records.length >= 1, "the match was recorded");
    assert.match(await server.admin("backup a.db"), /bytes$/);

    assert.equal((await server.rest("GET", "/readyz", undefined, { admin: true })).status, 200);
    assert.ok((await server.metric("process_open_fds")) > 5);
    assert.ok((await server.metric("process_resident_memory_bytes")) > 0);
    assert.equal(await server.metric("muster_system_calls_refused_total"), 0, server.output);

    const { body } = await server.adminAnswer("reload match_fill");
    assert.match(body.detail, /not reloaded.*--untrusted loads no more code; restart it/);
    server.signal("SIGHUP");
    await server.waitForOutput(/configuration reloaded/);
    await server.stop();
    assert.doesNotMatch(server.output, /refused system calls/);
});

test("TLS works, and takes a certificate that comes by a new link or as a new file", async (t) => {
    const dir = await tempDir(t);
    const subject = async (server) => {
        const socket = tls.connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
        await once(socket, "secureConnect");
        const { CN } = socket.getPeerCertificate().subject;
        socket.destroy();
        return CN;
    };
    const renewed = async (server, name) => {
        server.signal("SIGHUP");
        await eventually("the new certificate", async () => (await subject(server)) === name);
    };
    const first = await makeCertificate(dir, "first");
    const second = await makeCertificate(dir, "second");
    const third = await makeCertificate(dir, "third");
    /* Links into another folder, as those who renew certificates make them. */
    const live = await tempDir(t);
    const pair = { cert: path.join(live, "cert"), key: path.join(live, "key") };
    await symlink(first.cert, pair.cert);
    await symlink(first.key, pair.key);
    const server = await startLocked(t, { tls: pair });
    assert.equal(await subject(server), "first");
    await runFile("ln", ["-sfn", second.cert, pair.cert]);
    await runFile("ln", ["-sfn", second.key, pair.key]);
    await renewed(server, "second");
    await runFile("mv", [third.cert, pair.cert]);
    await runFile("mv", [third.key, pair.key]);
    await renewed(server, "third");
});

test("an open node is the control: the same attempts come through", async (t) => {
    const server = await startServer(t, { config: await escapeConfig(t) });
    assert.match(server.output, /untrusted: no/);
    for (const where of WHERE) {
        const results = await attempt(server, where);
        for (const name of ["read_etc", "read_program", "write_tmp", "find_own_code", "memfd_create", "fork", "thread"])
            assert.equal(results[name], "OK", `${where}: ${name}`);
        for (const name of ["map_executable", "make_executable", "socket_inet", "socket_unix", "raise_limit", "signal_parent"])
            assert.equal(results[name], "OK", `${where}: ${name}`);
        for (const [name, result] of Object.entries(GOES_ON)) assert.equal(results[name], result, `${where}: ${name}`);
    }
    assert.equal(await server.metric("muster_system_calls_refused_total"), 0);
});

test("a locked node refuses every attempt, on the loop, the pool and a plugin's thread", async (t) => {
    const server = await startLocked(t, await escapeConfig(t));
    assert.match(server.output, /untrusted: yes/);
    const landlock = hasLandlock(server);
    for (const where of WHERE) {
        const results = await attempt(server, where);
        assert.ok(Object.keys(results).length > 70, `${where}: ${JSON.stringify(results)}`);
        for (const [name, result] of Object.entries(results)) {
            if (FILES.includes(name) && !landlock) continue;
            const wanted = GOES_ON[name] ?? OTHERS[name] ?? (FILES.includes(name) ? "EACCES" : "EPERM");
            assert.equal(result, wanted, `${where}: ${name}`);
        }
    }
    assert.ok((await server.metric("muster_system_calls_refused_total")) >= 3 * 60);
    await server.waitForOutput(/refused system calls.*\bmount \(\d+\)/);
    assert.equal(server.output.match(/\bmount \(\d+\)/g).length, 1, "each name is logged once");
    assert.equal(await server.admin(`escape-fetch http://127.0.0.1:${server.port}/livez`), "refused");
    await server.waitForOutput(/no connection to 127\.0\.0\.1: .*opens none/);
    assert.equal((await server.rest("GET", "/livez")).status, 200);
});

const DEADLY = [
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "init_module",
    "finit_module", "kexec_load",
];
test("what no mistake calls ends the process", async (t) => {
    const config = await escapeConfig(t);
    for (const [i, name] of DEADLY.entries()) {
        const server = await startLocked(t, config);
        await server.command(`escape ${WHERE[i % WHERE.length]} ${name}`);
        assert.deepEqual(await server.ended(), { code: null, signal: "SIGSYS" }, name);
    }
});

test("untrusted.connect opens connections to addresses, and looks up no names", async (t) => {
    const server = await startLocked(t, await escapeConfig(t, { untrusted: { connect: true } }));
    assert.equal(await server.admin(`escape-fetch http://127.0.0.1:${server.port}/livez`), "begun");
    await server.waitForOutput(/fetched: status 0, http 200/);
    assert.equal(await server.admin("escape-fetch http://localhost:1/"), "refused");
    await server.waitForOutput(/no connection to localhost: .*looks up no names/);
    const results = await attempt(server, "loop");
    assert.equal(results.socket_inet, "OK");
    for (const name of ["socket_unix", "socket_netlink", "bind", "listen", "fast_open", "fork", "mount"])
        assert.equal(results[name], "EPERM", name);
});

test("untrusted.readPaths stay readable; one that is not there is a configuration error", async (t) => {
    const dir = await tempDir(t);
    const server = await startLocked(t, await escapeConfig(t, { untrusted: { readPaths: ["/etc"] } }));
    const results = await attempt(server, "pool");
    assert.equal(results.read_etc, "OK");
    if (hasLandlock(server)) assert.equal(results.list_root, "EACCES");

    if (!hasLandlock(server)) return;
    const env = { ...LOCKED.env, MUSTER_UNTRUSTED_READ_PATHS: path.join(dir, "missing"), MUSTER_NET_ADMIN_PORT: "0" };
    const wrong = await runDaemon(["--untrusted", "--port", "0", "--data-dir", path.join(dir, "data")], { env });
    assert.equal(wrong.code, 78, wrong.stdout + wrong.stderr);
    assert.match(wrong.stdout + wrong.stderr, /missing: No such file.*untrusted\.readPaths/);
});

test("a thread that cannot be restricted ends the start", async (t) => {
    const dir = await tempDir(t);
    const env = {
        ...LOCKED.env,
        MUSTER_PLUGINS: "db_sqlite,auth_local,service_escape",
        MUSTER_SERVICE_ESCAPE_BLOCK_SIGNALS: "true",
        MUSTER_SERVER_PLUGINS_DIRS: await pluginsDir(t, ESCAPE),
        MUSTER_NET_ADMIN_PORT: "0",
    };
    const result = await runDaemon(["--untrusted", "--port", "0", "--data-dir", path.join(dir, "data")], { env });
    assert.equal(result.code, 70, result.stdout + result.stderr);
    assert.match(result.stdout + result.stderr, /must not block SIGSYS/);
    assert.doesNotMatch(result.stdout, /Server is ready/);
});
