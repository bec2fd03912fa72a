// The list of servers: who is on it, who is not and is told why.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, queryDatabase, runFile } from "../kit/harness.mjs";
import { assertProblem } from "../kit/openapi.mjs";
import { Stranger, addKey, list, standing, startDirectory, startNode } from "../kit/directory.mjs";

test("a node with three settings is on the list", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key, { config: { server: { name: "Ada's server", region: "local" } } });
    await node.waitForOutput(/"on the list of http/);
    const [server, ...others] = await list(directory);
    assert.deepEqual(others, []);
    assert.equal(server.serverName, "Ada's server");
    assert.equal(server.region, "local");
    assert.equal(server.address, "127.0.0.1");
    assert.equal(server.port, node.port);
    assert.deepEqual(server.supportedGameModes, ["arena", "free_for_all"]);
    assert.equal(server.status, "healthy");
    const one = (await directory.rest("GET", `/v1/servers/${server.serverId}`)).body;
    assert.deepEqual(Object.keys(one.health.metrics).sort(), [
        "activeConnections", "cpuUsage", "diskUsage", "errorRate", "memoryUsage", "networkLatency"]);
    assert.ok(one.health.metrics.memoryUsage > 0 && one.health.metrics.memoryUsage < 1);
    assert.match(await node.admin("directory"), new RegExp(`listed, server ${server.serverId}$`));
    assert.equal(await node.metric("muster_directory_listed"), 1);
    await eventually("another beat", async () => {
        const { health } = (await directory.rest("GET", `/v1/servers/${server.serverId}`)).body;
        return health.lastHeartbeat > one.health.lastHeartbeat && health.metrics.cpuUsage > 0;
    });
});

test("a node that stops in order is off the list at once", async (t) => {
    const directory = await startDirectory(t, { settings: { deadMs: 600000 } });
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    await node.stop();
    assert.deepEqual(await list(directory), []);
});

test("a program that is no muster joins by REST and a proof by hand", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const stranger = await new Stranger(directory, key).listen(t);
    const granted = await stranger.register();
    assert.equal(granted.status, 201);
    assert.equal(granted.body.status, "probing");
    assert.equal(stranger.asked, 0, "it is asked once it has beaten");
    await standing(stranger, "listed");
    const [server] = await list(directory);
    assert.equal(server.serverId, stranger.serverId);
    assert.equal(server.claimedPlayers, 3);
    assert.equal(server.verifiedPlayers, 0);
    assert.deepEqual(server.lobbies, [{ gameMode: "chess", state: "active", count: 1 }]);
    const token = stranger.token;
    const again = await stranger.register();
    assert.equal(again.body.serverId, server.serverId, "the same key, address and port: the same server");
    assertProblem(await stranger.beat({}, token), 401, "token_invalid");
    stranger.bootId++;
    await standing(stranger, "listed");
});

test("a new token ends the one before, after a while", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const stranger = await new Stranger(directory, key).join(t);
    const url = `/v1/servers/${stranger.serverId}/token`;
    const { status, body } = await directory.rest("POST", url, undefined, stranger.headers(stranger.token));
    assert.equal(status, 200);
    assert.notEqual(body.serverToken, stranger.token);
    assert.equal((await stranger.beat()).status, 200, "for a minute");
    assert.equal((await stranger.beat({}, body.serverToken)).status, 200);
    const once = await directory.rest("POST", url, undefined, stranger.headers(body.serverToken));
    assertProblem(await stranger.beat(), 401, "token_invalid");
    assert.equal((await stranger.beat({}, once.body.serverToken)).status, 200);
});

test("who has no right is refused", async (t) => {
    const directory = await startDirectory(t);
    const { id, key } = await addKey(directory);
    const mine = await new Stranger(directory, key).join(t);
    const other = await new Stranger(directory, (await addKey(directory, "Bob")).key).join(t);
    for (const wrong of ["mk_wrong", `${key}x`, key.slice(0, -1), mine.token, "", `mk_${"A".repeat(43)}`])
        assertProblem(await new Stranger(directory, wrong, { port: 5000 }).register(), 401, "key_invalid");
    for (const token of [other.token, key, "", `st_${"A".repeat(43)}`]) {
        assertProblem(await mine.beat({}, token), 401, "token_invalid");
        for (const [method, rest] of [["POST", "/token"], ["DELETE", ""]])
            assertProblem(await directory.rest(method, `/v1/servers/${mine.serverId}${rest}`, undefined, mine.headers(token)),
                401, "token_invalid");
    }
    assertProblem(await directory.rest("PUT", "/v1/servers/nobody/status", mine.beatBody(), mine.headers(mine.token)), 401);
    assertProblem(await directory.rest("POST", `/v1/servers/${mine.serverId}/status`, {}), 405, "method_not_allowed");
    assertProblem(await directory.rest("GET", `/v1/servers/${mine.serverId}/nothing`), 404, "not_found");
    await standing(mine, "listed");
    await standing(other, "listed");

    assert.match(await directory.admin(`directory.key revoke ${id}`), /is revoked, and 1 servers with it/);
    assert.deepEqual((await list(directory)).map(({ serverId }) => serverId), [other.serverId]);
    assertProblem(await mine.beat(), 401, "token_invalid");
    assertProblem(await mine.register(), 401, "key_invalid");
    assert.match(await directory.admin(`directory.key revoke ${id}`), /is revoked, and 0 servers with it/, "again, in case it was not written");
    assert.match(await directory.adminRefusal("directory.key revoke nothing"), /there is no such key/);
    assert.match(await directory.admin("directory.key list"), /Ada, 0 servers, revoked[^]*Bob, 1 servers|Bob, 1 servers[^]*Ada, 0 servers, revoked/);
});

test("a beat that is not newer is refused, and so is an older start", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const stranger = await new Stranger(directory, key).listen(t);
    await stranger.register();
    const at = (bootId, sequence) => stranger.beat({ bootId, sequence });
    assert.equal((await at(1000, 5)).status, 200);
    for (const [bootId, sequence] of [[1000, 5], [1000, 4], [999, 6]])
        assertProblem(await at(bootId, sequence), 409, "conflict");
    assert.equal((await at(1000, 6)).status, 200);
    assert.equal((await at(1001, 1)).status, 200);
    assertProblem(await at(1000, 7), 409, "conflict");
});

test("a registration or a beat that does not fit says what is expected", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const stranger = await new Stranger(directory, key).listen(t);
    const wrong = {
        port: [80, 1023, 65536, -1, "443", 1e10], address: ["", "a b", "x/y", "..", "[::1]", "-a", ":", 4, "a".repeat(254)],
        region: ["", "EU", "a/b", 1], serverName: ["", "\u200b", 3], maxLobbies: [0, -1, 100001, 1.5],
        supportedGameModes: ["chess", ["Chess"], [1], Array(65).fill("a")], version: ["", "a b", "\u00e9"],
        tags: [["A"], "fun", Array(9).fill("a")], adminContact: ["x".repeat(129), null], tls: ["yes"],
    };
    for (const [field, values] of Object.entries(wrong))
        for (const value of values) {
            const answer = await stranger.register({ [field]: value });
            assertProblem(answer, 400, "invalid_params");
            if (!["number", "object"].includes(typeof value)) assert.match(answer.body.detail, new RegExp(field));
        }
    for (const field of ["serverName", "region", "maxLobbies", "supportedGameModes", "version", "adminContact", "address", "port"])
        assertProblem(await stranger.register({ [field]: undefined }), 400, "invalid_params");
    assertProblem(await directory.rest("POST", "/v1/servers", "[1]", stranger.headers(key)), 400, "invalid_params");
    assertProblem(await directory.rest("POST", "/v1/servers", '{"a":1,"a":1}', stranger.headers(key)), 400, "invalid_params");
    await stranger.register();
    const beats = {
        bootId: [0, "1", 1.5], sequence: [0, null], status: ["fine", 1], health: [{}, [], undefined], tickLatenessMs: [-1, "1"],
        players: [-1, 1000001, 1.5], lobbies: [{}, [1], [{ gameMode: "chess" }], [{ gameMode: "chess", state: "active", count: -1 }],
            Array(129).fill({ gameMode: "chess", state: "active", count: 1 })],
    };
    for (const [field, values] of Object.entries(beats))
        for (const value of values) assertProblem(await stranger.beat({ [field]: value }), 400, "invalid_params");
    await standing(stranger, "listed");
});

test("the list is filtered, paged and tagged, and claims rank nothing", async (t) => {
    const directory = await startDirectory(t, { settings: { suspectMs: 60000, deadMs: 600000 } });
    const { key } = await addKey(directory);
    const add = async (name, info, beat) => {
        const stranger = await new Stranger(directory, key, { name, info }).listen(t);
        await stranger.register();
        await stranger.beat(beat);
        return stranger;
    };
    await add("Café Paris", { region: "eu", tags: ["fun", "chill"] }, { players: 99, freeSeats: 1 });
    await add("Berlin", { region: "eu", supportedGameModes: ["arena", "chess"] }, { players: 1 });
    await add("Tokyo", { region: "asia", version: "2.0" }, {});
    await add("Lima", { region: "sa" }, { status: "degraded", players: 1000 });
    await eventually("all four", async () => (await list(directory)).length === 4);
    const names = async (query) => (await list(directory, query)).map(({ serverName }) => serverName).sort();
    assert.deepEqual(await names("?region=eu"), ["Berlin", "Café Paris"]);
    assert.deepEqual(await names("?gameMode=arena"), ["Berlin"]);
    assert.deepEqual(await names("?version=2.0&region=asia"), ["Tokyo"]);
    assert.deepEqual(await names("?tag=chill"), ["Café Paris"]);
    assert.deepEqual(await names("?text=PARIS"), ["Café Paris"]);
    assert.deepEqual(await names("?freeSeats=2&region=eu"), ["Berlin"]);
    assert.deepEqual(await names("?verified=true"), []);
    assert.deepEqual(await names("?verified=false&region=sa"), ["Lima"]);
    assert.equal((await list(directory)).at(-1).serverName, "Lima", "who is well comes first, whatever the others claim");
    for (const query of ["?region=eu&region=eu", "?limit=0", "?limit=101", "?limit=x", "?cursor=x", "?cursor=0.0.", "?freeSeats=-1",
        "?verified=yes", `?text=${"a".repeat(64)}`, "?regoin=eu"])
        assertProblem(await directory.rest("GET", `/v1/servers${query}`), 400, "invalid_params");
    for (const query of ["?region=%0D&limit=x", "?text=%0a", "?region=%zz"])
        assertProblem(await directory.rest("GET", `/v1/servers${query}`), 400);

    const seen = [];
    let cursor = "";
    do {
        const { body } = await directory.rest("GET", `/v1/servers?limit=1${cursor && `&cursor=${cursor}`}`);
        assert.equal(body.servers.length, 1);
        seen.push(body.servers[0].serverId);
        cursor = body.nextCursor;
    } while (cursor);
    assert.deepEqual(seen, (await list(directory)).map(({ serverId }) => serverId));

    const first = await directory.rest("GET", "/v1/servers?region=eu");
    const headers = { "If-None-Match": first.headers.get("etag") };
    const second = await directory.rest("GET", "/v1/servers?region=eu", undefined, { headers });
    assert.equal(second.status, 304);
    assert.equal((await directory.rest("GET", "/v1/servers?region=asia", undefined, { headers })).status, 200);
});

test("a key that is revoked is so for its servers, too, whatever the database says of them", async (t) => {
    const directory = await startDirectory(t);
    const { id, key } = await addKey(directory);
    const mine = await new Stranger(directory, key).join(t);
    await standing(mine, "listed");
    mine.silence();
    await directory.stop();
    // As when the rows of the servers could not be written with that of the key.
    await runFile("sqlite3", [directory.databaseFile, `UPDATE directory_keys SET revoked_at = 1 WHERE key_id = '${id}'`]);
    const again = await startDirectory(t, { dir: directory.dir });
    mine.directory = again;
    const answer = await eventually("it has read them", async () => {
        const beat = await mine.beat();
        return beat.status !== 503 && beat;
    });
    assertProblem(answer, 401, "token_invalid");
    assert.match(await again.admin("directory.key list"), /Ada, 0 servers, revoked/);
});

test("a key registers so often, and so many", async (t) => {
    const directory = await startDirectory(t, { settings: { registrationsPerMinute: 5, serversPerKey: 2 } });
    const { key } = await addKey(directory);
    const at = (port) => new Stranger(directory, key, { port });
    const [first, second] = [at(5001), at(5002)];
    for (const stranger of [first, second]) assert.equal((await stranger.register()).status, 201);
    assertProblem(await at(5003).register(), 409, "too_many_servers");
    await directory.rest("DELETE", `/v1/servers/${first.serverId}`, undefined, first.headers(first.token));
    assert.equal((await at(5003).register()).status, 201, "in place of one that has left");
    const again = await second.register();
    assert.equal(again.body.serverId, second.serverId);
    const limited = await second.register();
    assertProblem(limited, 429, "rate_limited");
    assert.equal(limited.headers.get("ratelimit-policy"), '"key";q=5;w=60');
    assert.match(limited.headers.get("ratelimit"), /^"key";r=0;t=1\d$/);
    assert.ok(Number(limited.headers.get("retry-after")) >= 10);
    const other = new Stranger(directory, (await addKey(directory, "Bob")).key, { port: 5001 });
    assert.equal((await other.register()).status, 201);
});

test("a node is told that its key is not good, once, and of a key that is revoked", async (t) => {
    const directory = await startDirectory(t);
    const lost = await startNode(t, directory, `mk_${"A".repeat(43)}`);
    await lost.waitForOutput(/"not on the list of http.*: the directory answers 401: no registration key/);
    assert.match(await lost.admin("directory"), /not registered\nthe directory answers 401/);
    const { id, key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    await directory.admin(`directory.key revoke ${id}`);
    await node.waitForOutput(/"not on the list of http.*: the directory answers 401: no registration key/);
    assert.deepEqual(await list(directory), []);
});

test("both ends are reloaded, and find each other again", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    const [before] = await list(directory);
    const back = () => eventually("listed again", async () => (await list(directory))?.[0]); // 503 while it reads its table
    await directory.admin("reload service_directory");
    assert.equal((await back()).serverId, before.serverId);
    const from = node.output.length;
    await node.admin("reload service_registrar");
    await node.waitForOutput(/"on the list of http/, from);
    assert.equal((await back()).serverId, before.serverId);
    for (const server of [directory, node]) assert.equal(await server.metric("muster_plugin_faults_total"), 0);
});

test("a node renews its token before that ends, and is not off the list for it", async (t) => {
    const directory = await startDirectory(t, { settings: { tokenTtlS: 2 } });
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    const digest = async () => (await queryDatabase(directory, "SELECT token_digest FROM directory_servers"))[0].token_digest;
    const seen = new Set();
    await eventually("three renewals", async () => seen.add(await digest()).size > 3);
    assert.equal((await list(directory)).length, 1);
    assert.equal(directory.output.match(/a server has proven its address/g).length, 1);
    assert.equal(node.output.match(/on the list of/g).length, 1);
});
