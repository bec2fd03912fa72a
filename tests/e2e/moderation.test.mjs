// What an operator does about players: the command table with its answers on each way in,
// announcements, kicks; bans, mutes, warnings and the whitelist.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAnswer, assertProblem } from "./contract.mjs";
import { connectPlayer, startServer } from "./harness.mjs";

let server;
const cleanups = [];
const suite = { after: (fn) => cleanups.push(fn) };

before(async () => {
    server = await startServer(suite, {
        config: { auth_local: { adminUsers: ["boss"] }, admin: { showAddresses: true } },
    });
});
after(async () => {
    for (const fn of cleanups.reverse()) await fn();
});

test("a command that does nothing says so in its status", async () => {
    for (const [command, status, code] of [
        ["kick", 400, "invalid_params"],
        ["kick nobody", 404, "not_found"],
        ["close nowhere", 404, "not_found"],
        ["terminateSession none", 404, "not_found"],
        ["createPlayerSession", 400, "invalid_params"],
        ["reload nothing", 404, "not_found"],
        ["log-level loud", 400, "invalid_params"],
        ["say", 400, "invalid_params"],
        ["nonsense", 404, "not_found"],
    ]) {
        const answer = await server.adminAnswer(command);
        assertAnswer("POST", "/v1/admin/command", answer);
        assertProblem(answer, status);
        assert.equal(answer.body.code, code, command);
    }
    assertAnswer("POST", "/v1/admin/command", await server.adminAnswer("status"));
});

test("players: who, what, where, from where", async (t) => {
    const { client, playerId } = await connectPlayer(t, server, { name: "Wanda W" });
    const { lobby } = await client.createLobby({ gameMode: "arena" });
    const line = (await server.admin("players")).split("\n").find((l) => l.startsWith(playerId));
    assert.equal(
        line.replace(/ \d+ ms$/, " 0 ms"),
        `${playerId} "Wanda W" guest local lobby ${lobby.lobbyId} address 127.0.0.1 0 ms`,
    );
});

test("addresses are hidden unless the operator wants them", async (t) => {
    const shy = await startServer(t, {});
    await connectPlayer(t, shy);
    const output = await shy.admin("players");
    assert.match(output, / address hidden /);
    assert.doesNotMatch(output, /127\.0\.0\.1/);
});

test("an announcement is heard by all, in a lobby or not, and is no chat", async (t) => {
    const inside = await connectPlayer(t, server);
    const outside = await connectPlayer(t, server);
    await inside.client.createLobby({ gameMode: "arena" });
    const heard = [inside, outside].map((p) => p.client.once("server.announcement", { timeoutMs: 20000 }));
    inside.client.on("lobby.chat", () => assert.fail("no chat"));
    await server.admin("say restart in\u202e 5 minutes");
    for (const { text, at } of await Promise.all(heard)) {
        assert.equal(text, "restart in 5 minutes");
        assert.ok(at > 1.7e12);
    }
});

test("a kick by name tells its reason, and frees the seat", async (t) => {
    const options = { reconnect: false };
    const { client } = await connectPlayer(t, server, { name: "Kick Me", options });
    const host = await connectPlayer(t, server);
    const { lobby } = await host.client.createLobby({ gameMode: "arena" });
    await client.joinLobby(lobby.lobbyId);
    const told = client.once("session.terminated", { timeoutMs: 20000 });
    const closed = client.once("closed", { timeoutMs: 20000 });
    assert.equal(await server.admin('kick "kick me" no\u001b[2J manners'), "kicked");
    assert.deepEqual(await told, { reason: "no[2J manners" });
    assert.equal((await closed).code, 4004);
    const now = await host.client.call("lobby.get", { lobbyId: lobby.lobbyId });
    assert.equal(now.currentPlayers, 1);
});

test("two of one name: the command asks for the id", async (t) => {
    await connectPlayer(t, server, { name: "Twin" });
    await connectPlayer(t, server, { name: "twin" });
    assertProblem(await server.adminAnswer("kick Twin"), 409);
});
