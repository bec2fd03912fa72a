// What strangers, and guests who come again and again, may do: limits that nobody renews.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem } from "./contract.mjs";
import { RawSocket, guestToken, rawPlayer, startServer } from "./harness.mjs";

const word = (answer) => answer.error?.data?.code;

/** Calls until the server says rate_limited; how many were not. */
async function granted(socket, method, params, between = async () => {}) {
    for (let count = 0; count < 50; count++) {
        const answer = await socket.call(method, params);
        if (word(answer) === "rate_limited") {
            assert.ok(answer.error.data.retryAfterMs > 0);
            return count;
        }
        await between();
    }
    return assert.fail(`${method} has no limit`);
}

test("limits outlive connections, sessions and guests", async (t) => {
    const server = await startServer(t, {
        config: {
            net: { requestsPerSecond: 1, requestsBurst: 12 },
            lobby: { codeTriesPerMinute: 3, createPerMinute: 2, findPerMinute: 2 },
        },
    });
    const { socket: first } = await rawPlayer(t, server);
    assert.equal(await granted(first, "lobby.joinByCode", { code: "AAAA-AAAA" }), 3);
    const { socket: second } = await rawPlayer(t, server);
    assert.equal(await granted(second, "lobby.joinByCode", { code: "AAAA-AAAA" }), 0);
    const creates = await granted(second, "lobby.create", { gameMode: "arena" }, () =>
        second.call("lobby.leave"),
    );
    assert.equal(creates, 2);
    const { socket: third } = await rawPlayer(t, server);
    assert.equal(await granted(third, "lobby.create", { gameMode: "arena" }), 0);

    const { socket: busy, token } = await rawPlayer(t, server);
    assert.equal(await granted(busy, "match.find", { gameMode: "arena" }), 2);
    await granted(busy, "session.get", {});
    busy.ws.terminate();
    const again = await RawSocket.open(t, server);
    await again.authenticate(token.accessToken);
    assert.ok((await granted(again, "session.get", {})) <= 2, "the bucket is as it was left");
});

test("strangers of one address share one bucket, and admins have none", async (t) => {
    const server = await startServer(t, {
        config: { net: { strangerPerSecond: 1, strangerBurst: 12 } },
    });
    const socket = await RawSocket.open(t, server);
    const calls = await granted(socket, "session.ping", {});
    assert.ok(calls >= 2 && calls <= 12, `${calls}`);
    const refused = await server.rest("GET", "/livez");
    assertProblem(refused, 429, "rate_limited");
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    assert.equal(refused.headers.get("connection"), "close");
    for (let i = 0; i < 20; i++)
        assert.equal((await server.rest("GET", "/livez", undefined, { admin: true })).status, 200);
});

test("a stranger who goes on although refused is closed with 4005", async (t) => {
    const server = await startServer(t, {
        config: { net: { strangerPerSecond: 1, strangerBurst: 1 } },
    });
    const socket = await RawSocket.open(t, server);
    for (let i = 0; i < 30; i++) socket.send({ jsonrpc: "2.0", id: i, method: "session.ping" });
    assert.equal((await socket.closed).code, 4005);
});

test("a player who goes on although refused is closed, also when coming again", async (t) => {
    const server = await startServer(t, {
        config: { net: { requestsPerSecond: 1, requestsBurst: 1, messagesPerSecond: 1, messagesBurst: 100 } },
    });
    const token = await guestToken(server);
    for (let connections = 0; connections < 2; connections++) {
        const socket = await RawSocket.open(t, server);
        await socket.authenticate(token.accessToken);
        for (let i = 0; i < 30; i++)
            socket.send({ jsonrpc: "2.0", id: 100 + i, method: "session.get" });
        assert.equal((await socket.closed).code, 4005);
    }
});
