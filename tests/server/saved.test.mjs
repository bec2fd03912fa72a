// Lobbies that stand for a while.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startServer } from "../kit/harness.mjs";
import { connectPlayer, gather, refused, sitDown } from "../kit/players.mjs";
import { playAgain } from "../kit/recording.mjs";

const WAIT = { timeoutMs: 20000 };
const LONG = { killLimit: 50, botFill: 4 };

test("a frozen match stands, is shown so, and goes on at the next tick", async (t) => {
    const server = await startServer(t);
    const [a, b] = await gather(t, server, 2);
    const lobbyId = await sitDown([a, b], LONG);
    await a.client.once("snapshot", WAIT);
    const lines = [];
    a.client.on("line", (line) => lines.push(line));
    assert.match(await server.admin(`lobby freeze ${lobbyId}`), /frozen/);
    await eventually("the other player is told", () => b.client.entry.lobby.frozen);
    assert.match(await server.adminRefusal(`lobby freeze ${lobbyId}`), /already/);
    assert.match(await server.admin("lobbies"), / active frozen /);
    const { tick } = await a.client.scoreboard();
    const { client: late } = await connectPlayer(t, server);
    const error = await refused(late.joinLobby(lobbyId), "wrong_state");
    assert.equal(error.data.reason, "frozen");
    assert.equal((await server.rest("GET", `/v1/lobbies/${lobbyId}`)).body.frozen, true);
    assert.equal((await a.client.scoreboard()).tick, tick);
    const next = a.client.once("snapshot", WAIT);
    await server.admin(`lobby thaw ${lobbyId}`);
    const snapshot = await next;
    assert.deepEqual([snapshot.tick, snapshot.usable], [tick + 1, true]);
    assert.deepEqual(lines, [], "a match that stands is no silent server");
    assert.equal(a.client.entry.lobby.frozen, false);
    assert.match(await server.adminRefusal(`lobby thaw ${lobbyId}`), /not frozen/);
    assert.match(await server.adminRefusal("lobby freeze nothing"), /no such lobby/);
    await server.adminRefusal("lobby");
    await late.joinLobby(lobbyId);
    await playAgain(server);
});
