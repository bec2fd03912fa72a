// The catalog is read once for a connection and after each lobby, by whichever way there is.

import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { AuthClient, MusterClient } from "../../../sdk/js/index.js";
import { Catalog } from "../../../plugins/service_web/assets/catalog.js";
import { FakeServer } from "../../kit/fake_server.mjs";

async function setUp(t) {
    const server = await new FakeServer().start();
    const auth = new AuthClient({ baseUrl: server.baseUrl });
    await auth.guest();
    const client = new MusterClient({ url: server.url, WebSocket, backoff: { baseMs: 5, maxMs: 20 } });
    t.after(async () => {
        client.close();
        auth.stop();
        await server.stop();
    });
    server.answers.set("mods.list", () => ({ modes: [], rules: [{ id: "koth" }], uploads: false }));
    const catalog = new Catalog(client, server.baseUrl);
    await client.connect(auth.current.accessToken);
    const asked = (method) => server.requests.filter((request) => request.method === method).length;
    return { server, client, catalog, asked };
}

test("once, whoever asks; anew after a drop, a lobby, a failure", async (t) => {
    const { server, client, catalog, asked } = await setUp(t);
    const [first, second] = await Promise.all([catalog.load(), catalog.load()]);
    assert.equal(first, second);
    assert.equal(await catalog.load(), first);
    assert.equal(catalog.titleOf("arena"), "Arena 4v4");
    assert.equal(catalog.rules.length, 1);
    assert.deepEqual([server.infoRequests, asked("mods.list"), asked("server.info")], [1, 1, 0]);

    await client.findMatch({ gameMode: "arena" });
    await client.leave();
    await catalog.load();
    assert.deepEqual([server.infoRequests, asked("mods.list")], [2, 2]);

    const back = new Promise((resolve) => {
        client.on("state", ({ state }) => state === "online" && resolve());
    });
    server.drop();
    await back;
    server.limited = { method: "mods.list", times: 1, retryAfterMs: 60000 };
    await assert.rejects(catalog.load(), { code: "rate_limited" });
    await catalog.load();
    assert.deepEqual([server.infoRequests, asked("mods.list")], [4, 4]);
});

test("where HTTP does not answer, over the connection", async (t) => {
    const { server, catalog, asked } = await setUp(t);
    server.hidesInfo = true;
    assert.equal((await catalog.load()).name, "Fake");
    assert.equal(asked("server.info"), 1);
});
