// JSON-RPC 2.0: ids, batches, timeouts, typed errors; against a channel of this file's own and
// against a ws server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mock, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { Connection, MusterError, RpcClient } from "../../../sdk/js/index.js";

function channel() {
    const sent = [];
    const notes = [];
    const faults = [];
    const rpc = new RpcClient({
        send: (text) => sent.push(JSON.parse(text)),
        onNotification: (method, params) => notes.push({ method, params }),
        onProtocolError: (error) => faults.push(error.message),
        timeoutMs: 1000,
    });
    return { rpc, sent, notes, faults, answer: (value) => rpc.receive(JSON.stringify(value)) };
}

test("answers find their calls, in any order", async () => {
    const { rpc, sent, answer } = channel();
    const a = rpc.call("a", { x: 1 });
    const b = rpc.call("b");
    assert.deepEqual(sent[0], { jsonrpc: "2.0", id: sent[0].id, method: "a", params: { x: 1 } });
    assert.notEqual(sent[0].id, sent[1].id);
    answer({ jsonrpc: "2.0", id: sent[1].id, result: "B" });
    answer({ jsonrpc: "2.0", id: sent[0].id, result: null });
    assert.equal(await b, "B");
    assert.equal(await a, null);
    assert.equal(rpc.pending, 0);
});

test("errors carry the word, the number and the data", async () => {
    const { rpc, sent, answer } = channel();
    const call = rpc.call("a");
    answer({ jsonrpc: "2.0", id: sent[0].id, error: { code: -32003, message: "Slow down.",
        data: { code: "rate_limited", retryAfterMs: 250 } } });
    await assert.rejects(call, (error) => {
        assert.ok(error instanceof MusterError);
        assert.equal(error.code, "rate_limited");
        assert.equal(error.rpcCode, -32003);
        assert.equal(error.data.retryAfterMs, 250);
        assert.equal(error.message, "Slow down.");
        return true;
    });
    const plain = rpc.call("a");
    answer({ jsonrpc: "2.0", id: sent[1].id, error: { code: -32601, message: "?" } });
    await assert.rejects(plain, { code: "method_not_found" });
});

test("a batch has one outcome each, in order", async () => {
    const { rpc, sent, answer } = channel();
    const batch = rpc.batch([{ method: "a" }, { method: "b" }]);
    const [first, second] = sent[0];
    answer([{ jsonrpc: "2.0", id: second.id, error: { code: -32004, message: "no",
        data: { code: "not_found" } } }, { jsonrpc: "2.0", id: first.id, result: 1 }]);
    const [a, b] = await batch;
    assert.equal(a.result, 1);
    assert.equal(b.error.code, "not_found");
    await assert.rejects(rpc.batch([]), RangeError);
    await assert.rejects(rpc.batch(Array(17).fill({ method: "a" })), RangeError);
});

test("a call without an answer times out, and its late answer is dropped", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
        const { rpc, sent, answer, faults } = channel();
        const call = rpc.call("a");
        mock.timers.tick(999);
        assert.equal(rpc.pending, 1);
        mock.timers.tick(1);
        await assert.rejects(call, { code: "timeout" });
        answer({ jsonrpc: "2.0", id: sent[0].id, result: 1 });
        answer({ jsonrpc: "2.0", id: sent[0].id, error: { code: -1, message: "too late" } });
        assert.deepEqual(faults, []);
        answer({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "unreadable" } });
        assert.deepEqual(faults, ["unreadable"]);
    } finally {
        mock.timers.reset();
    }
});

test("what is answered, refused or failed leaves no timer behind", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const { rpc, sent, answer } = channel();
    const before = timers();
    const calls = ["a", "b", "c"].map((method) => rpc.call(method).catch(({ code }) => code));
    assert.equal(timers(), before + 3);
    answer({ jsonrpc: "2.0", id: sent[0].id, result: 1 });
    answer({ jsonrpc: "2.0", id: sent[1].id, error: { code: -32601, message: "no" } });
    assert.equal(timers(), before + 1);
    rpc.fail(new MusterError("connection_lost", "gone"));
    assert.deepEqual([await Promise.all(calls), timers(), rpc.pending], [[1, "method_not_found", "connection_lost"], before, 0]);
});

test("accept runs before anything later in the same channel", async () => {
    const { rpc, sent, answer, notes } = channel();
    const seen = [];
    const call = rpc.call("a", {}, { accept: () => seen.push(`result after ${notes.length}`) });
    answer({ jsonrpc: "2.0", id: sent[0].id, result: 1 });
    answer({ jsonrpc: "2.0", method: "later", params: {} });
    assert.deepEqual(seen, ["result after 0"]);
    assert.equal(notes.length, 1);
    await call;
});

test("what is not JSON-RPC is reported and harms nothing", () => {
    const { rpc, faults, notes } = channel();
    for (const text of ["{", "1", "null", "[3]", '{"id":1,"result":1}']) rpc.receive(text);
    assert.equal(faults.length, 5);
    rpc.receive('{"jsonrpc":"2.0","method":"ok"}');
    assert.deepEqual(notes, [{ method: "ok", params: {} }]);
});

test("over a real socket: calls, the subprotocol, and the end", async (t) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    t.after(() => server.close());
    await once(server, "listening");
    server.on("connection", (socket) => socket.on("message", (data) => {
        const { id, method, params } = JSON.parse(data.toString());
        if (method === "echo") socket.send(JSON.stringify({ jsonrpc: "2.0", id, result: params }));
        if (method === "die") socket.close(4006, "too slow");
    }));
    const closes = [];
    const connection = new Connection(`ws://127.0.0.1:${server.address().port}`, {
        onNotification: () => {},
        onSnapshot: () => {},
        onClose: (code, reason) => closes.push([code, reason]),
    }, { WebSocket });
    assert.equal(connection.isOpen, false);
    await connection.open();
    assert.equal(connection.isOpen, true);
    assert.equal([...server.clients][0].protocol, "muster.v1");
    assert.deepEqual(await connection.call("echo", { a: 1 }), { a: 1 });
    await assert.rejects(connection.call("die"), { code: "connection_lost", closeCode: 4006 });
    assert.deepEqual([closes, connection.isOpen], [[[4006, "too slow"]], false]);
    await assert.rejects(connection.call("echo"), { code: "connection_lost" });
    assert.equal(connection.sendBinary(new Uint8Array(1)), false);
});

test("a server that is not there", async () => {
    const handlers = { onNotification: () => {}, onSnapshot: () => {}, onClose: () => {} };
    const connection = new Connection("ws://127.0.0.1:9", handlers, { WebSocket });
    await assert.rejects(connection.open(), { code: "connect_failed" });
});
