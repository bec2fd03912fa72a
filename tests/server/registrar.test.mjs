// A node's side of the list: its three settings, and what goes on without a directory.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { WebSocket } from "ws";
import { freePort, runDaemon, startServer, tempDir, testConfig } from "../kit/harness.mjs";
import { addKey, list, nodeConfig, startDirectory, startNode } from "../kit/directory.mjs";
import { connectPlayer } from "../kit/players.mjs";

const KEY = `mk_${"A".repeat(43)}`;

test("what is wrong with the three settings is said before the node starts", async (t) => {
    const dir = await tempDir(t);
    const check = async (publicUrl, registrar) => {
        const config = testConfig({ net: { publicUrl }, service_registrar: registrar, plugins: ["service_registrar"] });
        await writeFile(path.join(dir, "config.json"), JSON.stringify(config));
        return runDaemon(["--config", "config.json", "--check-config", "--data-dir", "data"], { cwd: dir });
    };
    const good = { directoryUrl: "https://directory.example.org", key: KEY };
    for (const url of ["wss://play.example.org/ws", "ws://203.0.113.7:7350/ws", "ws://[2001:db8::1]:7350/ws", "wss://play.example.org:8443/ws"])
        assert.equal((await check(url, good)).code, 0, url);
    assert.equal((await check("", {})).code, 0, "without a directory nothing is needed");
    for (const url of ["", "play.example.org", "http://play.example.org/ws", "ws:///ws", "wss://play.example.org/game", "ws://h:0/ws",
        "ws://h:65536/ws", "ws://h:x/ws", "ws://[::1/ws", "ws://u@h:7350/ws", "ws://h:7350/ws?x"]) {
        const { code, stderr } = await check(url, good);
        assert.notEqual(code, 0, url);
        assert.ok(stderr.includes(`net.publicUrl: expected ws://HOST:PORT/ws or wss://HOST/ws, found "${url}"`), stderr);
    }
    const wrong = [
        [{ ...good, key: "" }, /key: expected a registration key, found none/],
        [{ ...good, directoryUrl: "http://directory.example.org" }, /directoryUrl: expected https:\/\/HOST/],
        [{ ...good, directoryUrl: "http://127.0.0.1.example.org" }, /directoryUrl: expected https:\/\/HOST/],
        [{ ...good, directoryUrl: "https://directory.example.org/" }, /directoryUrl: expected https:\/\/HOST/],
        [{ ...good, directoryUrl: "directory" }, /directoryUrl: expected https:\/\/HOST/],
    ];
    for (const [registrar, says] of wrong) {
        const { code, stderr } = await check("wss://play.example.org/ws", registrar);
        assert.notEqual(code, 0);
        assert.match(stderr, says);
        assert.ok(!stderr.includes(KEY.slice(3)), "a key is not shown");
    }
});

test("a node is told what the directory does not take of it", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key, { config: { net: { publicUrl: "ws://127.0.0.1/ws" } } });
    await node.waitForOutput(/"not on the list of http.*: the directory answers 400: port: expected 443, or 1024 to 65535, found 80"/);
});

test("without its directory a node is played on, and joins when there is one", async (t) => {
    const port = await freePort();
    const base = { httpUrl: `http://127.0.0.1:${port}` };
    const first = await startDirectory(t, { config: { net: { port } } });
    const { key } = await addKey(first);
    await first.stop();
    const node = await startServer(t, { config: await nodeConfig(base, key) });
    await node.waitForOutput(/"not on the list of http.*: no answer: /);
    const { client } = await connectPlayer(t, node);
    await client.createLobby({ gameMode: "arena" });
    assert.equal(node.output.match(/not on the list/g).length, 1);
    const second = await startDirectory(t, { config: { net: { port } }, dir: first.dir });
    await node.waitForOutput(/"on the list of http/);
    const [server] = await list(second);
    assert.equal(server.claimedPlayers, 1);
    assert.deepEqual(server.lobbies, [{ gameMode: "arena", state: "waiting", count: 1 }]);
});

test("the path of the proof answers a nonce, and nothing else", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    const url = node.wsUrl.replace(/ws$/, "directory");
    const open = async () => {
        const socket = new WebSocket(url, "muster.directory.v1");
        await once(socket, "open");
        return socket;
    };
    const asked = await open();
    asked.send(JSON.stringify({ nonce: "0".repeat(64) }));
    const [answer] = await once(asked, "message");
    assert.match(String(answer), /^\{"proof":"[0-9a-f]{64}"\}$/);
    await once(asked, "close");
    for (const text of ["{}", '{"nonce":"0"}', JSON.stringify({ nonce: "A".repeat(64) }), JSON.stringify({ nonce: "0".repeat(65) }), "x", Buffer.from("{}")]) {
        const socket = await open();
        const said = [];
        socket.on("message", (data) => said.push(data));
        socket.send(text);
        await once(socket, "close");
        assert.deepEqual(said, []);
    }
    const without = await startServer(t, { config: { plugins: ["service_registrar"] } });
    const [, response] = await once(new WebSocket(without.wsUrl.replace(/ws$/, "directory"), "muster.directory.v1"), "unexpected-response");
    assert.equal(response.statusCode, 404);
});
