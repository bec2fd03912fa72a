// A game's own page on another origin than the node: it signs in over REST and plays over /ws when the
// node lists its origin, and does neither when it does not.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import { ROOT, startServer } from "../kit/harness.mjs";
import { blankPage, configOf } from "../kit/page.mjs";

/** Serves sdk/js and an empty page. */
async function startSite(t) {
    const site = http.createServer(async (request, response) => {
        const isModule = /^\/[\w]+\.js$/.test(request.url);
        const type = isModule ? "text/javascript" : "text/html";
        const body = isModule ? await readFile(path.join(ROOT, "sdk/js", request.url)) : "<!doctype html>";
        response.writeHead(200, { "Content-Type": type }).end(body);
    });
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    t.after(() => {
        site.closeAllConnections();
        site.close();
    });
    return `http://127.0.0.1:${site.address().port}`;
}

/** In the page: what a game does. Answers how far it came. */
async function play([base, url]) {
    const { AuthClient, MusterClient } = await import("/index.js");
    const auth = new AuthClient({ baseUrl: base });
    const said = { signedIn: false, tick: 0, why: "", etag: null, socket: null };
    try {
        await auth.guest({ displayName: "Elsewhere" });
        said.signedIn = true;
        said.etag = (await fetch(`${base}/v1/info`)).headers.get("etag");
        const client = new MusterClient({ url });
        await client.connect(() => auth.accessToken());
        const snapshot = new Promise((resolve) => client.on("snapshot", resolve));
        await client.createLobby({ gameMode: "arena" });
        said.tick = (await snapshot).tick;
        client.close();
    } catch (error) {
        said.why = error.message;
    }
    auth.stop();
    said.socket = await new Promise((resolve) => {
        const socket = new WebSocket(url, "muster.v1");
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
    });
    return said;
}

async function playFrom(t, site, allowedOrigins) {
    const server = await startServer(t, { config: configOf({ net: { allowedOrigins } }) });
    const { page } = await blankPage(t);
    await page.goto(site);
    return page.evaluate(play, [server.httpUrl, server.wsUrl]);
}

test("a page of a listed origin signs in and plays", async (t) => {
    const site = await startSite(t);
    const said = await playFrom(t, site, ["https://other.example", site]);
    assert.equal(said.why, "");
    assert.ok(said.signedIn && said.tick > 0);
    assert.match(said.etag, /^W\//);
    assert.equal(said.socket, "open");
});

test("a page of an origin that is not listed does neither", async (t) => {
    const site = await startSite(t);
    const said = await playFrom(t, site, ["https://other.example"]);
    assert.notEqual(said.why, "");
    assert.deepEqual({ ...said, why: "" }, { signedIn: false, tick: 0, why: "", etag: null, socket: "refused" });
});
