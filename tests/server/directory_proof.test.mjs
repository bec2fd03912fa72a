// Who is on the list has proven its address; who is silent goes, unless all are.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { WebSocket } from "ws";
import { atEnd, eventually, freePort, queryDatabase } from "../kit/harness.mjs";
import { Stranger, addKey, list, standing, startDirectory, startNode } from "../kit/directory.mjs";

const idsOf = async (directory) => (await list(directory)).map(({ serverId }) => serverId).sort();

test("a node behind a closed port is told address, port and cause", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const closed = await freePort();
    const node = await startNode(t, directory, key, { config: { net: { publicUrl: `ws://127.0.0.1:${closed}/ws` } } });
    const why = `127.0.0.1 port ${closed}: no connection, or no server that answers at /directory`;
    await node.waitForOutput(new RegExp(`"not on the list of http.*: ${why}"`));
    const said = await node.admin("directory");
    assert.match(said, /unreachable, server [0-9a-f-]{36}\n/);
    assert.ok(said.includes(why), said);
    assert.equal(await node.metric("muster_directory_listed"), 0);
    const beats = () => directory.metric("muster_directory_beats_total");
    const heard = await beats();
    await eventually("further beats", async () => (await beats()) > heard + 3);
    assert.equal(node.output.match(/not on the list/g).length, 1, "it is said once");
    assert.deepEqual(await list(directory), []);
});

test("an address that is not of the public internet is not connected to", async (t) => {
    const directory = await startDirectory(t, { settings: { allowPrivate: false } });
    const { key } = await addKey(directory);
    const stranger = await new Stranger(directory, key).listen(t);
    for (const address of ["127.0.0.1", "localhost", "::1", "10.1.2.3", "::ffff:127.0.0.1"]) {
        await stranger.register({ address });
        const { reason } = await standing(stranger, "unreachable");
        assert.equal(reason, `${address} port ${stranger.port}: it is no address of the public internet`);
    }
    assert.equal(stranger.asked, 0);
});

test("only the server itself can prove its address", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    const thief = new Stranger(directory, (await addKey(directory, "Mallory")).key, { port: node.port });
    await thief.register();
    assert.match((await standing(thief, "unreachable")).reason, /somebody answers there, but not this server$/);

    const answers = {
        "the answer is too long": () => JSON.stringify({ proof: "a".repeat(1100) }),
        "somebody answers there, but not this server": () => "{",
        "nobody answers there within 3 s": () => undefined,
    };
    for (const [why, answer] of Object.entries(answers)) {
        const stranger = await new Stranger(directory, key).listen(t);
        stranger.answer = answer;
        await stranger.register();
        await stranger.live();
        assert.ok((await standing(stranger, "unreachable")).reason.endsWith(why));
        stranger.silence();
    }
    const real = await new Stranger(directory, key).listen(t);
    const redirect = createServer().on("upgrade", (request, socket) =>
        socket.end(`HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:${real.port}/directory\r\nContent-Length: 0\r\n\r\n`));
    redirect.listen(0, "127.0.0.1");
    await once(redirect, "listening");
    atEnd(t, () => redirect.close());
    const redirected = new Stranger(directory, key, { port: redirect.address().port });
    await redirected.register();
    assert.match((await standing(redirected, "unreachable")).reason, /no connection, or no server/);
    assert.equal(real.asked, 0);
    assert.equal((await list(directory)).length, 1);
});

test("of many that come at once 20 are asked at a time", async (t) => {
    const directory = await startDirectory(t, { settings: { suspectMs: 60000, deadMs: 600000 } });
    const keys = [];
    for (const operator of ["Ada", "Bob", "Cyd", "Dan", "Eve", "Fay"]) keys.push((await addKey(directory, operator)).key);
    const all = { running: 0, most: 0 };
    const ofKey = new Map(keys.map((key) => [key, { running: 0, most: 0 }]));
    let release;
    const released = new Promise((resolve) => (release = resolve));
    const strangers = await Promise.all(Array.from({ length: 50 }, async (_, i) => {
        const key = keys[i % keys.length], own = ofKey.get(key);
        const stranger = await new Stranger(directory, key).listen(t);
        const { answer } = stranger;
        stranger.answer = async (nonce) => {
            all.most = Math.max(all.most, ++all.running);
            own.most = Math.max(own.most, ++own.running);
            await released;
            all.running--;
            own.running--;
            return answer.call(stranger, nonce);
        };
        await stranger.register();
        await stranger.beat();
        return stranger;
    }));
    await eventually("20 at once", () => all.running === 20);
    for (let i = 0; i < 3; i++) assert.deepEqual(await list(directory), []);
    assert.equal(all.running, 20);
    release();
    await eventually("all 50", async () => (await list(directory, "?limit=100")).length === 50);
    assert.equal(all.most, 20);
    assert.ok([...ofKey.values()].every(({ most }) => most <= 4), "of one key 4");
    assert.ok(strangers.every(({ asked }) => asked === 1));
});

test("a key has strangers' doors knocked at twice a minute", async (t) => {
    const directory = await startDirectory(t, { settings: { proofsPerMinute: 2 } });
    const { key } = await addKey(directory);
    const strangers = await Promise.all([0, 1, 2].map(() => new Stranger(directory, key).join(t)));
    const other = await new Stranger(directory, (await addKey(directory, "Bob")).key).join(t);
    await standing(other, "listed");
    assert.equal((await list(directory)).length, 3);
    assert.deepEqual(strangers.map(({ asked }) => asked).sort(), [0, 1, 1]);
});

test("a directory that was killed knows its servers by their tokens, and asks them for their proof", async (t) => {
    const port = await freePort();
    const first = await startDirectory(t, { config: { net: { port } } });
    const { key } = await addKey(first);
    const node = await startNode(t, first, key);
    await node.waitForOutput(/"on the list of http/);
    const stranger = await new Stranger(first, key).join(t);
    await standing(stranger, "listed");
    stranger.silence();
    const before = await idsOf(first);
    const tokens = "SELECT token_digest FROM directory_servers ORDER BY server_id";
    const digests = await queryDatabase(first, tokens);
    first.signal("SIGKILL");
    await first.ended();
    const from = node.output.length;
    const asked = stranger.asked;
    const second = await startDirectory(t, { config: { net: { port } }, dir: first.dir });
    await node.waitForOutput(/"on the list of http/, from);
    stranger.directory = second;
    await standing(stranger, "listed");
    assert.equal(stranger.asked, asked + 1);
    assert.deepEqual(await idsOf(second), before);
    assert.deepEqual(await queryDatabase(second, tokens), digests, "nobody has registered anew");
    assert.ok((await queryDatabase(second, "SELECT * FROM directory_keys"))
        .every((row) => !JSON.stringify(row).includes(key.slice(3))), "of a key there is a digest alone");
});

test("a node that is killed is off the list after both checks", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    node.signal("SIGKILL");
    await node.ended();
    await directory.waitForOutput(/a server is dead: no beats, and no answer at its address/);
    assert.deepEqual(await list(directory), []);
});

test("a server that is silent but answers stays, and is not well", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const stranger = await new Stranger(directory, key).join(t);
    await standing(stranger, "listed");
    const { asked } = stranger;
    stranger.silence();
    await eventually("the second check", () => stranger.asked > asked && stranger.running === 0);
    const [server] = await list(directory);
    assert.equal(server.status, "unhealthy");
    await stranger.beat();
    await eventually("well again", async () => (await list(directory))[0].status === "healthy");
});

test("when most fall silent at once nobody is taken off", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const strangers = [];
    for (let i = 0; i < 5; i++) strangers.push(await new Stranger(directory, key).join(t));
    await eventually("all", async () => (await list(directory)).length === 5);
    for (const stranger of strangers) stranger.leave();
    await directory.waitForOutput(/\d of 5 servers fell silent at once/);
    const { serverId } = strangers[0];
    await eventually("long dead", async () => {
        const { body } = await directory.rest("GET", `/v1/servers/${serverId}`);
        return Date.now() - body.health.lastHeartbeat > 2000;
    });
    assert.equal((await list(directory)).length, 5);
    assert.equal(directory.output.match(/fell silent at once/g).length, 1, "it is said once");

    for (const stranger of strangers.slice(1)) await stranger.listen(t);
    for (const stranger of strangers.slice(1)) await stranger.live();
    await directory.waitForOutput(/servers beat again, silent are 1 of 5/);
    await directory.waitForOutput(/a server is dead/);
    assert.deepEqual(await idsOf(directory), strangers.slice(1).map((one) => one.serverId).sort());
});

test("the link takes what it knows from whom it knows", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const stranger = await new Stranger(directory, key).listen(t);
    await stranger.register();
    const url = directory.wsUrl.replace(/\/ws$/, "/v1/link");
    const open = (token) => new WebSocket(url, "muster.directory.v1", { headers: token ? { Authorization: `Bearer ${token}` } : {} });
    for (const token of [null, key, "st_x"]) {
        const [, response] = await once(open(token), "unexpected-response");
        assert.equal(response.statusCode, 401);
    }
    const link = open(stranger.token);
    await once(link, "open");
    link.send(JSON.stringify({ type: "beat", ...stranger.beatBody() }));
    const [answer] = await once(link, "message");
    assert.equal(JSON.parse(answer).type, "answer");
    const [told] = await once(link, "message");
    assert.equal(JSON.parse(told).status, "listed", "it is told at once");
    const other = open(stranger.token);
    assert.equal((await once(link, "close"))[0], 4001, "a new link ends the one before");
    for (const text of ["{", "{}", '{"type":"beat"}', '{"type":1}', "[]", Buffer.from([1, 2])]) {
        const bad = open(stranger.token);
        await once(bad, "open");
        bad.send('{"type":"news"}'); // of a later version
        bad.send(text);
        assert.equal((await once(bad, "close"))[0], 1008);
    }
    other.terminate();
});
