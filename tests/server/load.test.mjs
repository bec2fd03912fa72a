// muster load: guests by the dozen against a server whose limits for an address are those it ships with.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { makeCertificate } from "../kit/certificate.mjs";
import { MUSTER, eventually, freePort, muster, runDaemon, startServer, tempDir } from "../kit/harness.mjs";

const PLAYERS = 24;
const LOBBIES = PLAYERS / 8;
const FAILURE = 1;
const USAGE = 64;
const UNAVAILABLE = 69;

/** Left out is what the tests' own configuration has made larger. */
const SHIPPED = {
    net: {
        connectionsPerAddressMax: undefined,
        acceptPerSecond: undefined,
        acceptBurst: undefined,
        strangerPerSecond: undefined,
        strangerBurst: undefined,
    },
    http: undefined,
    plugins: undefined,
};

/** All addresses to listen on, and the one to find it at: IPv6 where this machine has it. */
const [ANY, HOME] = Object.values(networkInterfaces()).flat().some(({ address }) => address === "::1")
    ? ["::", "[::1]"]
    : ["0.0.0.0", "127.0.0.1"];

const load = async (t, ...options) => muster(await tempDir(t), "load", ...options);

test("so many guests find matches, play one after the other, and leave nothing behind", async (t) => {
    const lobby = {
        countdownMs: 100, scoreboardMs: 500, playersMin: 8, findPerMinute: undefined,
        defaults: ["killLimit=0", "timeLimit=1"],
    };
    const server = await startServer(t, { config: { ...SHIPPED, lobby } });
    const { code, stdout, stderr } = await load(
        t, "--url", server.httpUrl, "--players", `${PLAYERS}`, "--seconds", "5", "--json");
    assert.equal(code, 0, stderr);
    const found = JSON.parse(stdout);
    assert.equal(typeof found.void, "boolean");
    assert.equal(found.void, found.generatorCpuPercent + found.generatorWaitedPercent > 90);
    assert.equal(found.connectionSuccess, 1);
    assert.deepEqual([found.playersArrived, found.playersAtEnd, found.connectionsLost], [PLAYERS, PLAYERS, 0]);
    assert.equal(found.rateHz, 20);
    assert.ok(found.snapshotsPerSecond > 0 && found.inputsPerSecond > 0, stdout);
    assert.ok(found.intervalP50Ms > 0 && found.intervalP50Ms <= found.intervalP999Ms, stdout);
    assert.ok(found.inputLatencyP50Ms > 0 && found.inputLatencyP50Ms <= found.inputLatencyP999Ms, stdout);
    assert.ok(found.matchmakingWaitP50Ms <= found.matchmakingWaitP99Ms, stdout);
    assert.ok(found.matchesStarted > LOBBIES && found.matchesCompleted >= LOBBIES, stdout);
    assert.ok(found.matchesStartedPerHour > 0 && found.matchesCompletedPerHour > 0, stdout);
    assert.ok(found.serverRssBytes > 2 ** 20 && found.serverCpuPercent >= 0, stdout);
    const { body } = await server.rest("GET", "/v1/lobbies");
    assert.deepEqual(body.lobbies.filter(({ currentPlayers }) => currentPlayers > 0), []);
    const tls = await load(t, "--url", server.httpUrl.replace("http", "https"), "--players", "1");
    assert.equal(tls.code, UNAVAILABLE);
    assert.match(tls.stderr, /does not answer: what comes from there is not TLS: is it http:\/\/\?/);
    const nowhere = await load(t, "--url", server.httpUrl, "--players", "1", "--mode", "golf");
    assert.equal(nowhere.code, UNAVAILABLE);
    assert.match(nowhere.stderr, /the server has no mode golf; it has:.* arena /);
    const command = `ulimit -n 64; exec "$0" load --url ${server.httpUrl} --players 300`;
    const cramped = await runDaemon(["-c", command, MUSTER], { binary: "bash" });
    assert.equal(cramped.code, UNAVAILABLE);
    assert.match(cramped.stderr, /300 players need 316 file descriptors, .* have 64: raise it/);
});

test("with TLS and IPv6: who is dropped by a restart comes back to the seat", async (t) => {
    const lobby = { countdownMs: 2000, playersMin: 8 }; // so all are seated, and none has played yet
    const config = {
        ...SHIPPED, lobby, net: { ...SHIPPED.net, address: ANY },
        tls: await makeCertificate(await tempDir(t), "load"),
    };
    const server = await startServer(t, { config, args: ["--supervise"] });
    const url = `wss://${HOME}:${server.port}/ws`;
    const run = load(t, "--url", url, "--players", "8", "--seconds", "1", "--json");
    await server.waitForOutput(/arena starting/);
    await server.command("restart now");
    const { code, stdout, stderr } = await run;
    assert.equal(code, 0, stderr);
    const found = JSON.parse(stdout);
    assert.equal(found.returned, 8, stdout);
    assert.equal(found.seatsLost, 0);
    assert.equal(found.matchesStarted, 1);
    assert.ok(found.inputsPerSecond > 0 && found.serverRssBytes > 2 ** 20, stdout);
    assert.deepEqual([found.connectionsLost, found.playersAtEnd], [8, 8]);
    assert.deepEqual([found.matchesStartedPerHour, found.matchesCompletedPerHour], [null, null]); // none has ended
    const plain = await load(t, "--url", url.replace("wss", "ws"), "--players", "1");
    assert.equal(plain.code, UNAVAILABLE);
    assert.match(plain.stderr, /does not answer: it hangs up: is it https:\/\/\?/);
});

test("a server that has no room, or ends in the middle, is told", async (t) => {
    const server = await startServer(t, { config: { ...SHIPPED, server: { maxPlayers: 8 }, lobby: { countdownMs: 100, playersMin: 8 } } });
    const run = load(t, "--url", server.httpUrl, "--players", "12", "--seconds", "10", "--json");
    await eventually("they play", async () => (await server.metric("muster_snapshots_sent_total")) > 200);
    server.signal("SIGKILL");
    const { code, stdout, stderr } = await run;
    assert.equal(code, FAILURE);
    assert.match(stderr, /4 of 12 players failed; player \d+, authenticating: the server is full \(server_full\)/);
    assert.match(stderr, /8 of 8 players had no connection at the end: Connection refused/);
    const found = JSON.parse(stdout);
    assert.deepEqual([found.playersArrived, found.playersAtEnd, found.connectionsLost], [8, 0, 8]);
    assert.ok(found.connectionsTried < 200, `they come back at longer and longer intervals: ${stdout}`);
});

test("who interrupts it gets what was measured, and the seats are free", async (t) => {
    const server = await startServer(t, { config: { ...SHIPPED, lobby: { countdownMs: 100, playersMin: 8 } } });
    const child = spawn(MUSTER, ["load", "--url", server.httpUrl, "--players", "8", "--seconds", "600", "--json"]);
    let out = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    await eventually("they play", async () => (await server.metric("muster_snapshots_sent_total")) > 200);
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    assert.equal(code, 128 + 2);
    const found = JSON.parse(out);
    assert.ok(found.seconds < 60 && found.snapshotsPerSecond > 0, out);
    const { body } = await server.rest("GET", "/v1/lobbies");
    assert.deepEqual(body.lobbies.filter(({ currentPlayers }) => currentPlayers > 0), []);
});

test("what cannot be put under load is said", async (t) => {
    const closed = await startServer(t, { config: { ...SHIPPED, auth_local: { guestEnabled: false } } });
    const unwelcome = await load(t, "--url", closed.httpUrl, "--players", "2");
    assert.equal(unwelcome.code, UNAVAILABLE);
    assert.match(
        unwelcome.stderr, /2 of 2 players failed; player \d, signing in: HTTP 403: Guests are not welcome on this server\.\n/);
    const remote = await load(t, "--url", "http://192.0.2.1", "--players", "1");
    assert.equal(remote.code, USAGE);
    assert.match(remote.stderr, /192\.0\.2\.1: .*--i-run-this-server/);
    const dead = `http://127.0.0.1:${await freePort()}`;
    const none = await load(t, "--url", dead, "--players", "1");
    assert.equal(none.code, UNAVAILABLE);
    assert.equal(none.stderr, `muster: load: ${dead} does not answer: Connection refused\n`);
    for (const url of ["ftp://localhost", "http://", "http://[::1", "http://localhost:0", "http://localhost/x"]) {
        const wrong = await load(t, "--url", url, "--players", "1");
        assert.equal(wrong.code, USAGE);
        assert.equal(
            wrong.stderr, `muster: load: --url: expected http://HOST[:PORT] or https://HOST[:PORT], found ${url}\n`);
    }
    const many = await load(t, "--url", dead, "--players", "0");
    assert.equal(many.code, USAGE);
    assert.match(many.stderr, /--players: expected 1 to \d+, found 0/);
});
