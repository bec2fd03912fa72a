// A place to play: players sign in at the directory, and play on the servers of its list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthClient, DirectoryClient, MusterClient } from "../../sdk/js/index.js";
import { atEnd, eventually } from "../kit/harness.mjs";
import { addKey, startDirectory, startNode } from "../kit/directory.mjs";
import { LinkedServer } from "../kit/directory_ends.mjs";
import { assertProblem } from "../kit/openapi.mjs";
import { CheckedWebSocket } from "../kit/openrpc.mjs";

/** A directory with servers that are on its list, by their names: {name: {region, ...server}}. */
async function startFleet(t, nodes, options = {}) {
    const directory = await startDirectory(t, options);
    const { key } = await addKey(directory);
    const started = await Promise.all(Object.entries(nodes).map(async ([name, { region, ...config }]) => {
        const server = { name, region, regions: [region], ...config.server };
        const node = await startNode(t, directory, key, { config: { ...config, server } });
        await node.waitForOutput(/"on the list of http/);
        return [name, node];
    }));
    return { directory, key, ...Object.fromEntries(started) };
}

/** Somebody who has signed in at the directory, and nowhere else. */
async function newcomer(t, directory, { displayName = "Ada", region = "north" } = {}) {
    const auth = new AuthClient({ baseUrl: directory.httpUrl });
    await auth.guest({ displayName, region });
    const client = new MusterClient({ WebSocket: CheckedWebSocket, backoff: { baseMs: 50, maxMs: 500 } });
    atEnd(t, () => {
        client.close();
        auth.stop();
    });
    return { auth, client, directory: new DirectoryClient(auth), playerId: auth.current.playerId };
}

test("a player of the directory plays on a server of the region", async (t) => {
    const { directory, near } = await startFleet(t, { near: { region: "north" }, far: { region: "south" } });
    const ada = await newcomer(t, directory, { displayName: "Ada" });
    const bob = await newcomer(t, directory, { displayName: "Bob" });
    const entry = await ada.directory.play(ada.client, { gameMode: "arena" });
    assert.equal(ada.client.url, near.wsUrl);
    assert.equal(ada.client.session.playerId, ada.playerId);
    assert.equal(ada.client.session.displayName, "Ada");
    const same = await bob.directory.play(bob.client, { gameMode: "arena" });
    assert.equal(same.lobby.lobbyId, entry.lobby.lobbyId, "they meet");
    await Promise.all([ada, bob].map(({ client }) => client.once("snapshot", { timeoutMs: 30000 })));
});

test("where nobody has room in the region, another one does", async (t) => {
    const { directory, far } = await startFleet(t, { near: { region: "north", server: { maxPlayers: 1 } }, far: { region: "south" } });
    const first = await newcomer(t, directory);
    await first.directory.play(first.client, { gameMode: "arena" });
    const second = await newcomer(t, directory);
    await second.directory.play(second.client, { gameMode: "arena" });
    assert.equal(second.client.url, far.wsUrl);
    const error = await second.directory.allocate({ gameMode: "chess" }).catch((why) => why);
    assert.deepEqual([error.code, error.status], ["no_server", 503]);
});

/** POST /v1/allocations, whose answer docs/openapi-directory.yaml allows. */
const ask = (directory, token, body) =>
    directory.rest("POST", "/v1/allocations", body, token ? { headers: { Authorization: `Bearer ${token}` } } : {});

test("the least loaded server of the region, degraded ones last", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const join = (serverName, status, info = {}) => LinkedServer.join(t, directory, key, { info: { serverName, ...info }, status });
    await join("full", { players: 10, playersMax: 10, freeSeats: 0 });
    await join("draining", { status: "maintenance" });
    await join("degraded", { status: "degraded" });
    await join("hot", { health: { cpuUsage: 0.9, memoryUsage: 0, diskUsage: 0, networkLatency: 0, activeConnections: 0, errorRate: 0 } });
    await join("far", {}, { region: "south" });
    await join("another mode", {}, { supportedGameModes: ["go"] });
    const half = await join("half", { players: 50, freeSeats: 50 });
    const third = await join("third", { players: 30, freeSeats: 70 });
    const { auth, playerId } = await newcomer(t, directory);
    const token = auth.current.accessToken;
    const found = async (more = {}) => {
        const { status, body } = await ask(directory, token, { gameMode: "chess", ...more });
        assert.equal(status, 201, JSON.stringify(body));
        return body.serverName;
    };
    assert.equal(await found(), "third");
    assert.equal(await found({ region: "south" }), "far");
    assert.equal(await found({ gameMode: "go" }), "another mode");
    assert.equal(await found({ serverId: half.serverId, lobbyId: "l1" }), "half");
    const { kind, playerId: who, displayName, lobbyId } = half.orders.at(-1);
    assert.deepEqual([kind, who, displayName, lobbyId], ["reserve", playerId, "Ada", "l1"]);
    third.answer = () => ({ status: "refused", reason: "no" });
    assert.equal(await found(), "half", "one that refuses is passed over");
    third.answer = () => null;
    assert.equal(await found(), "half", "one that says nothing, too");
    for (const nonsense of [{ status: "ok" }, { status: "ok", lobbyId: 7, epoch: 1 }, { status: "ok", lobbyId: "x".repeat(64), epoch: 1 }, { status: "ok", lobbyId: "l", epoch: "1" }]) {
        third.answer = () => nonsense;
        assertProblem(await ask(directory, token, { gameMode: "chess", serverId: third.serverId }), 503, "no_server", "or nonsense");
    }
    third.say({ type: "done", order: 1, status: "ok" });
    third.say({ type: "done", order: {}, status: "ok" });
    half.answer = ({ order, kind }) => {
        if (kind === "reserve") third.say({ type: "done", order, status: "ok", lobbyId: "stolen", epoch: 1 });
        return { status: "refused" };
    };
    third.answer = () => ({ status: "refused" });
    const { body } = await ask(directory, token, { gameMode: "chess" });
    assert.notEqual(body.lobbyId, "stolen", "nobody answers for another");
});

test("who may ask, and for what", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const server = await LinkedServer.join(t, directory, key);
    const { auth } = await newcomer(t, directory);
    const token = auth.current.accessToken;
    const good = (await ask(directory, token, { gameMode: "chess" })).body;
    for (const bad of [undefined, "x", server.serverToken, key, good.token, `${token.slice(0, -6)}AAAAAA`, token.replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString("base64url"))])
        assertProblem(await ask(directory, bad, { gameMode: "chess" }), 401, "token_invalid");
    for (const bad of [{}, [], { gameMode: 1 }, { gameMode: "x".repeat(48) }, { gameMode: "chess", region: {} }, { gameMode: "chess", lobbyId: "l" }, { gameMode: "chess", serverId: "s".repeat(37) }])
        assertProblem(await ask(directory, token, bad), 400, "invalid_params");
    assertProblem(await ask(directory, token, { gameMode: "chess", serverId: "nowhere" }), 503, "no_server");
    server.answer = () => null;
    const [first, second] = await Promise.all([1, 2].map(() => ask(directory, token, { gameMode: "chess" })));
    assert.deepEqual([first.status, second.status].sort(), [409, 503], "one at a time");
    assertProblem(await ask(directory, token, { gameMode: "chess" }), 503, "no_server");
    assert.equal(server.orders.length, 2, "who says nothing is passed over for a while");
    server.answer = () => ({ status: "ok", lobbyId: "l", epoch: 1 });
    const refused = await eventually("it is too often", async () => {
        const answer = await ask(directory, token, { gameMode: "chess", serverId: server.serverId });
        return answer.status === 429 && answer;
    });
    assertProblem(refused, 429, "rate_limited");
    assert.match(refused.headers.get("ratelimit-policy"), /;q=30;w=60$/);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    const other = await newcomer(t, directory);
    assert.equal((await ask(directory, other.auth.current.accessToken, { gameMode: "chess" })).status, 201);
});

test("a server that drains, is dead or stands still is passed over", async (t) => {
    const north = { region: "north" };
    const { directory, drained, dead, still, far } = await startFleet(t, { drained: north, dead: north, still: north, far: { region: "south" } });
    const ada = await newcomer(t, directory);
    await drained.admin("drain");
    dead.signal("SIGKILL");
    await dead.ended();
    still.signal("SIGSTOP");
    await ada.directory.play(ada.client, { gameMode: "arena" }).finally(() => still.signal("SIGCONT"));
    assert.equal(ada.client.url, far.wsUrl);
});

test("one session in the whole network: the newer one wins", async (t) => {
    const { directory, near, far } = await startFleet(t, { near: { region: "north" }, far: { region: "south" } });
    const ada = await newcomer(t, directory);
    await ada.directory.play(ada.client, { gameMode: "arena", region: "north" });
    assert.equal(ada.client.url, near.wsUrl);
    const closed = ada.client.once("closed", { timeoutMs: 20000 });
    const again = new MusterClient({ WebSocket: CheckedWebSocket });
    atEnd(t, () => again.close());
    await ada.directory.play(again, { gameMode: "arena", region: "south" });
    assert.equal(again.url, far.wsUrl);
    assert.equal((await closed).code, 4004);
    await eventually("near is empty", async () => /^0 players/.test(await near.admin("players")));
    assert.equal(again.state, "online");
    // A ticket that was not used leads in no more once there is a newer one elsewhere.
    const unused = await ada.directory.allocate({ gameMode: "arena", region: "north" });
    await ada.directory.allocate({ gameMode: "arena", region: "south" });
    await eventually("it is void", async () => {
        const late = new MusterClient({ WebSocket: CheckedWebSocket, reconnect: false });
        const error = await late.connectToSeat(unused.token, unused.url).catch((why) => why);
        late.close();
        return error.code === "token_invalid" && /sent to another server/.test(error.message);
    });
});

test("a directory that stops, and a server that goes, leave no request open", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const server = await LinkedServer.join(t, directory, key);
    const asked = async () => {
        const { auth } = await newcomer(t, directory);
        const before = server.orders.length;
        const answer = ask(directory, auth.current.accessToken, { gameMode: "chess" });
        await eventually("it is asked", () => server.orders.length > before);
        return { answer };
    };
    server.answer = () => null;
    const first = await asked();
    const other = await LinkedServer.join(t, directory, key);
    server.leave();
    assert.equal((await first.answer).body.serverId, other.serverId, "another one is asked at once");
    other.answer = () => null;
    server.orders = other.orders;
    const second = await asked();
    const failed = second.answer.then(({ status }) => status, () => "cut");
    await directory.stop();
    assert.ok([503, "cut"].includes(await failed));
});

test("who says nothing, or refuses several, keeps nobody from the others", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const join = (info = {}) => LinkedServer.join(t, directory, key, { info });
    const silent = await Promise.all([1, 2, 3, 4].map(() => join()));
    for (const server of silent) server.answer = () => null;
    const good = await join({ region: "south" });
    const [ada, bob, cyd] = await Promise.all(["Ada", "Bob", "Cyd"].map((displayName) => newcomer(t, directory, { displayName })));
    const asks = ({ auth }, more = {}) => ask(directory, auth.current.accessToken, { gameMode: "chess", ...more });
    assertProblem(await asks(ada), 503, "no_server");
    assert.equal((await asks(ada)).body.serverId, good.serverId);
    const [one] = silent;
    one.answer = () => ({ status: "ok", lobbyId: "l", epoch: 1 });
    assert.equal((await asks(bob, { serverId: one.serverId })).status, 201, "by its name it is asked");
    one.answer = () => ({ status: "refused" });
    const reserves = () => one.orders.filter(({ kind }) => kind === "reserve").length;
    const before = reserves();
    for (const player of [ada, ada, bob, cyd]) assert.equal((await asks(player)).body.serverId, good.serverId);
    assert.equal(reserves() - before, 3, "one player's refusals are that player's");
});

test("a server that is gone for good is nowhere any more", async (t) => {
    const directory = await startDirectory(t, { settings: { serversPerKey: 1 } });
    const { key } = await addKey(directory);
    const first = await LinkedServer.join(t, directory, key);
    const { auth } = await newcomer(t, directory);
    const asks = () => ask(directory, auth.current.accessToken, { gameMode: "chess" });
    assert.equal((await asks()).body.serverId, first.serverId);
    const gone = await directory.rest("DELETE", `/v1/servers/${first.serverId}`, undefined, { headers: { Authorization: `Bearer ${first.serverToken}` } });
    assert.equal(gone.status, 204);
    const next = await LinkedServer.join(t, directory, key);
    assert.equal((await directory.rest("GET", `/v1/servers/${first.serverId}`)).status, 404);
    assert.equal((await asks()).body.serverId, next.serverId);
});
