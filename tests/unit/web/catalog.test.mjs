// The catalog is read once for a connection and after each lobby, by whichever way there is.

import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { AuthClient, MusterClient } from "../../../sdk/js/index.js";
import { Catalog } from "../../../plugins/service_web/assets/catalog.js";
import { Between } from "../../kit/between.mjs";
import { suite } from "../../kit/harness.mjs";
import { startModServer } from "../../kit/mods.mjs";

const musterd = await startModServer(suite, {}, { config: { lobby: { playersMin: 1 } } });

async function setUp(t) {
    const server = await Between.open(t, musterd);
    const auth = new AuthClient({ baseUrl: server.baseUrl });
    await auth.guest();
    const client = new MusterClient({ url: server.url, WebSocket, backoff: { baseMs: 5, maxMs: 20 } });
    t.after(() => {
        client.close();
        auth.stop();
    });
    const catalog = new Catalog(client, server.baseUrl);
    await client.connect(auth.current.accessToken);
    /** GET /v1/info, mods.list, server.info */
    const asked = () => [server.gets.length, server.count("mods.list"), server.count("server.info")];
    return { server, client, catalog, asked };
}

test("once, whoever asks; anew after a drop, a lobby, a failure", async (t) => {
    const { server, client, catalog, asked } = await setUp(t);
    const [first, second] = await Promise.all([catalog.load(), catalog.load()]);
    assert.equal(first, second);
    assert.equal(await catalog.load(), first);
    assert.equal(catalog.titleOf("arena"), "Arena");
    assert.ok(catalog.rules.some(({ id }) => id === "mirror_damage"));
    assert.deepEqual(asked(), [1, 1, 0]);

    await client.findMatch({ gameMode: "arena" });
    await client.leave();
    await catalog.load();
    assert.deepEqual(asked(), [2, 2, 0]);

    const back = new Promise((resolve) => {
        client.on("state", ({ state }) => state === "online" && resolve());
    });
    server.drop();
    await back;
    server.refuse("mods.list", 1, "rate_limited", "Slow down.", { retryAfterMs: 60000 });
    await assert.rejects(catalog.load(), { code: "rate_limited" });
    await catalog.load();
    assert.deepEqual(asked(), [4, 4, 0]);
});

test("where HTTP does not answer, over the connection", async (t) => {
    const { server, catalog, asked } = await setUp(t);
    server.restAnswers.set("/v1/info", () => ({ status: 404, headers: {}, body: null }));
    assert.equal((await catalog.load()).protocol, "muster.v1");
    assert.deepEqual(asked(), [1, 1, 1]);
});
