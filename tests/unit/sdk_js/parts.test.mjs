// The parts of a client, one by one: events, silence, gaps, the ping, pauses, renewals,
// bits; each edge.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { AuthClient, Emitter, MusterError, Reader, isRefusal, retryAfterMs } from "../../../sdk/js/index.js";
import { Continuity } from "../../../sdk/js/continuity.js";
import { LatencyMeter } from "../../../sdk/js/latency.js";
import { LineWatch, silenceMs } from "../../../sdk/js/line.js";
import { Pause, isRefusedToken, isShutOut, patiently } from "../../../sdk/js/policy.js";
import { Renewal, renewalDelayMs } from "../../../sdk/js/renewal.js";

const turn = () => new Promise((done) => setImmediate(done));
const enable = (t, ...apis) => t.mock.timers.enable({ apis });
const rejected = (error) => async () => {
    throw error;
};

// ---- events

test("who listens is told until taken off, each for itself", () => {
    const emitter = new Emitter();
    const told = [];
    const first = (detail) => told.push(["first", detail]);
    emitter.on("a", first);
    const off = emitter.on("a", (detail) => {
        told.push(["second", detail]);
        off();
        emitter.on("a", () => told.push(["late"]));
    });
    emitter.on("b", () => told.push(["b"]));
    emitter.emit("a", 1);
    assert.deepEqual(told, [["first", 1], ["second", 1]], "who comes meanwhile waits for the next");
    emitter.off("a", first);
    emitter.emit("a", 2);
    assert.deepEqual(told.slice(2), [["late"]]);
    emitter.off("none", first);
    emitter.emit("none");
});

test("a listener that throws harms no other, and is heard of", async () => {
    const emitter = new Emitter();
    const told = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    emitter.on("a", () => {
        throw new Error("mine");
    });
    emitter.on("a", () => told.push(1));
    emitter.emit("a");
    assert.deepEqual(told, [1]);
    assert.equal((await uncaught).message, "mine");
    for (const listener of listeners) process.on("uncaughtException", listener);
});

test("once: the next event, the end of patience, or a word to stop; nothing is left behind", async (t) => {
    enable(t, "setTimeout");
    const emitter = new Emitter();
    const stop = new AbortController();
    const left = () => getEventListeners(stop.signal, "abort").length;
    const next = emitter.once("a", { signal: stop.signal, timeoutMs: 100 });
    assert.equal(left(), 1);
    emitter.emit("a", 1);
    emitter.emit("a", 2);
    assert.deepEqual([await next, left()], [1, 0]);
    const late = emitter.once("a", { signal: stop.signal, timeoutMs: 100 });
    t.mock.timers.tick(99);
    const early = await Promise.race([late.catch(() => "over"), turn()]);
    assert.equal(early, undefined);
    t.mock.timers.tick(1);
    await assert.rejects(late, /no a came/);
    assert.equal(left(), 0);
    const stopped = emitter.once("a", { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(stopped, /enough/);
    await assert.rejects(emitter.once("a", { signal: stop.signal }), /enough/);
    assert.equal(left(), 0);
});

// ---- silence

test("silence: counted from the last word, not from the last wish to hear", (t) => {
    enable(t, "setInterval");
    const told = [];
    const line = new LineWatch((silent) => told.push(silent));
    const pass = (ms) => t.mock.timers.tick(ms);
    line.expect(1000);
    pass(750);
    line.expect(1000); // a lobby.updated, say: nothing new
    pass(250);
    assert.deepEqual([told, line.isSilent], [[true], true]);
    line.heard();
    line.heard();
    pass(750);
    assert.deepEqual(told, [true, false]);
    line.expect(3000);
    pass(2750);
    assert.deepEqual(told, [true, false]);
    pass(250);
    assert.deepEqual(told, [true, false, true]);
    line.stop();
    pass(9000);
    assert.deepEqual([told, line.isSilent], [[true, false, true, false], false]);
    line.expect(3000);
    pass(3000);
    assert.equal(line.isSilent, true, "watched again after a stop");
    line.stop();
    assert.deepEqual([20, 3, 2, 1].map(silenceMs), [1000, 1000, 1500, 3000]);
});

test("a timer alone keeps no process alive", async () => {
    const alive = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = alive();
    const line = new LineWatch(() => {});
    line.expect(1000);
    const renewal = new Renewal({ beforeMs: 1000, random: () => 0, getToken: async () => "t", authenticate: async () => {} });
    await renewal.start({ isOpen: true, call: async () => ({ serverTimeMs: 0 }) }, { expiresAt: 3600 }, "t");
    const auth = new AuthClient({ fetch: async () => Response.json({ accessToken: "a", refreshToken: "r", expiresAt: 2 ** 32 }) });
    await auth.guest();
    assert.equal(alive(), before);
    line.stop();
    renewal.stop();
    auth.stop();
});

// ---- gaps

test("gaps: a delta counts on top of the tick before alone; a full one is asked for once at a time", async (t) => {
    enable(t, "setTimeout");
    let asked = 0;
    let answer = async () => {};
    const continuity = new Continuity(() => {
        asked++;
        return answer();
    });
    const judge = (tick, full = false) => {
        const snapshot = { tick, full };
        continuity.judge(snapshot);
        return snapshot.usable;
    };
    assert.deepEqual([judge(4), asked], [false, 1], "nothing is known yet");
    assert.deepEqual([judge(5), asked], [false, 1], "it has been asked for");
    await turn();
    assert.deepEqual([judge(6), asked], [false, 2]);
    await turn();
    assert.deepEqual([judge(7, true), judge(8), judge(9), judge(9), judge(10)], [true, true, true, false, false]);
    assert.equal(asked, 3);
    await turn();
    judge(20, true);
    continuity.reset();
    assert.deepEqual([judge(21), asked], [false, 4], "another match");
    await turn();
    assert.deepEqual([judge(0xffffffff, true), judge(0)], [true, true]);
    answer = rejected(new Error("no"));
    judge(9);
    await turn();
    judge(9);
    t.mock.timers.tick(999);
    judge(9);
    assert.equal(asked, 5, "refused: not at every snapshot");
    t.mock.timers.tick(1);
    judge(9);
    assert.equal(asked, 6);
});

// ---- the ping

function meterOf(t, answers = {}) {
    enable(t, "setInterval");
    const calls = [];
    const ends = [];
    const connection = {
        isOpen: true, abort: (...of) => ends.push(of),
        async call(method, params, options) {
            calls.push([method, params, options.timeoutMs]);
            await answers[method]?.();
        },
    };
    const measured = [];
    return { calls, ends, measured, connection, meter: new LatencyMeter(answers.every ?? 5000, (rttMs) => measured.push(rttMs)) };
}

test("the ping is measured at once and each time, told here and to the server", async (t) => {
    let now = 0;
    t.mock.method(performance, "now", () => now);
    const { meter, calls, measured, connection } = meterOf(t, { "session.ping": () => (now += 40.4) });
    meter.start(connection);
    await turn();
    assert.deepEqual(measured, [40]);
    assert.deepEqual(calls.map(([method, { rttMs }, timeoutMs]) => [method, rttMs, timeoutMs]),
        [["session.ping", undefined, 10000], ["session.latency", 40, 10000]]);
    t.mock.timers.tick(5000);
    await turn();
    assert.equal(measured.length, 2);
    meter.start(connection); // anew: not twice as often
    await turn();
    t.mock.timers.tick(5000);
    await turn();
    assert.equal(measured.length, 4);
    meter.stop();
    t.mock.timers.tick(20000);
    await turn();
    assert.equal(measured.length, 4);
});

test("the ping: no answer ends a connection, a refusal does not, 0 means never; a wild clock is bounded", async (t) => {
    let now = 0;
    t.mock.method(performance, "now", () => now);
    const refused = meterOf(t, { "session.latency": rejected(new MusterError("rate_limited", "slow down", { rpcCode: 1 })),
        "session.ping": () => (now += 60000) });
    refused.meter.start(refused.connection);
    await turn();
    assert.deepEqual([refused.ends, refused.measured], [[], [10000]]);
    refused.meter.stop();
    t.mock.timers.reset();
    const silent = meterOf(t, { "session.ping": rejected(new MusterError("timeout", "no answer")) });
    silent.meter.start(silent.connection);
    await turn();
    assert.deepEqual([silent.ends.map(([code]) => code), silent.measured], [[1006], []]);
    silent.connection.isOpen = false;
    t.mock.timers.tick(5000);
    await turn();
    assert.equal(silent.ends.length, 1, "it is over already");
    silent.meter.stop();
    t.mock.timers.reset();
    const never = meterOf(t, { every: 0 });
    never.meter.start(never.connection);
    t.mock.timers.tick(60000);
    assert.deepEqual(never.calls, []);
});

// ---- patience

test("what an error means: a refusal, a token, being shut out, a wait", () => {
    const error = (code, rpcCode, data) => new MusterError(code, "x", { rpcCode, data });
    assert.deepEqual([error("denied", -32010), error("rate_limited", -32003), error("server_busy", -32015), error("timeout", 0), new Error("x")].map(isRefusal),
        [true, false, false, false, false]);
    assert.deepEqual(["token_invalid", "signed_out", "banned"].map((code) => isRefusedToken(error(code))), [true, true, false]);
    assert.deepEqual(["banned", "forbidden", "denied"].map((code) => isShutOut(error(code))), [true, true, false]);
    assert.deepEqual([error("rate_limited", 1, { retryAfterMs: 5 }), error("rate_limited", 1), error("rate_limited", 1, { retryAfterMs: -1 }),
        error("denied", 1, { retryAfterMs: 5 }), error("server_busy", 1, { retryAfterMs: 7 }), new Error("x")].map(retryAfterMs),
        [5, 0, 0, 0, 7, 0]);
});

test("patience: three more tries, a little later each, and none for a long wait", async (t) => {
    enable(t, "setTimeout");
    const busy = (retryAfterMs) => new MusterError("rate_limited", "x", { rpcCode: 1, data: { retryAfterMs } });
    let tries = 0;
    const asking = patiently(async () => {
        tries++;
        throw busy(3000);
    }).catch(({ code }) => code);
    for (const [ms, more] of [[3050, 2], [3100, 3], [3200, 4]]) {
        await turn();
        t.mock.timers.tick(ms - 1);
        await turn();
        assert.equal(tries, more - 1);
        t.mock.timers.tick(1);
        await turn();
        assert.equal(tries, more);
    }
    assert.equal(await asking, "rate_limited");
    tries = 0;
    await assert.rejects(patiently(async () => {
        tries++;
        throw busy(3001);
    }));
    assert.equal(tries, 1);
});

test("a pause ends by itself or when told", async (t) => {
    enable(t, "setTimeout");
    const pause = new Pause();
    pause.end(); // of none
    let over = 0;
    pause.wait(100).then(() => over++);
    t.mock.timers.tick(99);
    await turn();
    assert.equal(over, 0);
    t.mock.timers.tick(1);
    await turn();
    assert.equal(over, 1);
    pause.wait(100).then(() => over++);
    pause.end();
    await turn();
    assert.equal(over, 2);
    pause.wait(100).then(() => over++);
    t.mock.timers.tick(99);
    await turn();
    assert.equal(over, 2, "the timer of the one before is gone");
    pause.end();
});

// ---- renewals

function renewalOf(getToken, { leftMs = 100000, isOpen = true } = {}) {
    const sent = [];
    const connection = { isOpen, call: async () => ({ serverTimeMs: 0 }) };
    const renewal = new Renewal({
        beforeMs: 20000, random: () => 0, getToken, authenticate: async (token) => sent.push(token),
    });
    return { renewal, sent, connection, start: () => renewal.start(connection, { expiresAt: leftMs / 1000 }, "old") };
}
function passing(t) {
    enable(t, "setTimeout");
    return async (ms) => {
        t.mock.timers.tick(ms);
        for (let i = 0; i < 4; i++) await turn();
    };
}

test("renewals: in time, tried again when it fails, never again when signed out", async (t) => {
    const pass = passing(t);
    let fail = new Error("network");
    const asked = [];
    const { start, sent } = renewalOf(async (renew) => {
        asked.push(renew);
        if (fail) throw fail;
        return "new";
    });
    await start();
    await pass(79999);
    assert.deepEqual(asked, []);
    await pass(1);
    assert.deepEqual(asked, [false]);
    await pass(4999);
    assert.equal(asked.length, 1);
    await pass(1);
    assert.equal(asked.length, 2);
    fail = new MusterError("token_invalid", "x");
    await pass(5000);
    assert.equal(asked.length, 3);
    fail = null;
    await pass(5000);
    assert.deepEqual([asked.length, sent], [4, ["new"]]);
    fail = new MusterError("signed_out", "x");
    await start();
    await pass(80000);
    await pass(60000);
    assert.equal(asked.length, 5, "there is nothing to be renewed");
});

test("renewals: what is stopped asks for no other token", async (t) => {
    const pass = passing(t);
    const asked = [];
    let give;
    const { renewal, start, sent } = renewalOf((renew) => {
        asked.push(renew);
        return new Promise((resolve) => {
            give = resolve;
        });
    });
    await start();
    await pass(80000);
    renewal.stop();
    give("old");
    await pass(0);
    assert.deepEqual([asked, sent], [[false], []]);
    await start();
    await pass(80000);
    await start(); // another session
    give("new");
    await pass(0);
    assert.deepEqual([asked, sent], [[false, false], []]);
    renewal.stop();
});

test("renewals: none without a time before, after the end, or on a connection that is gone", async (t) => {
    const pass = passing(t);
    const none = () => assert.fail("asked");
    const over = renewalOf(none, { leftMs: 0 });
    await over.start();
    await pass(200000);
    const gone = renewalOf(rejected(new Error("network")));
    await gone.start();
    await pass(80000);
    gone.connection.isOpen = false;
    let pings = 0;
    gone.connection.call = rejected(new Error("gone"));
    await gone.start();
    gone.connection.call = async () => pings++;
    await pass(60000);
    assert.equal(pings, 0);
    gone.connection.isOpen = true;
    gone.connection.call = async () => {
        pings++;
        throw new Error("no answer");
    };
    await gone.start();
    await pass(5000);
    assert.equal(pings, 2, "when it ends is asked again");
    gone.renewal.stop();
    assert.deepEqual([renewalDelayMs(100, 20, () => 0), renewalDelayMs(100, 20, () => 1), renewalDelayMs(100, 90, () => 1),
        renewalDelayMs(0, 90, () => 1)], [80, 70, 25, 0]);
});

// ---- bits

/** What tests/unit/sdk/writer_test.c holds muster/writer.h to. */
test("bits are read from the lowest on, and bytes behind them from the next byte", () => {
    const reader = new Reader(Uint8Array.of(0xee, 0xfb, 0x87, 0xef, 0xcd, 0xab, 0x89, 0x34, 0x12), "bits");
    assert.equal(reader.u8(), 0xee);
    assert.deepEqual([1, 3, 7, 4, 0, 1, 32].map((width) => reader.bits(width)), [1, 5, 0x7f, 0, 0, 1, 0x89abcdef]);
    assert.equal(reader.u16(), 0x1234);
    assert.ok(reader.isAtEnd);
    assert.throws(() => reader.bits(1), { code: "bad_frame" });
});

test("what is left of a byte is passed over, and the highest bit is the sign", () => {
    const reader = new Reader(Uint8Array.of(0x0f, 0x80, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x00, 0x00, 0x80), "bits");
    assert.equal(reader.signedBits(5), 15);
    assert.equal(reader.u8(), 0x80);
    assert.deepEqual([1, 31, 32].map((width) => reader.signedBits(width)), [-1, 2 ** 30 - 1, -(2 ** 31)]);
    assert.throws(() => new Reader(Uint8Array.of(255), "bits").bits(9), { code: "bad_frame" });
});
