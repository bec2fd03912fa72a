// Players who count: who is on a server by the word of both, with what account, and how many of one
// network.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthClient, DirectoryClient, MusterClient } from "../../sdk/js/index.js";
import { REPORTING_PLUGINS, Stranger, addKey, list, startDirectory, startNode } from "../kit/directory.mjs";
import { atEnd, eventually, queryDatabase, runFile } from "../kit/harness.mjs";
import { CheckedWebSocket } from "../kit/openrpc.mjs";

const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

/** Somebody of the directory; a guest, or one who registered so many hours ago. */
async function player(t, directory, name, { hours } = {}) {
    const auth = new AuthClient({ baseUrl: directory.httpUrl });
    atEnd(t, () => auth.stop());
    if (hours === undefined) await auth.guest({ displayName: name });
    else await auth.register({ username: name, password: "correct horse battery", displayName: name });
    const { playerId } = auth.current;
    if (hours)
        await runFile("sqlite3", [directory.databaseFile, ".timeout 5000",
            `UPDATE players SET created_at = created_at - ${hours * 3600000} WHERE player_id = '${playerId}'`]);
    const say = async (method, body) => directory.rest(method, "/v1/presence", body, bearer(await auth.accessToken()));
    return { auth, playerId, plays: (serverId) => say("POST", { serverId }), leaves: () => say("DELETE") };
}

/** A server of the list that says what it likes. */
async function stranger(t, directory, key, options) {
    const server = await new Stranger(directory, key, options).listen(t);
    await server.register();
    await server.beat({ players: 1000 });
    await eventually("it is listed", async () => (await list(directory)).some(({ serverId }) => serverId === server.serverId));
    server.tell = async (type, ...players) => {
        const activity = players.map((playerId) =>
            ({ key: `${type}-${++keys}`, type, playerId, lobbyId: "l", gameMode: "chess", at: Date.now() }));
        const { status } = await directory.rest("POST", `/v1/servers/${server.serverId}/activity`, { activity }, bearer(server.token));
        assert.equal(status, 200);
    };
    return server;
}
let keys = 0;

/** {claimed, players, verified} of a server. */
async function counts(directory, { serverId }) {
    const { body } = await directory.rest("GET", `/v1/servers/${serverId}`);
    return { claimed: body.claimedPlayers, players: body.players, verified: body.verifiedPlayers };
}

test("a thousand players whom a server claims are none", async (t) => {
    const directory = await startDirectory(t, { settings: { deadMs: 600000 } });
    const { key } = await addKey(directory);
    const server = await stranger(t, directory, key);
    for (let i = 0; i < 1000; i += 50) await server.tell("join", ...Array.from({ length: 50 }, (_, n) => `p${i + n}`));
    assert.deepEqual(await counts(directory, server), { claimed: 1000, players: 0, verified: 0 });
});

test("a player counts while both say so, on one server", async (t) => {
    const directory = await startDirectory(t, { settings: { deadMs: 600000 } });
    const { key } = await addKey(directory);
    const [one, other] = [await stranger(t, directory, key), await stranger(t, directory, key)];
    const ada = await player(t, directory, "ada", { hours: 25 });
    const words = async (server) => (await ada.plays(server.serverId)).body;
    assert.deepEqual(await words(one), { serverId: one.serverId, isConfirmed: false, againMs: 60000 });
    assert.equal((await counts(directory, one)).players, 0, "her word alone");
    await one.tell("join", ada.playerId);
    assert.deepEqual(await counts(directory, one), { claimed: 1000, players: 1, verified: 1 });
    const [visit] = await queryDatabase(directory, "SELECT is_claim FROM directory_activity");
    assert.equal(visit.is_claim, 0, "no claim any more");
    await other.tell("join", ada.playerId);
    assert.equal((await counts(directory, other)).players, 0, "another server's word alone");
    assert.equal((await words(other)).isConfirmed, true);
    assert.equal((await counts(directory, one)).players, 0);
    assert.equal((await counts(directory, other)).verified, 1);
    await other.tell("leave", ada.playerId);
    assert.deepEqual(await counts(directory, other), { claimed: 1000, players: 0, verified: 0 });
    await other.tell("join", ada.playerId);
    assert.equal((await counts(directory, other)).players, 1);
    assert.equal((await ada.leaves()).status, 204);
    assert.equal((await counts(directory, other)).players, 0);
});

test("guests and new accounts are people, but none that rank", async (t) => {
    const directory = await startDirectory(t, { settings: { deadMs: 600000 } });
    const { key } = await addKey(directory);
    const server = await stranger(t, directory, key);
    const people = [
        await player(t, directory, "guest"),
        await player(t, directory, "new", { hours: 0 }),
        await player(t, directory, "young", { hours: 23 }),
        await player(t, directory, "old", { hours: 25 }),
    ];
    await server.tell("join", ...people.map(({ playerId }) => playerId));
    for (const one of people) assert.equal((await one.plays(server.serverId)).body.isConfirmed, true);
    assert.deepEqual(await counts(directory, server), { claimed: 1000, players: 4, verified: 1 });
    assert.equal((await list(directory, "?verified=true")).length, 1);
});

test("many of one network count as eight", async (t) => {
    const directory = await startDirectory(t, { settings: { deadMs: 600000 } });
    const { key } = await addKey(directory);
    const server = await stranger(t, directory, key);
    const people = [];
    for (let i = 0; i < 12; i++) people.push(await player(t, directory, `farmed ${i}`));
    await server.tell("join", ...people.map(({ playerId }) => playerId));
    for (const one of people) await one.plays(server.serverId);
    assert.deepEqual(await counts(directory, server), { claimed: 1000, players: 8, verified: 0 });
    await server.tell("leave", ...people.slice(0, 5).map(({ playerId }) => playerId));
    assert.equal((await counts(directory, server)).players, 7);
});

test("who plays on a node counts there", async (t) => {
    const directory = await startDirectory(t, {});
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key, { config: { plugins: REPORTING_PLUGINS } });
    await node.waitForOutput(/"on the list of http/);
    const ada = await player(t, directory, "ada", { hours: 25 });
    const client = new MusterClient({ WebSocket: CheckedWebSocket });
    atEnd(t, () => client.close());
    await new DirectoryClient(ada.auth).play(client, { gameMode: "arena" });
    const [server] = await list(directory);
    await eventually("she counts", async () => (await counts(directory, server)).verified === 1);
    await client.leave();
    await eventually("she does not", async () => (await counts(directory, server)).players === 0);
});

test("nobody says where others play, or that they play nowhere", async (t) => {
    const directory = await startDirectory(t, {});
    const { key } = await addKey(directory);
    const server = await stranger(t, directory, key);
    const ada = await player(t, directory, "ada", { hours: 25 });
    for (const token of ["", "x", server.token, key])
        assert.equal((await directory.rest("POST", "/v1/presence", { serverId: server.serverId }, bearer(token))).status, 401);
    assert.equal((await ada.plays("no such server")).status, 404);
    assert.equal((await ada.plays(7)).status, 400);
    let last, asked = 0;
    while ((last = await ada.plays(server.serverId)).status === 200) asked++;
    assert.ok(asked >= 12);
    assert.equal(last.status, 429);
});
