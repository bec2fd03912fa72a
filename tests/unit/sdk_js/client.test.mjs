// MusterClient against a real server, and what comes between them: seats, order, gaps, reconnect, close codes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { WebSocket } from "ws";
import { ArenaWorld, AuthClient, MusterClient, backoffMs, closePolicy, retryAfterMs } from
    "../../../sdk/js/index.js";
import { Between } from "../../kit/between.mjs";
import { startServer, suite } from "../../kit/harness.mjs";

const FAST = { baseMs: 5, maxMs: 20 };
/** One person starts a match at once, and it goes on. */
const musterd = await startServer(suite, { config: {
    lobby: { playersMin: 1, countdownMs: 0, defaults: ["botFill=8", "killLimit=0", "timeLimit=0"] },
} });

async function setUp(t, options = {}) {
    const server = await Between.open(t, musterd);
    const auth = new AuthClient({ baseUrl: server.baseUrl });
    await auth.guest({ displayName: "Ada" });
    const client = new MusterClient({ url: server.url, WebSocket, backoff: FAST, ...options });
    t.after(() => {
        client.close();
        auth.stop();
    });
    return { server, auth, client, token: auth.current.accessToken };
}

/** Resolves when the condition holds at an event of that name. */
function until(client, name, holds = () => true) {
    return new Promise((resolve) => {
        const off = client.on(name, (detail) => {
            if (!holds(detail)) return;
            off();
            resolve(detail);
        });
    });
}

const isOnline = ({ state }) => state === "online";

const create = (client) => client.createLobby({ gameMode: "arena" });

test("connect, find a match, take in snapshots, leave", async (t) => {
    const { client, token, server } = await setUp(t);
    assert.equal(await client.connect(token), null);
    assert.equal(client.session.displayName, "Ada");
    const world = new ArenaWorld();
    client.on("snapshot", (s) => world.apply(s));
    const entry = await client.findMatch({ gameMode: "arena" });
    assert.equal(entry.seat, 0);
    assert.equal(client.entry, entry);
    await until(client, "snapshot", () => world.avatars.size === 8);
    const { x } = world.avatars.get(0);
    const way = Math.sign(entry.match.intro.map.width * 128 - x); // to the middle
    client.sendInput({ sequence: 1, held: 0, pressed: 0, aim: 0, moveX: 127 * way, moveY: 0 });
    await until(client, "snapshot", (s) => s.ack === 1 && (world.avatars.get(0).x - x) * way > 0);
    await client.leave();
    assert.equal(client.entry, null);
    assert.equal(server.count("lobby.leave"), 1);
});

/** A full snapshot deflated, as a server does with long ones. */
const deflated = (data) => Buffer.concat([data.subarray(0, 1), Buffer.of(data[1] | 2), data.subarray(2, 16),
    deflateRawSync(data.subarray(16))]);
const isFull = (data, isBinary) => isBinary && data[0] === 0x81 && (data[1] & 1) === 1;

test("the first snapshot may come deflated and keeps its place", async (t) => {
    const { client, token, server } = await setUp(t);
    server.toClient = (data, isBinary) => (isFull(data, isBinary) ? deflated(data) : data);
    await client.connect(token);
    const seen = [];
    const enough = until(client, "snapshot", ({ tick, full, usable }) => seen.push([tick, full, usable]) === 4);
    await create(client);
    await enough;
    const [[first]] = seen;
    assert.deepEqual(seen, [[first, true, true], [first + 1, false, true], [first + 2, false, true],
        [first + 3, false, true]]);
});

test("what comes behind a deflated message waits for it", async (t) => {
    const { client, token, server } = await setUp(t);
    await client.connect(token);
    const seen = [];
    client.on("lobby.chat", ({ text }) => seen.push(text[0]));
    const last = until(client, "lobby.chat", ({ text }) => text[0] === "c");
    const json = (text) => JSON.stringify({ jsonrpc: "2.0", method: "lobby.chat", params: { text } });
    const packed = (text) => Buffer.concat([Buffer.from([0x82, 2]), deflateRawSync(json(text))]);
    server.sendRaw(packed("a".repeat(30000)));
    server.sendRaw(packed("b"));
    server.sendRaw(json("c"));
    await last;
    assert.deepEqual(seen, ["a", "b", "c"]);
});

test("a deflate bomb ends the connection for good", async (t) => {
    const { client, token, server } = await setUp(t);
    await client.connect(token);
    const closed = until(client, "closed");
    server.sendRaw(Buffer.concat([Buffer.from([0x82, 2]), deflateRawSync(Buffer.alloc(1 << 20))]));
    assert.equal((await closed).code, 4007);
    assert.equal(client.state, "closed");
});

test("after a gap the delta is not usable and a full one is asked for", async (t) => {
    const { client, token, server } = await setUp(t);
    await client.connect(token);
    await create(client);
    await until(client, "snapshot", (s) => !s.full);
    const gap = until(client, "snapshot", (s) => !s.usable);
    const full = until(client, "snapshot", (s) => s.full);
    let lost = 0;
    server.toClient = (data, isBinary) => (isBinary && data[0] === 0x81 && lost++ < 3 ? null : data);
    assert.equal((await gap).full, false);
    await full;
    assert.equal(server.count("match.resync"), 1);
});

test("a dropped connection comes back to the same seat, with a new token each time", async (t) => {
    const { client, token, server } = await setUp(t);
    await client.connect(token);
    const { resumeToken } = await create(client);
    const tokens = new Set([resumeToken]);
    for (let i = 0; i < 2; i++) {
        const back = until(client, "entered");
        const online = until(client, "state", isOnline);
        const full = until(client, "snapshot", (s) => s.full);
        server.drop();
        const { entry, resumed } = await back;
        assert.equal(resumed, true);
        assert.equal(entry.seat, 0);
        tokens.add(entry.resumeToken);
        await online;
        await full;
    }
    assert.equal(tokens.size, 3);
    // In one call, with the sign-in: who comes back waits for the network once less.
    const signIns = server.calls.filter(({ method }) => method === "session.authenticate");
    assert.deepEqual(signIns.map(({ params }) => params.resumeToken), [undefined, ...[...tokens].slice(0, 2)]);
    assert.equal(server.count("lobby.resume"), 0);
});

test("a seat that is gone is told as left, and the connection stays", async (t) => {
    const { client, token, server } = await setUp(t);
    await client.connect(token);
    const entry = await create(client);
    entry.resumeToken = entry.resumeToken.replace(/^./, (first) => (first === "A" ? "B" : "A"));
    const left = until(client, "lobby.left");
    const online = until(client, "state", isOnline);
    server.drop();
    assert.deepEqual(await left, { reason: "timeout" });
    await online;
    assert.equal(client.entry, null);
});

test("calls that waited are refused when the connection drops", async (t) => {
    const { client, token, server } = await setUp(t, { reconnect: false });
    await client.connect(token);
    const call = client.call("lobby.list");
    const closed = until(client, "closed");
    server.drop();
    await assert.rejects(call, { code: "connection_lost" });
    await closed;
    await assert.rejects(client.call("lobby.list"), { code: "connection_lost" });
});

test("replaced and terminated players do not come back", async (t) => {
    for (const code of [4003, 4004]) {
        const { client, token, server } = await setUp(t);
        await client.connect(token);
        const closed = until(client, "closed");
        server.closeAll(code, "other window");
        assert.deepEqual(await closed, { code, reason: "other window", error: null });
        assert.equal(client.state, "closed");
    }
});

test("who is banned while away does not try again", async (t) => {
    for (const word of ["banned", "forbidden"]) {
        const { client, server, auth } = await setUp(t);
        await client.connect(() => auth.accessToken());
        const tried = [];
        client.on("reconnecting", ({ attempt }) => tried.push(attempt));
        server.refuse("session.authenticate", 1, word);
        const closed = until(client, "closed");
        server.drop();
        const { code, error } = await closed;
        assert.deepEqual([code, error.code, client.state], [4004, word, "closed"]);
        assert.deepEqual(tried, [0]);
    }
});

test("a client does not come back as somebody else", async (t) => {
    const { client, server, auth } = await setUp(t);
    await client.connect(() => auth.accessToken());
    await auth.guest({ displayName: "Bob" });
    const closed = until(client, "closed");
    server.drop();
    assert.equal((await closed).error.code, "signed_out");
    await client.connect(() => auth.accessToken()); // asked to, it does
    assert.equal(client.session.displayName, "Bob");
});

test("a token that ended is renewed before coming back", async (t) => {
    const { client, server, auth } = await setUp(t);
    const renewals = [];
    await client.connect((renew) => {
        renewals.push(renew);
        return auth.accessToken(renew);
    });
    const online = until(client, "state", isOnline);
    server.closeAll(4002, "token expired");
    await online;
    assert.deepEqual(renewals, [false, true]);
});

test("a token that is refused rejects connect with the reason", async (t) => {
    const { client } = await setUp(t);
    await assert.rejects(client.connect("forged"), { code: "token_invalid", rpcCode: -32011 });
    assert.equal(client.state, "idle");
});

test("a seat on another node is entered there, and leave leads home", async (t) => {
    const { client, token, server } = await setUp(t);
    const other = await Between.open(t, musterd);
    server.edits.set("lobby.create", (result) => Object.assign(result, { url: other.url }));
    await client.connect(token);
    await create(client);
    assert.equal(client.url, other.url);
    assert.deepEqual([other, server].map((one) => one.count("lobby.enter")), [1, 0]);
    const online = until(client, "state", isOnline);
    other.drop();
    await online;
    assert.equal(client.url, other.url, "comes back to the node of the seat");
    await client.leave();
    assert.equal(client.url, server.url);
});

test("a search can be called off", async (t) => {
    const { client, token, server } = await setUp(t);
    server.toClient = (data) => (data.includes("match.found") ? null : data);
    await client.connect(token);
    const stop = new AbortController();
    const search = client.findMatch({ gameMode: "arena", signal: stop.signal });
    setImmediate(() => stop.abort());
    await assert.rejects(search, { name: "AbortError" });
    assert.equal(server.count("match.cancel"), 1);
});

test("refusals of the server are typed", async (t) => {
    const { client, token } = await setUp(t);
    await client.connect(token);
    await assert.rejects(client.joinLobby("none"), { code: "not_found", rpcCode: -32004 });
    const [good, bad] = await client.batch([{ method: "lobby.list", params: {} },
        { method: "no.such" }]);
    assert.ok(Array.isArray(good.result.lobbies));
    assert.equal(bad.error.code, "method_not_found");
});

test("steps that the server takes in a moment are waited out, others are told", async (t) => {
    const { server, client, token } = await setUp(t);
    const limited = (method, times, retryAfterMs = 5) =>
        server.refuse(method, times, "rate_limited", "Slow down.", { retryAfterMs });
    limited("session.authenticate", 2);
    await client.connect(token);
    assert.equal(server.count("session.authenticate"), 3);
    limited("server.info", 1);
    assert.equal((await client.serverInfo()).protocol, "muster.v1");
    limited("lobby.enter", 3);
    const { lobby } = await client.findMatch({ gameMode: "arena" });
    assert.equal(server.count("lobby.enter"), 4);

    limited("lobby.list", 9);
    await assert.rejects(client.listLobbies(), (error) => retryAfterMs(error) === 5);
    assert.equal(server.count("lobby.list"), 4, "not for ever");
    limited("lobby.get", 1, 60000);
    await assert.rejects(client.getLobby(lobby.lobbyId), (error) => retryAfterMs(error) === 60000);
    limited("lobby.chat", 1);
    await assert.rejects(client.chat("once"), { code: "rate_limited" });
    assert.equal(server.count("lobby.chat"), 1, "what does something is asked once");
    assert.equal(retryAfterMs(new Error("other")), 0);
});

test("who comes muted is told once for a connection", async (t) => {
    const { server, auth, client, token } = await setUp(t);
    await musterd.admin(`mute ${auth.current.playerId} 1h spam`);
    const told = [];
    client.on("session.muted", ({ reason }) => told.push(reason));
    await client.connect(token);
    await client.authenticate(token);
    assert.deepEqual(told, ["spam"]);
    await musterd.admin(`unmute ${auth.current.playerId}`);
    const online = until(client, "state", isOnline);
    server.drop();
    await online;
    assert.deepEqual(told, ["spam"]);
});

test("a refused latency report harms nothing", async (t) => {
    const { client, token, server } = await setUp(t, { pingIntervalMs: 20 });
    server.refuse("session.latency", Infinity, "rate_limited");
    await client.connect(token);
    for (let i = 0; i < 3; i++) await until(client, "latency");
    assert.equal(client.state, "online");
});

test("a server that has gone silent is left and tried again", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    const { client, token, server } = await setUp(t);
    await client.connect(token);
    await until(client, "latency");
    server.isSilent = true;
    const trying = until(client, "reconnecting");
    t.mock.timers.tick(5000); // the next ping
    assert.equal(client.state, "online");
    t.mock.timers.tick(10000); // its time is up
    await trying;
    assert.equal(client.state, "reconnecting");
});

test("close() while coming back ends it", async (t) => {
    const { client, token, server } = await setUp(t, { backoff: { baseMs: 60000, maxMs: 60000 } });
    await client.connect(token);
    const trying = until(client, "reconnecting");
    server.drop();
    await trying;
    const closed = until(client, "closed");
    client.close();
    await closed;
    assert.equal(server.connections, 0);
});

test("retryNow does not wait out the back-off", async (t) => {
    const { client, token, server } = await setUp(t, { backoff: { baseMs: 60000, maxMs: 60000 } });
    await client.connect(token);
    const trying = until(client, "reconnecting");
    server.drop();
    await trying;
    const online = until(client, "state", isOnline);
    setImmediate(() => client.retryNow());
    await online;
});

test("the back-off begins nearly at once and doubles up to its limit, half of it by chance", () => {
    const at = (attempt, random) => backoffMs(attempt, { baseMs: 100, maxMs: 1000 }, () => random);
    assert.deepEqual([0, 1, 2, 3, 4, 50].map((n) => at(n, 0)), [0, 100, 200, 400, 500, 500]);
    assert.deepEqual([0, 1, 2, 3, 4, 50].map((n) => at(n, 1)), [50, 200, 400, 800, 1000, 1000]);
    assert.equal(at(1, 0.5), 150);
});

test("close codes mean what docs/protocol.md section 8 says", () => {
    const retry = [1001, 1006, 1012, 4001, 4002, 4005, 4006, 4008, 4101];
    const final = [1000, 1002, 1003, 1007, 1009, 4003, 4004, 4007];
    for (const code of retry) assert.equal(closePolicy(code).retry, true, String(code));
    for (const code of final) assert.equal(closePolicy(code).retry, false, String(code));
    assert.equal(closePolicy(4002).renewToken, true);
    assert.equal(closePolicy(1012).delayMs, 0);
    assert.equal(closePolicy(4006).delayMs, 0);
    assert.ok(closePolicy(4005).delayMs >= 10000);
    assert.equal(closePolicy(4101, '{"resumeAfterMs":40}').exactMs, 40);
    for (const odd of ["", "{", "null", '{"resumeAfterMs":-1}', '{"resumeAfterMs":99999}'])
        assert.equal(closePolicy(4101, odd).exactMs, null, odd);
    assert.equal(closePolicy(1006, '{"resumeAfterMs":40}').exactMs, null);
});
