// A JSON-RPC 2.0 client that knows nothing of muster must interoperate.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { JSONRPCClient, JSONRPCServer, JSONRPCServerAndClient } from "json-rpc-2.0";
import { atEnd, startServer } from "../kit/harness.mjs";
import { CheckedWebSocket } from "../kit/openrpc.mjs";
import { guestToken } from "../kit/players.mjs";

async function connect(t, server) {
    const ws = new CheckedWebSocket(server.wsUrl, "muster.v1");
    atEnd(t, () => ws.terminate());
    await once(ws, "open");
    const peer = new JSONRPCServerAndClient(
        new JSONRPCServer(),
        new JSONRPCClient((request) => ws.send(JSON.stringify(request))),
    );
    ws.on("message", (data, binary) => {
        if (!binary) peer.receiveAndSend(JSON.parse(data.toString()));
    });
    return peer;
}

test("requests, errors, notifications and batches of the npm package json-rpc-2.0", async (t) => {
    const server = await startServer(t, {});
    const peer = await connect(t, server);
    const info = await peer.request("server.info", {});
    assert.equal(info.protocol, "muster.v1");

    const { accessToken, playerId } = await guestToken(server);
    const { session } = await peer.request("session.authenticate", { token: accessToken });
    assert.equal(session.playerId, playerId);

    const error = await peer
        .request("lobby.get", { lobbyId: "nowhere" })
        .then(null, (reason) => reason);
    assert.equal(error.code, -32004);
    assert.equal(error.data.code, "not_found");
    const unknown = await peer.request("no.such.method").then(null, (reason) => reason);
    assert.equal(unknown.code, -32601);

    const updated = new Promise((resolve) => peer.addMethod("lobby.members", resolve));
    const { seatTicket } = await peer.request("lobby.create", { gameMode: "arena" });
    const entry = await peer.request("lobby.enter", { seatTicket });
    assert.ok(entry.resumeToken);
    const other = await connect(t, server);
    await other.request("session.authenticate", { token: (await guestToken(server)).accessToken });
    const seat = await other.request("lobby.join", { lobbyId: entry.lobby.lobbyId });
    await other.request("lobby.enter", { seatTicket: seat.seatTicket });
    assert.ok((await updated).members.length >= 1);

    const answers = await peer.requestAdvanced([
        { jsonrpc: "2.0", id: "a", method: "session.get" },
        { jsonrpc: "2.0", id: "b", method: "no.such.method" },
        { jsonrpc: "2.0", id: 3, method: "session.ping", params: {} },
    ]);
    const byId = new Map(answers.map((answer) => [answer.id, answer]));
    assert.equal(byId.size, 3);
    assert.equal(byId.get("a").result.playerId, playerId);
    assert.equal(byId.get("b").error.code, -32601);
    assert.ok(byId.get(3).result.serverTimeMs > 0);
});
