// MusterClient to the turn of the event loop: the end of a connection, silence, what is overtaken by
// something newer.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FAST, LOBBY, MATCH, MemorySocket, connect, make, outcome, turn } from "../../kit/memory_socket.mjs";

beforeEach(() => (MemorySocket.all = []));

test("all that came before the close is heard, in order, and then the close", async (t) => {
    const { client, socket } = await connect(t);
    const heard = [];
    for (const name of ["lobby.updated", "server.stopping", "lobby.left"]) {
        client.on(name, () => heard.push(name));
    }
    const closed = client.once("closed");
    socket.notifyDeflated("lobby.updated", { lobby: LOBBY });
    socket.notify("server.stopping", { inMs: 0, reason: "SIGTERM" });
    socket.notify("lobby.left", { reason: "closed" });
    socket.end(1001, "the server stops");
    assert.deepEqual(heard, [], "the first of them is being inflated");
    await assert.rejects(client.call("lobby.list"), { code: "connection_lost" });
    assert.equal((await closed).code, 1001);
    assert.deepEqual(heard, ["lobby.updated", "server.stopping", "lobby.left"]);
});

test("an answer that came before the close is an answer", async (t) => {
    const { client, socket } = await connect(t);
    const closed = client.once("closed");
    socket.notifyDeflated("lobby.updated", { lobby: LOBBY });
    const answered = client.call("lobby.leave");
    await Promise.resolve(); // the answer is there, behind the frame
    socket.end(1006);
    await answered;
    await closed;
});

test("close() does not wait for what is being inflated", async (t) => {
    const { client, socket } = await connect(t);
    const heard = [];
    client.on("lobby.chat", () => heard.push("chat"));
    client.on("closed", () => heard.push("closed"));
    socket.notifyDeflated("lobby.chat", { text: "x".repeat(900) });
    client.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(heard, ["closed"]);
});

async function inMatch(t, match = MATCH) {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { client, socket } = await connect(t);
    const entry = { lobby: { ...LOBBY }, seat: 0, members: [], match };
    socket.answers["lobby.enter"] = () => entry;
    await client.enter({ seatTicket: "t" });
    const told = [];
    client.on("line", ({ silent }) => told.push(silent));
    return { client, socket, told, tick: (ms) => t.mock.timers.tick(ms) };
}

test("a line that is silent in a match is told within 1.5 s, and when it speaks again", async (t) => {
    const { client, socket, told, tick } = await inMatch(t);
    tick(750);
    assert.deepEqual(told, []);
    tick(500);
    assert.deepEqual(told, [true]);
    assert.equal(client.isSilent, true);
    assert.equal(client.state, "online");
    tick(5000);
    socket.notify("lobby.chat", { text: "hi" });
    assert.deepEqual(told, [true, false]);
    for (let i = 0; i < 20; i++) {
        tick(250);
        socket.notify("lobby.chat", { text: "hi" });
    }
    assert.deepEqual(told, [true, false]);
    tick(1500);
    assert.deepEqual(told, [true, false, true]);
    socket.end(1006);
    assert.deepEqual(told, [true, false, true, false], "a line that is gone is not silent");
});

test("a line that is silent is asked at once, not at the next ping", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { client, socket } = await connect(t, { pingIntervalMs: 60000 });
    socket.answers["lobby.enter"] = () => ({ lobby: LOBBY, seat: 0, members: [], match: MATCH });
    await client.enter({ seatTicket: "t" });
    await turn();
    const pings = () => socket.calls.filter(({ method }) => method === "session.ping").length;
    const before = pings();
    const asked = new Promise((resolve) => (socket.send = (text) => resolve(JSON.parse(text).method)));
    t.mock.timers.tick(1250);
    assert.deepEqual([client.isSilent, await asked, pings()], [true, "session.ping", before]);
});

test("a server whose frame cannot be read is told so; who closes says 1000", async (t) => {
    const { client, socket } = await connect(t);
    const closed = client.once("closed");
    socket.onmessage({ data: Uint8Array.of(0x81, 1, 0).buffer });
    assert.deepEqual([(await closed).code, socket.closeCode], [4007, 4007]);
    const other = await connect(t);
    other.client.close();
    assert.equal(other.socket.closeCode, 1000);
    const late = make(t, { timeoutMs: 1 });
    await assert.rejects(late.connect("ada"), { code: "connect_failed" });
    assert.equal(MemorySocket.all.at(-1).closeCode, 1000, "a code below 3000 is not a client's to give");
});

test("what comes over a connection that does not count is not heard", async (t) => {
    const { client, socket } = await connect(t);
    const heard = [];
    client.on("lobby.chat", ({ text }) => heard.push(text));
    client.on("snapshot", () => heard.push("snapshot"));
    client.on("closed", () => heard.push("closed"));
    const moving = outcome(client.enter({ seatTicket: "t", url: "ws://far" }));
    await turn();
    const far = MemorySocket.all.at(-1);
    far.readyState = 1;
    far.notify("lobby.chat", { text: "too early" });
    socket.notify("lobby.chat", { text: "at home" });
    far.answers["lobby.enter"] = () => ({ lobby: LOBBY, seat: 0, members: [], match: null });
    far.open();
    assert.equal(await moving, "done");
    const { onmessage, onclose } = socket;
    assert.deepEqual([onmessage, onclose, socket.wasClosed], [null, null, true]);
    far.notify("lobby.chat", { text: "far" });
    assert.deepEqual(heard, ["at home", "far"]);
});

test("who connects anew begins to count anew", async (t) => {
    const { client, socket } = await connect(t, { reconnect: true, backoff: { baseMs: 1, maxMs: 1 } });
    const attempts = [];
    client.on("reconnecting", ({ attempt }) => attempts.push(attempt));
    socket.end(1006);
    client.close();
    const connecting = client.connect("ada");
    await turn();
    MemorySocket.all.at(-1).open();
    await connecting;
    MemorySocket.all.at(-1).end(1006);
    assert.deepEqual(attempts, [0, 0]);
});

test("where no snapshot is due silence means nothing", async (t) => {
    const { client, socket, told, tick } = await inMatch(t);
    socket.notify("lobby.updated", { lobby: { ...LOBBY, state: "ending" } });
    tick(5000);
    assert.deepEqual(told, [], "the scoreboard is shown");
    socket.notify("lobby.updated", { lobby: LOBBY });
    socket.notify("match.started", MATCH);
    tick(1500);
    assert.deepEqual(told, [true], "another match");
    socket.notify("lobby.left", { reason: "kick" });
    tick(5000);
    assert.deepEqual(told, [true, false]);
    assert.equal(client.isSilent, false);
});

test("a mode of one tick a second is silent after three", async (t) => {
    const { told, tick } = await inMatch(t, { matchId: "m1", tickRate: 1 });
    tick(2750);
    assert.deepEqual(told, []);
    tick(250);
    assert.deepEqual(told, [true]);
});

test("close() ends a connection that is being made; who connects next is who is there", async (t) => {
    const client = make(t);
    const first = outcome(client.connect("ada"));
    await turn();
    client.close();
    assert.equal(MemorySocket.all[0].wasClosed, true);
    const second = outcome(client.connect("bob"));
    await turn();
    MemorySocket.all[1].open();
    assert.equal(await second, "done");
    MemorySocket.all[0].open(); // the slow one comes last
    assert.equal(await first, "closed");
    assert.equal(client.session.playerId, "bob");
    assert.equal(client.state, "online");
    await client.serverInfo();
});

test("close() while the token is being fetched opens nothing", async (t) => {
    const client = make(t);
    let give;
    const first = outcome(client.connect(() => new Promise((resolve) => (give = resolve))));
    await turn();
    client.close();
    const second = outcome(client.connect("bob"));
    await turn();
    give("ada");
    MemorySocket.all.at(-1).open();
    assert.equal(await second, "done");
    assert.equal(await first, "closed");
    assert.equal(client.session.playerId, "bob");
    assert.deepEqual(MemorySocket.all.filter(({ calls }) => calls.length).length, 1);
});

test("logging out while coming back: the old connection does not return", async (t) => {
    const { client, socket } = await connect(t, { reconnect: true, backoff: FAST });
    const made = MemorySocket.all.length;
    const away = client.once("reconnecting");
    socket.end(1006);
    await away;
    while (MemorySocket.all.length === made) await new Promise((resolve) => setTimeout(resolve, 1));
    const late = MemorySocket.all.at(-1);
    client.close();
    const second = outcome(client.connect("bob"));
    await turn();
    MemorySocket.all.at(-1).open();
    assert.equal(await second, "done");
    late.open();
    await turn();
    assert.equal(client.session.playerId, "bob");
    assert.equal(client.state, "online");
});

test("a node that accepts and drops is asked less and less often", async (t) => {
    class Dropping extends MemorySocket {
        constructor(url) {
            super(url);
            this.onCall = (method) => {
                if (method === "session.ping") setImmediate(() => this.end(1006));
            };
            setImmediate(() => this.open());
        }
    }
    const client = make(t, { WebSocket: Dropping, reconnect: true,
        backoff: { baseMs: 1, maxMs: 16 }, random: () => 1 });
    const delays = [];
    const enough = new Promise((resolve) => client.on("reconnecting", ({ delayMs }) => {
        if (delays.push(delayMs) === 6) resolve();
    }));
    client.on("reconnecting", ({ attempt }) => assert.equal(attempt, delays.length - 1));
    await client.connect(() => "ada");
    await enough;
    assert.deepEqual(delays, [1, 2, 4, 8, 16, 16]);
});

test("a seat is not given up because the server is busy for a moment", async (t) => {
    const { client, socket } = await connect(t, { reconnect: true, backoff: FAST });
    const entry = { lobby: LOBBY, seat: 3, members: [], match: null, resumeToken: "r1" };
    socket.answers["lobby.enter"] = () => entry;
    await client.enter({ seatTicket: "t" });
    client.on("lobby.left", () => assert.fail("the seat was given up"));
    let refusals = 2;
    const comeBack = () => {
        const last = MemorySocket.all.at(-1);
        last.answers["lobby.resume"] = () => (refusals-- > 0
            ? { error: { code: -32003, message: "Slow down.", data: { code: "rate_limited" } } }
            : { ...entry, resumeToken: "r2" });
        last.open();
    };
    client.on("reconnecting", () => setTimeout(comeBack, 20));
    const entered = client.once("entered");
    socket.end(1006);
    assert.equal((await entered).entry.resumeToken, "r2");
    assert.equal(refusals, -1);
});

test("a connection that has held begins the back-off anew", async (t) => {
    const { client, socket } = await connect(t, { reconnect: true,
        backoff: { ...FAST, minUptimeMs: 0 } });
    const attempts = [];
    client.on("reconnecting", ({ attempt }) => attempts.push(attempt));
    for (let last = socket; attempts.length < 3; last = MemorySocket.all.at(-1)) {
        const opened = new Promise((resolve) => {
            const watch = setInterval(() => MemorySocket.all.at(-1) !== last && resolve(), 1);
            t.after(() => clearInterval(watch));
        });
        last.end(1006);
        await opened;
        MemorySocket.all.at(-1).open();
        await client.once("state");
    }
    assert.deepEqual(attempts, [0, 0, 0]);
});

test("a connection has held after five seconds", async (t) => {
    let now = 1e6;
    t.mock.method(performance, "now", () => now);
    const { client, socket } = await connect(t, { reconnect: true, backoff: FAST });
    const attempts = [];
    client.on("reconnecting", ({ attempt }) => attempts.push(attempt));
    let last = socket;
    for (const heldMs of [4999, 4999, 5000]) {
        now += heldMs;
        const made = MemorySocket.all.length;
        last.end(1006);
        while (MemorySocket.all.length === made) await new Promise((resolve) => setTimeout(resolve, 1));
        last = MemorySocket.all.at(-1);
        last.open();
        while (client.state !== "online") await turn();
    }
    assert.deepEqual(attempts, [0, 1, 0]);
});

test("deflated frames are asked for only where they can be inflated", async (t) => {
    const asked = ({ calls }) => calls[0].params.compress;
    assert.equal(asked((await connect(t)).socket), true);
    const whole = globalThis.DecompressionStream;
    t.after(() => (globalThis.DecompressionStream = whole));
    globalThis.DecompressionStream = class {
        constructor(format) {
            if (format === "deflate-raw") throw new TypeError("Unsupported format");
        }
    };
    assert.equal(asked((await connect(t)).socket), false);
    delete globalThis.DecompressionStream;
    assert.equal(asked((await connect(t, { compress: true })).socket), false);
});

// ---- the session is renewed before it ends

/** expiresAt of the session is leftS from the server's now, which is not ours. */
function serveFor(socket, leftS) {
    const server = { now: 5000000, leftS };
    socket.answers["session.ping"] = () => ({ serverTimeMs: server.now * 1000 });
    socket.answers["session.authenticate"] = ({ token }) => ({
        session: { playerId: "p", expiresAt: server.now + server.leftS, token }, resumable: null,
    });
    return server;
}

async function connectFor(t, leftS, options, token) {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const client = make(t, { random: () => 0, ...options });
    const connecting = client.connect(token);
    await turn();
    const socket = MemorySocket.all.at(-1);
    serveFor(socket, leftS);
    socket.open();
    await connecting;
    await turn();
    const tokens = () => socket.calls.filter(({ method }) => method === "session.authenticate")
        .map(({ params }) => params.token);
    const pass = async (ms) => {
        t.mock.timers.tick(ms);
        await turn();
        await turn();
    };
    return { client, tokens, pass };
}

/** A source of tokens that counts. */
function source() {
    const state = { serial: 1, asked: [] };
    state.token = (renew) => {
        state.asked.push(renew);
        if (renew) state.serial++;
        return `t${state.serial}`;
    };
    return state;
}

test("the token is renewed on the open connection before the session ends", async (t) => {
    const from = source();
    const { tokens, pass } = await connectFor(t, 900, {}, from.token);
    await pass(809_000);
    assert.deepEqual(tokens(), ["t1"]);
    await pass(1_000);
    assert.deepEqual(tokens(), ["t1", "t2"]);
    assert.deepEqual(from.asked, [false, false, true]);
    await pass(810_000);
    assert.deepEqual(tokens(), ["t1", "t2", "t3"]);
});

test("a newer token that is there already is taken, not another one made", async (t) => {
    const from = source();
    const { tokens, pass } = await connectFor(t, 900, {}, from.token);
    from.serial++; // as a background renewal does
    await pass(810_000);
    assert.deepEqual(tokens(), ["t1", "t2"]);
    assert.deepEqual(from.asked, [false, false]);
});

test("short sessions are renewed at half of their life", async (t) => {
    const { tokens, pass } = await connectFor(t, 20, {}, source().token);
    await pass(9_900);
    assert.equal(tokens().length, 1);
    await pass(100);
    assert.equal(tokens().length, 2);
});

test("nothing is renewed when told so, without a source, or after close()", async (t) => {
    for (const [options, token] of [[{ renewBeforeS: 0 }, source().token], [{}, "text"]]) {
        const { tokens, pass } = await connectFor(t, 900, options, token);
        await pass(1_000_000);
        assert.equal(tokens().length, 1);
        t.mock.timers.reset();
    }
    const { client, tokens, pass } = await connectFor(t, 900, {}, source().token);
    client.close();
    await pass(1_000_000);
    assert.equal(tokens().length, 1);
});

test("a renewal that fails is tried again; one that is overtaken by close() is dropped", async (t) => {
    const from = source();
    let answer = () => Promise.reject(new Error("the network is away"));
    const token = (renew) => (renew ? answer() : from.token(false));
    const { client, tokens, pass } = await connectFor(t, 900, {}, token);
    await pass(810_000);
    assert.deepEqual(tokens(), ["t1"]);
    let give;
    answer = () => new Promise((resolve) => (give = resolve));
    await pass(5_000);
    client.close();
    give("t2");
    await turn();
    assert.deepEqual(tokens(), ["t1"]);
    assert.equal(client.state, "closed");
});
